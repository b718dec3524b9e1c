# SPDX-License-Identifier: BSD-2-Clause
# Doorbells: nobody uses the CPU for waiting, and no ring is lost.
# machines: hlt mwait x2apic hlt-6.12 gicv2 gicv3 el2
# timeout: 300
. /offload/tests/lib.sh
. /offload/tests/offload.sh

# How many round trips; the other tests do not care.
ROUNDS=${1:-1000}

bell() { awk "{ print \$$1 }" $DEV/bell; }
# utime + stime, in ticks of 10 ms
ticks() { awk '{ print $14 + $15 }' "/proc/$PMM_PID/stat"; }

# idle WHAT: over two seconds, the image hardly wakes and the PMM not at all.
idle()
{
	_s=$(attr sleeps) _i=$(attr irqs) _t=0
	[ -z "$PMM_PID" ] || _t=$(ticks)
	sleep 2
	_s=$(($(attr sleeps) - _s)) _i=$(($(attr irqs) - _i))
	[ -z "$PMM_PID" ] || _t=$(($(ticks) - _t))
	check "$1: the image sleeps ($_s times, $_i interrupts)" test $_s -le 10 -a $_i -le 20
	[ -z "$PMM_PID" ] || check "$1: the PMM uses no CPU ($_t ticks)" test $_t -le 2
}

# ping_start [SPIN]: the image and a PMM that never looks on (or for SPIN us at most);
# ping_end WHAT: until it has ended.
ping_start()
{
	echo $IMG/bellping.bin > $DEV/image
	echo "input.txt $ROUNDS" > $DEV/args
	rung=$(bell 2) ringing=$(bell 3)
	pmm_start --spin ${1:-0}
	echo start > $DEV/state
}

ping_end()
{
	check "$1: image ends" wait_attr state offline $((200 + ROUNDS / 50))
	is "$1: every byte came" "$(attr exit_status)" 0
	pmm_stop
	[ "$(attr exit_status)" = 0 ] || { cat /tmp/pmm.out /tmp/pmm.err; attr log; } | sed 's/^/# /'
	grep bellping: /tmp/pmm.out | sed 's/^/# /'
	rung=$(($(bell 2) - rung)) ringing=$(($(bell 3) - ringing))
}

# --- idle ---

share_new
rm -f /tmp/keys
mkfifo /tmp/keys
PMM_PID=
check "insmod" insmod $KO cpu=$CPU image=$IMG/idle.bin
check "image waits for a PMM" wait_attr pmm waiting
sleep 1
idle "without a PMM"
sleep 100 > /tmp/keys &
keys=$!
$PMM --device /dev/offload0 --share /tmp/share < /tmp/keys > /tmp/pmm.out 2> /tmp/pmm.err &
PMM_PID=$!
check "image comes up" until_true 20 grep -q 'idle: ready' /tmp/pmm.out
sleep 1
idle "waiting for input"
echo "anybody there?" > /tmp/keys
check "input wakes both" until_true 20 grep -q 'idle: anybody there?' /tmp/pmm.out
idle "after it"
grep -v attached /tmp/pmm.err | grep -i doorbell | sed 's/^/# /'
check "the PMM has a doorbell" sh -c '! grep -q "no doorbell" /tmp/pmm.err'
irq=$(bell 1)
check "it is in /proc/interrupts ($irq)" grep -q "^ *$irq:.*offload0" /proc/interrupts
check "stop of a sleeping image" sh -c "echo stop > $DEV/state"
is "offline" "$(attr state)" offline
idle "without an image"
check "start" sh -c "echo start > $DEV/state"
check "the same PMM, the image again" until_true 20 sh -c 'test $(grep -c "idle: ready" /tmp/pmm.out) = 2'
echo quit > /tmp/keys
check "image ends" wait_attr state offline 20
is "exit status" "$(attr exit_status)" 0
pmm_stop
kill $keys

# --- ping-pong ---

ping_start
ping_end "ping-pong"
check "ping-pong: the PMM slept, too (rung $rung times)" test $rung -ge $((ROUNDS / 8))
check "ping-pong: the image was rung ($ringing times)" test $ringing -ge $((ROUNDS / 8))

# It looks, sleeps and tries in turn, so that the announcement comes at any moment.
ping_start 50
ping_end "looking"

# The interrupt wanders from CPU to CPU.  A move that comes before the last one is
# complete may be refused; that is not of interest here.
ping_start
moves=0
while attr_is state running; do
	for mask in 1 2 4; do
		echo $mask > /proc/irq/$irq/smp_affinity 2> /dev/null && moves=$((moves + 1))
	done
done
ping_end "affinity ($moves moves)"
check "affinity: it did move" test $moves -ge 3

# The CPU that it came from, and the one that it goes to, are taken offline.
move() { echo $1 > /proc/irq/$irq/smp_affinity 2> /dev/null; }
cpu1() { echo $1 > /sys/devices/system/cpu/cpu1/online; }
move 2
ping_start
offs=0
while attr_is state running || [ $offs -lt 3 ]; do
	move 4
	cpu1 0 && offs=$((offs + 1))
	usleep 50000
	move 1
	cpu1 1
	move 2
	cpu1 0
	move 4
	cpu1 1
	move 2
	[ $offs -lt 100 ] || break
done
ping_end "offlining ($offs times)"
move f
check "rmmod" rmmod offload
check "all cores back" all_online

# --- coming and going ---

n=0
while [ $n -lt 20 ]; do
	insmod $KO cpu=$CPU start=0 mem=auto:4M window=1M || break
	last=$(bell 1)
	rmmod offload
	n=$((n + 1))
done
is "20 times insmod and rmmod" $n 20
is "no interrupt is left behind" "$last" "$irq"
check "no trace in /proc/interrupts" sh -c '! grep -q offload /proc/interrupts'

# --- without ---

check "bell=0: insmod" insmod $KO cpu=$CPU bell=0 image=$IMG/wc.bin 'args="input.txt bell0.txt"'
is "bell=0: none" "$(attr bell | cut -d' ' -f1)" 0
pmm_start
check "bell=0: image ends" wait_attr state offline 60
is "bell=0: exit status" "$(attr exit_status)" 0
wordcount_right "bell=0" input.txt bell0.txt
pmm_stop
is "bell=0: the PMM says so once" "$(grep -c 'no doorbell' /tmp/pmm.err)" 1
check "bell=0: rmmod" rmmod offload

if [ "$(uname -m)" = aarch64 ]; then
	refused "spi=7: not shared" "Invalid argument" "spi=7: this machine's shared interrupts are 32 to" \
		cpu=$CPU start=0 spi=7
	taken=$(sed -n "s/.*GIC[^ ]* *\([0-9]*\) *Level.*/\1/p" /proc/interrupts | awk "\$1 > 31" | head -n 1)
	refused "spi=$taken: in use" "Invalid argument" "Linux uses this interrupt" \
		cpu=$CPU start=0 spi=$taken
	check "spi=200: insmod" insmod $KO cpu=$CPU start=0 spi=200
	check "spi=200: it is" sh -c "grep offload0 /proc/interrupts | grep -q -w 200"
	check "spi=200: rmmod" rmmod offload
fi
done_testing
