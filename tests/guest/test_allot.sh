# SPDX-License-Identifier: BSD-2-Clause
# Devices that are allotted to an image: refused while Linux has them, found by name,
# with their interrupt on aarch64, and given back.
# machines: hlt gicv2 gicv3
# qemu-x86_64: -device edu
. /offload/tests/lib.sh
. /offload/tests/offload.sh

G=$IMG/device.bin
CLASS=/sys/class/offload

# run WHAT STATUS [ARGS]: start the image that is loaded, to its end.
run()
{
	printf '%s' "$3" > $DEV/args
	check "$1: start" sh -c "echo start > $DEV/state"
	check "$1: ends" wait_attr state offline 100
	is "$1: exit status" "$(attr exit_status)" "$2"
	[ "$(attr exit_status)" = "$2" ] || attr log | sed 's/^/# /'
}

# iomem PATTERN: the address of the first line of /proc/iomem that matches.
iomem() { sed -n "s/^ *\([0-9a-f]*\)-[0-9a-f]* : .*$1.*/0x\1/p" /proc/iomem | head -n 1; }

ram=0x$(sed -n 's/^0*\([1-9a-f][0-9a-f]*\)-.*System RAM.*/\1/p' /proc/iomem | tail -n 1)
refused "memory" "busy" "is memory, not a device" cpu=$CPU image=$G "device=x:4K@$ram"
refused "malformed" "Invalid argument" "device=x:lots" cpu=$CPU image=$G device=x:lots
refused "the same for two" "Invalid argument" "a for CPU 2 and b for CPU 3" \
	cpu=2,3 image=$G,$G "device=a:4K@0xe0000000;b:4K@0xe0000000"
refused "no such machine part" "Invalid argument" "64 TiB" cpu=$CPU image=$G "device=x:4K@0x400000000000"

if [ "$(uname -m)" = x86_64 ]; then
	name=edu
	refused "local APIC" "busy" "interrupt controller" cpu=$CPU image=$G device=x:4K@0xfee00000
	apic=$(iomem 'IOAPIC')
	refused "I/O APIC" "busy" "in use" cpu=$CPU image=$G "device=x:4K@$apic"
	for pci in /sys/bus/pci/devices/*; do
		[ "$(cat "$pci/vendor" "$pci/device" | tr '\n' ' ')" != "0x1234 0x11e8 " ] || break
	done
	bar=$(head -n 1 "$pci/resource" | cut -d' ' -f1)
	device="edu:1M@$bar"
	echo "# edu is ${pci##*/} at $bar"
	refused "an interrupt" "not supported" "no interrupt of a device" \
		cpu=$CPU image=$G "device=$device:irq=40"
	# Its memory switched off, as for a device that nobody has set up.
	off=$(dd if="$pci/config" bs=1 skip=4 count=1 2> /dev/null | od -An -tu1 | tr -d ' ')
	printf "\\$(printf %o $((off & ~2)))" | dd of="$pci/config" bs=1 seek=4 conv=notrunc 2> /dev/null
	refused "switched off" "busy" "memory is switched off" cpu=$CPU image=$G "device=$device"
	echo 1 > "$pci/enable"
else
	name=rtc
	device=rtc:4K@0x9010000:irq=34
	driver=/sys/bus/amba/drivers/rtc-pl031
	refused "the distributor" "busy" "interrupt controller" cpu=$CPU image=$G device=x:4K@0x8000000
	refused "the console" "busy" "driver of Linux has it" cpu=$CPU image=$G device=x:4K@0x9000000
	refused "the clock, while Linux has it" "busy" "9010000.pl031: a driver" \
		cpu=$CPU image=$G "device=$device"
	check "unbind" sh -c "echo 9010000.pl031 > $driver/unbind"
	refused "an interrupt in use" "busy" "interrupt .* in use" cpu=$CPU image=$G "device=rtc:4K@0x9010000:irq=$(
		sed -n 's/.*GIC[^ ]* *\([0-9]*\) *Level.*uart-pl011.*/\1/p' /proc/interrupts)"
	refused "no such interrupt" "Invalid argument" "not a shared interrupt" \
		cpu=$CPU image=$G device=rtc:4K@0x9010000:irq=1000
	refused "of another kind" "No such device or address" "Linux may know it as" \
		cpu=$CPU image=$G device=rtc:4K@0x9010000:edge=34
fi

# --- allotted ---

check "insmod" insmod $KO cpu=$CPU image=$G start=0 "device=$device"
matches "sysfs" "$(attr devices)" "$name 0x* 0x*000 *"
check "Linux knows whose it is" grep -q "offload0 $name" /proc/iomem
check "nobody else gets it" sh -c "! echo cpu=2 start=0 device=${device%:irq*} > $CLASS/add 2> /dev/null"
is "no half instance" "$(ls -d $CLASS/offload*)" "$CLASS/offload0"
run "by name" 0
run "again" 0
grep "$name:" $DEV/log | sed 's/^/# /'
if [ $name = rtc ]; then
	irq=$(sed -n 's/^ *\([0-9]*\):.*offload0 rtc.*/\1/p' /proc/interrupts)
	is "its interrupt goes to the core" "$(cat /proc/irq/$irq/effective_affinity_list)" $CPU
	check "Linux took none" sh -c "dmesg | grep -q 'came to Linux'; [ \$? = 1 ]"
	check "nobody moves it" sh -c "! echo 1 > /proc/irq/$irq/smp_affinity 2> /dev/null"
	run "left pending" 0 leave
	run "after that" 0
	# The core goes home with the alarm still on.
	run "left pending again" 0 leave
	check "return the core" sh -c "echo stop > $DEV/state"
	is "the core is Linux's" "$(attr core)" linux
	check "its interrupt goes elsewhere" sh -c "[ \"\$(cat /proc/irq/$irq/effective_affinity_list)\" != '' ]"
	before=$(awk "\$1 == \"$irq:\" { print \$2 + \$3 + \$4 + \$5 }" /proc/interrupts)
	is "Linux took none" "$before" 0
	run "the core taken again" 0
fi
# Nothing behind its registers.
printf beyond > $DEV/args
echo start > $DEV/state
check "behind it: a crash" wait_attr state crashed 60
matches "behind it: where" "$(attr crash)" "*fault*"
check "rmmod" rmmod offload
check "all cores back" all_online
check "nothing in /proc/iomem" sh -c "! grep -q offload /proc/iomem"
check "nothing in /proc/interrupts" sh -c "! grep -q offload /proc/interrupts"
[ $name != rtc ] || check "Linux's driver takes it back" \
	sh -c "echo 9010000.pl031 > $driver/bind && test -e $driver/9010000.pl031"

# Not its name, or none: the image finds nothing.
check "by another name: insmod" insmod $KO cpu=$CPU image=$G
check "by another name: ends" wait_attr state offline 60
is "by another name: none" "$(attr exit_status)" 3
check "rmmod at the end" rmmod offload
done_testing
