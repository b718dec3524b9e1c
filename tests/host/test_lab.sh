#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The laboratory itself: does it see what it must see?
# timeout: 600
set -u
. "$TOP/tests/guest/lib.sh"
lab=$TOP/tests/lab
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# expect WHAT GOT PATTERN
expect()
{
	case $2 in
	$3) ok "$1" ;;
	*) not_ok "$1" "got: $2" "wanted: $3" ;;
	esac
}

# --- the KTAP reader ---

# reading WHAT STATUS TEXT WANTED: passed, failed, skipped
reading()
{
	printf '%b' "$3" >"$work/out"
	: >"$work/counts"
	"$lab/ktap" t "$2" 1 "$work/out" "$work/counts" >"$work/line"
	expect "ktap: $1" "$(cat "$work/counts")" "$4"
}

reading "all well" 0 'KTAP version 1\n1..2\nok 1 a\nok 2 b\n' '2 0 0'
"$lab/ktap" t 0 1 "$work/out" "$work/counts" "booted again" >"$work/line"
expect "ktap: a remark on what went well" "$(cat "$work/line")" 'ok *2 passed*# booted again'
"$lab/ktap" t 3 1 "$work/out" "$work/counts" "it hung" >"$work/line"
expect "ktap: a note on what failed" "$(cat "$work/line")" 'FAIL *it hung*'
reading "plan at the end" 0 'ok 1 a\nok 2 b\n1..2\n' '2 0 0'
reading "a failure" 1 'ok 1 a\nnot ok 2 b\n# why\n1..2\n' '1 1 0'
expect "ktap: shows the diagnosis" "$(cat "$work/line")" '*not ok 2 b*# why*'
reading "a skipped one" 0 'ok 1 a # SKIP no such thing\n1..1\n' '0 0 1'
reading "cmocka's skip" 0 '1..1\nnot ok 1 # SKIP a\n' '0 0 1'
reading "all skipped" 0 '1..0 # SKIP not here\n' '0 0 1'
reading "no plan" 0 'ok 1 a\n' '1 1 0'
reading "short plan" 0 '1..3\nok 1 a\n' '1 1 0'
reading "silence" 0 '' '0 1 0'
reading "status without a failure" 3 '1..1\nok 1 a\n' '1 1 0'
reading "bail-out" 0 '1..1\nok 1 a\nBail out! no disk\n' '1 1 0'
reading "subtests count once" 0 '    ok 1 x\n    not ok 2 y\n1..1\nok 1 a\n' '1 0 0'

echo "3 0 1" >"$work/counts"

expect "ktap: total" "$("$lab/ktap" --total "$work/counts"; echo $?)" '3 passed, 0 failed, 1 skipped*0'
echo "3 1 1" >"$work/counts"
expect "ktap: total with a failure" "$("$lab/ktap" --total "$work/counts"; echo $?)" \
	'3 passed, 1 failed, 1 skipped*1'
: >"$work/counts"
expect "ktap: nothing run is a failure" "$("$lab/ktap" --total "$work/counts"; echo $?)" \
	'0 passed, 0 failed, 0 skipped*1'

# --- make ---

expect "make: a fresh tree builds the unit tests" \
	"$(make -C "$TOP" --no-print-directory -n ARCH=x86_64 O="$work/fresh" unit 2>&1)" '*/test_vq*'

# --- guests ---

# guest WHAT SCRIPT STATUS STDOUT STDERR [OPTION]...
guest()
{
	local what=$1 status=0
	echo "$2" >"$work/script"
	local want_status=$3 want_out=$4 want_err=$5
	shift 5
	"$lab/guest" --machine gicv3 --timeout 60 --log "$work/log" "$@" "$work/script" \
		"it's" '$two  words' >"$work/out" 2>"$work/err" || status=$?
	if [ $status = "$want_status" ]; then
		ok "guest: $what: status $status"
	else
		not_ok "guest: $what: status" "got $status, wanted $want_status" \
			"$(cat "$work/err")" "$(tail -n 5 "$work/log")"
	fi
	expect "guest: $what: output" "$(cat "$work/out")" "$want_out"
	expect "guest: $what: message" "$(cat "$work/err")" "$want_err"
}

# What a guest needs is fetched once, with a word about it; here, not in a test.
"$lab/busybox" aarch64 >/dev/null 2>&1
"$lab/kernel" 6.1 aarch64 >/dev/null 2>&1
guest "status and arguments" 'echo "<$1><$2>"; exit 7' 7 "<it's><\$two  words>" ''
guest "panic" 'echo c >/proc/sysrq-trigger; sleep 9' 98 '' '*Kernel panic*kernel log: *'
guest "warning" 'echo "<4>WARNING: CPU: 0 PID: 1" >/dev/kmsg' 98 '' '*complained*WARNING*'
guest "taint" 'echo 64 >/proc/sys/kernel/tainted' 98 '' '*tainted: 64*'
guest "silent end" 'poweroff -f; sleep 9' 125 '' '*without a status*'
guest "time limit" 'sleep 50' 124 '' '*not done after 5 s*' --timeout 5
guest "a kernel that never comes up" 'echo no' 125 '' '*booted again*booted again*three times*' --boot 1
guest "a kernel that panics before PID 1" 'echo no' 125 '' '*booted again*booted again*three times*Kernel panic*' \
	--append rdinit=/none
# A machine that hangs the first time it is switched on.
mkdir "$work/bin"
{
	echo '#!/bin/sh'
	echo "mkdir '$work/first' 2>/dev/null && exec sleep 1000"
	echo "exec $(command -v qemu-system-aarch64) \"\$@\""
} >"$work/bin/qemu-system-aarch64"
chmod 755 "$work/bin/qemu-system-aarch64"
PATH=$work/bin:$PATH guest "a kernel that comes up at the second try" 'echo up' 0 up \
	'*booted again (kernel log: *log.boot1)' --boot 30
mkdir "$work/share,d"
echo text >"$work/share,d/file"
guest "share" 'cat /share/file; echo new >/share/made' 0 text '' --share "$work/share,d=/share"
expect "guest: share: written through" "$(cat "$work/share,d/made" 2>&1)" new
guest "device tree node" 'cd /proc/device-tree/reserved-memory/offload*; cat compatible' 0 \
	'offload,region' '' --reserved

out=$("$lab/guest" --machine z80 "$work/script" 2>&1)
expect "guest: unknown machine" "$? $out" "1 *'z80' is none of hlt mwait*"

# --- fetching ---

out=$(O=$work MIRROR=http://127.0.0.1:9/debian "$lab/fetch" nosuch.tar.gz 2>&1)
expect "fetch: unknown name" "$? $out" '1 *nosuch.tar.gz*tests/lab/pins*'
sed 's| https:.*||' "$lab/pins" >"$work/pins"
out=$(O=$work MIRROR=file://$work/none PINS=$work/pins "$lab/fetch" picolibc_1.8.10.orig.tar.gz 2>&1)
expect "fetch: a mirror without it" "$? $out" '1 *picolibc_1.8.10.orig.tar.gz: no mirror has it*MIRROR=*'
mkdir -p "$work/bad/pool/main/p/picolibc"
echo wrong >"$work/bad/pool/main/p/picolibc/picolibc_1.8.10.orig.tar.gz"
out=$(O=$work MIRROR=file://$work/bad PINS=$work/pins "$lab/fetch" picolibc_1.8.10.orig.tar.gz 2>&1)
expect "fetch: another content" "$? $out" '1 *picolibc_1.8.10.orig.tar.gz: no mirror has it with SHA-256*'
expect "fetch: nothing kept of it" "$(ls "$work"/cache/*.tar.gz 2>/dev/null)" ''

done_testing
