# SPDX-License-Identifier: BSD-2-Clause
# Memory from a device-tree reserved-memory node, by name and by address.
# machines: gicv2 gicv3 el2
# dt: reserved
. /offload/tests/lib.sh
. /offload/tests/offload.sh

share_new
wordcount_job "DT node" input.txt counts.txt image=$IMG/wc.bin mem=dt 'args="input.txt counts.txt"'
node=$(ls -d /proc/device-tree/reserved-memory/offload@*)
base=0x$(echo "$node" | sed 's/.*@//')
wordcount_job "reserved range" input.txt counts2.txt image=$IMG/wc.bin "mem=16M@$base" \
	'args="input.txt counts2.txt"'

# One node, two instances; nodes that Linux uses, or must not use, are none.
dmesg_mark
refused "two with one node" "busy" "offload0 has .*/offload@" \
	cpu=2,3 image=$IMG/exit42.bin,$IMG/exit42.bin mem=dt
check "a disabled node: says so" sh -c "dmesg | grep -q 'offload-off@.* status other than okay'"
check "a reusable node: says so" sh -c "dmesg | grep -q 'offload-reusable@.* is reusable'"
done_testing
