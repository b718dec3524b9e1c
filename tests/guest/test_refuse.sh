# SPDX-License-Identifier: BSD-2-Clause
# Every refusal of the module: message, errno, all CPUs still online.
# machines: hlt gicv3
. /offload/tests/lib.sh
. /offload/tests/offload.sh

# What busybox's insmod says for two errors that it takes for its own.
ENOENT="unknown symbol in module"
ENOEXEC="invalid module format"

G=$IMG/exit42.bin
B=/offload/broken

refused "CPU 0" "Operation not permitted" "CPU 0" cpu=0 image=$G
refused "absent CPU" "No such device" "99" cpu=99 image=$G
refused "negative CPU" "Invalid argument" "cpu" cpu=-5 image=$G
refused "no CPU given" "Invalid argument" "cpu=" image=$G
refused "no image given" "Invalid argument" "image=" cpu=$CPU
refused "no such image" "$ENOENT" "lib/firmware" cpu=$CPU image=nosuch.bin
refused "no such path" "$ENOENT" "/tmp/nosuch.bin" cpu=$CPU image=/tmp/nosuch.bin

# The UEFI loader says the same of the same files (tests/host/test_loader.sh).
while IFS= read -r line; do
	name=${line%%: *} words=${line#*: }
	case $name in
	truncated.* | header.*) err="No data available" ;;
	machine.*) err="cross-device" ;;
	abi.*) err="Protocol not supported" ;;
	sum.*) err="Bad message" ;;
	large.*) err="File too large" ;;
	neither.* | note.*) err=$ENOEXEC ;;
	wx.*) err="Permission denied" ;;
	*) err="Invalid argument" ;;
	esac
	refused_with "$name" "$err" "offload: image $B/$name: $words" cpu=$CPU image=$B/$name
done < $B/words
check "there were some" test "$(wc -l < $B/words)" -ge 15
: > /tmp/bad.bin
refused "empty image" "Invalid argument" "empty\|truncated\|neither" cpu=$CPU image=/tmp/bad.bin
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
