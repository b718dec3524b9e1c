#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# B6, B7: files of a share on tmpfs, small operations and bulk; beside it, the same program
# straight on that tmpfs, and diod.  B12: more shares, larger files.
# needs: diod
. "$TOP/tests/bench/lib/lib.sh"
share=$(mktemp -d /dev/shm/offload-bench.XXXXXX)
diod_dir=$("$TOP/tests/lab/diod" x86_64)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$share"' EXIT

head -c 1M /dev/urandom >"$share/data"
mkdir "$share/names"
( cd "$share/names" && seq -f 'a-file-%g' 1000 | xargs touch )
chmod -R a+rwX "$share"
cd "$share"

fast() { chrt -f 20 true 2>/dev/null && echo chrt -f 20; }
image=($(fast) taskset -c "${bench_cpus[0]}")
small=(getattr,data,1,4000 read4k,data,4096,4000,1048576 write4k,data,4096,4000,1048576
	stat,data,1,1000 open,data,1,1000 readdir,names,1000,10)
bulk=()
for size in 8192 16384 65536 262144 1048576; do
	for op in read write; do bulk+=("$op,data,$size,$((16777216 / size)),1048576"); done
done

( exec_or_run() { exec "$@"; }
	on 1 "$diod_dir/ld.so" --library-path "$diod_dir" "$diod_dir/diod" -f -n -l "$WORK/diod" \
		-e "$share" -L "$WORK/diod.log" ) >/dev/null 2>&1 &
diod_pid=$!
left=200
until [ -S "$WORK/diod" ]; do
	[ $((left -= 1)) != 0 ] || { say "diod does not start"; exit 1; }
	sleep 0.05
done

ours() # BENCH WHO RUN SPEC...
{
	local bench=$1 who=$2 run=$3
	shift 3
	window --bench "$bench" --who "$who" --run "$run" --set "$set" --pid "$pmm_pid" --values "$pmm_out" \
		"${image[@]}" "$native/bench_files" --pmm "$sock" "$@"
}
bare() # BENCH RUN SPEC...
{
	local bench=$1 run=$2
	shift 2
	window --bench "$bench" --who bare --run "$run" --set "$set" "${image[@]}" "$bin/files_bare" "$@"
}
peer() # BENCH WHO RUN HOW SPEC...
{
	local bench=$1 who=$2 run=$3 how=$4
	shift 4
	window --bench "$bench" --who "$who" --run "$run" --set "$set" --pid "$diod_pid" \
		"$bin/diod_peer" "$WORK/diod" "$share" 262144 "$how" "$@"
}

round() # RUN
{
	set=4096
	ours B6 ours "$1" "${small[@]}"
	peer B6 diod "$1" blocking "${small[@]/%,4000/,500}"
	bare B6 "$1" "${small[@]}"
	peer B6 diod-busy "$1" busy "${small[@]}"
	set=1048576
	ours B7 ours-pool "$1" -pool "${bulk[@]}"
	peer B7 diod "$1" blocking "${bulk[@]}"
	ours B7 ours "$1" "${bulk[@]}"
	bare B7 "$1" "${bulk[@]}"
	peer B7 diod-busy "$1" busy "${bulk[@]}"
}
start_pmm --console stdio --share "$share"
runs round
stop_pmm

# --- B12 ---

set=4096

# Sparse, but for the pages that are asked for.
sizes=(4096 1048576 67108864 1073741824)
for size in "${sizes[@]}"; do
	truncate -s "$size" "$share/size-$size"
	head -c 4096 "$share/data" | dd of="$share/size-$size" bs=4096 seek=$((size / 4096 - 1)) \
		conv=notrunc status=none
done
grow_sizes()
{
	for size in "${sizes[@]}"; do
		ours B12 "size-$size" "$1" "getattr,size-$size,1,4000" "tail4k,size-$size,4096,4000,$size"
	done
}
start_pmm --console stdio --share "$share"
runs grow_sizes
stop_pmm

grow_shares()
{
	local n options=()
	for n in 1 2 4 8 16; do
		while [ ${#options[@]} -lt $((2 * n)) ]; do options+=(--share "$share"); done
		start_pmm --console stdio "${options[@]}"
		ours B12 "shares-$n" "$1" getattr,data,1,4000 read4k,data,4096,4000,1048576 \
			2>>"$WORK/image.log"
		stop_pmm
	done
}
runs grow_shares

# Others beside it, each with a daemon of its own: they wait for clients.
start_others() # HOW-MANY
{
	local sock pmm_out=$WORK/other.out pmm_pid
	while [ $((${#others[@]} / 2)) -lt "$1" ]; do
		sock=$WORK/other-${#others[@]}
		mkdir -p "$sock.vsock"
		start_pmm --console none --vsock "cid=$((100 + ${#others[@]})),path=$sock.vsock"
		"${image[@]}" "$native/echo" --pmm "$sock" 7 >>"$WORK/image.log" 2>&1 &
		others+=($pmm_pid $!)
	done
}
grow_instances()
{
	local n others=()
	start_pmm --console stdio --share "$share"
	for n in 1 2 4 8; do
		start_others $((n - 1))
		ours B12 "instances-$n" "$1" getattr,data,1,4000 read4k,data,4096,4000,1048576 \
			2>>"$WORK/image.log"
	done
	kill "${others[@]}"
	wait "${others[@]}" 2>/dev/null
	stop_pmm
}
runs grow_instances
