# SPDX-License-Identifier: BSD-2-Clause
# KTAP for tests in guests (busybox's sh).  Sourced first by tests/guest/test_*.sh.
#
#   ok WHAT                     a result that is right
#   not_ok WHAT [DIAGNOSIS]...  one that is wrong, and why
#   skip WHAT REASON            one that cannot be had here
#   plan N                      how many there will be, if known beforehand
#   done_testing                the end; without it the run counts as broken off
#
# The header of a test script tells the runner how to run it:
#   # machines: hlt gicv3       one boot on each (see tests/lab/guest)
#   # cmdline: memmap=...       more kernel parameters
#   # dt: reserved              aarch64: with a reserved-memory node
#   # qemu-x86_64: -device edu     more of QEMU's own options, for one architecture
#   # native: httpd fetch       images that it runs as processes
#   # keep: yes                 a folder /keep, and a reset boots again
#   # log-aarch64: TEXT         what the kernel's log must have in it (grep -E)
#   # needs: dbench             what tests/lab/NAME fetches
#   # timeout: 400              seconds, if 240 are few

KTAP_NR=0
KTAP_FAILED=0
KTAP_PLAN=
echo "KTAP version 1"

plan()
{
	KTAP_PLAN=$1
	echo "1..$1"
}

# A name is one line without '#', which would start a directive.
ktap_name() { printf '%s' "$1" | tr '\n#' ' =' ; }

ok()
{
	KTAP_NR=$((KTAP_NR + 1))
	echo "ok $KTAP_NR $(ktap_name "$1")"
}

not_ok()
{
	KTAP_NR=$((KTAP_NR + 1))
	KTAP_FAILED=$((KTAP_FAILED + 1))
	echo "not ok $KTAP_NR $(ktap_name "$1")"
	shift
	for _diagnosis; do
		printf '%s\n' "$_diagnosis" | head -n 30 | sed 's/^/# /'
	done
}

skip()
{
	KTAP_NR=$((KTAP_NR + 1))
	echo "ok $KTAP_NR $(ktap_name "$1") # SKIP $2"
}

done_testing()
{
	[ -n "$KTAP_PLAN" ] || echo "1..$KTAP_NR"
	[ $KTAP_FAILED = 0 ]
	exit $?
}
