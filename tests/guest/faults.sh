# SPDX-License-Identifier: BSD-2-Clause
# The guest's half of tests/host/test_faults.sh: each fault of faults.list, one after
# the other on the same core; a row of docs/faults.md for each, behind "row ", and
# core files in /out.
. /offload/tests/lib.sh
. /offload/tests/offload.sh

arch=$(uname -m)
share_new
not_running() { [ "$(attr state)" != running ]; }
has_dump() { [ -e $DEV/devcoredump/data ]; }

# What the kernel has said of the end of the image: the last such line.  Addresses
# that another build or boot would have others of are cut.
last_line()
{
	dmesg | sed 's/^\[[^]]*\] offload: //' | grep -E "$1" | tail -n 1 |
		sed -E -e 's/0x70000[0-9a-f]{7}/0x7.../g' -e 's|/offload/images/||' \
		-e "/park area/s/0x[0-9a-f]{6,9}/0x.../g"
}

row() { echo "row | $description (\`$name\`) | $arch | $1 | \`$2\` |"; }

save_dump()
{
	has_dump || return 1
	cp $DEV/devcoredump/data "/out/$name-$arch.core" && echo 1 > $DEV/devcoredump/data
}

# The image runs until it is told to stop.
stop_it()
{
	if ! echo stop > $DEV/state; then
		not_ok "$name: stop" "$(dmesg | tail -n 5)"
	fi
	row "stopped" "$(last_line 'was stopped|by force')"
	is "$name: state" "$(attr state)" offline
}

check "insmod" insmod $KO cpu=$CPU image=$IMG/faults.bin start=0
while read -r name where how trace description; do
	case $name:$where in
	'#'* | :*) continue ;;
	esac
	[ "$where" = both ] || [ "$where" = "$arch" ] || continue
	case $name in
	mce) printf endless > $DEV/args ;;
	*) printf '%s' "$name" > $DEV/args ;;
	esac
	dmesg -c > /dev/null
	check "$name: start" sh -c "echo start > $DEV/state"
	case $how in
	end)
		check "$name: ends" until_true 90 not_running
		if [ "$(attr state)" = crashed ]; then
			row "crashed" "$(last_line ' crashed: | left CPU ')"
			check "$name: core file" save_dump
		else
			row "ended, exit status $(attr exit_status)" "$(last_line ' exited with ')"
		fi
		;;
	nmi)
		for n in 1 2 3 4 5 6 7 8 9 10; do
			echo l > /proc/sysrq-trigger
		done
		is "$name: state" "$(attr state)" running
		check "$name: core file on demand" sh -c "echo 1 > $DEV/dump"
		check "$name: core file" save_dump
		stop_it
		;;
	stop)
		sleep 1
		is "$name: state" "$(attr state)" running
		stop_it
		;;
	stuck)
		sleep 1
		if echo stop > $DEV/state; then
			not_ok "$name: is stuck" "stop has worked"
		fi
		is "$name: state" "$(attr state)" stuck
		row "stuck until it lets go" "$(last_line 'does not give')"
		pmm_start
		check "$name: lets go" wait_attr state offline 90
		pmm_stop
		check "$name: no PMM" wait_attr pmm none 30
		;;
	mce)
		sleep 1
		: > /out/want-mce
		check "$name: ends" until_true 90 not_running
		row "crashed" "$(last_line ' crashed: ')"
		check "$name: core file" save_dump
		;;
	esac
	is "$name: Linux has its cores" "$(online)" 0-2
done < /offload/tests/faults.list

# After all that: an image that is well.
echo $IMG/exit42.bin > $DEV/image
check "afterwards: start" sh -c "echo start > $DEV/state"
check "afterwards: ends" wait_attr state offline 60
is "afterwards: exit status" "$(attr exit_status)" 42
check "rmmod" rmmod offload
check "all cores back" all_online
done_testing
