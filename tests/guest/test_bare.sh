# SPDX-License-Identifier: BSD-2-Clause
# The runtime's own tests (tests/bare) on a borrowed core; their results come
# through the log.
# machines: hlt gicv3
# bare: entry image irq libc memory timer trap
. /offload/tests/lib.sh
. /offload/tests/offload.sh

ended() { [ "$(attr state)" = offline ] || [ "$(attr state)" = crashed ]; }

# results NAME FILE: the results in a log, as ours; one more says that all are there.
results()
{
	awk -v nr="$KTAP_NR" -v name="$1" '
		/^(not )?ok [0-9]+ / {
			n++
			good = $1 == "ok"
			sub(/^(not )?ok [0-9]+ /, "")
			printf "%sok %d %s: %s\n", good ? "" : "not ", ++nr, name, $0
			next
		}
		/^1\.\.[0-9]+$/ { plan = substr($0, 4) + 0 }
		/^#/ { print }
		END {
			printf "%sok %d %s: all results are there\n", n && n == plan ? "" : "not ", ++nr, name
		}' "$2" > /tmp/results
	cat /tmp/results
	KTAP_NR=$((KTAP_NR + $(grep -c '^\(not \)\?ok ' /tmp/results)))
	KTAP_FAILED=$((KTAP_FAILED + $(grep -c '^not ok ' /tmp/results)))
}

check "insmod" insmod $KO cpu=$CPU image=/offload/bare/entry.bin "args=\"'two words' three\\ more\""
for image in /offload/bare/*.bin; do
	name=$(basename "$image" .bin)
	if [ "$name" != entry ]; then
		printf '%s' "$image" > $DEV/image
		printf '' > $DEV/args
		echo start > $DEV/state
	fi
	check "$name: ends" until_true 60 ended
	results "$name" $DEV/log
	is "$name: exit status" "$(attr state) $(attr exit_status)" "offline 0"
done
check "rmmod" rmmod offload
check "all cores back" all_online
done_testing
