#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Guest tests that share a boot: each gets its own verdict, and whatever happens to one,
# the others run.
# timeout: 900
set -u
. "$TOP/tests/guest/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

expect() # WHAT GOT PATTERN
{
	case $2 in
	$3) ok "$1" ;;
	*) not_ok "$1" "got: $2" "wanted: $3" ;;
	esac
}

# A tree with tests of its own.
mkdir -p "$work/tests/guest"
cp -r "$TOP/tests/lab" "$work/tests/"
cp "$TOP/tests/guest/lib.sh" "$work/tests/guest/"
make_test() # NAME COMMANDS [LIMIT]
{
	cat >"$work/tests/guest/test_$1.sh" <<-END
	# SPDX-License-Identifier: BSD-2-Clause
	# machines: gicv3
	# timeout: ${3:-100}
	. /offload/tests/lib.sh
	$2
	done_testing
	END
}

# What one leaves behind, the next one does not see.
make_test 1_leaves 'ok one; echo x > /tmp/left; echo x > /run/left; sleep 1000 & ip tuntap add t9 mode tap 2> /dev/null'
make_test 2_sees '[ ! -e /tmp/left ] && [ ! -e /run/left ] && ok files || not_ok files
	[ "$(ps | grep -c "sleep 100[0]")" = 0 ] && ok processes || not_ok processes
	ping -c 1 127.0.0.1 > /dev/null && ok network || not_ok network'
make_test 3_fails 'ok first; not_ok second "its reason"'
make_test 4_breaks_off 'ok first; exit 0'
# What it has said is given time to leave the machine.
make_test 5_panics 'ok first; sleep 2; echo c > /proc/sysrq-trigger; sleep 99'
make_test 6_warns 'ok first; echo "<4>WARNING: CPU: 0 PID: 1 made up" > /dev/kmsg'
make_test 7_hangs 'ok first; sleep 1000' 15
make_test 8_ends 'ok first; kill -9 1; echo o > /proc/sysrq-trigger; sleep 99'
make_test 9_passes 'ok first; ok second'
BATCH=99 JOBS=1 TESTS='' MACHINES='*' "$work/tests/lab/check" guest >"$work/out" 2>&1
line() { grep -E -A 4 "^(ok|FAIL) +guest/test_$1" "$work/out"; }
expect "one that passes" "$(line 1_leaves)" 'ok * 1 passed *'
expect "nothing is left of it" "$(line 2_sees)" 'ok * 3 passed *'
expect "one that fails" "$(line 3_fails)" 'FAIL * 1 passed, 1 failed *not ok 2 second*its reason*'
expect "one that breaks off" "$(line 4_breaks)" 'FAIL * 1 passed, 1 failed *no plan*'
expect "one that panics" "$(line 5_panics)" 'FAIL * 1 passed, * failed *Kernel panic*'
expect "one that the kernel complains of" "$(line 6_warns)" 'FAIL * 1 passed, 1 failed *complained*WARNING*'
expect "one that hangs" "$(line 7_hangs)" 'FAIL * 1 passed, * failed *not done after 15 s*'
expect "one that switches the machine off" "$(line 8_ends)" 'FAIL * 1 passed, * failed *without a status*'
expect "the last one" "$(line 9_passes)" 'ok * 2 passed *'
expect "all are counted" "$(grep -c '^\(ok\|FAIL\)' "$work/out")" 9
expect "the total" "$(tail -n 1 "$work/out")" '12 passed, * failed, 0 skipped'
[ $KTAP_FAILED = 0 ] || sed 's/^/# /' "$work/out"
done_testing
