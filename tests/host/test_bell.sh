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

# counters: what the daemon has done, as it tells on SIGUSR1.
counters()
{
	: >"$work/err"
	kill -USR1 $pmm_pid
	until_true 10 grep -q 'loop: looked on' "$work/err"
	sed -n 's/.*\(loop: looked on.*\)/\1/p' "$work/err"
}

# ping WHAT SPIN: the image sleeps at once in each wait; the daemon as SPIN says.
ping()
{
	"$pmm" --socket "$sock" --share "$work/share" --spin "$2" </dev/null >"$work/out" 2>>"$work/err" &
	pmm_pid=$!
	"$native/bellping" --pmm "$sock" input.txt "${ROUNDS:-100000}" >"$work/image" 2>&1
	status=$?
	until_true 20 grep -q 'bellping:' "$work/out"
	grep bellping: "$work/out" | sed 's/^/# /'
	if [ $status = 0 ] && grep -q 'bellping: .* round trips' "$work/out"; then
		ok "$1: ${ROUNDS:-100000} round trips, none stalled"
	else
		not_ok "$1: ${ROUNDS:-100000} round trips, none stalled" "status $status" "$(cat "$work"/{out,image})"
	fi
	said=$(counters)
	echo "# $said"
	kill $pmm_pid
	wait $pmm_pid 2>/dev/null
}

ping "--spin 0" 0
case $said in
*"looked on 0 times, 0 times for something"*) ok "--spin 0: it does not look on" ;;
*) not_ok "--spin 0: it does not look on" "$said" ;;
esac
# Looks, sleeps and tries in turn: the limit moves all the time, and so does the moment
# of the announcement.
ping "--spin 50" 50
slept=$(sed 's/.*slept \([0-9]*\) times.*/\1/' <<<"$said")
if [ "${slept:-0}" -gt 0 ]; then ok "--spin 50: it has slept, too"; else not_ok "--spin 50: it has slept, too" "$said"; fi

"$pmm" --socket "$sock" --share "$work/share" --spin always </dev/null >"$work/out" 2>>"$work/err" &
pmm_pid=$!
"$native/wc" --pmm "$sock" input.txt counts.txt >"$work/image" 2>&1
status=$?
if [ $status = 0 ] && [ -s "$work/share/counts.txt" ]; then
	ok "--spin always: an image runs"
else
	not_ok "--spin always: an image runs" "status $status" "$(cat "$work"/{out,image})"
fi
said=$(counters)
case $said in
*"slept 0 times"*) ok "--spin always: it never sleeps while there is an image" ;;
*) not_ok "--spin always: it never sleeps while there is an image" "$said" ;;
esac
kill $pmm_pid
wait $pmm_pid 2>/dev/null
done_testing
