# SPDX-License-Identifier: BSD-2-Clause
# For tests of sockets on this machine: a daemon and images as processes in a
# folder of their own, which becomes the working directory.  Sourced first.

# Where that is possible, in a network where nobody else takes a port that was free.
if [ -z "${NET_OF_ITS_OWN:-}" ] && unshare --net ip link set lo up 2>/dev/null; then
	NET_OF_ITS_OWN=1 exec unshare --net sh -c 'ip link set lo up && exec bash "$@"' sh "$0" "$@"
fi
. "$TOP/tests/guest/lib.sh"
native=$O/x86_64/native
pmm=$O/x86_64/pmm/offload-pmm
peer="/usr/bin/python3 $TOP/tests/host/vsock_peer.py"
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
unset OFFLOAD_PMM
for tool in socat curl ncat /usr/bin/python3; do
	command -v $tool >/dev/null || { skip "sockets" "no $tool"; done_testing; }
done
mkdir "$work/share" "$work/www"
cd "$work" || exit 1
sock=$work/sock vsock=$work/vsock

# until_true COMMAND...: for a minute.
until_true()
{
	local i
	for ((i = 0; i < 600; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	return 1
}

start_pmm() # OPTION...
{
	"$pmm" --socket "$sock" --share "$work/share" --console "file:$work/console" \
		--vsock "$@" >pmm.log 2>&1 </dev/null &
	pid=$!
	until_true grep -q 'waiting for an image' pmm.log
}

start_image() # NAME ARGUMENT...
{
	: >console
	"$native/$1" --pmm "$sock" "${@:2}" >image.log 2>&1 &
	image=$!
}

listens() { until_true grep -q listening console; }

stop_all()
{
	disown $pid $image 2>/dev/null
	kill -9 $pid $image 2>/dev/null
	until_true sh -c "! kill -0 $pid && ! kill -0 $image"
}

# does WHAT COMMAND...
does()
{
	local what=$1 out
	shift
	if out=$(timeout 120 "$@" 2>&1 </dev/null); then
		ok "$what"
	else
		not_ok "$what" "$out" "$(tail -n 3 pmm.log image.log console)"
	fi
}

# is WHAT GOT WANTED
is()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "got '$2', wanted '$3'" "$(tail -n 3 pmm.log image.log console 2>&1)"
	fi
}

# A TCP port that is free now.
free_port()
{
	/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

sum() { sha256sum | cut -d' ' -f1; }
