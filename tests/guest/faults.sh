# SPDX-License-Identifier: BSD-2-Clause
# The guest's half of tests/host/test_faults.sh: each fault of faults.list, one after
# the other on the same core; a row of docs/faults.md for each, behind "row ", and
# core files in /out.  With the name of a sabotage as argument: that one alone.
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

# What this guest cannot do is done by the monitor of its machine.
inject()
{
	: > "/out/want-$name"
	until_true 60 test -e "/out/done-$name"
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

# What the boot may not survive: after "sabotage NAME" there is a row, or nothing.
sabotage()
{
	check "insmod" insmod $KO cpu=$CPU image=$IMG/faults.bin start=0 "args=$name"
	dmesg -c > /dev/null
	echo "<5>lab-step: $name 90" > /dev/kmsg
	echo "sabotage $name"
	sleep 1 # it is out by then
	echo start > $DEV/state
	if until_true 5 not_running; then
		_outcome=$(attr state)
		_line=$(last_line ' crashed: | exited with ')
		if rmmod offload && all_online; then
			_outcome="$_outcome, and the core comes back"
		else
			_outcome="$_outcome, and the core is $(attr state)"
		fi
	elif echo stop > $DEV/state; then
		_outcome=stopped
	else
		_outcome="$(attr state): Linux goes on"
	fi
	for n in 0 1 2; do
		timeout 20 taskset $((1 << n)) true || _outcome="core $n is lost: needs the memory guard"
	done
	row "$_outcome" "${_line:-$(last_line 'was stopped|by force|does not give')}"
}

if [ -n "${1:-}" ]; then
	while read -r name where how trace description; do
		[ "$name" = "$1" ] || continue
		[ "$where" = both ] || [ "$where" = "$arch" ] || continue
		sabotage
		break
	done < /offload/tests/faults.list
	done_testing
fi

check "insmod" insmod $KO cpu=$CPU image=$IMG/faults.bin start=0
while read -r name where how trace description; do
	case $name:$where in
	'#'* | :*) continue ;;
	esac
	[ "$where" = both ] || [ "$where" = "$arch" ] || continue
	case $how in
	last) last="$name $description" ;;
	page)
		/offload/tests/victim > /tmp/victim &
		until_true 20 test -s /tmp/victim ;;
	esac
	[ $how != last ] && [ $how != alone ] || continue
	case $name in
	mce) printf endless > $DEV/args ;;
	mce_held)
		printf return > $DEV/args
		check "$name: injected" inject ;;
	linux_alias) printf '%s' "$name $(cat /tmp/victim)" > $DEV/args ;;
	*) printf '%s' "$name" > $DEV/args ;;
	esac
	dmesg -c > /dev/null
	check "$name: start" sh -c "echo start > $DEV/state"
	case $how in
	end | held)
		check "$name: ends" until_true 90 not_running
		if [ "$(attr state)" = crashed ]; then
			row "crashed" "$(last_line ' crashed: | left CPU ')"
			check "$name: core file" save_dump
		else
			row "ended, exit status $(attr exit_status)" "$(last_line ' exited with ')"
		fi
		;;
	page)
		check "$name: ends" until_true 90 not_running
		if wait $!; then
			row "Linux's memory is overwritten: needs the memory guard" "$(last_line ' exited with ')"
		else
			not_ok "$name: the page" "$(cat /tmp/victim)"
		fi
		;;
	nmi)
		for n in 1 2 3 4 5 6 7 8 9 10; do
			echo 1 > $DEV/dump
			echo 1 > $DEV/devcoredump/data
		done
		is "$name: state" "$(attr state)" running
		check "$name: core file on demand" sh -c "echo 1 > $DEV/dump"
		check "$name: core file" save_dump
		stop_it
		;;
	stop | force)
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
		check "$name: injected" inject
		check "$name: ends" until_true 90 not_running
		row "crashed" "$(last_line ' crashed: ')"
		check "$name: core file" save_dump
		;;
	esac
	if [ $how = force ]; then
		is "$name: Linux has all cores" "$(online)" 0-3
	else
		is "$name: Linux has its cores" "$(online)" 0-2
	fi
done < /offload/tests/faults.list

# After all that: an image that is well.
echo $IMG/exit42.bin > $DEV/image
check "afterwards: start" sh -c "echo start > $DEV/state"
check "afterwards: ends" wait_attr state offline 60
is "afterwards: exit status" "$(attr exit_status)" 42
check "rmmod" rmmod offload
check "all cores back" all_online
echo "before sabotage: $KTAP_FAILED"
name=${last%% *} description=${last#* }
sabotage
done_testing
