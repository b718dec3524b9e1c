# SPDX-License-Identifier: BSD-2-Clause
# The same runtime and images on the second C library.
# machines: hlt gicv3 el2
. /offload/tests/lib.sh
. /offload/tests/offload.sh
IMG=$IMG-newlib

share_new
wordcount_job "word count" input.txt counts.txt image=$IMG/wc.bin 'args="input.txt counts.txt"'
check "word count: 1000 timer interrupts" grep -q '1000' /tmp/pmm.out

# The ground under main, and floating point across interrupts.
check "startup: insmod" insmod $KO cpu=$CPU image=$IMG/startup.bin
for i in startup fpu; do
	echo $IMG/$i.bin > $DEV/image
	[ "$(attr state)" = running ] || echo start > $DEV/state
	check "$i: ends" wait_attr state offline 30
	is "$i: exit status" "$(attr exit_status)" 0
done

# Files, directories, stdio and clocks; streams flushed by exit.
mkdir /tmp/share/empty
chmod 777 /tmp/share/empty
for i in "posix empty 0" "unflushed unflushed 7"; do
	set -- $i
	echo $IMG/$1.bin > $DEV/image
	printf '%s' "$2" > $DEV/args
	echo start > $DEV/state
	pmm_start
	check "$1: ends" wait_attr state offline 60
	is "$1: exit status" "$(attr exit_status)" $3
	pmm_stop
	check "$1: no failure" sh -c "! grep '^not ok' /tmp/pmm.out"
done
is "unflushed: what main and the handler wrote" "$(cat /tmp/share/unflushed)" \
	"$(printf 'from main\nfrom the handler')"
check "rmmod" rmmod offload
check "all cores back" all_online
done_testing
