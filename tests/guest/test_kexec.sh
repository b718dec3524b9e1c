# SPDX-License-Identifier: BSD-2-Clause
# Out of this kernel with a lent core: kexec into a fresh one, which has all CPUs;
# reboot, and on aarch64 kexec with a stuck core, which has to become one; a crash
# kernel; at the end power off.  One boot after the other; /keep remembers which.
# (Not on GICv3 booted by device tree: there the ITS goes on writing to tables of the
# kernel before, and the one after it stumbles, lent core or not.)
# machines: hlt gicv2
# needs: kexec
# keep: yes
# cmdline: crashkernel=256M
# log-x86_64: sysrq triggered crash
# log-aarch64: no kexec, but a cold reset now
# timeout: 900
boot=$(cat /keep/boot 2> /dev/null || echo 0)
echo $((boot + 1)) > /keep/boot
[ "$boot" = 0 ] || exec 3>&1 > /dev/null
. /offload/tests/lib.sh
. /offload/tests/offload.sh
[ "$boot" = 0 ] || exec >&3 3>&-
[ ! -e /keep/results ] || . /keep/results

KEXEC="/offload/kexec/ld.so --library-path /offload/kexec /offload/kexec/kexec"
arch=$(uname -m)

# Debian's kexec looks for _text, which lies 64 KiB before _stext, to know what is where in
# memory; the list of its arm64 kernel has no such name.
if [ "$arch" = aarch64 ]; then
	stext=$(awk '$3 == "_stext" { print $1 }' /proc/kallsyms)
	{
		cat /proc/kallsyms
		printf '%x T _text\n' $((0x$stext - 0x10000))
	} > /tmp/kallsyms
	mount --bind /tmp/kallsyms /proc/kallsyms
fi

# another KIND: this kernel once more, behind KIND of kexec (-l or -p), with few files
another()
{
	_words=kexeced _more=/offload/kexec
	# A crash kernel has little room.
	[ "$1" != -p ] || _words="crashed maxcpus=1 reset_devices irqpoll" _more=
	(
		cd / && {
			printf '%s\n' dev proc sys tmp run offload offload/tests offload/images
			find init bin lab etc root offload/offload.ko offload/tests/lib.sh \
				offload/tests/offload.sh offload/images/spin.bin \
				offload/images/exit42.bin offload/images/masked.bin ${_more#/}
		} | cpio -o -H newc > /tmp/initrd
	) 2> /dev/null
	$KEXEC "$1" /offload/kexec/vmlinuz --initrd=/tmp/initrd \
		--command-line="$(sed 's/crashkernel=[^ ]*//; s/ *kexeced//' /proc/cmdline) $_words" 2>&1
}

# borrow IMAGE: core 3, for an image that goes on
borrow()
{
	check "boot $boot: insmod" insmod $KO cpu=$CPU image=$IMG/$1.bin
	check "boot $boot: $1 runs" until_true 60 grep -q . $DEV/log
	is "boot $boot: a core is lent" "$(attr state) $(online)" "running 0-2"
}

# leave WHAT COMMAND...: this kernel's last word
leave()
{
	_what=$1
	shift
	{
		echo "KTAP_NR=$KTAP_NR KTAP_FAILED=$KTAP_FAILED"
	} > /keep/results
	sync
	"$@" 2>&1
	sleep 100
	not_ok "boot $boot: $_what" "this kernel is still there"
	done_testing
}

stuck_or_running()
{
	if [ "$arch" = x86_64 ]; then
		borrow spin
	else
		borrow masked
		echo stop > $DEV/state 2> /dev/null
		is "boot $boot: it is stuck" "$(attr state)" stuck
	fi
}

word() { grep -q -w "$1" /proc/cmdline; }

case $boot in
0)
	borrow spin
	another -l
	is "boot 0: a kernel is loaded" "$(cat /sys/kernel/kexec_loaded)" 1
	leave "kexec" $KEXEC -e -x
	;;
1)
	check "kexec: a fresh kernel" word kexeced
	is "kexec: all cores came up" "$(online)" 0-3
	check "kexec: core 3 runs Linux's tasks" taskset 8 true
	check "kexec: insmod" insmod $KO cpu=$CPU image=$IMG/exit42.bin
	check "kexec: an image runs" wait_attr exit_status 42 60
	check "kexec: rmmod" rmmod offload
	stuck_or_running
	if [ "$arch" = x86_64 ]; then
		leave "reboot" reboot -f
	fi
	another -l
	is "boot 1: a kernel is loaded" "$(cat /sys/kernel/kexec_loaded)" 1
	leave "kexec with a stuck core" $KEXEC -e -x
	;;
2)
	check "reset: not the other kernel" sh -c "! grep -q kexeced /proc/cmdline"
	is "reset: all cores" "$(online)" 0-3
	stuck_or_running
	another -p
	is "boot 2: a crash kernel is loaded" "$(cat /sys/kernel/kexec_crash_loaded)" 1
	leave "panic" sh -c "echo c > /proc/sysrq-trigger"
	;;
3)
	check "panic: the crash kernel" word crashed
	check "panic: has the memory of the other" test -s /proc/vmcore
	check "panic: saved" sh -c "head -c 1000000 /proc/vmcore > /keep/vmcore"
	is "panic: as an ELF file" "$(head -c 4 /keep/vmcore | tail -c 3)" ELF
	leave "reboot of the crash kernel" reboot -f
	;;
4)
	is "after all: all cores" "$(online)" 0-3
	borrow spin # and so it powers off
	done_testing
	;;
*)
	not_ok "boot $boot" "there should be no such boot"
	done_testing
	;;
esac
