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
done_testing
