# SPDX-License-Identifier: BSD-2-Clause
# Heartbeats, and what is done about an image that has crashed.
# machines: hlt gicv3
# timeout: 500
. /offload/tests/lib.sh
. /offload/tests/offload.sh

arch=$(uname -m)
share_new
says() { dmesg_new | grep -q "$1"; }
attr_atleast() { [ "$(attr "$1")" -ge "$2" ]; }
lines() { grep -c '^beats: ' /tmp/pmm.out; }
lines_atleast() { [ "$(lines)" -ge "$1" ]; }

refused "heartbeat_ms= of 50" "Invalid" "heartbeat_ms= is 0 (off) or a number of milliseconds from 100 to 3600000" \
	cpu=$CPU image=$IMG/beats.bin heartbeat_ms=50

# Off by default: an image that hangs runs.
check "insmod" insmod $KO cpu=$CPU image=$IMG/beats.bin args=hang
pmm_start
is "off by default" "$(attr heartbeat_ms) $(attr recovery)" "0 disabled"
check "the image has hung itself up" until_true 60 attr_atleast heartbeat 10
sleep 1
is "a hung image runs" "$(attr state)" running
for bad in 99 -1 3600001 x ''; do
	check "heartbeat_ms: '$bad' is refused" sh -c "! echo '$bad' > $DEV/heartbeat_ms 2> /dev/null"
done
check "recovery: 'yes' is refused" sh -c "! echo yes > $DEV/recovery 2> /dev/null"
check "recovery_delay_ms: 0 is refused" sh -c "! echo 0 > $DEV/recovery_delay_ms 2> /dev/null"
is "as before" "$(attr heartbeat_ms) $(attr recovery) $(attr recovery_delay_ms)" "0 disabled 1000"

# A deadline set while it hangs.
dmesg_mark
echo 500 > $DEV/heartbeat_ms
check "no heartbeat: crashed" wait_attr state crashed 60
check "no heartbeat: the kernel log says so" says 'image /offload/images/beats.bin crashed: no heartbeat for 500 ms, after 10, pc 0x70000'
check "no heartbeat: so does crash" grep -q '^no heartbeat for 500 ms, after 10, pc 0x70000' $DEV/crash
is "no heartbeat: counters" "$(attr starts) $(attr crashes) $(attr heartbeats_lost) $(attr recoveries)" "1 1 1 0"
is "no heartbeat: the core is held" "$(attr core) $(online)" "held 0-2"
check "no heartbeat: core file" test -e $DEV/devcoredump/data
sleep 1
is "no recovery: stays crashed" "$(attr state) $(attr starts)" "crashed 1"

# One that beats: long enough that a busy machine is not one that hangs.
echo on > $DEV/args
echo 5000 > $DEV/heartbeat_ms
check "beats: start" sh -c "echo start > $DEV/state"
check "beats: 400 times" until_true 120 attr_atleast heartbeat 400
is "beats: runs" "$(attr state)" running
check "beats: stop" sh -c "echo stop > $DEV/state"
is "beats: offline" "$(attr state) $(attr crashes)" "offline 1"
pmm_stop

# The wait for a daemon does not count.
echo 500 > $DEV/heartbeat_ms
check "waits: start" sh -c "echo start > $DEV/state"
sleep 2
is "waits: runs" "$(attr state) $(attr pmm)" "running waiting"
check "waits: stop" sh -c "echo stop > $DEV/state"

# Recovery: hung with interrupts on, twice, then that is enough.  One daemon serves all.
echo hang > $DEV/args
echo enabled > $DEV/recovery
echo 2 > $DEV/recovery_limit
echo 100 > $DEV/recovery_delay_ms
pmm_start
dmesg_mark
check "recovery: start" sh -c "echo start > $DEV/state"
check "recovery: gives up" until_true 120 says 'has crashed after 2 recoveries in a row and is not started again'
is "recovery: crashed" "$(attr state)" crashed
is "recovery: counters" "$(attr starts) $(attr crashes) $(attr heartbeats_lost) $(attr recoveries)" "6 4 4 2"
check "recovery: the second comes later" says 'is started again in 200 ms (recovery 2 of 2)'
check "recovery: one daemon has served all three" until_true 30 lines_atleast 3
is "recovery: it is still attached" "$(attr pmm)" attached

# The same for a crash of the image's own; by hand, the row begins anew.
echo 0 > $DEV/heartbeat_ms
echo crash > $DEV/args
dmesg_mark
check "crash: start" sh -c "echo start > $DEV/state"
check "crash: gives up" until_true 120 says 'has crashed after 2 recoveries in a row and is not started again'
is "crash: counters" "$(attr starts) $(attr crashes) $(attr recoveries)" "9 7 4"
check "crash: one daemon has served all" until_true 30 lines_atleast 6

# Enabled afterwards: as in remoteproc, what has crashed before is started, too.
echo on > $DEV/args
echo disabled > $DEV/recovery
echo enabled > $DEV/recovery
check "enabled later: runs again" wait_attr state running 60
is "enabled later: recoveries" "$(attr starts) $(attr crashes) $(attr recoveries)" "10 7 5"
check "enabled later: stop" sh -c "echo stop > $DEV/state"
echo crash > $DEV/args

# A recovery that succeeds: the next image is well.
echo 5 > $DEV/recovery_limit
echo 3000 > $DEV/recovery_delay_ms
check "heals: start" sh -c "echo start > $DEV/state"
check "heals: crashed" wait_attr state crashed 60
echo on > $DEV/args
check "heals: runs again" wait_attr state running 60
check "heals: beats" until_true 60 attr_atleast heartbeat 20
is "heals: recoveries" "$(attr recoveries)" 6
check "heals: stop" sh -c "echo stop > $DEV/state"

# A stop while the next start is due, and rmmod then: nothing starts any more.
echo crash > $DEV/args
echo 60000 > $DEV/recovery_delay_ms
check "stopped: start" sh -c "echo start > $DEV/state"
check "stopped: crashed" wait_attr state crashed 60
starts=$(attr starts)
check "stopped: stop" sh -c "echo stop > $DEV/state"
is "stopped: offline" "$(attr state) $(attr starts)" "offline $starts"
check "rmmod: start" sh -c "echo start > $DEV/state"
check "rmmod: crashed" wait_attr state crashed 60
pmm_stop
check "rmmod with a recovery due" rmmod offload
check "all cores back" all_online

# One that no NMI reaches: INIT does, and a recovery takes the core from Linux again.
if [ "$arch" = x86_64 ]; then
	dmesg_mark
	check "deaf: insmod" insmod $KO cpu=$CPU image=$IMG/beats.bin args=deaf
	echo 60000 > $DEV/recovery_delay_ms
	echo enabled > $DEV/recovery
	pmm_start
	check "deaf: has beaten" until_true 60 attr_atleast heartbeat 10
	echo 500 > $DEV/heartbeat_ms
	check "deaf: Linux has its core" until_true 60 attr_is core linux
	check "deaf: all cores back" until_true 60 all_online # it is Linux's before it is up
	check "deaf: no answer" says 'beats.bin crashed: no heartbeat for 500 ms, after 10; no answer'
	check "deaf: the words" says 'offload0: image .*beats.bin does not obey; CPU 3 is taken from it by force'
	is "deaf: crashed" "$(attr state) $(attr crashes) $(attr heartbeats_lost) $(attr recoveries)" "crashed 1 1 0"
	echo 10 > $DEV/recovery_delay_ms
	check "deaf: start" sh -c "echo start > $DEV/state"
	check "deaf: it comes back by itself" until_true 120 attr_atleast recoveries 1
	is "deaf: starts" "$(attr starts)" 3
	echo disabled > $DEV/recovery
	echo 0 > $DEV/heartbeat_ms
	# And one that INIT does not reach either, as Linux lets no CPU come up just now.
	check "stuck: has beaten, and so is deaf" until_true 60 attr_atleast heartbeat 1
	dmesg_mark
	check "stuck: hotplug off" insmod /offload/tests/hotplug_off.ko
	for n in 1 2; do
		check "stuck: stop $n fails" sh -c "! echo stop > $DEV/state 2> /dev/null"
		is "stuck: after stop $n" "$(attr state) $(attr core) $(online)" "stuck held 0-2"
	done
	check "stuck: the words" says 'does not give CPU 3 back; its memory is kept until it does'
	check "stuck: the module stays" sh -c "! rmmod offload 2> /dev/null"
	check "stuck: hotplug on" rmmod hotplug_off
	check "stuck: stop works then" sh -c "echo stop > $DEV/state"
	is "stuck: Linux has its core" "$(attr state) $(attr core) $(online)" "offline linux 0-3"
	pmm_stop
	check "deaf: rmmod" rmmod offload
	check "deaf: all cores back in the end" all_online
fi

# From the first moment, by parameters; interrupts masked.  aarch64: stuck, and no recovery.
dmesg_mark
check "masked: insmod" insmod $KO cpu=$CPU image=$IMG/beats.bin args=mask heartbeat_ms=500 recovery=1
pmm_start
if [ "$arch" = x86_64 ]; then
	check "masked: started again" until_true 60 attr_atleast recoveries 1
	pmm_stop
	check "masked: rmmod" rmmod offload
	check "masked: all cores back" all_online
else
	check "masked: stuck" wait_attr state stuck 60
	is "masked: counters" "$(attr crashes) $(attr heartbeats_lost) $(attr recoveries)" "1 1 0"
	check "masked: says so" says 'does not give CPU 3 back; its memory is kept until it does'
	check "masked: promises no recovery" sh -c "! dmesg | tail -n +$((MARK + 1)) | grep -q 'is started again'"
	pmm_stop
fi

done_testing
