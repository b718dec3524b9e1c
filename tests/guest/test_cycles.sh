# SPDX-License-Identifier: BSD-2-Clause
# Start/stop cycles, then insmod/rmmod cycles ($1, $2), while the other cores are put
# offline and online again without end and somebody fills and drops nearly all memory:
# the core is back each time, nothing leaks, the kernel has no complaint (the runner
# looks at its log).
# machines: hlt mwait x2apic hlt-6.12 gicv2 gicv3 el2
# fewer: mwait x2apic hlt-6.12 gicv2 el2
# timeout: 500
. /offload/tests/lib.sh
. /offload/tests/offload.sh

[ -z "${FEWER:-}" ] || set -- "${1:-5}" "${2:-1}"
STARTS=${1:-20} INSMODS=${2:-4}
CPUS=/sys/devices/system/cpu
# MiB: what is filled and dropped, and what is left to the others.
CHURN=160 SPARE=96

# --- what goes on meanwhile; until /tmp/enough is there ---

hotplugs()
{
	n=0
	while [ ! -e /tmp/enough ]; do
		for cpu in 1 2; do
			echo 0 > $CPUS/cpu$cpu/online && n=$((n + 1))
			echo 1 > $CPUS/cpu$cpu/online || echo "cpu$cpu does not come up" > /tmp/wrong
		done
		echo $n > /tmp/hotplugs
	done
}

# fill FILE MIB
fill() { dd if=/dev/zero of="$1" bs=64k count=$(($2 * 16)) 2> /dev/null; }

# Most of the memory, for as long as all this goes on.
ballast()
{
	fill /tmp/full/ballast \
		$(awk "/^MemAvailable:/ { print int(\$2 / 1024) - $CHURN - $SPARE }" /proc/meminfo)
}

# Of the rest two files grow at a time and one of them goes away: what is free then lies
# in pieces, and what lies between them has to be moved.  Then a process has it.
pressure()
{
	echo 1000 > /proc/self/oom_score_adj
	n=0
	while [ ! -e /tmp/enough ]; do
		fill /tmp/full/a $((CHURN / 2)) &
		fill /tmp/full/b $((CHURN / 2))
		wait
		n=$((n + 1))
		echo $n > /tmp/fills
		rm /tmp/full/a
		dd if=/dev/zero of=/dev/null bs=$((CHURN / 2))M count=1 2> /dev/null
		rm /tmp/full/b
	done
}

more_than() { [ "$(cat "$1" 2> /dev/null)" -gt "$2" ] 2> /dev/null; }

meanwhile()
{
	rm -f /tmp/enough /tmp/hotplugs /tmp/fills
	ballast
	hotplugs &
	HOTPLUGS=$!
	pressure &
	PRESSURE=$!
}

enough()
{
	touch /tmp/enough
	wait $HOTPLUGS $PRESSURE
	rm /tmp/full/*
}

# --- the cycles ---

core_is() { read -r core < $CPUS/cpu$CPU/online && [ "$core" = "$1" ]; }

# A result for every tenth of a number of cycles.
tenth() { [ $(($1 * 10 / $2)) -gt $((($1 - 1) * 10 / $2)) ]; }
result()
{
	tenth "$2" "$3" || [ -n "$wrong" ] || return
	if [ -z "$wrong" ]; then
		ok "$1, up to $2"
	else
		not_ok "$1 $2" "$wrong" "$(dmesg | grep offload | tail -n 5)"
	fi
	wrong=
}

starts()
{
	check "insmod" insmod $KO cpu=$CPU image=$IMG/spin.bin
	n=1 wrong=
	while [ $n -le "$1" ]; do
		echo stop > $DEV/state
		read -r s1 < $DEV/state
		echo start > $DEV/state
		read -r s2 < $DEV/state
		[ "$s1 $s2" = "offline running" ] && core_is 0 || wrong="$s1, then $s2, online: $core"
		result "start/stop" $n "$1"
		n=$((n + 1))
	done
	check "rmmod of a running image" rmmod offload
	check "its core is back" core_is 1
}

insmods()
{
	n=1 wrong=
	while [ $n -le "$1" ]; do
		if insmod $KO cpu=$CPU image=$IMG/exit42.bin; then
			wait_attr exit_status 42 60 || wrong="exit status: $(attr exit_status)"
			rmmod offload || wrong="$wrong; no rmmod"
		else
			wrong="no insmod"
		fi
		core_is 1 || wrong="$wrong; core: $core"
		result "insmod/rmmod" $n "$1"
		n=$((n + 1))
	done
}

# Pages that the kernel has taken and that nothing of its own accounts for.
pages_taken()
{
	echo 3 > /proc/sys/vm/drop_caches
	usleep 200000
	awk '/^MemTotal:/ { n = $2 / 4 }
		/^(MemFree|Active|Inactive|Unevictable|Slab|PageTables|VmallocUsed|Percpu):/ { n -= $2 / 4 }
		$1 == "count:" { n -= $2 }
		END { print n }' /proc/meminfo /proc/zoneinfo
}

seconds() { cut -d. -f1 /proc/uptime; }

mkdir /tmp/full
mount -t tmpfs -o size=100% full /tmp/full

# Once through all of it, so that what Linux keeps for ever is counted as that.
meanwhile
insmod $KO cpu=$CPU image=$IMG/exit42.bin && wait_attr state offline 60
rmmod offload
check "before: hotplugs and full memory" until_true 120 sh -c 'test -s /tmp/hotplugs -a -s /tmp/fills'
enough
before=$(mem_free) pages=$(pages_taken)
traces > /tmp/traces.before

meanwhile
t0=$(seconds)
starts "$STARTS"
t1=$(seconds)
insmods "$INSMODS"
t2=$(seconds)
check "hotplugs meanwhile" until_true 120 more_than /tmp/hotplugs 1
check "memory full meanwhile" until_true 120 more_than /tmp/fills 0
enough
check "every core came up each time" test ! -e /tmp/wrong
is "all cores" "$(online)" 0-3
echo "# $STARTS start/stop: $((t1 - t0)) s; $INSMODS insmod/rmmod: $((t2 - t1)) s;" \
	"meanwhile $(cat /tmp/hotplugs) hotplugs, memory full $(cat /tmp/fills) times"

# A leaked region would be 16 MiB; what Linux keeps of so many hotplugs is a few 100 KiB.
after=$(mem_free)
check "memory given back ($before -> $after KiB)" test $((before - after)) -lt $((2048 * SLOW))
after=$(pages_taken)
check "pages given back ($pages -> $after)" test $((after - pages)) -lt $((256 * SLOW))
traces > /tmp/traces.after
is "nothing of the module's is left" "$(traces_new)" ""
# The core works: run something on it.
is "core $CPU runs Linux's tasks" "$(taskset 8 sh -c 'awk "{ print \$39 }" /proc/self/stat')" $CPU

umount /tmp/full
done_testing
