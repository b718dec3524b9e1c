#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The daemon is killed under load and comes back; so is the image.
# timeout: 600
set -u
. "$TOP/tests/host/sockets.sh"

rounds=3
start_pmm
start_image comeback file $rounds
for ((round = 0; round < rounds; round++)); do
	until_true grep -q "^round $round," console
	$peer pump "$vsock" 7 >pump.$round 2>&1 &
	pump=$!
	until_true grep -q pumping pump.$round
	size=$(stat -c %s share/file)
	grown() { [ "$(stat -c %s share/file)" -gt $((size + 50)) ]; }
	until_true grown
	disown $pid
	kill -9 $pid
	until_true sh -c "! kill -0 $pid"
	wait $pump
	is "round $round: the client hears of it" "$(tail -n 1 pump.$round)" gone
	[ $round != 1 ] || sleep 3 # without one for a while
	is "round $round: the image goes on" "$(cut -d' ' -f3 /proc/$image/stat | tr S R)" R
	: >console
	start_pmm
done
wait $image
is "the image's own verdict" $? 0
is "it ends on the last console" "$(tail -n 1 console)" "0 wrong"
is "each PMM got it once" "$(grep -c 'image started' pmm.log)" 1
kill $pid
wait $pid

# A daemon that starts before the image has noticed that the last one died.
start_pmm
start_image echo 7
listens
for i in 1 2 3; do
	disown $pid
	kill -9 $pid
	until_true sh -c "! kill -0 $pid"
	start_pmm
	until_true grep -q 'image started' pmm.log
	does "at once, $i: the listener is still there" $peer many "$vsock" 7 20
done
stop_all

# The image dies under load, again and again: the daemon goes on.
start_pmm
for i in 1 2 3 4 5; do
	start_image echo 7
	listens
	for n in 1 2 3; do
		$peer pump "$vsock" 7 >load.$n 2>&1 &
	done
	for n in 1 2 3; do until_true grep -q pumping load.$n; done
	disown $image
	kill -9 $image
	until_true sh -c "! kill -0 $image"
done
gone() { [ "$(cat load.? | sort | uniq -c | tr -s ' \n' ' ')" = " 3 gone 3 pumping " ]; }
until_true gone
is "clients of an image that dies hear of it" $? 0
start_image echo 7
listens
does "the daemon serves the sixth" $peer many "$vsock" 7 20
is "it has said nothing but starts and ends" \
	"$(grep -v -e 'image started' -e 'image ended' -e 'vsock: CID' -e 'waiting for' pmm.log)" ""
before=$(ls /proc/$pid/fd | wc -l)
stop_all
start_pmm
start_image echo 7
listens
is "and keeps no descriptor of the others" "$before" "$(ls /proc/$pid/fd | wc -l)"
stop_all

# The next daemon has other shares, another window, other networks, or none.
other_pmm() # OPTION...
{
	rm -f sock
	"$pmm" --socket "$sock" --console "file:$work/console" "$@" >pmm.log 2>&1 </dev/null &
	pid=$!
	until_true test -S "$sock"
}
kill_pmm()
{
	disown $pid
	kill -9 $pid
	until_true sh -c "! kill -0 $pid"
}
told() # WHAT LINE
{
	until_true grep -q "^first:.*\.$" console
	is "$1" "$(grep '^first:' console)" "$2"
}
for name in one two three four end; do
	mkdir "$name"
	echo "$name" >"$name/who"
done
# Somebody who takes frames, and sends none.
socat -u UNIX-LISTEN:passt,fork /dev/null &
until_true test -S passt
: >console
other_pmm --share one --share two,tag=second --vsock cid=5 --net "passt=passt,ip=192.0.2.5/24"
"$native/other" --pmm "$sock" >image.log 2>&1 &
image=$!
told "all of it" "first:one second:two vsock:yes,cid=5 net:192.0.2.5 pool:yes random:yes."
kill_pmm
: >console
other_pmm --share three --window 256K
told "one share, a small window, no networks" \
	"first:three second:No such file or directory vsock:no net:no pool:yes random:yes held:EIO."
kill_pmm
: >console
other_pmm --share four --share three,tag=other --share one,tag=second --vsock cid=9 --window 8M \
	--net "passt=passt,ip=192.0.2.77/24"
told "more shares in another order, a large window, another CID and address" \
	"first:four second:one vsock:yes,cid=9 net:192.0.2.77 pool:yes random:yes held:EIO."
does "the listener serves there" sh -c "echo CONNECT 7 | timeout 20 socat -t10 - UNIX-CONNECT:$vsock | grep OK"
kill_pmm
: >console
other_pmm --vsock cid=9
told "no share" \
	"first:No such device second:No such device vsock:yes,cid=9 net:no pool:yes random:yes held:EIO."
kill_pmm
other_pmm --share end --once
until_true sh -c "! kill -0 $image" || kill -9 $image
wait $image
is "the image ends by itself" $? 0
done_testing
