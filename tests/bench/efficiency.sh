#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# B11: sizes, and what the daemon's half does for each message besides moving it.
. "$TOP/tests/bench/lib/lib.sh"
. "$TOP/tests/lab/sizes.sh"
dir=$bin/sockets

# line CASE WHO VALUE UNIT
line()
{
	printf '{"bench":"B11","case":"%s","who":"%s","unit":"%s","value":%s,"run":0}\n' "$1" "$2" "$4" "$3"
}

# --- sizes; of what was built for aarch64 too, if it was ---

for arch in x86_64 aarch64; do
	base=$O/$arch
	[ -e "$base/pmm/offload-pmm" ] || continue
	line pmm $arch "$(own_bytes "$base/pmm/offload-pmm.map")" bytes
	line hello $arch "$(stat -c %s "$base/images/hello.bin")" bytes
	[ ! -e "$base/module/6.1/offload.ko" ] || line module $arch "$(code_bytes "$base/module/6.1/offload.ko")" bytes
done

# --- system calls and allocations of a message ---

# with WINDOWS COMMAND...: the endpoint under COMMAND, while the image sends 64 bytes to and
# fro for so many windows (of 60 ms); $sent is how often it did.
with()
{
	local windows=$1 cases=() i out
	shift
	for ((i = 0; i < windows; i++)); do cases+=("rtt$i=vsock:rtt:64"); done
	rm -f "$WORK/end"
	( exec_or_run() { exec "$@"; }; on 1 "$@" "$dir/endpoint" "$WORK/end" ) \
		</dev/null >"$WORK/end.log" 2>&1 &
	local pid=$! left=200
	until [ -S "$WORK/end" ] || [ $((left -= 1)) = 0 ]; do sleep 0.05; done
	out=$(on 0 timeout 60 "$dir/transport" --pmm "$WORK/end" -- - "${cases[@]}" 2>&1)
	sent=$(awk '/bench: rtt/ { n += 60e6 / $3 } END { printf "%.0f", n }' <<<"$out")
	pkill -TERM -x endpoint # not what it runs under
	wait $pid
}

calls() { with "$1" strace -f -c -o "$WORK/calls"; awk '$NF == "total" { print $4 }' "$WORK/calls" >"$WORK/n"; }
allocations()
{
	with "$1" gdb-multiarch -q -batch -ex 'handle SIGTERM nostop noprint pass' -ex 'set breakpoint pending on' \
		-ex 'break malloc' -ex 'ignore 1 1000000000' -ex run -ex 'info breakpoints' --args
	sed -n 's/.*already hit \([0-9]*\) time.*/\1/p' "$WORK/end.log" >"$WORK/n"
}

# The difference between few windows and many is what messages cost.
for what in calls allocations; do
	$what 2
	n=$(cat "$WORK/n") few=$sent
	$what 12
	line $what endpoint "$(awk -v a="${n:-x}" -v b="$(cat "$WORK/n")" -v m=$((sent - few)) \
		'BEGIN { if (a == "x" || b == "" || m < 1) print -1; else printf "%.6f", (b - a) / m }')" "a message"
done
