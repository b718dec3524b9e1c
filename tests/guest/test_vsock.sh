# SPDX-License-Identifier: BSD-2-Clause
# Sockets of an image on a borrowed core, and of one that is a process, through the
# port proxy: HTTP servers and clients that everybody has.
# machines: hlt gicv3
# needs: diod
# native: fetch httpd
# timeout: 400
. /offload/tests/lib.sh
. /offload/tests/offload.sh

# How much, and how many connections; more of both takes longer.
MIB=${1:-4} CONNECTIONS=${2:-30}
limit=$((120 + MIB * 20))

share_new
mkdir -p /tmp/www
head -c $((MIB << 20)) /dev/urandom > /tmp/www/big
want=$(sha256sum < /tmp/www/big)
cp /tmp/www/big /tmp/share/big
dir=/run/offload/offload0

# fetched URL: the sum of what comes.
fetched() { timeout $limit wget -q -O - "$1" | sha256sum; }
says() { grep -q "$1" /tmp/pmm.out; }
httpd -p 127.0.0.1:8081 -h /tmp/www

# at_once URL: 64 clients together, how many get their file.
at_once()
{
	rm -rf /tmp/got
	mkdir /tmp/got
	for i in $(seq 64); do
		timeout 120 wget -q -O "/tmp/got/$i" "$1" &
		pids="$pids $!"
	done
	wait $pids
	pids=
	sha256sum /tmp/got/* | grep -c "^$(sha256sum < /tmp/share/input.txt | cut -d' ' -f1)"
}

# One after the other.
many()
{
	good=0
	for i in $(seq $CONNECTIONS); do
		[ "$(timeout 60 wget -q -O - "$1" | wc -l)" = 700 ] && good=$((good + 1))
	done
	echo $good
}

# served WHAT PORT: a server on the image, clients on Linux.
served()
{
	url=http://127.0.0.1:$2
	is "$1: $MIB MiB by wget" "$(fetched $url/big)" "$want"
	is "$1: 64 at once" "$(at_once $url/input.txt)" 64
	# One that asks and never reads holds up nobody.
	mkfifo /tmp/hold.$2
	sh -c "printf 'GET /big HTTP/1.0\r\n\r\n' | nc 127.0.0.1 $2 > /tmp/hold.$2" &
	stalled=$!
	exec 7<> /tmp/hold.$2
	usleep 500000
	is "$1: one stops reading" "$(fetched $url/big)" "$want"
	exec 7<&-
	kill $stalled 2> /dev/null
}

check "insmod" insmod $KO cpu=$CPU image=$IMG/httpd.bin
pmm_start --vsock --forward tcp:8080:vsock:80
check "core: listens" until_true 60 says listening
served core 8080
is "core: $CONNECTIONS connections" "$(many http://127.0.0.1:8080/input.txt)" $CONNECTIONS
check "core: the socket is there" test -S $dir/vsock
is "core: the CID is registered" "$(readlink /run/offload/cid/3)" $dir
out=$($PMM --socket /tmp/other --console none --vsock path=/tmp/o,registry=/run/offload/cid 2>&1)
matches "core: its CID is taken" "$out" "*CID 3 is taken by*$dir*"
check "core: stop" sh -c "echo stop > $DEV/state"
pmm_stop
check "core: nothing is left" sh -c "! ls $dir/vsock /run/offload/cid/3 2> /dev/null"

# The image fetches from a server on Linux.
echo $IMG/fetch.bin > $DEV/image
echo "80 /big copy" > $DEV/args
pmm_start --forward vsock:80:tcp:127.0.0.1:8081
check "core fetches: start" sh -c "echo start > $DEV/state"
check "core fetches: ends" wait_attr state offline $limit
is "core fetches: exit status" "$(attr exit_status)" 0
is "core fetches: $MIB MiB" "$(sha256sum < /tmp/share/copy)" "$want"
pmm_stop

# The image's own 9p client over vsock, against Debian's diod.
mkdir -p /tmp/far
echo "127.0.0.1 localhost" > /etc/hosts
echo "hosts: files" > /etc/nsswitch.conf
head -c 300000 /dev/urandom > /tmp/far/in
d=/offload/diod
$d/ld.so --library-path $d $d/diod -f -n -l 127.0.0.1:5640 -e /tmp/far -L stderr 2> /tmp/diod.log &
diod=$!
check "mount: diod listens" until_true 30 grep -q ':1608 00000000' /proc/net/tcp
echo $IMG/remote.bin > $DEV/image
echo "564 /tmp/far" > $DEV/args
pmm_start --forward vsock:564:tcp:127.0.0.1:5640
check "mount: start" sh -c "echo start > $DEV/state"
check "mount: ends" wait_attr state offline 60
[ "$(attr exit_status)" = 0 ] || cat /tmp/pmm.out /tmp/pmm.err /tmp/diod.log | sed 's/^/# /'
is "mount: exit status" "$(attr exit_status)" 0
is "mount: read and written" "$(sha256sum < /tmp/far/out)" "$(sha256sum < /tmp/far/in)"
is "mount: a directory made and renamed" "$(ls /tmp/far | tr '\n' ' ')" "in out renamed "
pmm_stop
kill $diod

check "rmmod" rmmod offload
check "all cores back" all_online

# The same image as a process.
mkdir -p /tmp/p
$PMM --socket /tmp/p/sock --share /tmp/share --console file:/tmp/pmm.out \
	--forward tcp:8082:vsock:80 --forward vsock:80:tcp:127.0.0.1:8081 < /dev/null 2> /tmp/pmm.err &
pmm=$!
/offload/native/httpd --pmm /tmp/p/sock 80 < /dev/null 2> /tmp/native.err &
server=$!
check "process: listens" until_true 60 says listening
served process 8082
kill -9 $server
wait $server 2> /dev/null
rm /tmp/share/copy
timeout $limit /offload/native/fetch --pmm /tmp/p/sock 80 /big copy < /dev/null > /tmp/native.err 2>&1
is "process fetches: exit status" $? 0
is "process fetches: $MIB MiB" "$(sha256sum < /tmp/share/copy)" "$want"
kill $pmm

done_testing
