# SPDX-License-Identifier: BSD-2-Clause
# The daemon is killed under load and comes back; so is the image.
# machines: hlt gicv3
# timeout: 400
. /offload/tests/lib.sh
. /offload/tests/offload.sh

share_new
says() { grep -q "$1" /tmp/pmm.out; }
size() { stat -c %s /tmp/share/file 2> /dev/null || echo 0; }
load() { cat /dev/zero | timeout 120 nc 127.0.0.1 8023 > /dev/null 2>&1; }
detached() { [ "$(attr pmm)" != attached ]; }
start() { pmm_start --vsock --forward tcp:8023:vsock:7; }

# A guest has no random bytes before somebody waits for them.
timeout 120 head -c 1 /dev/random > /dev/null

# An image that writes to a file, prints, and serves an echo port.
check "insmod" insmod $KO cpu=$CPU image=$IMG/comeback.bin 'args="file 2"'
start
for round in 0 1; do
	check "round $round: all works" until_true 60 says "^round $round,"
	load &
	before=$(size)
	grown() { [ "$(size)" -gt $((before + 20)) ]; }
	check "round $round: under load" until_true 60 grown
	kill -9 $PMM_PID
	wait $PMM_PID 2> /dev/null
	check "round $round: nobody is attached" until_true 60 detached
	[ $round = 0 ] || sleep 2 # without one for a while
	is "round $round: the image goes on" "$(attr state)" running
	start
done
check "the image ends by itself" wait_attr state offline 60
is "its own verdict" "$(attr exit_status)" 0
check "on the last console" until_true 60 says '^0 wrong'
says '^0 wrong' || sed 's/^/# /' /tmp/pmm.out /tmp/pmm.err $DEV/log
pmm_stop

# The image dies under load, again and again: the daemon goes on.
echo $IMG/echo.bin > $DEV/image
echo 7 > $DEV/args
start
for i in 1 2 3; do
	check "image $i: start" sh -c "echo start > $DEV/state"
	serves() { [ "$(echo hello | timeout 20 nc 127.0.0.1 8023)" = hello ]; }
	check "image $i: serves" until_true 60 serves
	load &
	usleep 300000
	check "image $i: stop" sh -c "echo stop > $DEV/state"
	is "image $i: offline" "$(attr state)" offline
done
echo $IMG/crash_null.bin > $DEV/image
check "one that crashes" sh -c "echo start > $DEV/state"
check "crashed" wait_attr state crashed 60
echo $IMG/echo.bin > $DEV/image
check "the last one: start" sh -c "echo start > $DEV/state"
check "the last one: serves" until_true 60 serves
check "the daemon is still the first" kill -0 $PMM_PID
pmm_stop
check "rmmod" rmmod offload
check "all cores back" all_online

done_testing
