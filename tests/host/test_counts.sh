#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The real-time path has as many instructions as tests/bench/qemu/counts.ARCH says: not
# one more, and not one less.
# timeout: 600
set -u
. "$TOP/tests/guest/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! "$TOP/tests/lab/qemu-plugin" >"$work/plugin" 2>"$work/err"; then
	# Its header is the one thing here that Debian has in a source package only.
	skip "instructions of the real-time path" "$(tail -n 1 "$work/err")"
	done_testing
fi

for machine in hlt gicv3; do
	case $machine in
	hlt) arch=x86_64 ;;
	*) arch=aarch64 ;;
	esac
	"$TOP/tests/bench/qemu/path" $machine "$work/log" >"$work/out" 2>"$work/err"
	status=$?
	if [ $status != 0 ]; then
		not_ok "$arch: the path is counted" "$(cat "$work/err" "$work/out")"
		continue
	fi
	ok "$arch: the path is counted, 10000 times the same"
	while read -r what want; do
		got=$(sed -n "s/^$what \([0-9]*\).*/\1/p" "$work/out")
		if [ "$got" = "$want" ]; then
			ok "$arch: $what: $want instructions"
		else
			not_ok "$arch: $what: $want instructions" \
				"it is $got now, $want is recorded. If that is meant, write $got into tests/bench/qemu/counts.$arch and say why in the commit" \
				"$(cat "$work/out")"
		fi
	done < <(grep -v '^#' "$TOP/tests/bench/qemu/counts.$arch")
done
done_testing
