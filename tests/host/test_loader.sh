#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The UEFI loader: what it refuses, and that it goes back to the firmware; images
# on this core and on another one, served by the stand-in host.
# timeout: 300
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

poke() { printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }

for machine in hlt gicv3; do
	case $machine in
	hlt) arch=x86_64 other=aarch64 ;;
	*) arch=aarch64 other=x86_64 ;;
	esac
	images=$O/$arch/images
	dir=$work/$arch
	mkdir -p "$dir"
	: >"$dir/empty.bin"
	head -c 5000 "$images/hello.bin" >"$dir/truncated.bin"
	for name in header.bin sum.bin abi.bin magic.bin; do
		cp "$images/hello.bin" "$dir/$name"
	done
	for name in entry.elf overlap.elf wx.elf note.elf; do
		cp "$images/hello.elf" "$dir/$name"
	done
	cp "$O/$other/images/hello.bin" "$dir/machine.bin"
	cp "$O/$other/images/hello.elf" "$dir/machine.elf"
	poke "$dir/header.bin" 8 '\x40'
	poke "$dir/sum.bin" 4096 'XXXX'
	poke "$dir/abi.bin" 12 '\x63'
	poke "$dir/magic.bin" 0 'X'
	poke "$dir/entry.elf" 24 '\0\0\0\0\0\0\0\0'
	# the second program header at the address of the first
	dd if="$images/hello.elf" of="$dir/overlap.elf" bs=1 skip=$((64 + 16)) \
		seek=$((64 + 56 + 16)) count=8 conv=notrunc status=none
	poke "$dir/wx.elf" $((64 + 4)) '\x07'
	poke "$dir/note.elf" $((64 + 3 * 56)) '\x08'

	also=()
	for file in "$dir"/*; do also+=(--also "$file"); done
	run "$arch: broken images are refused, and the firmware goes on" 97 \
		--machine $machine --core other "${also[@]}" "$images/hello.bin"
	says "$arch: empty" '^offload: image empty.bin: is empty$'
	says "$arch: truncated" \
		'^offload: image truncated.bin: is truncated: 5000 bytes, the header says [0-9]+$'
	says "$arch: header size" '^offload: image header.bin: says that its header has 64 bytes'
	says "$arch: checksum" \
		'^offload: image sum.bin: is damaged: its checksum is [0-9a-f]{8}, the header says'
	says "$arch: ABI" '^offload: image abi.bin: was built for ABI version 99, this loader'
	says "$arch: neither format" '^offload: image magic.bin: is neither an offload image'
	says "$arch: entry" '^offload: image entry.elf: entry 0 is outside of the text$'
	says "$arch: overlap" \
		'^offload: image overlap.elf: segments 0 \(.*\) and 1 \(.* at 0x700000040000\) overlap'
	says "$arch: writable and executable" \
		'^offload: image wx.elf: segment 0 at 0x700000040000 is both writable and exec'
	says "$arch: no note" '^offload: image note.elf: is an ELF file without an "offload" note'
	says "$arch: flat, another machine" "^offload: image machine.bin: is for $other .*, this is $arch"
	says "$arch: ELF, another machine" "^offload: image machine.elf: is for $other .*, this is $arch"
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
