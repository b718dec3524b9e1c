# SPDX-License-Identifier: BSD-2-Clause
# Every step of the module's is made to fail, once each: what was done before it is
# undone, something is said, and the module works at once again.  The list of steps
# is the module's own (a test build, kernel-module/fault.h).
# machines: hlt gicv3
# cmdline: slub_debug=U
# timeout: 600
. /offload/tests/lib.sh
. /offload/tests/offload.sh

KO=/offload/offload-faults.ko
PLACE=/sys/kernel/debug/offload
if [ "$(uname -m)" = x86_64 ]; then
	device=nothing:4K@0xfeb00000
else
	device=nothing:4K@0xb000000:irq=100
fi

# clean: is nothing left of the module?
clean()
{
	left=
	[ ! -e /sys/class/offload ] || left="$left class"
	[ ! -e /sys/devices/offload ] || left="$left devices"
	[ ! -e /sys/module/offload ] || left="$left module"
	[ "$(online)" = 0-3 ] || left="$left online:$(online)"
	! grep -q -e offload -e nothing /proc/iomem /proc/interrupts /proc/devices || left="$left proc"
	! grep -q offload /sys/kernel/debug/kprobes/list 2> /dev/null || left="$left kprobe"
	! grep -q offload /sys/devices/system/cpu/hotplug/states || left="$left guard"
	[ -z "$left" ]
}

# load [PARAMETER]...: an instance that has all there is to have
load()
{
	insmod $KO cpu=$CPU image=$IMG/spin.bin device=$device "$@" 2> /dev/null
}

# The kernel keeps a core file for minutes, whether its module is there or not.
drop_core() { [ ! -e $DEV/devcoredump/data ] || echo 1 > $DEV/devcoredump/data; }

# life STEP: what comes behind insmod, as far as this step needs.  Any of it may fail; it
# ends with rmmod.
life()
{
	case $1 in
	client) true < /dev/offload0 ;;
	log) cat $DEV/log ;;
	listen)
		pmm_start --console none
		until_true 100 sh -c "grep -q '^$1 [1-9]' $PLACE/steps"
		pmm_stop ;;
	add_spec) echo "cpu=2 image=$IMG/exit42.bin" > /sys/class/offload/add ;;
	crash | record | dump_text | dump_file)
		echo stop > $DEV/state
		echo $IMG/crash_ud.bin > $DEV/image
		echo start > $DEV/state && wait_attr state crashed 100 ;;
	sample)
		echo 1 > $DEV/dump
		echo 100 > $DEV/heartbeat_ms
		wait_attr state crashed 100 ;;
	obeys | return | online)
		echo stop > $DEV/state
		echo stop > $DEV/state ;;
	esac
	drop_core
	until_true 60 rmmod offload
} > /tmp/life 2>&1

share_new
check "insmod with no instance" insmod $KO cpu=none
steps=$(cut -d' ' -f1 $PLACE/steps)
check "a step that there is not" sh -c "! echo nosuch > $PLACE/fail_at 2> /dev/null"
check "rmmod" rmmod offload
check "the list has all of a life" test "$(echo "$steps" | wc -l)" -gt 30
# Once through, so that what Linux keeps for ever is counted as that.
for step in client log listen add_spec crash sample obeys; do
	load
	life $step
done
traces > /tmp/traces.before
before=$(mem_free)

for step in $steps; do
	dmesg -c > /dev/null
	if load fail_at=$step; then
		life $step
		how="later"
	else
		how="at insmod"
	fi
	dmesg > /tmp/said
	if clean; then
		ok "$step: all undone ($how)"
	else
		not_ok "$step: all undone ($how)" "left: $left" "$(tail -n 20 /tmp/said)" "$(cat /tmp/life)"
		rmmod offload 2> /dev/null
	fi
	check "$step: it has failed" grep -q "fail_at: step $step fails now" /tmp/said
	# What else is said behind it.  A second try that worked needs no words, nor does
	# an error that the caller gets.
	case $step in
	client | listen | log | online | return | bell_irq | bell_dead) ;;
	*)
		if awk "said; /step $step fails/ { said = 1 }" /tmp/said | grep -q -E \
			'offload: .*(error| cannot | no | not |is in use|went offline)'; then
			ok "$step: says so"
		else
			not_ok "$step: says so" "$(tail -n 20 /tmp/said)"
		fi ;;
	esac
	if load; then
		wait_attr state running 60
		s=$(attr state)
		rmmod offload
		is "$step: and works again" "$s $(online)" "running 0-3"
	else
		not_ok "$step: and works again" "$(dmesg | tail -n 5)"
	fi
done

# A recovery that does not succeed is one of the row, and the next one may.
load
echo enabled > $DEV/recovery
echo 100 > $DEV/recovery_delay_ms
echo start > $PLACE/fail_at
echo 100 > $DEV/heartbeat_ms # spin.bin has none
check "recovery: the start has failed" until_true 100 grep -q "^start [0-9]* 1" $PLACE/steps
check "recovery: the next one works" until_true 100 sh -c "test \$(cat $DEV/recoveries) -gt 0"
echo disabled > $DEV/recovery
echo 0 > $DEV/heartbeat_ms
drop_core
check "recovery: rmmod" until_true 60 rmmod offload
check "recovery: all undone" clean

after=$(mem_free)
check "memory given back ($before -> $after KiB)" test $((before - after)) -lt $((3072 * SLOW))
traces > /tmp/traces.after
if [ -e /sys/kernel/debug/slab/kmalloc-256/alloc_traces ]; then
	is "no object left" "$(traces_new)" ""
else
	skip "no object left" "this kernel does not say who has what"
fi
done_testing
