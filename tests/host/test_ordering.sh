#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Each acquire, release and fence of the window's protocol is needed, and
# together they are enough: see docs/ordering.md.
# timeout: 600
set -u
"$O/test/model/ordering" --runs 3000 --log "$O/log/check/ordering.log" >"$O/log/check/ordering.tap"
status=$?
cat "$O/log/check/ordering.tap"
[ $status = 0 ] || exit $status

# Points of the modelled files, and of no others, are those that were tried.
cd "$TOP" || exit 1
listed=$(grep -c '^ok [0-9]* without \(pmm\|baremetal\)/' "$O/log/check/ordering.tap")
there=$(cat pmm/{vq,vdev,window,pmm,loop}.c | grep -c 'ofl_mem_\(load\|store\)[136]\|ofl_mem_fence')
here=$(cat baremetal/{vq,virtio}.c baremetal/native/platform.c |
	grep -c '__ATOMIC_\(ACQUIRE\|RELEASE\|SEQ_CST\|ACQ_REL\|CONSUME\)')
if [ "$listed" != $((there + here)) ]; then
	echo "# the model tried $listed points, the sources have $((there + here))"
	exit 1
fi
# Whoever else asks for an order is named in the document.
grep -l '__ATOMIC_\(ACQUIRE\|RELEASE\|SEQ_CST\|ACQ_REL\|CONSUME\)' -r pmm baremetal --include='*.[ch]' |
	while read -r file; do
		grep -q "$file" docs/ordering.md || echo "# $file is not in docs/ordering.md"
	done | grep . && exit 1
exit 0
