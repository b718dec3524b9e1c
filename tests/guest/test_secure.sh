# SPDX-License-Identifier: BSD-2-Clause
# Lockdown, as Secure Boot turns it on: an instance that is there works on, a module
# without a signature is not taken.  There is no way back from it, so this is the last
# test of its boot (its name comes behind test_reserved's, whose boot it shares).
# machines: hlt hlt-6.12
# cmdline: memmap=64M$0x30000000
. /offload/tests/lib.sh
. /offload/tests/offload.sh

LOCKDOWN=/sys/kernel/security/lockdown

share_new
check "insmod" insmod $KO cpu=$CPU image=$IMG/spin.bin
mount -t securityfs security /sys/kernel/security
for mode in integrity confidentiality; do
	check "$mode: on" sh -c "echo $mode > $LOCKDOWN"
	matches "$mode: is on" "$(cat $LOCKDOWN)" "*[[]$mode]*"
	check "$mode: stop" sh -c "echo stop > $DEV/state"
	is "$mode: stopped" "$(attr state)" offline
	check "$mode: the core is returned" sh -c "echo stop > $DEV/state"
	is "$mode: all cores" "$(online)" 0-3
	echo $IMG/wc.bin > $DEV/image
	printf 'input.txt %s' "$mode" > $DEV/args
	pmm_start
	check "$mode: start, with another image" sh -c "echo start > $DEV/state"
	check "$mode: it ends" wait_attr state offline 60
	is "$mode: exit status" "$(attr exit_status)" 0
	wordcount_right "$mode" input.txt $mode
	pmm_stop
	check "$mode: detached" wait_attr pmm none 60
	echo $IMG/crash_ud.bin > $DEV/image
	echo start > $DEV/state
	check "$mode: a crash" wait_attr state crashed 60
	check "$mode: its core file" until_true 60 test -e $DEV/devcoredump/data
	check "$mode: is an ELF file" sh -c "head -c 4 $DEV/devcoredump/data | grep -q ELF"
	echo 1 > $DEV/devcoredump/data
	echo $IMG/spin.bin > $DEV/image
	check "$mode: start again" sh -c "echo start > $DEV/state"
done
check "rmmod" rmmod offload
check "all cores back" all_online

refused "no signature" "Operation not permitted" \
	"insmod: unsigned module loading is restricted; see man kernel_lockdown.7" \
	cpu=$CPU image=$IMG/spin.bin
done_testing
