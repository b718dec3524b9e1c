# SPDX-License-Identifier: BSD-2-Clause
# The whole thread, image formats and arguments.
# machines: hlt mwait x2apic hlt-6.12 gicv2 gicv3 el2
. /offload/tests/lib.sh
. /offload/tests/offload.sh

share_new
is "four cores at the start" "$(nproc)" 4

wordcount_job "flat image" input.txt counts.txt image=$IMG/wc.bin 'args="input.txt counts.txt"'
check "flat image: 1000 timer interrupts" grep -q '1000' /tmp/pmm.out
wordcount_job "ELF image" input.txt counts2.txt image=$IMG/wc.elf 'args="input.txt counts2.txt"'

# The shell keeps the inner quotes; the kernel strips one outer pair.
cp /tmp/share/input.txt "/tmp/share/a file.txt"
wordcount_job "blanks and quotes" "a file.txt" "it's.txt" image=$IMG/wc.bin \
	"args=\"'a file.txt' it\\'s.txt\""

# A relative name: first the firmware path, then insmod's own directory.
mkdir -p /lib/firmware /tmp/here
cp $IMG/wc.bin /lib/firmware/inlib.bin
wordcount_job "name in the firmware path" input.txt c3.txt image=inlib.bin 'args="input.txt c3.txt"'
cp $IMG/wc.bin /tmp/here/inhere.bin
cd /tmp/here
wordcount_job "name in insmod's directory" input.txt c4.txt image=inhere.bin 'args="input.txt c4.txt"'
cd /

done_testing
