# SPDX-License-Identifier: BSD-2-Clause
# Memory from a device-tree reserved-memory node, by name and by address.
# machines: gicv2 gicv3 el2
# dt: reserved
. /offload/tests/lib.sh
. /offload/tests/offload.sh

share_new
wordcount_job "DT node" input.txt counts.txt image=$IMG/wc.bin mem=dt 'args="input.txt counts.txt"'
node=$(ls -d /proc/device-tree/reserved-memory/offload* | head -n 1)
base=0x$(echo "$node" | sed 's/.*@//')
wordcount_job "reserved range" input.txt counts2.txt image=$IMG/wc.bin "mem=16M@$base" \
	'args="input.txt counts2.txt"'
done_testing
