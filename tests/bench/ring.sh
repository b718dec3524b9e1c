#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# B1 rings, polled.
. "$TOP/tests/bench/lib/lib.sh"
"$bin/ring"
