# SPDX-License-Identifier: BSD-2-Clause
# Several instances at once: two lent cores with a daemon each, neighbours on vsock,
# coming and going at run time, and what is refused.
# machines: hlt gicv2 gicv3
. /offload/tests/lib.sh
. /offload/tests/offload.sh

CLASS=/sys/class/offload
G=$IMG/exit42.bin

# on N COMMAND...: DEV is instance N's for one command.
on()
{
	_keep=$DEV DEV=$CLASS/offload$1
	shift
	"$@"
	_status=$?
	DEV=$_keep
	return $_status
}

# pmm N OPTION...: its daemon, in PMM_N; words in /tmp/N.err, console in /tmp/N.out.
pmm()
{
	_n=$1
	shift
	$PMM --device "/dev/offload$_n" --vsock "$@" < /dev/null > "/tmp/$_n.out" 2> "/tmp/$_n.err" &
	eval "PMM_$_n=$!"
}

pmm_end()
{
	eval "_pid=\$PMM_$1"
	kill "$_pid" 2> /dev/null
	wait "$_pid" 2> /dev/null
}

# write FILE TEXT
write() { echo "$2" > "$1"; }

# turned_down WHAT TEXT DMESG-PATTERN [FILE]: a write to add (or remove) that must fail.
turned_down()
{
	_before=$(ls $CLASS)
	_cpus=$(online)
	dmesg_mark
	if write "$CLASS/${4:-add}" "$2" 2> /dev/null; then
		not_ok "$1: refused" "the write succeeded"
	else
		ok "$1: refused"
	fi
	if dmesg_new | grep -q -e "$3"; then
		ok "$1: says why"
	else
		not_ok "$1: says why" "wanted: $3" "$(dmesg_new)"
	fi
	is "$1: nothing half-done" "$(ls $CLASS) $(online)" "$_before $_cpus"
}

share_new
head -c 1000000 /dev/urandom > /tmp/share/big
want=$(sha256sum < /tmp/share/big)

# --- what insmod refuses ---

refused "the same CPU twice" "Invalid argument" "names CPU 2 twice" cpu=2,2 image=$G,$G
refused "too few images" "Invalid argument" "2 CPUs, but image= has 1 element" cpu=2,3 image=$G
refused "too many images" "Invalid argument" "1 CPU, but image= has 2 elements" cpu=2 image=$G,$G
refused "mem= for three" "Invalid argument" "mem= has 3 elements" cpu=2,3 image=$G,$G mem=auto,auto,auto
refused "memory that overlaps" "Invalid argument" "overlaps that for CPU 3" \
	cpu=2,3 image=$G,$G mem=16M@0x30000000,16M@0x30800000
refused "one range for two" "Invalid argument" "overlaps" cpu=2,3 image=$G,$G mem=16M@0x30000000
refused "the boot CPU second" "Operation not permitted" "CPU 0 cannot be lent" cpu=3,0 image=$G,$G
refused "an absent CPU second" "No such device" "no CPU 99" cpu=3,99 image=$G,$G
refused "a bad image second" "unknown symbol in module" "nosuch.bin" cpu=2,3 image=$G,nosuch.bin
refused "no image second" "Invalid argument" "image= is missing" cpu=2,3 image=$G,
# What only the start finds out: the first one is undone.
check "hotplug off" insmod /offload/tests/hotplug_off.ko
refused "cores that do not go" "busy" "hotplug" cpu=2,3 image=$G,$G
check "hotplug on" rmmod hotplug_off

# An image that faults (x86_64), or switches its core off (aarch64), with its first
# instruction: an ELF file has no checksum.
u64() { dd if=/tmp/dead.elf bs=1 skip="$1" count=8 2> /dev/null | od -An -tu8 | tr -d ' '; }
cp $IMG/exit42.elf /tmp/dead.elf
entry=$(u64 24) ph=$(u64 32)
while [ $(($(u64 $ph) & 0xffffffff)) != 1 ] ||
	[ $((entry - $(u64 $((ph + 16))))) -ge "$(u64 $((ph + 32)))" ]; do
	ph=$((ph + 56))
done
if [ "$(uname -m)" = x86_64 ]; then
	code='\017\013' # ud2
	why="Input/output error"
else
	code='\100\000\200\122\000\200\260\162\002\000\000\324' # CPU_OFF by hvc
	why="timed out"
fi
printf "$code" | dd of=/tmp/dead.elf bs=1 conv=notrunc \
	seek=$((entry - $(u64 $((ph + 16))) + $(u64 $((ph + 8))))) 2> /dev/null
refused "a second one that does not start" "$why" "dead.elf did not start on CPU 3" \
	cpu=2,3 image=$IMG/spin.bin,/tmp/dead.elf

# --- two at once ---

check "insmod cpu=2,3" insmod $KO cpu=2,3 image=$IMG/httpd.bin,$IMG/idle.bin
is "both left Linux" "$(online)" 0-1
is "nproc" "$(nproc)" 2
is "their CPUs" "$(on 0 attr cpu) $(on 1 attr cpu)" "2 3"
is "both run" "$(on 0 attr state) $(on 1 attr state)" "running running"
check "two memories" test "$(on 0 attr mem)" != "$(on 1 attr mem)"
check "two doorbells" test "$(on 0 attr bell | cut -d' ' -f1)" != "$(on 1 attr bell | cut -d' ' -f1)"
is "no CID before a daemon" "$(on 0 attr cid)$(on 1 attr cid)" ""
for n in 2 3; do
	check "guard: CPU $n stays away" \
		sh -c "! echo 1 > /sys/devices/system/cpu/cpu$n/online 2> /dev/null"
done
check "sleep is refused" sh -c "! echo freeze > /sys/power/state 2> /dev/null"
is "both still run" "$(on 0 attr state) $(on 1 attr state)" "running running"

pmm 0 --share /tmp/share
mkdir -p /tmp/second
pmm 1 --share /tmp/second
check "the first serves" until_true 60 grep -q listening /tmp/0.out
check "the second is up" until_true 60 grep -q 'idle: ready' /tmp/1.out
is "CIDs in sysfs" "$(on 0 attr cid) $(on 1 attr cid)" "3 4"
is "CIDs registered" "$(readlink /run/offload/cid/3) $(readlink /run/offload/cid/4)" \
	"/run/offload/offload0 /run/offload/offload1"

# The second is stopped and started with another image; the first does not care.
check "stop of the second" write $CLASS/offload1/state stop
is "the first runs on" "$(on 0 attr state) $(on 1 attr state)" "running offline"
write $CLASS/offload1/image $IMG/fetch.bin
write $CLASS/offload1/args "vsock:3:80 /big copy"
check "start of the second" write $CLASS/offload1/state start
check "it ends" on 1 wait_attr state offline 100
is "its exit status" "$(on 1 attr exit_status)" 0
is "1 MB from image to image" "$(sha256sum < /tmp/second/copy)" "$want"
is "the first runs on" "$(on 0 attr state)" running
[ "$(on 1 attr exit_status)" = 0 ] || cat /tmp/0.err /tmp/1.err /tmp/1.out | sed 's/^/# /'

# Nobody there: ECONNRESET, not a wait.
write $CLASS/offload1/args "vsock:9:80 /big copy"
write $CLASS/offload1/state start
check "a CID that nobody has: ends" on 1 wait_attr state offline 60
is "a CID that nobody has: ECONNRESET" "$(on 1 attr exit_status)" 3

# --- removing and adding while the other runs ---

turned_down "remove with a daemon" 1 "end its offload-pmm" remove
pmm_end 1
is "no CID without a daemon" "$(on 1 attr cid)" ""
check "remove" write $CLASS/remove offload1
check "it is gone" test ! -e $CLASS/offload1 -a ! -e /dev/offload1
is "its CPU is back" "$(online)" 0-1,3
is "the first runs on" "$(on 0 attr state)" running
turned_down "remove what is not there" 1 "there is no offload1" remove
turned_down "remove nonsense" all "number of an instance" remove

turned_down "CPU lent already" "cpu=2 image=$G" "CPU 2 is already lent to offload0"
turned_down "the boot CPU" "cpu=0 image=$G" "CPU 0 cannot be lent"
turned_down "no CPU" "image=$G" "cpu= is missing"
turned_down "no image" "cpu=3" "image= is missing"
turned_down "no such key" "cpu=3 imgae=$G" "no 'imgae='"
turned_down "a key twice" "cpu=3 cpu=2 image=$G" "cpu= is there twice"
turned_down "an open quote" "cpu=3 image=$G args=\"one" "quote"
turned_down "no value" "cpu" "not KEY=VALUE"
turned_down "a list" "cpu=1,3 image=$G" "not the number of a CPU"
turned_down "no such image" "cpu=3 image=/tmp/nosuch.bin" "/tmp/nosuch.bin"
turned_down "one that does not start" "cpu=3 image=/tmp/dead.elf" "did not start"
echo 0 > /sys/devices/system/cpu/cpu3/online
turned_down "an offline CPU" "cpu=3 image=$G" "offline"
echo 1 > /sys/devices/system/cpu/cpu3/online

(cd $IMG && write $CLASS/add 'cpu=3 image=args.bin args="one '\''two words'\'' \"three \\\"3\\\"\"" mem=auto:8M window=2M')
is "add: its CPU left" "$(online)" 0-1
check "add: it has a device" test -c /dev/offload1
check "add: it ends" on 1 wait_attr state offline 60
for w in one 'two words' 'three "3"'; do
	check "add: argument $w" grep -q -F "$w" $CLASS/offload1/log
done
is "add: its memory" "$(on 1 attr mem | cut -d' ' -f1,3,5)" "auto 0x800000 0x200000"
check "add start=0" write $CLASS/add "cpu=1 image=$G start=0"
is "add start=0: Linux has the core" "$(on 2 attr core) $(online)" "linux 0-1"
turned_down "a CPU that is spoken for" "cpu=1 image=$G" "CPU 1 is already lent to offload2"
check "start of the third" write $CLASS/offload2/state start
is "one CPU is left" "$(nproc)" 1
check "the third ends" on 2 wait_attr state offline 60
is "the third's exit status" "$(on 2 attr exit_status)" 42
check "remove the third" write $CLASS/remove 2
check "remove the second" write $CLASS/remove 1
check "the first still serves" sh -c "! grep -q ended /tmp/0.err"

# A file that does not come (a FIFO that nobody writes to) keeps nobody else waiting.
mkfifo /tmp/slow
dmesg_mark
write $CLASS/add "cpu=3 image=/tmp/slow" 2> /dev/null &
slow=$!
sleep 1
check "a slow file: is waited for" kill -0 $slow
check "a slow file: another instance comes" timeout 20 sh -c "echo cpu=3 image=$G > $CLASS/add"
check "a slow file: and goes" timeout 20 sh -c "echo 1 > $CLASS/remove"
(echo > /tmp/slow) 2> /dev/null
if wait $slow; then not_ok "a slow file: is none"; else ok "a slow file: is none"; fi
check "a slow file: says so" until_true 20 sh -c "dmesg | tail -n +$((MARK + 1)) | grep -q '/tmp/slow: is empty or not a regular file'"

# Ten times, without a trace.
check "the first still runs" on 0 attr_is state running
n=0
before=$(mem_free)
while [ $n -lt 10 ]; do
	write $CLASS/add "cpu=3 image=$IMG/spin.bin" || break
	write $CLASS/remove 1 || break
	n=$((n + 1))
done
is "ten times add and remove" $n 10
after=$(mem_free)
check "memory given back ($before -> $after KiB)" test $((before - after)) -lt 2048
is "online" "$(online)" 0-1,3
pmm_end 0
check "rmmod with one running" rmmod offload
check "all cores back" all_online

# --- no instance at first ---

check "insmod cpu=none" insmod $KO cpu=none
check "add" write $CLASS/add "cpu=3 image=$IMG/spin.bin"
check "add another" write $CLASS/add "cpu=2 image=$IMG/spin.bin"
is "both run" "$(on 0 attr state) $(on 1 attr state)" "running running"
# A file that does not come, for an instance that is there: it is in use, and so is the
# module, until whoever waits gives up.
dmesg_mark
write $CLASS/offload1/image /tmp/slow 2> /dev/null &
slow=$!
sleep 1
check "a slow image: is waited for" kill -0 $slow
for what in "echo 1 > $CLASS/remove" "rmmod offload"; do
	if timeout 20 sh -c "$what" 2> /dev/null; then
		not_ok "a slow image: $what: refused"
	else
		is "a slow image: $what: refused at once" $? 1
	fi
done
check "a slow image: it is in use" sh -c "dmesg | tail -n +$((MARK + 1)) | grep -q 'offload1 is in use; .* writes to its image'"
kill $slow
if wait $slow; then not_ok "a slow image: is none"; else ok "a slow image: is none"; fi
check "a slow image: remove, when nobody waits any more" write $CLASS/remove 1
check "a slow image: add again" write $CLASS/add "cpu=2 image=$IMG/spin.bin"

check "rmmod with both running" rmmod offload
check "all cores back at the end" all_online
check "nothing left" test ! -e $CLASS
check "no trace in /proc/interrupts" sh -c '! grep -q offload /proc/interrupts'
done_testing
