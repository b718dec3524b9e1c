#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# An image has the drivers that it calls, and no others; the smallest one stays small.
# The numbers are of picolibc; who makes hello larger changes them, and says why.
set -u
. "$TOP/tests/guest/lib.sh"

check() # WHAT COMMAND...
{
	local what=$1

	shift
	if "$@"; then ok "$what"; else not_ok "$what" "failed: $*"; fi
}

declare -A most=([x86_64]=45184 [aarch64]=49280)

# has IMAGE PREFIX: is there a function or object whose name begins so?
has() { nm "$1" 2>/dev/null | grep -q " [A-Za-z] $2"; }

for arch in x86_64 aarch64; do
	dir=$O/$arch/images
	for what in "files ofl_p9_" "names ofl_path_" "vsock ofl_vsock_" "entropy ofl_rng_" \
		"ports ofl_conports" "sockets ofl_waiter_" "network ofl_net"; do
		read -r name prefix <<<"$what"
		if has "$dir/hello.elf" "$prefix"; then
			not_ok "$arch: hello has no $name" "$(nm "$dir/hello.elf" | grep " $prefix")"
		else
			check "$arch: hello has no $name" has "$dir/hello.elf" main
		fi
	done
	check "$arch: who opens files has their driver" has "$dir/wc.elf" ofl_p9_
	check "$arch: who opens sockets has theirs" has "$dir/sockets.elf" ofl_vsock_
	size=$(stat -c %s "$dir/hello.bin")
	if [ "${size:-0}" -gt "${most[$arch]}" ]; then
		not_ok "$arch: hello.bin is $size bytes" "at most ${most[$arch]} are allowed"
	else
		check "$arch: hello.bin is $size bytes" [ -s "$dir/hello.bin" ]
	fi
done
done_testing
