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
# A machine that is kept from running the first time, and says so.
mkdir "$work/bin"
{
	echo '#!/bin/sh'
	echo "mkdir '$work/stalled' 2>/dev/null && for x; do case \$x in file:*)"
	echo "echo '[   28.0] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:' >>\${x#file:}"
	echo 'exec sleep 1000 ;; esac; done'
	echo "exec $(command -v qemu-system-aarch64) \"\$@\""
} >"$work/bin/qemu-system-aarch64"
chmod 755 "$work/bin/qemu-system-aarch64"
PATH=$work/bin:$PATH guest "a kernel that comes up at the second try" 'echo up' 0 up \
	'*booted again (kernel log: *log.boot1)' --boot 600
mkdir "$work/share,d"
echo text >"$work/share,d/file"
guest "share" 'cat /share/file; echo new >/share/made' 0 text '' --share "$work/share,d=/share"
expect "guest: share: written through" "$(cat "$work/share,d/made" 2>&1)" new
guest "device tree node" 'cd /proc/device-tree/reserved-memory/offload*; cat compatible' 0 \
	'offload,region' '' --reserved

out=$("$lab/guest" --machine z80 "$work/script" 2>&1)
expect "guest: unknown machine" "$? $out" "1 *'z80' is none of hlt mwait*"

# --- fetching ---

export PAUSE=0
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
# What a run that was broken off may have left there is not trusted.
seq 100000 >"$work/bad/whole"
echo "whole.tar $(sha256sum <"$work/bad/whole" | cut -d' ' -f1) whole" >"$work/pins"
head -c 1000 "$work/bad/whole" | tee "$work/cache/whole.tar.part" >"$work/cache/whole.tar"
out=$(O=$work MIRROR=file://$work/bad PINS=$work/pins "$lab/fetch" whole.tar 2>&1)
expect "fetch: a part of it in the cache" "$? $out" '0 *another SHA-256*fetched whole.tar'
expect "fetch: and then the whole" "$(cmp "$work/bad/whole" "$work/cache/whole.tar" 2>&1)" ''
expect "fetch: and nothing else" "$(ls "$work/cache" | grep whole)" whole.tar

# The same of packages, with an apt that is killed, or gives half of one, or fails once.
mkdir -p "$work/deb/DEBIAN" "$work/deb/opt" "$work/apt-bin"
seq 1000 >"$work/deb/opt/file"
printf 'Package: foo\nVersion: 1.0\nArchitecture: amd64\nMaintainer: nobody\nDescription: none\n' \
	>"$work/deb/DEBIAN/control"
dpkg-deb -b "$work/deb" "$work/foo.deb" >/dev/null
cat >"$work/apt-bin/apt-get" <<END
#!/bin/sh
while [ "\$1" = -o ]; do shift 2; done
echo "\$1" >>"$work/calls"
case "\$1 \$(grep -c "^\$1" "$work/calls") $work" in
indextargets*) echo http://127.0.0.1:9/debian ;;
"update 1 "*) kill -9 \$PPID ;;
"download 1 "*) exit 1 ;;
"download 2 "*) head -c 300 "$work/foo.deb" >foo_1.0_amd64.deb ;;
"download "*) cp "$work/foo.deb" foo_1.0_amd64.deb ;;
esac
END
printf '#!/bin/sh\necho "  Candidate: 1.0"\necho "Architecture: amd64"\n' >"$work/apt-bin/apt-cache"
chmod 755 "$work"/apt-bin/*
fetched() { PATH=$work/apt-bin:$PATH O=$work "$lab/apt-fetch" "$work/unpacked" foo:amd64 2>&1; }
fetched >/dev/null 2>&1
expect "apt-fetch: killed while it updates" "$? $(cat "$work/unpacked/.packages" 2>/dev/null)" '137 '
mkdir -p "$work/unpacked/opt"
echo half >"$work/unpacked/opt/file"
out=$(fetched)
expect "apt-fetch: the next run" "$? $out" '0 *updating*fetched foo*is damaged, fetching it anew*fetched foo*'
expect "apt-fetch: updates again" "$(grep -c update "$work/calls")" 2
expect "apt-fetch: tries again, twice" "$(grep -c download "$work/calls")" 3
expect "apt-fetch: has the whole of it" "$(cmp "$work/deb/opt/file" "$work/unpacked/opt/file" 2>&1)" ''
expect "apt-fetch: and says so" "$(cat "$work/unpacked/.packages")" 'foo 1.0 amd64'
out=$(fetched)
expect "apt-fetch: a third run fetches nothing" "$? $out $(wc -l <"$work/calls")" "0  $(wc -l <"$work/calls")"
expect "apt-fetch: not even the index" "$(grep -c update "$work/calls")" 2

done_testing
