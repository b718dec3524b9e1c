# SPDX-License-Identifier: BSD-2-Clause
# What images do to themselves, and what Linux shows of it.
# machines: hlt mwait x2apic hlt-6.12 gicv2 gicv3 el2
. /offload/tests/lib.sh
. /offload/tests/offload.sh

share_new
arch=$(uname -m)

check "exit status: insmod" insmod $KO cpu=$CPU image=$IMG/exit42.bin
check "exit status: ends" wait_attr state offline 20
is "exit status" "$(attr exit_status)" 42
is "core still held" "$(online)" 0-2
is "cpu" "$(attr cpu)" $CPU
check "guard: Linux cannot take the core by itself" \
	sh -c "! echo 1 > /sys/devices/system/cpu/cpu$CPU/online 2> /dev/null"
is "guard: core still held" "$(online)" 0-2

# Every crash is reported with what and where, and the instance can go on.
for c in crash_null crash_ud crash_stack crash_wx crash_nx; do
	dmesg_mark
	echo $IMG/$c.bin > $DEV/image
	echo start > $DEV/state
	check "$c: crashed" wait_attr state crashed 20
	check "$c: kernel log names it" sh -c "dmesg | tail -n +$((MARK + 1)) | grep -q 'crashed'"
	check "$c: crash attribute has a pc" grep -q 'pc' $DEV/crash
	is "$c: Linux has its cores" "$(online)" 0-2
done

# Timer interrupts of the core's own timer.
echo $IMG/timer1000.bin > $DEV/image
echo start > $DEV/state
check "timer: ends" wait_attr state offline 60
is "timer: exit status" "$(attr exit_status)" 0

# The ground under main, and floating point across interrupts.
for i in startup fpu; do
	echo $IMG/$i.bin > $DEV/image
	echo start > $DEV/state
	check "$i: ends" wait_attr state offline 30
	is "$i: exit status" "$(attr exit_status)" 0
done

# What one image leaves in memory, the next one does not find.
for i in 1 2; do
	echo $IMG/leavings.bin > $DEV/image
	echo start > $DEV/state
	check "leavings $i: ends" wait_attr state offline 30
	is "leavings $i: nothing was there" "$(attr exit_status)" 0
done

# How long it all took; Linux's part of it is a part.
is "timings: names" "$(cut -d ' ' -f 1 $DEV/timings | tr '\n' ' ')" \
	"fill clean prepare offline held boot enter gap start stop online return "
check "timings: numbers" sh -c "! grep -qvE '^[a-z]+ [0-9]+\$' $DEV/timings"
check "timings: taking the core took its time" \
	awk '{ t[$1] = $2 } END { exit !(t["offline"] > 0 && t["start"] > 0 && t["fill"] > 0) }' $DEV/timings

# Arguments, one per line.
echo $IMG/args.bin > $DEV/image
printf '%s' "one 'two words' \"three \\\"3\\\"\" four\\ 4" > $DEV/args
echo start > $DEV/state
check "args: ends" wait_attr state offline 20
for w in one 'two words' 'three "3"' 'four 4'; do
	check "args: $w" grep -q -F "$w" $DEV/log
done

# An endless loop with interrupts on stops at once.
echo $IMG/spin.bin > $DEV/image
echo start > $DEV/state
is "spin: running" "$(attr state)" running
check "spin: stop" sh -c "echo stop > $DEV/state"
is "spin: offline" "$(attr state)" offline

# A host that hotplugs other cores meanwhile does no harm.
echo start > $DEV/state
for n in 1 2 3; do
	echo 0 > /sys/devices/system/cpu/cpu2/online
	echo 1 > /sys/devices/system/cpu/cpu2/online
done
is "hotplug of another core: still running" "$(attr state)" running
# NMIs to all of Linux's cores are not for the borrowed one.
echo l > /proc/sysrq-trigger 2> /dev/null
is "backtrace of all cores: still running" "$(attr state)" running

echo stop > $DEV/state

# A stop request right behind the image's own last word changes nothing.
echo $IMG/lastword.bin > $DEV/image
check "last word: start" sh -c "echo start > $DEV/state"
check "last word: said" until_true 60 grep -q 'last word' $DEV/log
[ "$arch" = x86_64 ] || check "last word: seen" until_true 60 sh -c "dmesg | grep -q 'has exited and still holds'"
check "last word: stop" sh -c "echo stop > $DEV/state"
is "last word: exit status" "$(attr state) $(attr exit_status)" "offline 7"

echo $IMG/spin.bin > $DEV/image
check "start" sh -c "echo start > $DEV/state"
check "rmmod while it runs" rmmod offload
check "all cores back" all_online

# The boot page full of garbage: a message, nothing worse.
if [ -e $IMG/hostile_boot.bin ]; then
	dmesg_mark
	check "hostile boot page: insmod" insmod $KO cpu=$CPU image=$IMG/hostile_boot.bin
	sleep 1
	cat $DEV/* > /dev/null 2>&1
	check "hostile boot page: rmmod" rmmod offload
	check "hostile boot page: named" sh -c "dmesg | tail -n +$((MARK + 1)) | grep -q 'state'"
	check "hostile boot page: all cores back" all_online

	dmesg_mark
	check "flickering state: insmod" insmod $KO cpu=$CPU image=$IMG/hostile_boot.bin args=again
	sleep 2
	is "flickering state: one message" "$(dmesg_new | grep -c ' crashed: ')" 1
	check "flickering state: rmmod" rmmod offload
	check "flickering state: all cores back" all_online
else
	skip "hostile boot page" "no such image"
fi

done_testing
