# SPDX-License-Identifier: BSD-2-Clause
# mem=SIZE@ADDR from a boot-line reservation.
# machines: hlt hlt-6.12
# cmdline: memmap=64M$0x30000000
. /offload/tests/lib.sh
. /offload/tests/offload.sh

share_new
wordcount_job "reserved range" input.txt counts.txt image=$IMG/wc.bin mem=64M@0x30000000 \
	'args="input.txt counts.txt"'
refused "System RAM" "Device or resource busy" "System RAM" cpu=$CPU image=$IMG/wc.bin mem=16M@0x20000000

# Two instances in one reservation: side by side, not over each other.
check "two: insmod" insmod $KO cpu=2,3 image=$IMG/exit42.bin,$IMG/exit42.bin \
	mem=16M@0x30000000,16M@0x31000000
check "two: both end" sh -c ". /offload/tests/offload.sh; wait_attr state offline &&
	DEV=/sys/class/offload/offload1 wait_attr state offline"
is "two: exit status" "$(cat /sys/class/offload/*/exit_status | tr '\n' ' ')" "42 42 "
dmesg_mark
check "overlap: refused" sh -c "! echo cpu=1 start=0 mem=16M@0x31800000 > /sys/class/offload/add 2> /dev/null"
matches "overlap: says why" "$(dmesg_new)" "*overlaps the memory of offload1*"
check "behind it: taken" sh -c "echo cpu=1 start=0 mem=16M@0x32000000 > /sys/class/offload/add"
check "two: rmmod" rmmod offload
check "two: all cores back" all_online
done_testing
