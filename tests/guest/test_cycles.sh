# SPDX-License-Identifier: BSD-2-Clause
# Ten start/stop cycles, then ten insmod/rmmod cycles ($1, $2): the core is back each time,
# nothing leaks, the kernel has no complaint (the runner looks at its log).
# machines: hlt mwait x2apic hlt-6.12 gicv2 gicv3 el2
# timeout: 300
. /offload/tests/lib.sh
. /offload/tests/offload.sh

STARTS=${1:-10} INSMODS=${2:-10}

share_new
insmod $KO cpu=$CPU image=$IMG/exit42.bin && wait_attr state offline 20
rmmod offload
before=$(mem_free)

check "insmod" insmod $KO cpu=$CPU image=$IMG/spin.bin
n=1
while [ $n -le $STARTS ]; do
	echo stop > $DEV/state
	s1=$(attr state)
	echo start > $DEV/state
	s2=$(attr state)
	is "start/stop $n" "$s1 $s2" "offline running"
	n=$((n + 1))
done
check "rmmod of a running image" rmmod offload
is "nproc" "$(nproc)" 4

n=1
while [ $n -le $INSMODS ]; do
	insmod $KO cpu=$CPU image=$IMG/exit42.bin
	wait_attr state offline 20
	status=$(attr exit_status)
	rmmod offload
	is "insmod/rmmod $n: exit status and nproc" "$status $(nproc)" "42 4"
	n=$((n + 1))
done

# A leaked region would be 16 MiB; what Linux keeps of twenty hotplugs is a few 100 KiB.
after=$(mem_free)
check "memory given back ($before -> $after KiB)" test $((before - after)) -lt $((2048 * SLOW))
# The core works: run something on it.
is "core $CPU runs Linux's tasks" "$(taskset 8 sh -c 'awk "{ print \$39 }" /proc/self/stat')" $CPU

done_testing
