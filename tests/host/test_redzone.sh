#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Interrupts arrive on the running stack, so nothing that is linked into an
# x86_64 image may use the 128 bytes below the stack pointer: every function of
# every image, with either C library.  And seeded objects that do are found.
set -u
. "$TOP/tests/guest/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

redzone() { objdump -d --no-show-raw-insn "$1" | perl "$TOP/tests/host/redzone.pl"; }

# Followed to the end in nine functions of ten, or more.
for suffix in "" -newlib; do
	for image in "$O/x86_64$suffix"/images/*.elf; do
		name=x86_64$suffix/$(basename "$image")
		if [ ! -e "$image" ]; then
			not_ok "$name" "no images: build them first"
			continue
		fi
		redzone "$image" >"$work/found"
		read -r _ functions _ lost < <(tail -n 1 "$work/found" | tr -d ,)
		if [ "$(wc -l <"$work/found")" != 1 ]; then
			not_ok "$name" "$(cat "$work/found")"
		elif [ "${functions:-0}" -lt 50 ] || [ $((lost * 10)) -gt "$functions" ]; then
			not_ok "$name" "saw too little: $(cat "$work/found")"
		else
			ok "$name: no red zone in $functions functions"
		fi
	done
done

cat >"$work/leaf.c" <<'END_C'
int leaf_sum(const int *p, int n)
{
	volatile int keep[8];
	int i, s = 0;

	for (i = 0; i < 8; i++)
		keep[i] = p[i] + n;
	for (i = 0; i < 8; i++)
		s += keep[i];
	return s;
}
END_C
cat >"$work/main.c" <<'END_C'
int leaf_sum(const int *p, int n);
int main(int argc, char **argv)
{
	int a[8] = { argc };

	(void)argv;
	return leaf_sum(a, argc);
}
END_C
for suffix in "" -newlib; do
	cc=$O/x86_64$suffix/offload-cc
	for frame in -fomit-frame-pointer -fno-omit-frame-pointer; do
		for zone in -mno-red-zone -mred-zone; do
			what="seeded, x86_64$suffix, $frame $zone"
			if ! "$cc" -c -O2 $frame $zone -o "$work/leaf.o" "$work/leaf.c" ||
				! "$cc" -o "$work/seeded" "$work/main.c" "$work/leaf.o"; then
				not_ok "$what" "does not build"
				continue
			fi
			redzone "$work/seeded.elf" >"$work/found"
			case $zone in
			-mred-zone) wanted="leaf_sum:*" ;;
			*) wanted="functions *" ;;
			esac
			case $(head -n 1 "$work/found") in
			$wanted) ok "$what" ;;
			*) not_ok "$what" "$(cat "$work/found")" ;;
			esac
		done
	done
done
done_testing
