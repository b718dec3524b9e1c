#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The UEFI loader: what it refuses, and that it goes back to the firmware; images
# on this core and on another one, served by the stand-in host.
# timeout: 600
set -u
. "$TOP/tests/guest/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uefi=$TOP/tests/lab/uefi

# run WHAT STATUS ARGUMENT...: boot; the output is in $work/out
run()
{
	local what=$1 want=$2 status=0
	shift 2
	"$uefi" --log "$work/log" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
	if [ $status = "$want" ]; then
		ok "$what"
	else
		not_ok "$what" "status $status, not $want: $(tail -n 3 "$work/err")" \
			"$(tail -n 10 "$work/out")"
	fi
}

# says WHAT PATTERN: a line of the output
says()
{
	if grep -aEq -- "$2" "$work/out"; then
		ok "$1"
	else
		not_ok "$1" "no line like: $2" "$(tail -n 25 "$work/out")"
	fi
}

# same WHAT FILE FILE: to the letter
same()
{
	if diff -u "$2" "$3" >"$work/diff"; then
		ok "$1"
	else
		not_ok "$1" "$(cat "$work/diff")"
	fi
}

for machine in hlt gicv3; do
	case $machine in
	hlt) arch=x86_64 ;;
	*) arch=aarch64 ;;
	esac
	images=$O/$arch/images
	broken=$O/$arch/broken
	: >"$work/empty.bin"

	also=()
	for file in $(cut -d : -f 1 "$broken/words"); do also+=(--also "$broken/$file"); done
	run "$arch: broken images are refused, and the firmware goes on" 97 \
		--machine $machine --core other --also "$work/empty.bin" "${also[@]}" \
		"$images/hello.bin"
	says "$arch: empty" '^offload: image empty.bin: is empty$'
	sed -n 's/^offload: image \(.*: .*\)/\1/p' "$work/out" | grep -v ^empty >"$work/said"
	same "$arch: the loader says what the reader says, to the letter" "$broken/words" \
		"$work/said"
	same "$arch: the reader says what is written down" "$TOP/tests/broken/words.$arch" \
		"$broken/words"
	says "$arch: nothing was started" '^offload: nothing was started$'

	run "$arch: a configuration with a mistake" 97 --machine $machine --config 'cor=self' \
		"$images/hello.bin"
	says "$arch: the mistake is named" '^offload: .offload.cfg: line 3: there is no key "cor"$'

	run "$arch: exit status" 42 --machine $machine "$images/exit42.elf"
	says "$arch: last word" '^offload: exit status 42$'
	run "$arch: a crash" 98 --machine $machine --core other \
		--also "$images/args.bin" "$images/crash_ud.bin"
	says "$arch: register dump" '^(rip|pc)=0000700000'
	says "$arch: the next image runs after it" '^offload: image args.bin '
	says "$arch: and ends" '^offload: exit status 0$'

	mkdir "$work/share"
	seq 1 1000 >"$work/share/numbers"
	(cd "$work/share" && LC_ALL=C wc numbers) >"$work/wanted"
	run "$arch: words counted over 9p, core to core" 0 --machine $machine --core other \
		--share "$work/share" "$images/wc.bin" numbers "sum of it"
	sed -n '/^offload: file sum of it, [0-9]* bytes:$/,/^offload: end of/{/^offload/d;p}' \
		"$work/out" >"$work/got"
	if cmp -s "$work/got" "$work/wanted"; then
		ok "$arch: the counts are those of wc"
	else
		not_ok "$arch: the counts are those of wc" "got: $(cat "$work/got")" \
			"wanted: $(cat "$work/wanted")"
	fi
	rm -rf "$work/share"
done
done_testing
