#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A panic without a crash kernel: a running image is asked to stop, nobody waits for it,
# and the panic goes its way.
set -u
. "$TOP/tests/guest/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/panic.sh" <<'SCRIPT'
. /offload/tests/lib.sh
. /offload/tests/offload.sh
insmod $KO cpu=$CPU image=$IMG/spin.bin && wait_attr state running 60 || exit 3
echo c > /proc/sysrq-trigger
sleep 99
SCRIPT

# boot ARCH MACHINE
boot()
{
	local arch=$1 dir=$O/$1 x files=()

	for x in lib offload; do
		files+=(--file "$TOP/tests/guest/$x.sh=/offload/tests/$x.sh")
	done
	"$TOP/tests/lab/guest" --machine "$2" --log "$O/log/check/host-test_panic-$arch.log" \
		"${files[@]}" --file "$dir/images/spin.bin=/offload/images/spin.bin" \
		--file "$dir/module/6.1/offload.ko=/offload/offload.ko" \
		"$work/panic.sh" >"$work/$arch.out" 2>"$work/$arch.err"
	echo $? >"$work/$arch.status"
}

mkdir -p "$O/log/check"
boot x86_64 hlt &
boot aarch64 gicv3 &
wait
for arch in x86_64 aarch64; do
	log=$O/log/check/host-test_panic-$arch.log
	if [ "$(cat "$work/$arch.status")" = 98 ] && grep -aq 'Kernel panic' "$log"; then
		ok "$arch: it panics"
	else
		not_ok "$arch: it panics" "status $(cat "$work/$arch.status")" "$(cat "$work/$arch.err")"
	fi
	if grep -aq 'offload0: image .*spin.bin was asked to stop; CPU 3 stays away' "$log"; then
		ok "$arch: the image was asked to stop"
	else
		not_ok "$arch: the image was asked to stop" "$(tail -n 20 "$log")"
	fi
done
done_testing
