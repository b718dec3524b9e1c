#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# All that test_native.sh holds, with images on the second C library.
# timeout: 600
SUFFIX=-newlib
. "$TOP/tests/host/test_native.sh"
