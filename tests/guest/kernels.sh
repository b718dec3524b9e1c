# SPDX-License-Identifier: BSD-2-Clause
# The guest's half of tests/lab/kernels: one cell of README's table.
#
#   kernels.sh CPUS CPU FACT...
#
# First that this is the machine that the cell says (each FACT below); then the thread of
# any use: a word count over 9p with 1000 timer interrupts, doorbells both ways, a crash,
# stop, start, rmmod.
. /offload/tests/lib.sh
. /offload/tests/offload.sh

cpus=$1 CPU=$2
shift 2
WAIT=300 # s; sixteen CPUs are emulated by two

# --- the machine ---

# said PATTERN: in the kernel's log.
said() { dmesg | grep -q -E "$1"; }

dt_reg() { od -An -tx1 "/sys/devices/system/cpu/cpu$1/of_node/reg" | tr -d ' \n'; }

fact()
{
	case $1 in
	6.*) uname -r | grep -q "^$1\\." ;;
	rt) uname -v | grep -q PREEMPT_RT && [ "$(cat /sys/kernel/realtime)" = 1 ] ;;
	not-rt) ! uname -v | grep -q PREEMPT_RT ;;
	mwait) grep -q -w monitor /proc/cpuinfo ;;
	hlt) ! grep -q -w monitor /proc/cpuinfo ;;
	# Linux says only where it goes from where it begins: 6.1 in flat mode; 6.12 knows
	# none but the physical one.
	xapic) ! said '[Rr]outing to:? (physical|cluster)' ;;
	physical) said '[Rr]outing to:? physical flat' ;;
	x2apic-cluster) said '[Rr]outing to:? cluster x2apic' ;;
	x2apic-physical) said '[Rr]outing to:? physical x2apic' ;;
	gicv2) grep -q -E 'GICv2|GIC-0' /proc/interrupts ;;
	gicv3) grep -q GICv3 /proc/interrupts ;;
	el1) said 'CPU: All CPU\(s\) started at EL1' ;;
	el2) said 'CPU: All CPU\(s\) started at EL2' ;;
	dt) [ -e /sys/firmware/devicetree/base/cpus ] && [ ! -e /sys/firmware/acpi/tables ] ;;
	acpi) [ -e /sys/firmware/acpi/tables/APIC ] && said 'psci: probing for conduit method from ACPI' ;;
	# QEMU's own PSCI has SMCCC 1.0.
	tfa) said 'psci: SMC Calling Convention v1\.[1-9]' ;;
	qemu-psci) said 'psci: SMC Calling Convention v1\.0' ;;
	# The core's MPIDR has more than Aff0.
	cluster) [ $((0x$(dt_reg "$CPU") >> 8)) != 0 ] ;;
	*) false ;;
	esac
}

is "CPUs at the start" "$(nproc)" "$cpus"
all=$(online)
for x; do
	check "it is so: $x" fact "$x"
done

# --- word count, timer, exit status ---

# What there is to say about an image that failed.
why()
{
	[ "$(attr exit_status)" = 0 ] ||
		{ cat /tmp/pmm.err; tail -n 20 /tmp/pmm.out; attr log; attr bell; } | sed 's/^/# /'
}

share_new
check "insmod" insmod $KO cpu=$CPU image=$IMG/wc.bin 'args="input.txt counts.txt"'
is "nproc with one lent" "$(nproc)" $((cpus - 1))
is "it is offline" "$(cat /sys/devices/system/cpu/cpu$CPU/online)" 0
pmm_start
check "word count: ends" wait_attr state offline $WAIT
is "word count: exit status" "$(attr exit_status)" 0
pmm_stop
why
wordcount_right "word count" input.txt counts.txt
check "word count: 1000 timer interrupts" grep -q "1000 interrupts" /tmp/pmm.out

# --- doorbells: a byte is read a hundred times, whoever waits sleeps ---

bell() { awk "{ print \$$1 }" $DEV/bell; }
rung=$(bell 2) ringing=$(bell 3)
echo $IMG/bellping.bin > $DEV/image
echo "input.txt 100" > $DEV/args
pmm_start --spin 0
echo start > $DEV/state
check "doorbells: ends" wait_attr state offline $WAIT
is "doorbells: every byte came" "$(attr exit_status)" 0
pmm_stop
why
check "doorbells: Linux was rung" test $(($(bell 2) - rung)) -ge 12
check "doorbells: the image was rung" test $(($(bell 3) - ringing)) -ge 12

# --- a crash, stop, start ---

dmesg_mark
echo $IMG/crash_null.bin > $DEV/image
echo start > $DEV/state
check "crash: crashed" wait_attr state crashed $WAIT
check "crash: the kernel's log names it" sh -c "dmesg | tail -n +$((MARK + 1)) | grep -q 'crashed: .*null pointer'"

echo $IMG/spin.bin > $DEV/image
for n in 1 2; do
	check "start $n" sh -c "echo start > $DEV/state"
	is "running $n" "$(attr state)" running
	# NMIs to all of Linux's cores are not for this one.
	echo l > /proc/sysrq-trigger
	check "stop $n" sh -c "echo stop > $DEV/state"
	is "stopped $n" "$(attr state)" offline
done
check "start before rmmod" sh -c "echo start > $DEV/state"

# --- back ---

check "rmmod while it runs" rmmod offload
is "nproc" "$(nproc)" "$cpus"
is "online" "$(online)" "$all"
mask=$(printf '%x' $((1 << CPU)))
is "core $CPU runs Linux's tasks" \
	"$(taskset "$mask" sh -c 'awk "{ print \$39 }" /proc/self/stat')" "$CPU"
check "Linux takes it offline by itself" sh -c "echo 0 > /sys/devices/system/cpu/cpu$CPU/online"
check "and online" sh -c "echo 1 > /sys/devices/system/cpu/cpu$CPU/online"

done_testing
