# SPDX-License-Identifier: BSD-2-Clause
# The guest's half of `make run`: lend core 3, run the image, take the core back.
# run.sh IMAGE ARGS: IMAGE is a file name in /offload/run, /share the share.
image=$1 args=$2
dev=/sys/class/offload/offload0
failed=

bold()
{
	if [ -n "$LAB_TERMINAL" ]; then
		printf '\n\033[1m$ %s\033[0m\n' "$*"
	else
		printf '\n$ %s\n' "$*"
	fi
}

# Show a command, run it, remember that it failed.
show()
{
	bold "$*"
	"$@" || {
		echo "run: '$1' failed with status $?"
		failed=y
	}
}

# expect WHAT GOT WANTED
expect()
{
	[ "$2" = "$3" ] && return
	echo "run: $1 is '$2', should be '$3'"
	failed=y
}

echo "Linux $(uname -r) on $(uname -m)"
show nproc
expect "the number of CPUs" "$(nproc)" 4

cd /offload/run || exit 1
bold "insmod offload.ko cpu=3 image=$image args=\"$args\""
if ! insmod /offload/offload.ko cpu=3 "image=$image" "args=\"$args\""; then
	echo "run: the module refused; the kernel's reason:"
	dmesg | grep -i offload | tail -n 5
	exit 1
fi
show nproc
expect "the number of CPUs while one is lent" "$(nproc)" 3

# The daemon gives up root's power over other people's files: it serves the
# share as its owner.
user=
owner=$(stat -c %u:%g /share)
[ "$owner" = 0:0 ] || user="--user $owner"
: >/run/console.log
chown "$owner" /run/console.log
bold "offload-pmm --device /dev/offload0 --share /share --once${user:+ $user}"
/offload/offload-pmm --device /dev/offload0 --share /share --console stdio \
	--once --log /run/console.log $user <&0 &
pid=$!
# An image that needs no daemon may have ended before it came.
over=0
while [ $over -lt 20 ] && kill -0 $pid 2>/dev/null; do
	usleep 100000
	[ "$(cat $dev/state)" = running ] && over=0 || over=$((over + 1))
done
kill $pid 2>/dev/null
wait $pid
pmm=$?

bold "cat $dev/state"
cat $dev/state
expect "state" "$(cat $dev/state)" offline
bold "cat $dev/exit_status"
cat $dev/exit_status
expect "the exit status" "$(cat $dev/exit_status)" 0
[ $over -ge 20 ] || expect "the daemon's exit status" "$pmm" "$(cat $dev/exit_status)"
bold "tail /run/console.log"
tail -n 20 /run/console.log | tr -d '\r' | sed 's/^/    | /'
[ $over -ge 20 ] || [ -s /run/console.log ] ||
	expect "the console's transcript" empty written
if [ -n "$failed" ]; then
	bold "tail $dev/log"
	tail -n 20 $dev/log
	dmesg | grep -i offload | tail -n 10
fi

show rmmod offload
show nproc
expect "the number of CPUs at the end" "$(nproc)" 4
[ -z "$failed" ]
