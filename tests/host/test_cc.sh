#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# offload-cc and offload-pack: what they make, and what they refuse.
set -u
. "$TOP/tests/guest/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case $O in
/*) out=$O ;;
*) out=$TOP/$O ;;
esac
pack=$out/host/offload-pack

# expect WHAT STATUS PATTERN COMMAND...: status (0, or ! for any other), output
expect()
{
	local what=$1 want=$2 pattern=$3 text status=0
	shift 3
	text=$("$@" 2>&1 </dev/null) || status=$?
	if [ "$want" = 0 ] && [ $status != 0 ] || [ "$want" = ! ] && [ $status = 0 ]; then
		not_ok "$what" "status $status" "$(tail -n 25 <<<"$text")"
		return
	fi
	case $text in
	$pattern) ok "$what" ;;
	*) not_ok "$what" "wanted: $pattern" "$(tail -n 25 <<<"$text")" ;;
	esac
}

# u32 FILE OFFSET, u64 FILE OFFSET: a number of struct ofl_image_header
u32() { od -An -tu4 -j "$2" -N 4 "$1" | tr -d ' '; }
u64() { od -An -tu8 -j "$2" -N 8 "$1" | tr -d ' '; }
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got '$2', wanted '$3'"; fi; }
# poke FILE OFFSET OCTAL-BYTES
poke() { printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }

cat >"$work/a.c" <<'END'
#include <stdio.h>
#include <offload/rt.h>
int main(void)
{
	printf("%s %d\n", "a", (int)(ofl_now_ns() >> 63));
	return 0;
}
END
sed '1i /* offload: no-pmm printf=minimal stack=32K */' "$work/a.c" >"$work/b.c"
echo 'int main(void) { return nowhere; }' >"$work/wrong.c"
echo 'int twice(int x) { return 2 * x; }' >"$work/lib.c"
echo 'int twice(int); int main(void) { return twice(21); }' >"$work/main.c"

for arch in x86_64 aarch64; do
	cc=$out/$arch/offload-cc
	if [ ! -x "$cc" ]; then
		skip "$arch" "not built"
		continue
	fi
	expect "$arch: makes both formats" 0 '' "$cc" -o "$work/a" "$work/a.c"
	[ -s "$work/a.elf" ] && [ -s "$work/a.bin" ] && ok "$arch: both are there" ||
		not_ok "$arch: both are there"
	is "$arch: waits for a PMM" "$(u32 "$work/a.bin" 20)" 0
	is "$arch: magic" "$(head -c 7 "$work/a.bin")" OFFLOAD
	is "$arch: the file is as long as its header says" "$(stat -c %s "$work/a.bin")" \
		$((128 + $(u64 "$work/a.bin" 40) + $(u64 "$work/a.bin" 48) + \
		$(u64 "$work/a.bin" 56)))
	expect "$arch: options from the source" 0 '' "$cc" -o "$work/b.bin" "$work/b.c"
	is "$arch: no-pmm" "$(u32 "$work/b.bin" 20)" 1
	[ "$(u64 "$work/b.bin" 40)" -lt "$(u64 "$work/a.bin" 40)" ] &&
		ok "$arch: a smaller printf" || not_ok "$arch: a smaller printf"
	expect "$arch: options of the command line" 0 '' "$cc" --no-pmm --heap-min=2M \
		-o "$work/a" "$work/a.c"
	is "$arch: heap-min" "$(u64 "$work/a.bin" 72)" 2097152
	expect "$arch: objects" 0 '' "$cc" -c -o "$work/lib.o" "$work/lib.c"
	expect "$arch: objects and sources" 0 '' "$cc" -Wall -o "$work/m" "$work/main.c" \
		"$work/lib.o"

	expect "$arch: no such source" ! "*$work/none.c: cannot read it*" \
		"$cc" -o "$work/x" "$work/none.c"
	expect "$arch: no source" ! '*no source file*' "$cc" -o "$work/x" -O2
	expect "$arch: nothing at all" ! 'usage:*' "$cc"
	expect "$arch: option nobody knows" ! '*printf=float: no such option*' \
		"$cc" --printf=float -o "$work/x" "$work/a.c"
	expect "$arch: size that is none" ! "*'many' is not a size*" \
		"$cc" --stack=many -o "$work/x" "$work/a.c"
	expect "$arch: a stack too small to start" ! '*smaller than a page*' \
		"$cc" --stack=100 -o "$work/x" "$work/a.c"
	cp "$work/a.bin" "$work/x.bin"
	expect "$arch: an error of the source is the compiler's" ! '*nowhere*' \
		"$cc" -o "$work/x" "$work/wrong.c"
	[ ! -e "$work/x.bin" ] && ok "$arch: nothing is left of failures" ||
		not_ok "$arch: nothing is left of failures"

	# The packer's refusals, on a good ELF with one thing broken.
	refuse() # WHAT PATTERN OFFSET BYTES
	{
		cp "$work/m.elf" "$work/bad.elf"
		poke "$work/bad.elf" "$3" "$4"
		expect "$arch: pack: $1" ! "$2" "$pack" -o "$work/bad.bin" "$work/bad.elf"
	}
	refuse "not ELF" '*not an ELF file*' 0 'X'
	refuse "32 bits" '*not a 64-bit*' 4 '\001'
	refuse "machine" '*machine 3 is neither*' 18 '\003\000'
	refuse "position independent" '*not an executable at a fixed address*' 16 '\003\000'
	refuse "program headers outside" '*program headers are outside*' 32 \
		'\377\377\377\377'
	refuse "writable text" '*both writable and executable*' $((64 + 4)) '\007'
	refuse "no text first" '*the order must be text*' $((64 + 4)) '\004'
	refuse "text elsewhere" '*segment 0 is at*' $((64 + 16)) '\000\000\000'
	refuse "segment outside" '*outside the file*' $((64 + 8)) '\377\377\377\377'
	refuse "entry outside text" '*is outside text*' 24 '\000\000\000'
	head -c 5000 "$work/m.elf" >"$work/bad.elf"
	expect "$arch: pack: truncated" ! '*truncated*' "$pack" -o "$work/bad.bin" \
		"$work/bad.elf"
	[ ! -e "$work/bad.bin" ] && ok "$arch: pack: no output after a refusal" ||
		not_ok "$arch: pack: no output after a refusal"
done
expect "pack: no such file" ! '*No such file*' "$pack" -o "$work/x.bin" "$work/none.elf"
expect "pack: a program of this machine" ! '*offload-pack:*' "$pack" -o "$work/x.bin" /bin/true
expect "pack: usage" ! 'usage:*' "$pack" a b c
done_testing
