#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# HTTP with clients and a server that everybody has: an image serves, an image
# fetches.
# timeout: 900
set -u
. "$TOP/tests/host/sockets.sh"

head -c 67108864 /dev/urandom >big
head -c 1000000 big >share/middle.bin
want=$(sum <big)
ln big share/big.bin
echo hello >"share/a file"
tcp=$(free_port)
url=http://127.0.0.1:$tcp

# --- an image serves ---

start_pmm --forward tcp:127.0.0.1:$tcp:vsock:80
start_image httpd
listens
is "curl" "$(curl -s -m 60 $url/a%20file)" hello
is "curl, 64 MiB" "$(curl -s -m 300 $url/big.bin | sum)" "$want"
is "curl, HEAD" "$(curl -s -m 60 -I $url/big.bin | tr -d '\r' | sed -n 's/^Content-Length: //p')" 67108864
is "curl, two files on one connection" \
	"$(curl -s -m 60 -o /dev/null -o /dev/null -w '%{http_version} %{http_code} %{num_connects},' $url/a%20file $url/middle.bin)" \
	"1.1 200 1,1.1 200 0,"
is "curl, no such file" "$(curl -s -m 60 -o /dev/null -w '%{http_code}' $url/none)" 404
is "curl, POST" "$(curl -s -m 60 -o /dev/null -w '%{http_code}' -d x $url/none)" 501
is "curl, a name outside" "$(curl -s -m 60 --path-as-is -o /dev/null -w '%{http_code}' $url/../../etc/passwd)" 400
is "curl, a header without end" "$(curl -s -m 60 -o /dev/null -w '%{http_code}' -H "X: $(printf '%05000d' 0)" $url/none)" 431
is "wget" "$(wget -q -T 60 -O - "$url/a file")" hello
is "ncat" "$(printf 'GET /a%%20file HTTP/1.0\r\n\r\n' | timeout 60 ncat 127.0.0.1 $tcp | tail -n 1)" hello
is "socat, CONNECT" "$(printf 'CONNECT 80\nGET /a%%20file HTTP/1.0\r\n\r\n' | timeout 60 socat -t30 - UNIX-CONNECT:"$vsock" | tail -n 1)" hello
is "ncat, CONNECT" "$(printf 'CONNECT 80\nGET /a%%20file HTTP/1.0\r\n\r\n' | timeout 60 ncat -U "$vsock" | tail -n 1)" hello

is "1000 connections, one after the other" \
	"$(timeout 300 curl -s -H 'Connection: close' -w '%{num_connects}\n' "$url/a%20file?[1-1000]" | sort | uniq -c | tr -s ' \n' ' ')" \
	" 1000 1 1000 hello "

# 64 together: slow enough that all are open at some time.
before=$(ls /proc/$pid/fd | wc -l)
mkdir out
(cd out && timeout 300 curl -sS -Z --parallel-immediate --parallel-max 64 --limit-rate 250k \
	-H 'Connection: close' -o '#1' "$url/middle.bin?[1-64]") 2>/dev/null &
curls=$!
together() { [ $(($(ls /proc/$pid/fd | wc -l) - before)) -ge 64 ]; }
until_true together
is "64 at once are open" $? 0
wait $curls
is "and each gets its file" "$(cat out/* | sum)" "$(for i in {1..64}; do cat share/middle.bin; done | sum)"

# One that asks for a file and does not read it.
exec 3<>/dev/tcp/127.0.0.1/$tcp
printf 'GET /big.bin HTTP/1.0\r\n\r\n' >&3
sleep 1
is "one stops reading: others do not notice" "$(curl -s -m 300 $url/big.bin | sum)" "$want"
is "and it gets all when it reads again" "$(timeout 300 env LC_ALL=C sed '1,/^\r$/d' <&3 | sum)" "$want"
exec 3>&-
for i in {1..20}; do
	curl -s -m 60 $url/big.bin | head -c 100000 >/dev/null
done
is "20 go away in the middle" "$(curl -s -m 60 $url/a%20file)" hello
stop_all

# --- an image fetches ---

ln big www/big.bin
web=$(free_port)
/usr/bin/python3 -m http.server -b 127.0.0.1 -d www $web >/dev/null 2>&1 &
until_true curl -s -o /dev/null http://127.0.0.1:$web/
rm -f share/*
start_pmm --forward vsock:80:tcp:127.0.0.1:$web --once
start_image fetch 80 /big.bin copy.bin
wait $image
is "the image fetches" $? 0
is "64 MiB" "$(sum <share/copy.bin)" "$want"
wait $pid
is "the daemon ends with it" $? 0
start_pmm --forward vsock:81:tcp:127.0.0.1:1 --once
start_image fetch 81 /big.bin copy.bin
wait $image
is "nobody listens behind the forward" "$?$(grep -c 'Connection reset' console)" 31
wait $pid

done_testing
