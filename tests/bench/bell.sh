#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# B3: a daemon that looks all the time, one that learns how long to, one that never does; beside
# them eventfd, waited for in the kernel and in a loop.  doorbells: the image never looks, either.
. "$TOP/tests/bench/lib/lib.sh"
mkdir "$WORK/share"
echo data >"$WORK/share/data"
chmod -R a+rX "$WORK"
"$bin/bell" "$pmm" "$native/bench_bell" "$WORK" polling=always adaptive=50 doorbell=0 doorbells=0,0
