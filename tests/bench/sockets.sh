#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# B4 B5 B5e B8 B12: vsock, entropy and console against TCP on the same rings and Linux's own ways.
. "$TOP/tests/bench/lib/lib.sh"
dir=$bin/sockets
HOP_DIR=$WORK/hop
export HOP_DIR
mkdir "$HOP_DIR"

# as BENCH: what was printed is of this benchmark, and has no fields that a dropped one lacks.
as() { sed -n "s/^{\"case\"/{\"bench\":\"$1\",\"case\"/p"; }

# try BENCH COMMAND RUN CASE: once more while the machine moves, and while the two CPUs are
# not where they were for the others of this run (two numbers of R are compared only then).
run_now= run_r=
try()
{
	local bench=$1 left=8 line r run=
	shift
	[[ $* =~ \ ([0-9]+)\ [^\ ]*=[^\ ]*$ ]] && run=$bench.${BASH_REMATCH[1]}
	[ "$run" = "$run_now" ] || run_now=$run run_r=
	while [ $((left -= 1)) != 0 ]; do
		line=$("$@" 2>&1 | grep '^{"case"' | as "$bench")
		[ -n "$line" ] || { say "$*: no answer"; return; }
		r=${line#*\"R\":} r=${r%%.*}
		case $line in
		*'"dropped"'*)
			printf '%s\n' "$line"
			;;
		*)
			: "${run_r:=$r}"
			if [ $((r * 2)) -lt $((run_r * 3)) ] && [ $((r * 3)) -gt $((run_r * 2)) ]; then
				printf '%s\n' "$line"
				return
			fi
			printf '%s\n' "${line%\}},\"dropped\":\"R\"}"
			;;
		esac
		sleep 0.1
	done
}

# endpoint NAME [MTU]: the daemon's device code with other ends in memory.
endpoint()
{
	rm -f "$WORK/end"
	( exec_or_run() { exec "$@"; }; on 1 timeout 300 "$dir/$1" "$WORK/end" ${2:-} ) \
		</dev/null >"$WORK/end.log" 2>&1 &
	end_pid=$!
	local left=100
	until [ -S "$WORK/end" ] || [ $((left -= 1)) = 0 ]; do sleep 0.05; done
}
image() { on 0 timeout 10 "$dir/$1" --pmm "$WORK/end" -- "${@:2}"; }

# --- B5, B8, B12: the transport alone, and Linux's ---

endpoint endpoint
transport()
{
	local c
	for c in rtt64=rtt:64 out=out:65536 copy=copy:65536 in=inbig:65536; do
		try B5 image transport "$1" "${c%=*}=vsock:${c#*=}"
		for how in unix tcp; do
			case $c in
			rtt*)
				try B5 on 0 "$dir/ipc" "$1" "rtt64@$how=$how:rtt:64"
				try B5 on 0 "$dir/ipc" "$1" "rtt64@$how-busy=$how:busy:64"
				;;
			*) try B5 on 0 "$dir/ipc" "$1" "${c%=*}@$how=$how:out:65536" ;;
			esac
		done
	done
	for c in 32 256 4096; do
		try B8 image transport "$1" "entropy$c=entropy:get:$c"
		try B8 on 0 "$dir/ipc" "$1" "entropy$c@getrandom=entropy:get:$c"
	done
	for c in 1 10 200 1000; do
		try B12 image transport "$1" "connections$c=vsock:many:$c"
	done
}
runs transport
kill $end_pid

# --- B5e: to a program of Linux, which shares the daemon's CPU ---

( exec_or_run() { exec "$@"; }; on 1 timeout 300 "$dir/ipc" serve "$HOP_DIR" ) &
serve_pid=$!
start_pmm --vsock "path=$HOP_DIR,registry=$WORK/cid,window=1M" --window 8M \
	--console "file:$WORK/console" --console file:/dev/null,name=bench
whole()
{
	local c
	for c in rtt64=rtt:64 out=out:65536 in=inbig:65536; do
		try B5e on 0 "$dir/ipc" "$1" "${c%=*}@hop=hop:${c#*=}"
		window --bench B5e --who ours --run "$1" --values "$WORK/console" --pid $pmm_pid \
			chrt -f 20 taskset -c "${bench_cpus[0]}" "$dir/transport" --pmm "$sock" -- \
			- "${c%=*}=vsock:${c#*=}" end
	done
}
runs whole

console()
{
	local c
	for c in 1 4096; do
		window --bench B8 --who ours --run "$1" --values "$WORK/console" --pid $pmm_pid \
			chrt -f 20 taskset -c "${bench_cpus[0]}" "$dir/transport" --pmm "$sock" -- \
			- "console$c=console:write:$c" end
		try B8 on 0 "$dir/ipc" "$1" "console$c@pty=pty:write:$c"
		try B8 on 0 "$dir/ipc" "$1" "console$c@pipe=pipe:write:$c"
	done
}
runs console
stop_pmm
kill $serve_pid

# --- B4: TCP over the network device's rings; last, as it takes longest and the group's time is bounded ---

tcp()
{
	try B4 image "transport-$v" "$1" "rtt64@$v-$mtu=tcp:rtt:64"
	try B4 image "transport-$v" "$1" "rtt64@ours-$v-$mtu=vsock:rtt:64"
	try B4 image "transport-$v" "$1" "bulk@$v-$mtu=tcp:copy:65536"
	try B4 image "transport-$v" "$1" "bulk@ours-$v-$mtu=vsock:out:65536"
}
for v in tcp tcpns; do
	for mtu in 1500 16384; do
		endpoint "endpoint-$v" $mtu
		runs tcp
		kill $end_pid
	done
done
