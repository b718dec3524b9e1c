# SPDX-License-Identifier: BSD-2-Clause
# An image that gives no sign of life: insmod fails, and a PMM that was waiting
# for the device has not got hold of what then goes away.
# machines: hlt
. /offload/tests/lib.sh
. /offload/tests/offload.sh

share_new

# The first instruction of the image jumps to itself.
text=$(od -An -tu4 -j 72 -N 4 $IMG/exit42.elf | tr -d ' ') # p_offset of segment 0
cp $IMG/exit42.elf /tmp/dead.elf
printf '\353\376' | dd of=/tmp/dead.elf bs=1 seek="$text" conv=notrunc 2> /dev/null

(
	until [ -c /dev/offload0 ]; do usleep 1000; done
	exec $PMM --device /dev/offload0 --share /tmp/share --console none < /dev/null
) > /tmp/early.out 2>&1 &
early=$!

refused "no sign of life" "timed out" "no sign of life" cpu=$CPU image=/tmp/dead.elf
check "the one that waits for the device still does" kill $early
wait $early 2> /dev/null
is "it has seen none" "$(cat /tmp/early.out)" ""

# The same instance is possible at once, and the machine is well.
check "insmod of a good one" insmod $KO cpu=$CPU image=$IMG/exit42.bin
check "it ends" wait_attr state offline 20
is "exit status" "$(attr exit_status)" 42

# A machine that sleeps would lose a core that it does not know.
dmesg_mark
check "sleep is refused while a core is lent" \
	sh -c "! echo freeze > /sys/power/state 2> /dev/null"
check "and says why" sh -c "dmesg | tail -n +$((MARK + 1)) | grep -q 'cannot sleep'"
check "rmmod" rmmod offload
check "all cores back" all_online
done_testing
