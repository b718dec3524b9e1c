# SPDX-License-Identifier: BSD-2-Clause
# A kernel that has measured the TSC wrongly (as happens to virtual machines that are
# short of time; here it is told so): an image's second is a second of Linux's clock.
# cmdline: tsc_early_khz=100000 clocksource=hpet
# machines: hlt x2apic
. /offload/tests/lib.sh
. /offload/tests/offload.sh

# Centiseconds since boot, by HPET.
uptime_cs() { sed 's/ .*//; s/\.//' /proc/uptime; }

is "Linux goes by HPET" "$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)" hpet
dmesg_mark
check "insmod" insmod $KO cpu=$CPU start=0 image=$IMG/timer1000.bin
check "it is said" sh -c "dmesg | tail -n +$((MARK + 1)) | grep -q 'offload: the TSC counts .* kHz by Linux.s clock, not 100000 kHz as was measured at boot'"
from=$(uptime_cs)
check "start" sh -c "echo start > $DEV/state"
check "image ends" wait_attr state offline 60
took=$(($(uptime_cs) - from))
is "exit status" "$(attr exit_status)" 0
# 1000 periods of 1 ms, and some more; a clock that is wrong has them in a twentieth.
check "its 1000 ms are 1000 of Linux's ($took cs)" test $took -ge 100
check "rmmod" rmmod offload
check "all cores back" all_online
done_testing
