# SPDX-License-Identifier: BSD-2-Clause
# Sockets of an image on a borrowed core, through the port proxy.
# machines: hlt gicv3
# needs: diod
. /offload/tests/lib.sh
. /offload/tests/offload.sh

share_new
ifconfig lo 127.0.0.1 up
mkdir -p /tmp/www
head -c 1000000 /dev/urandom > /tmp/www/big
want=$(sha256sum < /tmp/www/big)
dir=/run/offload/offload0

# fetched URL: the sum of what comes.
fetched() { timeout 60 wget -q -O - "$1" | sha256sum; }
says() { grep -q "$1" /tmp/pmm.out; }

# An HTTP server on the image, a client on Linux.
cp /tmp/www/big /tmp/share/big
check "httpd: insmod" insmod $KO cpu=$CPU image=$IMG/httpd.bin
pmm_start --vsock --forward tcp:8080:vsock:80
check "httpd: listens" until_true 30 says listening
is "httpd: 1 MB by wget" "$(fetched http://127.0.0.1:8080/big)" "$want"
is "httpd: a small file" "$(timeout 60 wget -q -O - http://127.0.0.1:8080/input.txt | wc -l)" 700
check "httpd: the socket is there" test -S $dir/vsock
is "httpd: the CID is registered" "$(readlink /run/offload/cid/3)" $dir
out=$($PMM --socket /tmp/other --console none --vsock path=/tmp/o,registry=/run/offload/cid 2>&1)
matches "httpd: its CID is taken" "$out" "*CID 3 is taken by*$dir*"
check "httpd: stop" sh -c "echo stop > $DEV/state"
pmm_stop
check "httpd: nothing is left" sh -c "! ls $dir/vsock /run/offload/cid/3 2> /dev/null"

# The image fetches from a server on Linux.
httpd -p 127.0.0.1:8081 -h /tmp/www
echo $IMG/fetch.bin > $DEV/image
echo "80 /big copy" > $DEV/args
pmm_start --forward vsock:80:tcp:127.0.0.1:8081
check "fetch: start" sh -c "echo start > $DEV/state"
check "fetch: ends" wait_attr state offline 60
is "fetch: exit status" "$(attr exit_status)" 0
is "fetch: 1 MB" "$(sha256sum < /tmp/share/copy)" "$want"
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

# An echo server, one client after the other, and no PMM all of a sudden.
echo $IMG/echo.bin > $DEV/image
echo "7" > $DEV/args
pmm_start --forward tcp:8023:vsock:7
check "echo: start" sh -c "echo start > $DEV/state"
check "echo: listens" until_true 30 says listening
good=0
for i in 1 2 3 4 5 6 7 8 9 10; do
	out=$(echo "number $i" | timeout 60 nc 127.0.0.1 8023)
	[ "$?$out" = "0number $i" ] && good=$((good + 1))
done
is "echo: ten clients" $good 10
(cat /dev/zero | timeout 60 nc 127.0.0.1 8023 > /dev/null 2>&1) &
sleep 1
kill -9 $PMM_PID
check "echo: the PMM is killed under load: the image notices" wait_attr state offline 30
is "echo: ECONNRESET" "$(attr exit_status)" 3
check "rmmod" rmmod offload
check "all cores back" all_online

done_testing
