#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Doorbells of an image that is a process: nobody uses the CPU for waiting, and no
# ring is lost.  ROUNDS=10000000 for a long run.
# timeout: 300
set -u
. "$TOP/tests/guest/lib.sh"
native=$O/x86_64/native
pmm=$O/x86_64/pmm/offload-pmm
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
mkdir "$work/share"
seq 1 700 >"$work/share/input.txt"
sock=$work/socket

# utime + stime in ticks of 10 ms
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }

until_true() # SECONDS COMMAND...
{
	local left=$(($1 * 10))
	shift
	while ! "$@"; do
		[ $((left -= 1)) -gt 0 ] || return 1
		sleep 0.1
	done
}

mkfifo "$work/keys"
exec 8<>"$work/keys"
"$pmm" --socket "$sock" --share "$work/share" <&8 >"$work/out" 2>"$work/err" &
pmm_pid=$!
"$native/idle" --pmm "$sock" >"$work/image" 2>&1 &
image_pid=$!
if until_true 20 grep -q 'idle: ready' "$work/out"; then
	ok "image is up"
else
	not_ok "image is up" "$(cat "$work"/{out,err,image})"
fi
sleep 1
a=$(ticks $pmm_pid) b=$(ticks $image_pid)
sleep 2
a=$(($(ticks $pmm_pid) - a)) b=$(($(ticks $image_pid) - b))
if [ $a -le 2 ] && [ $b -le 2 ]; then
	ok "idle: PMM and image use no CPU ($a and $b ticks)"
else
	not_ok "idle: PMM and image use no CPU" "ticks: $a and $b"
fi
echo "anybody there?" >&8
if until_true 20 grep -q 'idle: anybody there?' "$work/out"; then
	ok "input wakes both"
else
	not_ok "input wakes both" "$(cat "$work"/{out,err,image})"
fi
echo quit >&8
wait $image_pid
status=$?
if [ $status = 0 ]; then ok "image ends"; else not_ok "image ends" "status $status"; fi
kill $pmm_pid
wait $pmm_pid 2>/dev/null

"$pmm" --socket "$sock" --share "$work/share" --once --spin 0 </dev/null >"$work/out" 2>&1 &
pmm_pid=$!
"$native/bellping" --pmm "$sock" input.txt "${ROUNDS:-100000}" >"$work/image" 2>&1
status=$?
wait $pmm_pid
grep bellping: "$work/out" | sed 's/^/# /'
if [ $status = 0 ] && grep -q 'bellping: .* round trips' "$work/out"; then
	ok "${ROUNDS:-100000} round trips, none stalled"
else
	not_ok "${ROUNDS:-100000} round trips, none stalled" "status $status" "$(cat "$work"/{out,image})"
fi
done_testing
