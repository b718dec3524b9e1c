#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 900
exec "$TOP/tests/model/doorbell.sh"
