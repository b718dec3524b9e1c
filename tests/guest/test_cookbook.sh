# SPDX-License-Identifier: BSD-2-Clause
# The programs of examples/, on a borrowed core, and as a process beside it.
# machines: hlt gicv3
# native: files fetch httpd subscribe
# timeout: 300
. /offload/tests/lib.sh
. /offload/tests/offload.sh

share_new
says() { grep -q "$1" /tmp/pmm.out; }

# run NAME ARGUMENTS: on the core, to its end.
run()
{
	echo "$IMG/$1.bin" > $DEV/image
	echo "$2" > $DEV/args
	echo start > $DEV/state && wait_attr state offline 60
}

check "insmod" insmod $KO cpu=$CPU image=$IMG/hello.bin "args=\"'core three'\""
check "hello: ends" wait_attr state offline 60
check "hello: in the log" grep -q 'hello from core three' $DEV/log
pmm_start
check "hello, with a daemon: attached" wait_attr pmm attached 60
check "hello, with a daemon: ends" run hello everybody
check "hello: on the console" until_true 60 says 'hello from everybody'
check "files cp" run files "cp input.txt copy.txt"
is "files cp: status" "$(attr exit_status)" 0
check "files cp: the same" cmp /tmp/share/input.txt /tmp/share/copy.txt
check "files ls" run files ls
check "files ls: on the console" until_true 60 says " $(stat -c %s /tmp/share/copy.txt) copy.txt"
check "files rm" run files "rm copy.txt"
check "files rm: gone" test ! -e /tmp/share/copy.txt
check "files cat nothing" run files "cat copy.txt"
is "files cat nothing: status" "$(attr exit_status)" 1
pmm_stop

# Two images: one on the core, one a process, each with its daemon.
pmm_start --vsock
mkdir -p /tmp/other
$PMM --socket /tmp/other/sock --share /tmp/share --vsock cid=10,registry=/run/offload/cid --console file:/tmp/other/out \
	< /dev/null 2> /tmp/other/err &
OTHER=$!
check "the other daemon" until_true 60 test -S /tmp/other/sock
native() { timeout 60 /offload/native/"$@" < /dev/null; }
export OFFLOAD_PMM=/tmp/other/sock
echo $IMG/publish.bin > $DEV/image
echo "5000 -1 50" > $DEV/args
check "publish: start" sh -c "echo start > $DEV/state"
check "publish: listens" until_true 60 says listening
check "subscribe" native subscribe vsock:3:5000 tick 10
is "subscribe: ten in a row" "$(grep -c '^tick [0-9]*$' /tmp/other/out)" 10
first=$(sed -n '1s/tick //p' /tmp/other/out)
is "subscribe: none is missing" "$(tail -n 1 /tmp/other/out)" "tick $((first + 9))"
is "publish: still there" "$(attr state)" running
check "publish: stop" sh -c "echo stop > $DEV/state"

# An HTTP server on the core, a client in the process; and the other way round.
head -c 1000000 /dev/urandom > /tmp/share/big
echo $IMG/httpd.bin > $DEV/image
echo 80 > $DEV/args
: > /tmp/pmm.out
check "httpd: start" sh -c "echo start > $DEV/state"
check "httpd: listens" until_true 60 says 'httpd: listening'
check "process fetches from core" native fetch vsock:3:80 /big copy
check "the same" cmp /tmp/share/big /tmp/share/copy
check "httpd: stop" sh -c "echo stop > $DEV/state"
rm /tmp/share/copy
native httpd 80 2> /dev/null &
check "httpd, process: listens" until_true 60 grep -q 'httpd: listening' /tmp/other/out
check "core fetches from process" run fetch "vsock:10:80 /big copy"
is "core fetches: status" "$(attr exit_status)" 0
check "the same again" cmp /tmp/share/big /tmp/share/copy
kill $OTHER
pmm_stop
check "rmmod" rmmod offload
check "all cores back" all_online

done_testing
