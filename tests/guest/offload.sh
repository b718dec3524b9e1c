# SPDX-License-Identifier: BSD-2-Clause
# What the guest tests share: ways to load the module, run a PMM, wait and ask.
# Sourced after lib.sh. Every wait is bounded.

KO=/offload/offload.ko
PMM=/offload/offload-pmm
IMG=/offload/images
DEV=/sys/class/offload/offload0
CPU=3
# A kernel that looks closely has less time for the rest, and keeps what was freed for a while.
SLOW=1
case $(uname -r) in
*-debug*) SLOW=4 ;;
esac

# check WHAT COMMAND...: one result, the command's exit status decides.
check()
{
	_what=$1
	shift
	if "$@"; then
		ok "$_what"
	else
		not_ok "$_what" "failed: $*"
	fi
}

# is WHAT GOT WANTED
is()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "got '$2', wanted '$3'"
	fi
}

# matches WHAT TEXT SHELL-PATTERN
matches()
{
	case "$2" in
	$3) ok "$1" ;;
	*) not_ok "$1" "got '$2', wanted $3" ;;
	esac
}

attr() { cat "$DEV/$1" 2>&1; }

# until_true SECONDS COMMAND...: poll ten times a second.
until_true()
{
	_left=$(($1 * 10 * SLOW))
	shift
	while [ $_left -gt 0 ]; do
		"$@" && return 0
		usleep 100000
		_left=$((_left - 1))
	done
	return 1
}

attr_is() { [ "$(attr "$1")" = "$2" ]; }
wait_attr() { until_true "${3:-20}" attr_is "$1" "$2"; }

online() { cat /sys/devices/system/cpu/online; }
all_online() { [ "$(online)" = 0-3 ]; }

# Only what the kernel said since the last mark.
dmesg_mark() { MARK=$(dmesg | wc -l); }
dmesg_new() { dmesg | tail -n +$((MARK + 1)); }

# share_new: a fresh share with one text file, at /tmp/share.
share_new()
{
	rm -rf /tmp/share
	mkdir -p /tmp/share
	seq 1 700 | sed 's/$/ words of a line\twith a tab/' > /tmp/share/input.txt
	chmod 777 /tmp/share
}

# pmm_start [OPTIONS]: the daemon in the background, its words in /tmp/pmm.err,
# the console's transcript in /tmp/pmm.out.
pmm_start()
{
	$PMM --device /dev/offload0 --share /tmp/share "$@" < /dev/null \
		> /tmp/pmm.out 2> /tmp/pmm.err &
	PMM_PID=$!
}

pmm_stop()
{
	kill "$PMM_PID" 2> /dev/null
	wait "$PMM_PID" 2> /dev/null
}

# counts FILE: lines words bytes as busybox wc sees them, single blanks.
counts() { wc < "$1" | awk '{ print $1, $2, $3 }'; }
counts_of() { awk '{ print $1, $2, $3 }' "$1"; }

# wordcount WHAT INPUT OUTPUT: after a run, are counts and name right?
wordcount_right()
{
	is "$1: counts as wc's" "$(counts_of "/tmp/share/$3" 2>&1)" "$(counts "/tmp/share/$2")"
}

# The whole job with the module's parameters given: insmod, PMM, exit 0, rmmod.
# wordcount_job WHAT INPUT OUTPUT PARAMETERS...
wordcount_job()
{
	_name=$1 _in=$2 _out=$3
	shift 3
	rm -f "/tmp/share/$_out"
	check "$_name: insmod" insmod $KO cpu=$CPU "$@" || return
	is "$_name: core $CPU left Linux" "$(online)" 0-2
	pmm_start
	check "$_name: image ends" wait_attr state offline 60
	is "$_name: exit status" "$(attr exit_status)" 0
	wordcount_right "$_name" "$_in" "$_out"
	pmm_stop
	check "$_name: console transcript" grep -q 'timer' /tmp/pmm.out
	check "$_name: rmmod" rmmod offload
	check "$_name: all cores back" all_online
}

# refused WHAT ERRNO-TEXT DMESG-PATTERN PARAMETERS...: insmod must fail with this
# error and message, and leave nothing behind.
refused()
{
	_grep="grep -q -e"
	do_refused "$@"
}

# The same with the whole line of the kernel's log, to the letter.
refused_with()
{
	_grep="grep -qFx -e"
	do_refused "$@"
}

do_refused()
{
	_name=$1 _err=$2 _msg=$3
	shift 3
	_cpus=$(online)
	dmesg_mark
	if _out=$(insmod $KO "$@" 2>&1); then
		not_ok "$_name: refused" "insmod succeeded"
		rmmod offload
	else
		case "$_out" in
		*"$_err"*) ok "$_name: $_err" ;;
		*) not_ok "$_name: $_err" "insmod said: $_out" ;;
		esac
	fi
	if dmesg_new | sed 's/^\[[^]]*\] //' | $_grep "$_msg"; then
		ok "$_name: says why"
	else
		not_ok "$_name: says why" "wanted: $_msg" "$(dmesg_new)"
	fi
	is "$_name: CPUs as before" "$(online)" "$_cpus"
	check "$_name: nothing left" test ! -e /sys/class/offload
}

# What a module that is not there any more has left: its objects and pieces of vmalloc
# memory have an address in it, but no name.  (Objects with slub_debug=U only.)
traces()
{
	cat /sys/kernel/debug/slab/kmalloc-*/alloc_traces 2> /dev/null |
		grep -E '^ *[0-9]+ 0x[0-9a-f]+' | sed 's/age=.*//'
	grep -E ' 0x[0-9a-f]{8,} ' /proc/vmallocinfo | grep -v ' 0x[0-9a-f]*-0x[0-9a-f]*$' |
		awk '$3 ~ /^0x/ { print $2, $3 }'
}

# What is in /tmp/traces.after more often than in /tmp/traces.before, wherever it stands.
traces_new()
{
	awk 'FILENAME == ARGV[1] { n[$0]++; next } --n[$0] < 0' \
		/tmp/traces.before /tmp/traces.after
}

# Memory that Linux has free, in KiB, after what can be dropped was dropped. Pages
# on the CPUs' own lists, some MiB each, are free as well but not in MemFree.
mem_free()
{
	sync
	echo 3 > /proc/sys/vm/drop_caches
	[ $SLOW = 1 ] || for _cache in /sys/kernel/slab/*/shrink; do echo 1 > $_cache; done
	usleep 200000
	awk '/^MemFree:/ { free = $2 } $1 == "count:" { pcp += $2 } END { print free + pcp * 4 }' \
		/proc/meminfo /proc/zoneinfo
}
