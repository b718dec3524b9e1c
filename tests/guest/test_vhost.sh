# SPDX-License-Identifier: BSD-2-Clause
# --vsock vhost and --net vhost: the kernel serves the rings, and programs on Linux use
# AF_VSOCK itself.
# machines: hlt gicv3
# modules: vhost_vsock vhost_net tun
# needs: socat
# timeout: 300
. /offload/tests/lib.sh
. /offload/tests/offload.sh

# How much, and how many connections; more of both takes longer.
MIB=${1:-4} CONNECTIONS=${2:-20}
limit=$((120 + MIB * 20))

share_new
head -c $((MIB << 20)) /dev/urandom > /tmp/share/big
want=$(sha256sum < /tmp/share/big)
cid=7
says() { grep -q "$1" /tmp/pmm.out; }
socat() { timeout $limit /offload/socat/ld.so --library-path /offload/socat /offload/socat/socat "$@"; }
get() { printf "GET /$1 HTTP/1.0\r\n\r\n" | socat -t60 - VSOCK-CONNECT:$cid:80 | sed '1,/^\r$/d'; }

# The kernel's module is there, and nobody has it.
check "insmod" insmod $KO cpu=$CPU image=$IMG/httpd.bin
pmm_start --vsock vhost,cid=$cid
check "httpd: listens" until_true 60 says listening
is "its CID in sysfs" "$(attr cid)" $cid
is "httpd: a small file" "$(get input.txt | wc -l)" 700
is "httpd: $MIB MiB" "$(get big | sha256sum)" "$want"
good=0
for i in $(seq $CONNECTIONS); do
	[ "$(get input.txt | wc -l)" = 700 ] && good=$((good + 1))
done
is "httpd: $CONNECTIONS connections" $good $CONNECTIONS
rm -rf /tmp/got
mkdir /tmp/got
pids=
for i in $(seq 16); do
	get input.txt > /tmp/got/$i &
	pids="$pids $!"
done
wait $pids
is "httpd: 16 at once" "$(cat /tmp/got/* | wc -l)" 11200
is "no such port" "$(socat - VSOCK-CONNECT:$cid:81 < /dev/null 2>&1 | grep -c -i reset)" 1
out=$($PMM --socket /tmp/other --console none --vsock vhost,cid=$cid 2>&1)
is "the CID is taken: exit status" $? 1
matches "the CID is taken" "$out" "*CID 7 is taken by another user of /dev/vhost-vsock*"
# Idle: nobody turns in circles.
before=$(awk '{ print $14 + $15 }' /proc/$PMM_PID/stat)
sleep 5
is "an idle daemon uses no CPU" "$(($(awk '{ print $14 + $15 }' /proc/$PMM_PID/stat) - before < 10))" 1

# The image goes while Linux has a connection to it, and comes back.
sleep 1000 | socat - VSOCK-CONNECT:$cid:80 > /dev/null 2> /tmp/held &
usleep 500000
check "stop" sh -c "echo stop > $DEV/state"
refused() { socat - VSOCK-CONNECT:$cid:80 < /dev/null 2>&1 | grep -q -i 'reset\|no such device\|timed out'; }
check "nobody answers" refused
: > /tmp/pmm.out
check "start again" sh -c "echo start > $DEV/state"
check "httpd: listens again" until_true 60 says listening
is "httpd: $MIB MiB again" "$(get big | sha256sum)" "$want"

# The daemon is killed; the image goes on with the next one.
kill -9 $PMM_PID
wait $PMM_PID 2> /dev/null
pmm_start --vsock vhost,cid=$cid
works() { [ "$(get input.txt | wc -l)" = 700 ]; }
check "another daemon: the same image serves" until_true 60 works
is "the same image" "$(attr state)" running
check "stop" sh -c "echo stop > $DEV/state"

# The image connects to programs on Linux.
httpd -p 127.0.0.1:8081 -h /tmp/share
socat VSOCK-LISTEN:80,reuseaddr,fork TCP:127.0.0.1:8081 &
echo $IMG/fetch.bin > $DEV/image
echo "80 /big copy" > $DEV/args
fetched()
{
	echo start > $DEV/state && wait_attr state offline $limit && [ "$(attr exit_status)" = 0 ]
}
check "fetch" until_true 60 fetched
is "fetch: $MIB MiB" "$(sha256sum < /tmp/share/copy)" "$want"
echo "99 /big copy" > $DEV/args
echo start > $DEV/state
check "fetch, nobody listens" wait_attr state offline 60
is "fetch, nobody listens: status" "$(attr exit_status)" 3
pmm_stop

# The network, the same way.
tunctl -t tap0 > /dev/null
ifconfig tap0 10.0.7.1 netmask 255.255.255.0 up
out=$($PMM --socket /tmp/other --console none --net vhost,passt=/tmp/p 2>&1)
matches "vhost is for TAP" "$out" "*vhost is for tap=NAME*"
echo $IMG/inet.bin > $DEV/image
echo "echo 7" > $DEV/args
for round in 1 2; do
	pmm_start --net vhost,tap=tap0,ip=10.0.7.2/24
	check "net $round: start" sh -c "echo start > $DEV/state"
	check "net $round: listens" until_true 60 says listening
	check "net $round: ping" until_true 60 ping -c 1 -W 1 10.0.7.2
	is "net $round: $MIB MiB there and back" \
		"$(timeout $limit nc 10.0.7.2 7 < /tmp/share/big | sha256sum)" "$want"
	check "net $round: stop" sh -c "echo stop > $DEV/state"
	[ $round = 2 ] || check "net: start with the same daemon" sh -c "echo start > $DEV/state"
	[ $round = 2 ] || check "net: ping again" until_true 60 ping -c 1 -W 1 10.0.7.2
	[ $round = 2 ] || check "net: stop" sh -c "echo stop > $DEV/state"
	pmm_stop
	: > /tmp/pmm.out
done
# The TAP has no header any more.
pmm_start --net tap=tap0,ip=10.0.7.2/24
check "net without vhost: start" sh -c "echo start > $DEV/state"
check "net without vhost: ping" until_true 60 ping -c 1 -W 1 10.0.7.2
check "net without vhost: stop" sh -c "echo stop > $DEV/state"
pmm_stop
check "rmmod" rmmod offload
check "all cores back" all_online

done_testing
