#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Every fuzzer for a fixed number of runs from a fixed seed.  Then the one of the
# image reader with a check of image.c taken out: it must find each.
# timeout: 900
set -u
. "$TOP/tests/guest/lib.sh"
unset FUZZ FUZZ_SECONDS
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$TOP/tests/fuzz/run" >"$work/out"
while IFS= read -r line; do
	case $line in
	ok*) ok "${line#ok * }" ;;
	"not ok"*) not_ok "${line#not ok * }" ;;
	"# "*) echo "$line" ;;
	esac
done <"$work/out"

# The seeds are of use: good images of both formats and machines are among them.
accepted=$(FUZZ_SHOW=1 "$O/test/fuzz/fuzz_image" -runs=0 "$O/fuzz/fuzz_image" 2>&1 |
	grep '^accepted' | sort | uniq -c | awk '{ print $3, ($1 >= 2) }' | tr '\n' ' ')
if [ "$accepted" = "ELF 1 flat 1 " ]; then
	ok "fuzz_image: seeds of both formats are accepted"
else
	not_ok "fuzz_image: seeds of both formats are accepted" "got: $accepted"
fi

# broken WHAT SED-EXPRESSION SEED
broken()
{
	mkdir -p "$work/tree" "$work/corpus"
	rm -rf "$work/tree"/* "$work/corpus"/*
	cp -r "$TOP/kernel-module" "$work/tree/"
	sed -i "$2" "$work/tree/kernel-module/image.c"
	if cmp -s "$TOP/kernel-module/image.c" "$work/tree/kernel-module/image.c"; then
		not_ok "fuzz_image: finds that $1" "the pattern is not in image.c any more"
		return
	fi
	if ! clang-14 -std=gnu11 -g -O1 -w -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -I"$work/tree" -I"$TOP/include" -I"$TOP/tests/fuzz" \
		-o "$work/fuzz" "$TOP/tests/fuzz/fuzz_image.c" 2>"$work/log"; then
		not_ok "fuzz_image: finds that $1" "$(cat "$work/log")"
		return
	fi
	cp "$O"/fuzz/fuzz_image/x86_64-$3 "$work/corpus"
	if "$work/fuzz" -seed=1 -runs=100000 -max_len=512 -artifact_prefix="$work/" \
		"$work/corpus" >"$work/log" 2>&1; then
		not_ok "fuzz_image: finds that $1" "nothing found: $(tail -n 3 "$work/log")"
	else
		ok "fuzz_image: finds that $1"
	fi
}

broken "a truncated flat file is taken" 's/if (size < file_size)/if (0)/' exit42.bin
broken "writable text is taken" 's/(s->flags & OFL_SEG_W) && (s->flags & OFL_SEG_X)/0/' small.elf
broken "overlapping segments are taken" 's/if (s->va < t->va + t->mem_size &&/if (0 \&\& s->va < t->va \&\&/' small.elf
done_testing
