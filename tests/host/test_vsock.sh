#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# AF_VSOCK of native images against real clients and servers on Linux.
# timeout: 600
set -u
. "$TOP/tests/host/sockets.sh"

head -c 67108864 /dev/urandom >big
want=$(sum <big)

# --- the echo image: clients by CONNECT and by TCP ---

tcp=$(free_port)
start_pmm --forward tcp:$tcp:vsock:7
start_image echo 7
listens

got=$({ printf 'CONNECT 7\n'; cat big; } | timeout 120 socat -t60 - UNIX-CONNECT:"$vsock" | sed '1{/^OK [0-9][0-9]*$/d}' | sum)
is "64 MiB there and back, CONNECT" "$got" "$want"
is "64 MiB there and back, --forward tcp" "$(timeout 120 socat -t60 - TCP:127.0.0.1:$tcp <big | sum)" "$want"
does "1000 connections opened and closed" $peer many "$vsock" 7 1000
does "64 at once" $peer at-once "$vsock" 7 64
does "a client that stops reading stalls only itself" $peer stall "$vsock" 7
does "clients that say nothing" $peer crowd "$vsock" 7 2100
if grep -q 'refusing clients: all connections are in use' pmm.log; then
	ok "and the PMM says so"
else
	not_ok "and the PMM says so" "$(cat pmm.log)"
fi
is "no listener: hung up" "$(echo 'CONNECT 8' | timeout 20 socat -t10 - UNIX-CONNECT:"$vsock")" ""
for line in 'CONNECT' 'CONNECT x' 'CONNECT 4294967295' 'connect 7' 'CONNECT 7 ' 'GET / HTTP/1.0' "CONNECT $(printf '%040d' 7)"; do
	is "hung up: $line" "$(echo "$line" | timeout 20 socat -t10 - UNIX-CONNECT:"$vsock" 2>&1 | grep -v -i reset)" ""
done
does "the image still serves" $peer many "$vsock" 7 1

# The image is killed under load, the PMM goes on with the next one.
$peer pump "$vsock" 7 >pump.log 2>&1 &
pump=$!
until_true grep -q pumping pump.log
disown $image
kill -9 $image
wait $pump
is "the image is killed: its client hears of it" "$(tail -n 1 pump.log)" gone
until_true sh -c "! kill -0 $image"
start_image echo 7
listens
does "and the next image serves" $peer many "$vsock" 7 3

stop_all

# --- what is left of one that was killed ---

if [ -S vsock ] && [ -L cid/3 ]; then
	start_pmm
	start_image echo 7 1
	listens
	does "a stale socket and a stale CID are taken over" $peer many "$vsock" 7 1
	wait $image
	is "the image's own status" $? 0
	kill $pid
	wait $pid
	is "nothing is left behind" "$(ls -A "$work" | grep -c '^vsock$')$(ls -A cid)" 0
else
	not_ok "a killed PMM leaves its socket" "$(ls -l)"
fi

# --- images among themselves ---

rm -f share/*
mkdir a b
echo "from a neighbour" >share/hello.txt
"$pmm" --socket a/sock --vsock "cid=10,registry=$work/cid" --share share --console none >pmm.log 2>&1 &
a=$!
"$pmm" --socket b/sock --vsock "cid=11,registry=$work/cid" --share share --console none >>pmm.log 2>&1 &
b=$!
until_true test -S a/vsock -a -S b/vsock -a -S a/sock -a -S b/sock
"$native/httpd" --pmm a/sock >image.log 2>&1 &
image=$!
until_true sh -c "echo CONNECT 80 | timeout 10 socat -t5 - UNIX-CONNECT:a/vsock | grep OK"
timeout 60 "$native/fetch" --pmm b/sock vsock:10:80 /hello.txt copy.txt >>image.log 2>&1
is "an image fetches from another by its CID" "$?$(cat share/copy.txt)" "0from a neighbour"
timeout 60 "$native/fetch" --pmm b/sock vsock:12:80 /hello.txt copy.txt >>image.log 2>&1
is "and hears that there is none" $? 3
timeout 60 "$native/fetch" --pmm b/sock vsock:10:81 /hello.txt copy.txt >>image.log 2>&1
is "or no such port" $? 3
disown -a
kill -9 $a $b $image 2>/dev/null

# --- the socket calls, from inside ---

$peer echo "$work/vsock_7" >/dev/null &
$peer sink "$work/vsock_10" >/dev/null &
until_true test -S vsock_7 -a -S vsock_10
start_pmm --once
timeout 120 "$native/sockets" --pmm "$sock" >image.log 2>&1
is "the socket calls" $? 0
wait $pid
if grep -q '^1\.\.' console && ! grep -A1 '^not ok' console; then
	ok "each of them"
else
	not_ok "each of them" "$(tail -n 5 console)"
fi
start_pmm
start_image sockets busy
until_true grep -q busy console
sleep 0.3
disown $pid
kill -9 $pid
wait $image
is "the PMM is killed under load: ECONNRESET" "$?$(grep -c '^ok' image.log)" 08
grep -A1 '^not ok' image.log | sed 's/^/# /'

done_testing
