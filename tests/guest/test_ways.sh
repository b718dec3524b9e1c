# SPDX-License-Identifier: BSD-2-Clause
# Those who may not, and the ways out: random calls ($1 each, from the seed $2) by an
# outsider, by a member of the device's group and by root; a daemon that ends; an image
# that masks everything.
# machines: hlt gicv3
# timeout: 400
. /offload/tests/lib.sh
. /offload/tests/offload.sh

ROUNDS=${1:-6000} SEED=${2:-1}
GROUP=77
BAD=/offload/tests/outsider
share_new

# well WHAT: the instance does its work as if nothing had been.
well()
{
	rmmod offload 2> /dev/null
	is "$1: all cores at home" "$(online)" 0-3
	wordcount_job "$1, then" input.txt counts.txt image=$IMG/wc.bin \
		'args="input.txt counts.txt"'
}

# --- who may do what ---

echo "# $ROUNDS rounds from seed $SEED"
check "insmod" insmod $KO cpu=$CPU image=$IMG/comeback.bin
is "the device is root's" "$(stat -c '%a %u:%g' /dev/offload0)" "660 0:0"
chgrp $GROUP /dev/offload0 # as 70-offload.rules has udev do it

# let_through WHO NAME: how many of them
let_through() { sed -n "s/.*\b$1=\([0-9]*\).*/\1/p" /tmp/bad.out; }

check "nobody: nothing wrong" sh -c "$BAD 65534:65534 $((ROUNDS / 2)) $SEED > /tmp/bad.out"
is "nobody: opens nothing, writes nothing" "$(tail -n 1 /tmp/bad.out)" \
	"opened=0 attached=0 mapped=0 written=0"
is "nobody: the image runs on" "$(attr state)" running
check "member: nothing wrong" sh -c "$BAD 65534:$GROUP $ROUNDS $((SEED + 1)) > /tmp/bad.out"
[ "$(grep -c wrong /tmp/bad.out)" = 0 ] || head -n 5 /tmp/bad.out | sed 's/^/# /'
check "member: opens, attaches, maps" \
	test "$(let_through opened)" -gt 0 -a "$(let_through attached)" -gt 0 -a "$(let_through mapped)" -gt 0
is "member: writes nothing in sysfs" "$(let_through written)" 0
for seed in $((SEED + 2)) $((SEED + 3)); do
	[ "$(attr state)" = running ] || echo start > $DEV/state
	check "root, $seed: nothing wrong" sh -c "$BAD 0:0 $ROUNDS $seed > /tmp/bad.out"
	[ "$(grep -c wrong /tmp/bad.out)" = 0 ] || head -n 5 /tmp/bad.out | sed 's/^/# /'
	check "root, $seed: all of it" \
		test "$(let_through attached)" -gt 0 -a "$(let_through mapped)" -gt 0 -a "$(let_through written)" -gt 0
done
well "after random calls"
# With enough rounds it is full of their words, and no line of it keeps its number.
dmesg -c > /dev/null

# --- the end of a daemon ---

ends() { attr_is core linux && all_online; }

check "stop on close: insmod" insmod $KO cpu=$CPU image=$IMG/spin.bin
pmm_start --stop-on-close
check "stop on close: serves" wait_attr pmm attached 60
is "stop on close: the core is lent" "$(online)" 0-2
kill -9 $PMM_PID
wait $PMM_PID 2> /dev/null
check "stop on close: killed, and the core is Linux's" until_true 60 ends
is "stop on close: offline" "$(attr state)" offline
check "stop on close: it can start again" sh -c "echo start > $DEV/state"
pmm_start
check "no stop on close: serves" wait_attr pmm attached 60
dmesg_mark
check "in use: rmmod is refused" sh -c "! rmmod offload 2> /dev/null"
is "in use: it runs on, served" "$(attr state) $(attr pmm)" "running attached"
kill -9 $PMM_PID
wait $PMM_PID 2> /dev/null
check "no stop on close: detached" wait_attr pmm none 60
is "no stop on close: it runs on" "$(attr state) $(online)" "running 0-2"

# --- cpusets and other cores change meanwhile ---

CG=/tmp/cgroup
mkdir $CG
if mount -t cgroup2 none $CG 2> /dev/null && grep -q cpuset $CG/cgroup.controllers; then
	echo +cpuset > $CG/cgroup.subtree_control
	mkdir $CG/some
	for cpus in 0-3 3 1 0-2; do
		echo $cpus > $CG/some/cpuset.cpus
		sh -c "echo 0 > $CG/some/cgroup.procs; true"
	done
	is "cpuset: without the lent core" "$(cat $CG/some/cpuset.cpus.effective)" 0-2
	echo 0-3 > $CG/some/cpuset.cpus
	echo 0 > /sys/devices/system/cpu/cpu1/online
	is "cpuset: follows the others" "$(cat $CG/some/cpuset.cpus.effective)" 0,2
	echo 1 > /sys/devices/system/cpu/cpu1/online
	is "cpuset: the image runs on" "$(attr state) $(online)" "running 0-2"
else
	skip "cpusets" "this kernel has them elsewhere"
fi

# --- sleep ---

# nap STATE LEVEL: go to sleep as far as LEVEL, and wake up
nap()
{
	echo "$2" > /sys/power/pm_test && echo "$1" > /sys/power/state
} 2> /dev/null

has() { grep -q -w "$1" "$2"; }
# That wait is a busy one.
echo 0 > /sys/module/suspend/parameters/pm_test_delay

dmesg_mark
check "sleep=refuse: suspend is refused" sh -c "! echo freeze > /sys/power/state 2> /dev/null"
check "sleep=refuse: the words" sh -c "dmesg | tail -n +$((MARK + 1)) |
	grep -q 'the machine cannot sleep while CPU 3 is lent to offload0; echo stop > '"
# Who opens it for reading is about to hibernate, for writing, to come back from there.
check "sleep=refuse: so is hibernation" sh -c "! true < /dev/snapshot" 2> /dev/null
check "sleep=refuse: and a restore" sh -c "! true > /dev/snapshot" 2> /dev/null
is "sleep=refuse: it runs on" "$(attr state) $(online)" "running 0-2"
echo stop > $DEV/state
echo start > $DEV/state
is "sleep=refuse: it can be started as before" "$(attr state)" running
check "rmmod" rmmod offload

check "sleep=stop: insmod" insmod $KO cpu=$CPU image=$IMG/spin.bin sleep=stop
for how in "freeze devices" "mem processors"; do
	set -- $how
	if [ $1 = mem ] && ! has deep /sys/power/mem_sleep; then
		skip "sleep=stop: $how" "this machine cannot"
		continue
	fi
	is "sleep=stop: $how: a core is lent" "$(attr state) $(online)" "running 0-2"
	check "sleep=stop: $how" nap $how
	is "sleep=stop: $how: stopped" "$(attr state) $(attr core) $(online)" "offline linux 0-3"
	check "sleep=stop: $how: it starts afterwards" sh -c "echo start > $DEV/state"
done
echo none > /sys/power/pm_test
is "sleep=stop: before hibernation" "$(attr state) $(online)" "running 0-2"
exec 7< /dev/snapshot
is "sleep=stop: hibernation: stopped" "$(attr state) $(attr core) $(online)" "offline linux 0-3"
dmesg_mark
check "sleep=stop: no start meanwhile" sh -c "! echo start > $DEV/state 2> /dev/null"
check "sleep=stop: and why" sh -c "dmesg | tail -n +$((MARK + 1)) |
	grep -q 'CPU 3 cannot be taken: the machine is about to sleep'"
exec 7<&-
check "sleep=stop: hibernation: it starts afterwards" sh -c "echo start > $DEV/state"
is "sleep=stop: and runs" "$(attr state) $(online)" "running 0-2"

# --- an image that masks everything, for ever ---

echo stop > $DEV/state
echo $IMG/masked.bin > $DEV/image
check "masked: start" sh -c "echo start > $DEV/state"
check "masked: it is there" until_true 60 grep -q masked $DEV/log
# Other cores come and go meanwhile.
for n in 1 2 3 4 5; do
	echo 0 > /sys/devices/system/cpu/cpu2/online
	echo 1 > /sys/devices/system/cpu/cpu2/online
done
is "masked: it runs" "$(attr state) $(online)" "running 0-2"
dmesg_mark
if [ "$(uname -m)" = x86_64 ]; then
	check "masked: an NMI gets it" sh -c "echo stop > $DEV/state"
	is "masked: stopped" "$(attr state)" offline
	echo start > $DEV/state
	check "masked: rmmod" rmmod offload
	check "masked: all cores back" all_online
	well "after one that masked everything"
	done_testing
fi
check "stuck: stop fails" sh -c "! echo stop > $DEV/state 2> /dev/null"
is "stuck" "$(attr state)" stuck
check "stuck: the words" sh -c "dmesg | grep -q 'offload0: image .* does not give CPU 3 back; its memory is kept until it does'"
dmesg_mark
check "stuck: no start" sh -c "! echo start > $DEV/state 2> /dev/null"
check "stuck: and why" sh -c "dmesg | tail -n +$((MARK + 1)) | grep -q 'offload0 is stuck: its image does not give CPU 3 back'"
check "stuck: the guard stays" sh -c "! echo 1 > /sys/devices/system/cpu/cpu3/online 2> /dev/null"
check "stuck: so does the module" sh -c "! rmmod offload 2> /dev/null"
check "stuck: remove says so" sh -c "! echo 0 > /sys/class/offload/remove 2> /dev/null"
is "stuck: still" "$(attr state) $(online)" "stuck 0-2"
# The machine goes on: another instance works, and at the end it powers off.
echo "cpu=2 image=$IMG/exit42.bin" > /sys/class/offload/add
DEV=/sys/class/offload/offload1
check "stuck: another core can be lent" wait_attr exit_status 42 60
check "stuck: and returned" sh -c "echo 1 > /sys/class/offload/remove"
is "stuck: at the end" "$(online)" 0-2
done_testing
