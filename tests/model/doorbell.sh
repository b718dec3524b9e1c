#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Check the model of the doorbells: with all of it there is no error, and
# without any one barrier there is one.  (TAP; `make check-doorbell-model`.)
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/guest/lib.sh
O=${O:-build}
mkdir -p "$O"
work=$(mktemp -d "$O/model.XXXXXX")
trap 'rm -rf "$work"' EXIT
model=$PWD/tests/model/doorbell.pml

# verify [-DWITHOUT_x]: errors of a whole search, or "?" if there was none
verify()
{
	(
		cd "$work" && spin -a "$@" "$model" && gcc -O1 -w -DSAFETY -DCOLLAPSE -DMEMLIM=1500 -o pan pan.c &&
			timeout 120 ./pan -m200000
	) >"$work/out" 2>&1
	if grep -q 'Search not completed\|max search depth\|out of memory' "$work/out" &&
		! grep -q 'errors: [1-9]' "$work/out"; then
		echo '?'
	else
		sed -n 's/.*errors: \([0-9]*\).*/\1/p' "$work/out" | grep . || echo '?'
	fi
}

errors=$(verify)
if [ "$errors" = 0 ]; then
	ok "all barriers: no lost wake-up ($(sed -n 's/ *\([0-9.e+]*\) states, stored.*/\1/p' "$work/out") states)"
else
	not_ok "all barriers: no lost wake-up" "errors: $errors" "$(head -n 20 "$work/out")"
fi
for barrier in $(grep -o 'WITHOUT_[A-Z_]*' "$model" | sort -u); do
	errors=$(verify "-D$barrier")
	what=$(echo "${barrier#WITHOUT_}" | tr 'A-Z_' 'a-z ')
	case $errors in
	[1-9]*) ok "without $what: found ($(sed -n 's/^pan:1: \([a-z ]*\).*/\1/p' "$work/out"))" ;;
	*) not_ok "without $what: found" "errors: $errors" "$(tail -n 20 "$work/out")" ;;
	esac
done
done_testing
