#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The daemon is killed under load and comes back; so is the image.
# timeout: 400
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
done_testing
