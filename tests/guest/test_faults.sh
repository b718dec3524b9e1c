# SPDX-License-Identifier: BSD-2-Clause
# Every step of the module's is made to fail, once each: what was done before it is
# undone, something is said, and the module works at once again.  The list of steps
# is the module's own (a test build, kernel-module/fault.h).  Then the way back fails
# again and again: what is kept is kept, and said.
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

# --- a core that does not come back, however often it is tried ---

says() { dmesg | grep -q "$1"; }
plain() { insmod $KO cpu=$CPU image=$IMG/$1.bin 2> /dev/null; }
forbidden() { [ ! -e /proc/sys/kernel/kexec_load_disabled ] || [ "$(cat /proc/sys/kernel/kexec_load_disabled)" = 1 ]; }

check "a list that is none" sh -c "! insmod $KO cpu=none fail_at=return:0 2> /dev/null"
dmesg -c > /dev/null
check "insmod fails: the module stays" load fail_at=entered,return:9
check "insmod fails: and says so" says 'insmod has failed (error -[0-9]*), but CPU 3 has not come back: the module stays for offload0'
is "insmod fails: the core is kept" "$(attr state) $(attr core) $(online)" "offline held 0-2"
check "insmod fails: so is its instance" sh -c "! echo 0 > /sys/class/offload/remove 2> /dev/null"
check "insmod fails: and why" says 'offload0 is not removed: CPU 3 has not come back'
echo > $PLACE/fail_at
check "insmod fails: rmmod" rmmod offload
check "insmod fails: all undone then" clean

# rmmod cannot fail: memory and devices are left, and nobody loads another kernel.
dmesg -c > /dev/null
check "rmmod: insmod" plain spin
echo return:9 > $PLACE/fail_at
check "rmmod: it goes" rmmod offload
check "rmmod: its memory is left" says 'is left allocated: the core that uses it has not come back'
check "rmmod: and why there is no kexec" says 'nobody watches over it any more: restart the machine; no kexec'
check "rmmod: there is none" forbidden
is "rmmod: its core is left, too" "$(online)" 0-2
check "rmmod: it can be had by hand" sh -c "echo 1 > /sys/devices/system/cpu/cpu3/online"
check "rmmod: all undone then" clean
dmesg -c > /dev/null
check "devices: insmod" load
echo return:9 > $PLACE/fail_at
check "devices: rmmod" rmmod offload
check "devices: are left" says 'its devices are kept from Linux: the core that uses them has not come back'
check "devices: it can be had by hand" sh -c "echo 1 > /sys/devices/system/cpu/cpu3/online"
is "devices: all cores back" "$(online)" 0-3

# An image that masks everything, and nobody has tried to stop it before.
dmesg -c > /dev/null
check "masked: insmod" plain masked
check "masked: it is there" until_true 60 grep -q masked $DEV/log
if [ "$(uname -m)" = x86_64 ]; then
	check "masked: rmmod" rmmod offload
	is "masked: all cores back" "$(online)" 0-3
else
	check "masked: rmmod" rmmod offload
	check "masked: says so" says 'does not give CPU 3 back; its memory is kept until it does'
	check "masked: its memory is left" says 'is left allocated: the core that uses it has not come back'
	check "masked: and why there is no kexec" says 'nobody watches over it any more: restart the machine; no kexec'
	check "masked: the core is nobody's" sh -c "! echo 1 > /sys/devices/system/cpu/cpu3/online 2> /dev/null"
	is "masked: Linux goes on" "$(online)" 0-2
fi
done_testing
