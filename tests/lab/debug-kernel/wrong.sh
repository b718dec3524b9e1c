# SPDX-License-Identifier: BSD-2-Clause
# The guest's half of proof: one mistake ($1), and a look for memory that nobody knows.
insmod /offload/wrong.ko what=$1 || exit 1
rmmod wrong
sleep 6
echo scan > /sys/kernel/debug/kmemleak
echo scan > /sys/kernel/debug/kmemleak
cat /sys/kernel/debug/kmemleak
