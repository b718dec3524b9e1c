# SPDX-License-Identifier: BSD-2-Clause
# Every refusal of the module: message, errno, all CPUs still online.
# machines: hlt gicv3
. /offload/tests/lib.sh
. /offload/tests/offload.sh

# What busybox's insmod says for two errors that it takes for its own.
ENOENT="unknown symbol in module"
ENOEXEC="invalid module format"

G=$IMG/exit42.bin
E=$IMG/exit42.elf

# patched FILE OFFSET HEX-BYTES...: a copy of the good image with bytes changed.
patched()
{
	cp "$1" /tmp/bad.bin
	_off=$2
	shift 2
	printf "$*" | dd of=/tmp/bad.bin bs=1 seek="$_off" conv=notrunc 2> /dev/null
}

refused "CPU 0" "Operation not permitted" "CPU 0" cpu=0 image=$G
refused "absent CPU" "No such device" "99" cpu=99 image=$G
refused "negative CPU" "Invalid argument" "cpu" cpu=-5 image=$G
refused "no CPU given" "Invalid argument" "cpu=" image=$G
refused "no image given" "Invalid argument" "image=" cpu=$CPU
refused "no such image" "$ENOENT" "lib/firmware" cpu=$CPU image=nosuch.bin
refused "no such path" "$ENOENT" "/tmp/nosuch.bin" cpu=$CPU image=/tmp/nosuch.bin

echo "neither one nor the other, but long enough to be looked at" > /tmp/text.bin
for n in 1 2 3 4 5 6; do cat /tmp/text.bin /tmp/text.bin > /tmp/t2; mv /tmp/t2 /tmp/text.bin; done
refused "neither format" "$ENOEXEC" "neither" cpu=$CPU image=/tmp/text.bin
head -c 3000 $G > /tmp/bad.bin
refused "truncated flat image" "No data available" "truncated" cpu=$CPU image=/tmp/bad.bin
head -c 3000 $E > /tmp/bad.bin
refused "truncated ELF image" "No data available" "truncated" cpu=$CPU image=/tmp/bad.bin
head -c 20 $G > /tmp/bad.bin
refused "header cut short" "No data available" "truncated" cpu=$CPU image=/tmp/bad.bin
: > /tmp/bad.bin
refused "empty image" "Invalid argument" "empty\|truncated\|neither" cpu=$CPU image=/tmp/bad.bin
patched $G 200 '\377\376\375'
refused "checksum" "Bad message" "checksum" cpu=$CPU image=/tmp/bad.bin
patched $G 16 '\010\000'
refused "wrong machine, flat" "cross-device" "machine" cpu=$CPU image=/tmp/bad.bin
patched $E 18 '\010\000'
refused "wrong machine, ELF" "cross-device" "machine" cpu=$CPU image=/tmp/bad.bin
patched $G 12 '\115\000'
refused "wrong ABI" "Protocol not supported" "ABI.*77.*1\|ABI.*1.*77" cpu=$CPU image=/tmp/bad.bin
refused "too large, flat" "File too large" "too large.*mem=" cpu=$CPU image=$IMG/big.bin
refused "too large, ELF" "File too large" "too large.*mem=" cpu=$CPU image=$IMG/big.elf
refused "region smaller than its window" "Invalid argument" "window=" cpu=$CPU image=$G mem=auto:2M
dd if=/dev/zero of=/tmp/huge.bin bs=1M count=257 2> /dev/null
refused "file too large" "File too large" "large" cpu=$CPU image=/tmp/huge.bin
rm -f /tmp/huge.bin

refused "mem= in System RAM" "Device or resource busy" "System RAM" cpu=$CPU image=$G mem=16M@$(
	awk '/System RAM/ { print "0x" $1 }' /proc/iomem | sed 's/-.*//' | tail -n 1 |
		awk '{ print $1 }')
refused "mem= malformed" "Invalid argument" "mem=" cpu=$CPU image=$G mem=lots
refused "mem= not aligned" "Invalid argument" "align" cpu=$CPU image=$G mem=16M@0x12345
refused "args= with an open quote" "Invalid argument" "quote" cpu=$CPU image=$G "args=\"'open\""
refused "mem=dt without a node" "No such device" "reserved-memory\|device tree" cpu=$CPU image=$G mem=dt

echo 0 > /sys/devices/system/cpu/cpu2/online
refused "offline CPU" "No such device or address" "offline" cpu=2 image=$G
echo 1 > /sys/devices/system/cpu/cpu2/online

# The last CPU: with all others gone, cpu 0 is both.
for c in 1 2 3; do echo 0 > /sys/devices/system/cpu/cpu$c/online; done
refused "last CPU" "Operation not permitted" "CPU 0\|last" cpu=0 image=$G
for c in 1 2 3; do echo 1 > /sys/devices/system/cpu/cpu$c/online; done
check "all online again" all_online

# Hotplug disabled, as the kernel does around suspend.
check "hotplug off" insmod /offload/tests/hotplug_off.ko
refused "hotplug disabled" "busy" "hotplug" cpu=$CPU image=$G
check "hotplug on" rmmod hotplug_off

# Borrowed already: the module is there once, and says so.
check "good one" insmod $KO cpu=$CPU image=$G
check "second insmod refused" sh -c "! insmod $KO cpu=$CPU image=$G 2> /dev/null"
check "rmmod" rmmod offload
check "all online at the end" all_online
done_testing
