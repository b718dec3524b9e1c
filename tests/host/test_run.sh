#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# `make run` and `make run-native`, with what a user brings along and gets wrong.
# timeout: 600
set -u
. "$TOP/tests/guest/lib.sh"
run=$TOP/tests/lab/run
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset IMAGE SHARE ARGS KVER MACHINE
export TIMEOUT=60
share="$work/a share"
mkdir "$share"
printf 'one two\nthree\t four\n' >"$share/my text.txt"
(cd "$share" && LC_ALL=C wc "my text.txt") >"$work/wanted"

# expect WHAT STATUS PATTERN COMMAND...: status (0, or ! for any other), output
expect()
{
	local what=$1 want=$2 pattern=$3 out status=0
	shift 3
	out=$("$@" 2>&1 </dev/null) || status=$?
	if [ "$want" = 0 ] && [ $status != 0 ] || [ "$want" = ! ] && [ $status = 0 ]; then
		not_ok "$what" "status $status" "$(tail -n 25 <<<"$out")"
		return
	fi
	case $out in
	$pattern) ok "$what" ;;
	*) not_ok "$what" "wanted: $pattern" "$(tail -n 25 <<<"$out")" ;;
	esac
}

same() # WHAT FILE
{
	if cmp -s "$2" "$work/wanted"; then
		ok "$1"
	else
		not_ok "$1" "got: $(cat "$2" 2>&1)" "wanted: $(cat "$work/wanted")"
	fi
	rm -f "$2"
}

expect "IMAGE that does not exist" ! "*FAILED: IMAGE=$work/none.bin: no such file*" \
	env IMAGE="$work/none.bin" "$run"
expect "IMAGE that is a directory" ! '*FAILED: IMAGE=*not a file*' env IMAGE="$work" "$run"
expect "SHARE that does not exist" ! '*FAILED: SHARE=*no such directory*' \
	env SHARE="$work/none" "$run"
expect "ARGS without an output" ! '*FAILED: ARGS=*two names*' env ARGS=input.txt "$run"
expect "ARGS that name no file" ! '*FAILED: ARGS: there is no file x.txt in SHARE=*' \
	env SHARE="$share" ARGS="x.txt y.txt" "$run"

expect "run-native" 0 '*counts of wc*OK' env ARCH=x86_64 "$run" --native
expect "run-native: SHARE and ARGS" 0 '*counts of wc*OK' \
	env ARCH=x86_64 SHARE="$share" ARGS="'my text.txt' it\\'s.txt" "$run" --native
same "run-native: counts" "$share/it's.txt"

for arch in x86_64 aarch64; do
	cp "$O/$arch/images/wc.bin" "$work/my image.bin"
	cp "$O/$arch/images/wc.elf" "$work/my image.elf"
	expect "run $arch" 0 '*nproc*4*insmod*nproc*3*offload-pmm*offline*exit_status*0*rmmod*nproc*4*OK' \
		env ARCH=$arch "$run"
	expect "run $arch: own IMAGE, SHARE, ARGS" 0 '*OK' env ARCH=$arch \
		IMAGE="$work/my image.elf" SHARE="$share" ARGS="'my text.txt' out.txt" "$run"
	same "run $arch: counts" "$share/out.txt"
	expect "run $arch: an image that fails" ! '*exit_status*42*FAILED: *' \
		env ARCH=$arch IMAGE="$O/$arch/images/exit42.bin" "$run"
	expect "run $arch: an image that hangs" ! "*FAILED: *status 124*" \
		env ARCH=$arch TIMEOUT=15 IMAGE="$O/$arch/images/spin.bin" "$run"
done

done_testing
