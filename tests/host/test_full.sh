#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A share on a disk that is full: the image hears of it, and what was taken is there.
# timeout: 300
set -u
. "$TOP/tests/guest/lib.sh"

if [ "${1:-}" != inside ]; then
	[ "$(id -u)" = 0 ] || { skip "full disk" "not root"; done_testing; exit; }
	unshare -m true 2>/dev/null || { skip "full disk" "no mount namespace"; done_testing; exit; }
	exec unshare -m --propagation private bash "$0" inside
fi

native=$O/x86_64/native
pmm=$O/x86_64/pmm/offload-pmm
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; umount -l "$work/share" 2>/dev/null; rm -rf "$work"' EXIT
unset OFFLOAD_PMM
mkdir "$work/share"
mount -t tmpfs -o size=1m,mode=755 none "$work/share" 2>/dev/null ||
	{ skip "full disk" "no tmpfs can be mounted"; done_testing; exit; }

is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got '$2', wanted '$3'" "$(cat "$work"/*.log)"; fi; }

# In the loop, and by workers.
for how in "" ,workers=2; do
	name="full disk${how:+, by workers}"
	rm -f "$work/share"/*
	"$pmm" --socket "$work/socket" --share "$work/share$how" --console "file:$work/console" --once \
		>"$work/pmm.log" 2>&1 </dev/null &
	pid=$!
	for ((i = 0; i < 600; i++)); do [ -S "$work/socket" ] && break; sleep 0.1; done
	timeout 120 "$native/full" --pmm "$work/socket" data >"$work/image.log" 2>&1
	is "$name: exit status" "$? $(tail -n 1 "$work/console")" "0 done"
	wait $pid
	taken=$(sed -n 's/^write: //p' "$work/console")
	is "$name: all that a disk of 1 MiB holds" "${taken:-0}" 1048576
	# The first 100,000 bytes, then 1,000 from the beginning of the pattern.
	is "$name: what was taken is there" "$(md5sum <"$work/share/data")" \
		"$({ yes 0123456789 | tr -d '\n' | head -c 100000; yes 0123456789 | tr -d '\n' | head -c 1000; } | md5sum)"
	is "$name: stdio, with room" "$(cat "$work/share/stdio")" "all of it"
	is "$name: the daemon has nothing to add" "$(grep -c 'closing a file' "$work/pmm.log")" 0
done
done_testing
