#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# README's table of kernels and machines is that of tests/lab/kernels.list, and one that a
# cell has failed in would be another.  The cells themselves: make check-kernels.
set -u
. "$TOP/tests/guest/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
kernels=$TOP/tests/lab/kernels

same() # WHAT WANTED-FILE FILE
{
	if cmp -s "$2" "$3"; then
		ok "$1"
	else
		not_ok "$1" "$(diff "$2" "$3")"
	fi
}

refused() # WHAT PATTERN COMMAND...
{
	local what=$1 pattern=$2 out

	shift 2
	if out=$(O=$work timeout 60 "$@" 2>&1 </dev/null); then
		not_ok "$what" "it was not refused" "$out"
	elif grep -q -e "$pattern" <<<"$out"; then
		ok "$what"
	else
		not_ok "$what" "$out"
	fi
}

export O=$work
"$kernels" --table >"$work/wanted"
"$kernels" --in-readme >"$work/readme"
same "README's table (else: tests/lab/kernels --readme)" "$work/wanted" "$work/readme"

mkdir "$work/check-kernels"
"$kernels" --found >"$work/none"
for cell in $("$kernels" --list); do
	touch "$work/check-kernels/$cell.passed"
done
"$kernels" --found >"$work/found"
same "all have passed: the same table" "$work/wanted" "$work/found"
rm "$work/check-kernels/$cell.passed"
"$kernels" --found >"$work/found"
[ "$(grep -o '\*\*failed\*\*' "$work/found" | wc -l)" = 1 ] && ok "one has not: it says so" ||
	not_ok "one has not: it says so" "$(cat "$work/found")"
[ "$(grep -o '\*\*failed\*\*' "$work/none" | wc -l)" = "$("$kernels" --list | wc -l)" ] &&
	ok "none has: each says so" || not_ok "none has: each says so" "$(cat "$work/none")"

# What make check has of it is what its tests say.
[ "$(grep -o '`check`' "$work/readme" | wc -l)" = \
	"$(sed -n 's/^# machines: *//p' "$TOP"/tests/guest/test_*.sh | tr ' ' '\n' | sort -u | grep -c .)" ] &&
	ok "each machine of make check is a cell" ||
	not_ok "each machine of make check is a cell" "$(grep '`check`' "$work/readme")"

refused "no such cell" "no cell is called 'hlt@5.10'" "$kernels" hlt@5.10
refused "no such kernel" "'5.10' is none of 6.1" "$TOP/tests/lab/guest" --machine hlt-5.10 "$0"
refused "no such machine" "'gicv4' is none of" "$TOP/tests/lab/guest" --machine gicv4 "$0"
refused "UEFI and ACPI are for aarch64" "is not for x86_64" "$TOP/tests/lab/guest" --machine hlt-acpi "$0"
refused "physical APICs are for x86_64" "is not for aarch64" "$TOP/tests/lab/guest" --machine gicv3-phys-6.1-rt "$0"

done_testing
