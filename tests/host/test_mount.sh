#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# mount(): the image's 9p client over vsock, against a server that nobody here wrote (diod).
# needs: diod
set -u
. "$TOP/tests/host/sockets.sh"
diod=$("$TOP/tests/lab/diod" x86_64)
mkdir far other
head -c 5000000 /dev/urandom >far/in

port=$(free_port)
server=("$diod/ld.so" --library-path "$diod" "$diod/diod" -f -n -l "127.0.0.1:$port" -e "$work/far" -L stderr)
[ "$(id -u)" = 0 ] || server+=(-N -S -U "$(id -un)")
"${server[@]}" >diod.log 2>&1 &
diod=$!
until_true bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
start_pmm --forward "vsock:564:tcp:127.0.0.1:$port"

remote() { : >console; timeout 120 "$native/remote" --pmm "$sock" 564 "$1" >image.log 2>&1; }

remote "$work/far"
is "an image mounts it" $? 0
is "reads and writes" "$(sha256sum <far/out)" "$(sha256sum <far/in)"
is "makes, renames, lists" "$(grep ^entry console | sort | tr '\n' ' ')" "entry . entry .. entry in entry out entry renamed "
is "nothing is left open there" "$(grep -c unclunked diod.log)" 0
rmdir far/renamed
remote "$work/other"
is "what the server does not export is refused" "$? $(cat console)" "1 mount: Not owner"

disown $diod
kill -9 $diod
until_true bash -c "! exec 3<>/dev/tcp/127.0.0.1/$port"
remote "$work/far"
is "no server" "$? $(cat console)" "1 connect: Connection reset by peer"
done_testing
