# SPDX-License-Identifier: BSD-2-Clause
# Sourced by tests/bench/NAME.sh.  A group prints lines of JSON on stdout, and what
# people should read on stderr.  There: $TOP, $O, $BENCH_RUNS, $QUICK, $WORK (a
# directory that is removed afterwards).

set -u
bin=$O/test/bench
native=$O/x86_64/native
pmm=$O/x86_64/pmm/offload-pmm
export OFFLOAD_USER=${OFFLOAD_USER:-$(id -u)}
mapfile -t bench_cpus < <(taskset -cp $$ | sed 's/.*: //' | tr , '\n' |
	awk -F- '{ for (i = $1; i <= (NF > 1 ? $2 : $1); i++) print i }')

say() { echo "bench: $*" >&2; }

# on N COMMAND...: on the Nth CPU (0 the image's, 1 the daemon's), in real time if allowed.
on()
{
	local cpu=${bench_cpus[$1]} fifo=
	shift
	chrt -f 20 true 2>/dev/null && fifo="chrt -f 20"
	exec_or_run $fifo taskset -c "$cpu" "$@"
}
exec_or_run() { "$@"; }

# window --bench B6 --who ours [--set N] [--pid PID] [--run N] [--values FILE] COMMAND...
# (tests/bench/lib/window.c): R and memcpy around it, a line of JSON for each of its
# lines "bench: CASE VALUE UNIT [X XUNIT]".
window() { "$bin/window" "$@"; }

# runs COMMAND...: COMMAND... I for each run; peers and ours are called in there, in turn.
runs()
{
	local i
	for ((i = 0; i < BENCH_RUNS; i++)); do
		"$@" "$i"
		sleep 0.05
	done
}

# start_pmm OPTION...: a daemon on CPU 1; $sock, $pmm_pid; what it prints is in $pmm_out.
sock=$WORK/socket
pmm_out=$WORK/pmm.out
start_pmm()
{
	rm -f "$sock"
	# exec: the process is the daemon, not a shell around it.
	( exec_or_run() { exec "$@"; }; on 1 "$pmm" --socket "$sock" "$@" ) \
		</dev/null >"$pmm_out" 2>&1 &
	pmm_pid=$!
	local left=200
	until [ -S "$sock" ]; do
		if [ $((left -= 1)) = 0 ] || ! kill -0 $pmm_pid 2>/dev/null; then
			say "the daemon does not start: $(tail -n 3 "$pmm_out")"
			exit 1
		fi
		sleep 0.05
	done
}
stop_pmm()
{
	kill "$pmm_pid" 2>/dev/null
	wait "$pmm_pid" 2>/dev/null
}
