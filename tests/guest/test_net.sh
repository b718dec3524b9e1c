# SPDX-License-Identifier: BSD-2-Clause
# AF_INET and AF_INET6 of an image on a borrowed core, over a TAP interface, and through
# passt; of an image that is a process, through passt.
# machines: hlt gicv3
# modules: tun
# native: httpd
# needs: passt
# timeout: 400
. /offload/tests/lib.sh
. /offload/tests/offload.sh

# How much, and how many connections; more of both takes longer.
MIB=${1:-4} CONNECTIONS=${2:-10}
limit=$((120 + MIB * 20))

share_new
ifconfig lo 127.0.0.1 up
tunctl -t tap0 > /dev/null
ifconfig tap0 10.0.7.1 netmask 255.255.255.0 up
echo 0 > /proc/sys/net/ipv6/conf/tap0/accept_dad
ip -6 addr add fd07::1/64 dev tap0
mkdir -p /tmp/www
head -c $((MIB << 20)) /dev/urandom > /tmp/www/big
want=$(sha256sum < /tmp/www/big)
pings() { "$@" -c 1 -W 1 > /dev/null 2>&1; }
says() { grep -q "$1" /tmp/pmm.out; }

# start WHAT ARGUMENTS PMM-OPTION...: the next image.
start()
{
	_name=$1
	echo $IMG/inet.bin > $DEV/image
	echo "$2" > $DEV/args
	shift 2
	pmm_start "$@"
	check "$_name: start" sh -c "echo start > $DEV/state"
}

# Whatever is not to be had is one line, and nothing is started.
refuses()
{
	_out=$(timeout 20 $PMM --socket /tmp/other --console none --net "$2" 2>&1)
	is "refused: $2: status" $? 1
	matches "refused: $2" "$_out" "$3"
}
refuses none tap=tap9 "*tap=tap9: no such interface: make it with: ip tuntap add tap9*"
refuses other tap=lo "*tap=lo: this interface is not a TAP"
refuses small tap=tap0,mtu=9000 "*mtu=9000 is more than the interface's 1500"
refuses passt passt=/tmp/nobody "*passt=/tmp/nobody: nobody listens there*passt --socket*"
chmod 600 /dev/net/tun
_out=$(timeout 20 su -s /bin/sh nobody -c "$PMM --socket /tmp/other --console none --net tap=tap0" 2>&1)
matches "refused: another user's" "$_out" "*tap=tap0: /dev/net/tun: Permission denied"

# An echo server; its address comes from a DHCP server of Linux's.
cat > /tmp/udhcpd.conf << END
start 10.0.7.20
end 10.0.7.20
interface tap0
lease_file /tmp/leases
pidfile /tmp/udhcpd.pid
opt subnet 255.255.255.0
opt router 10.0.7.1
END
: > /tmp/leases
udhcpd -f /tmp/udhcpd.conf > /tmp/udhcpd.log 2>&1 &
check "echo: insmod" insmod $KO cpu=$CPU image=$IMG/inet.bin args="echo 7"
pmm_start --net tap=tap0,mac=02:00:00:00:00:07
check "echo: listens" until_true 60 says listening
out=$(timeout 20 $PMM --socket /tmp/other --console none --net tap=tap0 2>&1)
matches "echo: the interface is in use" "$out" "*tap=tap0: another program has it open"
check "echo: DHCP: an address, and ping" until_true 60 pings ping 10.0.7.20
matches "echo: its MAC address" "$(cat /proc/net/arp)" "*10.0.7.20 *02:00:00:00:00:07*"
check "echo: IPv6: link-local, and ping" until_true 60 pings ping6 -I tap0 fe80::ff:fe00:7
is "echo: $MIB MiB there and back" "$(timeout $limit nc 10.0.7.20 7 < /tmp/www/big | sha256sum)" "$want"
good=0
for i in $(seq $CONNECTIONS); do
	out=$(echo "number $i" | timeout 60 nc 10.0.7.20 7)
	[ "$?$out" = "0number $i" ] && good=$((good + 1))
done
is "echo: $CONNECTIONS clients" $good $CONNECTIONS
check "echo: large packets, in fragments" until_true 60 pings ping -s 4000 10.0.7.20
(cat /dev/zero | timeout 60 nc 10.0.7.20 7 > /dev/null 2>&1) &
sleep 1
kill -9 $PMM_PID
wait $PMM_PID 2> /dev/null
pmm_start --net tap=tap0,mac=02:00:00:00:00:07
check "echo: the PMM is killed under load: the next one serves" until_true 60 pings ping 10.0.7.20
is "echo: a client of the next one" "$(echo again | timeout 60 nc 10.0.7.20 7)" again
check "echo: stop" sh -c "echo stop > $DEV/state"
pmm_stop
kill "$(cat /tmp/udhcpd.pid)"

# Addresses from the command line; the image fetches from a server on Linux.
httpd -p '[::]:80' -h /tmp/www
start "get" "get 10.0.7.1 80 /big copy" --net tap=tap0,ip=10.0.7.2/24,gw=10.0.7.1
check "get: ends" wait_attr state offline $limit
is "get: exit status" "$(attr exit_status)" 0
is "get: $MIB MiB" "$(sha256sum < /tmp/share/copy)" "$want"
pmm_stop
start "get, IPv6" "get fd07::1 80 /big copy6" --net tap=tap0,ip=10.0.7.2/24,ip=fd07::2/64
check "get, IPv6: ends" wait_attr state offline $limit
is "get, IPv6: exit status" "$(attr exit_status)" 0
is "get, IPv6: $MIB MiB" "$(sha256sum < /tmp/share/copy6)" "$want"
pmm_stop
start "refused" "get 10.0.7.1 81 /big nothing" --net tap=tap0,ip=10.0.7.2/24
check "refused: ends" wait_attr state offline 60
check "refused: says why" says "connect: Connection refused"
pmm_stop
start "no network" "get 10.0.7.1 80 /big nothing"
check "no network: ends" wait_attr state offline 60
check "no network: says why" says "connect: Network interface is not configured"
pmm_stop

# The HTTP server of the examples, which serves vsock elsewhere.
cp /tmp/www/big /tmp/share/big
echo $IMG/httpd.bin > $DEV/image
echo "tcp:80" > $DEV/args
pmm_start --net tap=tap0,ip=10.0.7.2/24,ip=fd07::2/64
check "httpd: start" sh -c "echo start > $DEV/state"
check "httpd: listens" until_true 60 says listening
is "httpd: $MIB MiB by wget" "$(timeout $limit wget -q -O - http://10.0.7.2/big | sha256sum)" "$want"
check "httpd: IPv6, and ping" until_true 60 pings ping6 fd07::2
is "httpd: $MIB MiB by wget, IPv6" "$(timeout $limit wget -q -O - 'http://[fd07::2]/big' | sha256sum)" "$want"
is "httpd: no such file" "$(timeout 60 wget -q -O - http://10.0.7.2/none 2>&1 | grep -c 404)" 1
check "httpd: stop" sh -c "echo stop > $DEV/state"
pmm_stop

# Without privileges: passt.  It makes a user namespace and gives up the root directory: the
# kernel's first one cannot be given up, and who is in a chroot gets no namespace.
root=/tmp/passt
mkdir $root
mount -t tmpfs passt $root
mkdir -m 777 $root/proc $root/dev $root/tmp $root/etc
mount -t proc proc $root/proc
mount --bind /dev $root/dev
cp -r /offload/passt $root/passt
cp /etc/passwd /etc/group $root/etc/
ip route add default via 10.0.7.254 dev tap0
ip link set lo mtu 1500
unshare -m sh -c "cd $root && mount --move . / && exec chroot . /passt/ld.so --library-path /passt \\
	/passt/passt -f -4 -t 8080:80 -s /tmp/socket" > /tmp/passt.log 2>&1 &
PASST=$!
check "passt: is there" until_true 60 test -S $root/tmp/socket
[ -S $root/tmp/socket ] || sed 's/^/# /' /tmp/passt.log
chmod 777 $root/tmp/socket
: > /tmp/pmm.out
pmm_start --net passt=$root/tmp/socket
check "passt: start" sh -c "echo start > $DEV/state"
check "passt: listens" until_true 60 says listening
web() { timeout $limit wget -q -O - http://127.0.0.1:8080/$1 2> /dev/null; }
reached() { [ "$(web input.txt | wc -l)" = 700 ]; }
check "passt: a client on Linux" until_true 100 reached
is "passt: $MIB MiB by wget" "$(web big | sha256sum)" "$want"
check "passt: stop" sh -c "echo stop > $DEV/state"
pmm_stop
$PMM --socket /tmp/process.sock --share /tmp/share --console none --net passt=$root/tmp/socket \
	< /dev/null 2> /tmp/pmm.err &
PMM_PID=$!
check "passt, process: the daemon" until_true 60 test -S /tmp/process.sock
/offload/native/httpd --pmm /tmp/process.sock tcp:80 < /dev/null > /tmp/native.err 2>&1 &
check "passt, process: a client on Linux" until_true 100 reached
is "passt, process: $MIB MiB by wget" "$(web big | sha256sum)" "$want"
kill $!
pmm_stop
kill $PASST
ip route del default

# IPv6 with a connection from Linux, until the image is stopped.
start "echo, IPv6" "echo 7" --net tap=tap0,ip=10.0.7.2/24,ip=fd07::2/64
check "echo, IPv6: listens" until_true 60 says listening
check "echo, IPv6: ping" until_true 60 pings ping6 fd07::2
is "echo, IPv6: $MIB MiB there and back" "$(timeout $limit nc fd07::2 7 < /tmp/www/big | sha256sum)" "$want"
check "echo, IPv6: stop" sh -c "echo stop > $DEV/state"
kill -USR1 $PMM_PID
check "counters" until_true 20 grep -q "net: [1-9][0-9]* frames from the image" /tmp/pmm.err
pmm_stop
check "rmmod" rmmod offload
check "all cores back" all_online

done_testing
