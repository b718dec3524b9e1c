#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# docs/faults.md is what happens: one guest of each architecture goes through
# tests/guest/faults.list, its rows are compared with those of the page; and a stock
# gdb finds the faulting function from the core files.
# timeout: 1800
#
# SABOTAGE=y: and what ends a boot, each in one of its own (in soak); else one for each
# architecture, at the end of its boot.
#
# By hand, rows for the page: FAULTS_WRITE=y O=$PWD/build TESTS=test_faults tests/lab/check host
set -u
. "$TOP/tests/guest/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
page=$TOP/docs/faults.md

# boot ARCH MACHINE [SABOTAGE]
boot()
{
	local arch=$1 machine=$2 run=$1${3:+-$3} x files=()
	local dir=$O/$arch out=$work/$run

	mkdir -p "$out"
	for x in "$TOP"/tests/guest/{lib.sh,offload.sh,faults.list}; do
		files+=(--file "$x=/offload/tests/$(basename "$x")")
	done
	for x in faults exit42; do
		files+=(--file "$dir/images/$x.bin=/offload/images/$x.bin")
	done
	files+=(--file "$dir/module/6.1/offload.ko=/offload/offload.ko"
		--file "$dir/pmm/offload-pmm=/offload/offload-pmm"
		--file "$dir/guest-programs/victim=/offload/tests/victim")
	"$TOP/tests/lab/guest" --machine "$machine" --timeout 600 \
		--log "$O/log/check/host-test_faults-$run.log" --share "$out=/out" \
		--qemu "-monitor unix:$work/$run.monitor,server,nowait" \
		"${files[@]}" "$TOP/tests/guest/faults.sh" ${3:-} >"$work/$run.text" 2>"$work/$run.err"
	echo $? >"$work/$run.status"
}

# last_row RUN ARCH NAME: what came of a sabotage, if the guest could not say it itself
last_row()
{
	local what description

	! grep -q "^row .*(\`$3\`)" "$work/$1.text" || return 0
	grep -q "^sabotage $3" "$work/$1.text" || return 0
	if grep -aq 'Kernel panic' "$O/log/check/host-test_faults-$1.log"; then
		what="Linux panics"
	elif [ "$(cat "$work/$1.status")" = 124 ]; then
		what="Linux is not heard of again"
	else
		what="the machine resets"
	fi
	description=$(awk -v name="$3" -v arch="$2" '$1 == name && ($2 == "both" || $2 == arch) {
		sub(/^[^ ]+ [^ ]+ [^ ]+ [^ ]+ /, ""); print }' "$TOP/tests/guest/faults.list")
	echo "row | $description (\`$3\`) | $2 | $what: needs the memory guard | none |"
}

# names ARCH HOW...: those of the list
names()
{
	awk -v arch="$1" -v how=" ${*:2} " '$1 !~ /^#/ && ($2 == "both" || $2 == arch) &&
		index(how, " " $3 " ") { print $1 }' "$TOP/tests/guest/faults.list"
}

# What the guest cannot do: machine checks on its borrowed core, in the order of the list.
inject()
{
	local want

	for want in mce mce_held; do
		while [ ! -e "$work/x86_64.status" ] && [ ! -e "$work/x86_64/want-$want" ]; do
			sleep 0.5
		done
		echo "mce 3 1 0xb200000000000000 0x5 0 0" |
			timeout 20 socat - "UNIX-CONNECT:$work/x86_64.monitor" >/dev/null 2>&1
		: >"$work/x86_64/done-$want"
	done
}

mkdir -p "$O/log/check"
inject &
boot x86_64 hlt &
boot aarch64 gicv3 &
wait
if [ -n "${SABOTAGE:-}" ]; then
	for name in $(names x86_64 alone); do boot x86_64 hlt $name; done &
	for name in $(names aarch64 alone); do boot aarch64 gicv3 $name; done &
	wait
fi

# Of all boots of an architecture, in the order of the list.
rows_of()
{
	local name

	{
		cat "$work/$1.text"
		last_row $1 $1 $(names $1 last)
		for name in $([ -z "${SABOTAGE:-}" ] || names $1 alone); do
			cat "$work/$1-$name.text"
			last_row $1-$name $1 $name
		done
	} | tr -d '\r' | sed -n 's/^row //p'
}

page_rows()
{
	local not

	not=$([ -n "${SABOTAGE:-}" ] || names $1 alone)
	grep -E "^\| .* \(\`[a-z0-9_]+\`\) \| $1 \| " "$page" |
		grep -vE "\(\`(${not:+${not//$'\n'/|}})\`\)"
}

for arch in x86_64 aarch64; do
	status=$(cat "$work/$arch.status")
	# Of what came before the sabotage; that may have cost the guest its status.
	! tr -d '\r' <"$work/$arch.text" | grep -q '^before sabotage: 0$' || status=0
	if [ "$status" = 0 ]; then
		ok "$arch: every fault ends as it should, and the core comes back"
	else
		not_ok "$arch: status $status" "$(tail -n 2 "$work/$arch.err")" \
			"$(grep -A 4 '^not ok' "$work/$arch.text")"
	fi
	nr=$(rows_of $arch | wc -l)
	if [ "$nr" -ge 40 ]; then
		ok "$arch: at least 40 rows"
	else
		not_ok "$arch: at least 40 rows" "there are $nr"
	fi
	rows_of $arch >"$work/rows"
	if page_rows $arch | cmp -s - "$work/rows"; then
		ok "$arch: docs/faults.md says so"
	else
		not_ok "$arch: docs/faults.md says so" "$(page_rows $arch | diff - "$work/rows")"
	fi
	[ -z "${FAULTS_WRITE:-}" ] || cp "$work/rows" "$O/faults-$arch.md"
done

# --- core files ---

gdb=$(command -v gdb-multiarch) || gdb=

# expected ARCH: names of those that a backtrace must lead to
expected()
{
	awk -v arch="$1" '$1 !~ /^#/ && ($2 == "both" || $2 == arch) &&
		($4 == "y" || $4 == substr(arch, 1, 1)) { print $1 }' \
		"$TOP/tests/guest/faults.list"
}

for arch in x86_64 aarch64; do
	if [ -z "$gdb" ]; then
		skip "$arch: backtraces" "no gdb-multiarch"
		continue
	fi
	commands=()
	for name in $(expected $arch); do
		commands+=(-ex "echo == $name\n" -ex "core-file $work/$arch/$name-$arch.core" -ex bt)
	done
	timeout 300 "$gdb" -nx -batch "${commands[@]}" "$O/$arch/images/faults.elf" \
		>"$work/gdb" 2>&1
	for name in $(expected $arch); do
		out=$(sed -n "/^== $name\$/,/^== /p" "$work/gdb")
		case $out in
		*"fault_$name ("*" main ("*) ok "$arch: gdb: main has called fault_$name" ;;
		*) not_ok "$arch: gdb: main has called fault_$name" "$out" ;;
		esac
	done
done
[ -z "${FAULTS_WRITE:-}" ] || cp "$work"/*/*.core "$O/"

done_testing
