# SPDX-License-Identifier: BSD-2-Clause
# The PMM late, absent, twice, and of another version.
# machines: hlt gicv3
. /offload/tests/lib.sh
. /offload/tests/offload.sh

share_new

# Ten seconds late: the image waits for it.
check "late: insmod" insmod $KO cpu=$CPU image=$IMG/wc.bin 'args="input.txt counts.txt"'
sleep 10
is "late: state while waiting" "$(attr state)" running
is "late: pmm while waiting" "$(attr pmm)" waiting
pmm_start
check "late: image ends" wait_attr state offline 60
is "late: exit status" "$(attr exit_status)" 0
wordcount_right late input.txt counts.txt
pmm_stop

# The same instance started again, and two PMMs at once.
check "second: start again" sh -c "echo start > $DEV/state"
is "second: state" "$(attr state)" running
$PMM --device /dev/offload0 --share /tmp/share < /dev/null > /tmp/a.out 2>&1 &
first=$!
check "second: image ends" wait_attr state offline 60
is "second: pmm attached" "$(attr pmm)" attached
out=$(timeout 20 $PMM --device /dev/offload0 --share /tmp/share --console none < /dev/null 2>&1)
status=$?
check "second: exit status is not 0" test $status -ne 0
matches "second: says why" "$out" "*another*"
kill $first
wait $first 2> /dev/null
check "second: pmm goes" until_true 5 sh -c "! grep -q attached $DEV/pmm"
check "rmmod" rmmod offload
check "all cores back" all_online

# No PMM at all: clear state, early text in the log, clean stop.
check "none: insmod" insmod $KO cpu=$CPU image=$IMG/wc.bin 'args="input.txt counts.txt"'
check "none: waits" wait_attr pmm waiting 10
is "none: state" "$(attr state)" running
check "none: stop" sh -c "echo stop > $DEV/state"
is "none: state after stop" "$(attr state)" offline
check "none: rmmod" rmmod offload
check "none: all cores back" all_online

# --once promises the image's exit status.  One that was stopped has none.
check "stopped: insmod" insmod $KO cpu=$CPU image=$IMG/spin.bin
pmm_start --once
check "stopped: pmm attached" wait_attr pmm attached 10
check "stopped: stop" sh -c "echo stop > $DEV/state"
wait $PMM_PID
is "stopped: --once fails" $? 1
check "stopped: and says so" grep -q "was stopped" /tmp/pmm.err
check "stopped: rmmod" rmmod offload

# An image that needs no PMM says so in its header and writes to the log.
check "no-pmm image: insmod" insmod $KO cpu=$CPU image=$IMG/hello.bin
check "no-pmm image: ends" wait_attr state offline 20
is "no-pmm image: exit status" "$(attr exit_status)" 0
check "no-pmm image: text in log" grep -qi hello $DEV/log
check "no-pmm image: rmmod" rmmod offload

# Another ABI version is refused, both versions named.
check "abi: insmod" insmod $KO cpu=$CPU image=$IMG/wc.bin 'args="input.txt counts.txt"'
dmesg_mark
out=$(timeout 20 $PMM --abi 77 --device /dev/offload0 --share /tmp/share --console none < /dev/null 2>&1)
status=$?
check "abi: exit status is not 0" test $status -ne 0
matches "abi: PMM names both" "$out" "*77*version 1;*"
check "abi: kernel names both" sh -c "dmesg | tail -n 5 | grep -q 77"
is "abi: image still waits" "$(attr pmm)" waiting
check "abi: rmmod" rmmod offload
check "abi: all cores back" all_online

done_testing
