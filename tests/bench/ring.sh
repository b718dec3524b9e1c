#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# B1, B2: rings, polled, beside a bare queue and the kernel's ringtest.
set -e
. "$TOP/tests/bench/lib/lib.sh"
ringtest=$("$TOP/tests/lab/ringtest")
"$bin/ring" "$ringtest"
