#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# AF_VSOCK of native images against real clients and servers on Linux.
# timeout: 600
set -u
. "$TOP/tests/guest/lib.sh"
native=$O/x86_64/native
pmm=$O/x86_64/pmm/offload-pmm
peer="/usr/bin/python3 $TOP/tests/host/vsock_peer.py"
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
unset OFFLOAD_PMM
for tool in socat curl /usr/bin/python3; do
	command -v $tool >/dev/null || { skip "vsock" "no $tool"; done_testing; }
done
mkdir "$work/share" "$work/www"
cd "$work" || exit 1
sock=$work/sock vsock=$work/vsock

# until_true COMMAND...: for 30 s.
until_true()
{
	local i
	for ((i = 0; i < 300; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	return 1
}

start_pmm() # OPTION...
{
	"$pmm" --socket "$sock" --share "$work/share" --console "file:$work/console" \
		--vsock "$@" >pmm.log 2>&1 </dev/null &
	pid=$!
	until_true grep -q 'waiting for an image' pmm.log
}

start_image() # NAME ARGUMENT...
{
	: >console
	"$native/$1" --pmm "$sock" "${@:2}" >image.log 2>&1 &
	image=$!
}

stop_all()
{
	disown $pid $image 2>/dev/null
	kill -9 $pid $image 2>/dev/null
	until_true sh -c "! kill -0 $pid && ! kill -0 $image"
}

# does WHAT COMMAND...
does()
{
	local what=$1 out
	shift
	if out=$(timeout 120 "$@" 2>&1 </dev/null); then
		ok "$what"
	else
		not_ok "$what" "$out" "$(tail -n 3 pmm.log image.log console)"
	fi
}

# refuses WHAT STATUS PATTERN OPTION...: one line, and it says why.
refuses()
{
	local what=$1 want=$2 pattern=$3 out status=0
	shift 3
	out=$(timeout 20 "${as[@]}" "$pmm" --socket "$work/other/sock" --console none "$@" 2>&1 </dev/null) || status=$?
	case $status,$(wc -l <<<"$out"),$out in
	$want,1,$pattern) ok "$what" ;;
	*) not_ok "$what" "status $status, wanted $want: $pattern" "$out" ;;
	esac
}
as=()

# A TCP port that is free now.
free_port()
{
	/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

sum() { sha256sum | cut -d' ' -f1; }

head -c 67108864 /dev/urandom >big
want=$(sum <big)

# --- the echo image: clients by CONNECT and by TCP ---

tcp=$(free_port)
start_pmm --forward tcp:$tcp:vsock:7
start_image echo 7
until_true grep -q listening console

got=$({ printf 'CONNECT 7\n'; cat big; } | timeout 120 socat -t60 - UNIX-CONNECT:"$vsock" | sed '1{/^OK [0-9][0-9]*$/d}' | sum)
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got $2, wanted $3"; fi; }
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
until_true grep -q listening console
does "and the next image serves" $peer many "$vsock" 7 3

# --- one that is there already ---

mkdir other
as=()
refuses "the path is in use" 1 "*$vsock: another offload-pmm listens there" --vsock "path=$work,cid=9,registry=$work/cid"
refuses "the CID is taken" 1 "*CID 3 is taken by *$work*cid=N" --vsock "cid=3,registry=$work/cid"
refuses "the TCP port is in use" 1 "*--forward tcp:$tcp:vsock:7: cannot listen: *another program*" --forward tcp:$tcp:vsock:7
stop_all

# --- what is left of one that was killed ---

if [ -S vsock ] && [ -L cid/3 ]; then
	start_pmm
	start_image echo 7 1
	until_true grep -q listening console
	does "a stale socket and a stale CID are taken over" $peer many "$vsock" 7 1
	wait $image
	is "the image's own status" $? 0
	kill $pid
	wait $pid
	is "nothing is left behind" "$(ls -A "$work" | grep -c '^vsock$')$(ls -A cid)" 0
else
	not_ok "a killed PMM leaves its socket" "$(ls -l)"
fi

# --- an HTTP server on the image ---

tcp=$(free_port)
cp big share/big.bin
echo hello >share/hello.txt
start_pmm --forward tcp:127.0.0.1:$tcp:vsock:80
start_image httpd
until_true grep -q listening console
is "curl gets a file of the share" "$(curl -s -m 60 http://127.0.0.1:$tcp/hello.txt)" hello
is "curl gets 64 MiB" "$(curl -s -m 300 http://127.0.0.1:$tcp/big.bin | sum)" "$want"
is "curl gets 404" "$(curl -s -m 60 -o /dev/null -w '%{http_code}' http://127.0.0.1:$tcp/none)" 404
is "curl by CONNECT" "$(printf 'CONNECT 80\nGET /hello.txt HTTP/1.0\r\n\r\n' | timeout 60 socat -t30 - UNIX-CONNECT:"$vsock" | tail -n 1)" hello
curl -s -m 60 --limit-rate 100k http://127.0.0.1:$tcp/big.bin 2>/dev/null | head -c 100000 >/dev/null
is "a client that goes away in the middle" "$(curl -s -m 60 http://127.0.0.1:$tcp/hello.txt)" hello
stop_all

# --- the image fetches from a server on Linux ---

(cd www && ln ../big big.bin)
web=$(free_port)
/usr/bin/python3 -m http.server -b 127.0.0.1 -d www $web >/dev/null 2>&1 &
until_true curl -s -o /dev/null http://127.0.0.1:$web/
rm -f share/*
start_pmm --forward vsock:80:tcp:127.0.0.1:$web --forward vsock:81:tcp:127.0.0.1:1 --once
start_image fetch 80 /big.bin copy.bin
wait $image
is "the image fetches" $? 0
is "64 MiB" "$(sum <share/copy.bin)" "$want"
wait $pid
is "the PMM ends with it" $? 0
start_pmm --forward vsock:81:tcp:127.0.0.1:1 --once
start_image fetch 81 /big.bin copy.bin
wait $image
is "nobody listens behind the forward" "$?$(grep -c 'Connection reset' console)" 31
wait $pid

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
until_true sh -c "echo CONNECT 80 | timeout 10 socat -t5 - UNIX-CONNECT:a/vsock | grep OK"
timeout 60 "$native/fetch" --pmm b/sock 80 /hello.txt copy.txt 10 >>image.log 2>&1
is "an image fetches from another by its CID" "$?$(cat share/copy.txt)" "0from a neighbour"
timeout 60 "$native/fetch" --pmm b/sock 80 /hello.txt copy.txt 12 >>image.log 2>&1
is "and hears that there is none" $? 3
timeout 60 "$native/fetch" --pmm b/sock 81 /hello.txt copy.txt 10 >>image.log 2>&1
is "or no such port" $? 3
disown -a
kill $a $b $(jobs -p) 2>/dev/null

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

# --- bad options ---

for bad in tcp:x:vsock:7 tcp:0:vsock:7 tcp:70000:vsock:7 tcp:80:vsock:x tcp:80 vsock:7 \
	vsock:7:tcp:80x vsock:4294967295:tcp:80 tcp:80:vsock:4294967295 tcp:localhost:80:vsock:1 \
	tcp:1.2.3:80:vsock:1 tcp:1.2.3.400:80:vsock:1 udp:1:vsock:1 ''; do
	refuses "malformed: $bad" 2 "*--forward $bad: *" --forward "$bad"
done
refuses "malformed IPv6" 2 "*IPv6 address is written*" --forward 'tcp:[::1:80:vsock:1'
refuses "no IPv6 address" 2 "*not an IPv6 address*" --forward 'tcp:[zz]:80:vsock:1'
refuses "the same TCP port twice" 2 "*another --forward listens there*" \
	--forward tcp:8080:vsock:1 --forward tcp:127.0.0.1:8080:vsock:2
refuses "the same vsock port twice" 2 "*another --forward has this vsock port*" \
	--forward vsock:1:tcp:80 --forward vsock:1:tcp:81
for cid in 0 1 2 4294967295 -1 x '' 99999999999999999999; do
	refuses "CID $cid" 2 "*--vsock cid=$cid: *" --vsock "cid=$cid"
done
refuses "unknown key" 2 "*only cid=N, path=DIR*" --vsock colour=blue
refuses "window too small" 2 "*from 16K to 64M*" --vsock window=4K
refuses "the folder is a file" 1 "*big is not a folder*" --vsock "path=$work/big"
touch other/vsock
refuses "a file is in the way" 1 "*a file that is not a socket is in the way*" --vsock
rm other/vsock
refuses "no such address here" 1 "*cannot listen: Cannot assign*" --forward tcp:192.0.2.1:8080:vsock:1
refuses "the path is too long" 1 "*longer than*" --vsock "path=$work/$(printf '%0120d' 0)"
if [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 81 ]; then
	rm -rf other/*
	chmod 777 "$work" other
	[ "$(id -u)" != 0 ] || as=(setpriv --reuid 65534 --clear-groups)
	refuses "a privileged port" 1 "*--forward tcp:81:vsock:1: cannot listen: *below 1024*" --forward tcp:81:vsock:1
	as=()
else
	skip "a privileged port" "here none is"
fi
is "nothing half-started is left" "$(find other -type s -o -type l)" ""
done_testing
