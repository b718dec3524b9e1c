#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# mount(): the image's 9p client over vsock, against a server that nobody here wrote (diod).
# needs: diod
set -u
. "$TOP/tests/guest/lib.sh"
native=$O/x86_64/native
pmm=$O/x86_64/pmm/offload-pmm
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
unset OFFLOAD_PMM
diod=$("$TOP/tests/lab/diod" x86_64)
mkdir "$work/share" "$work/far" "$work/other"
cd "$work" || exit 1
head -c 5000000 /dev/urandom >far/in

# For 60 s.
until_true()
{
	local i
	for ((i = 0; i < 600; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	return 1
}

port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
server=("$diod/ld.so" --library-path "$diod" "$diod/diod" -f -n -l "127.0.0.1:$port" -e "$work/far" -L stderr)
[ "$(id -u)" = 0 ] || server+=(-N -S -U "$(id -un)")
"${server[@]}" >diod.log 2>&1 &
diod=$!
until_true bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
"$pmm" --socket "$work/sock" --share "$work/share" --console "file:$work/out" --vsock \
	--forward "vsock:564:tcp:127.0.0.1:$port" >pmm.log 2>&1 </dev/null &
until_true test -S sock

remote() { : >out; timeout 120 "$native/remote" --pmm "$work/sock" 564 "$1" >>out 2>&1; }
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got $2, wanted $3" "$(cat out pmm.log diod.log)"; fi; }

remote "$work/far"
is "an image mounts it" $? 0
is "reads and writes" "$(sha256sum <far/out)" "$(sha256sum <far/in)"
is "makes, renames, lists" "$(grep ^entry out | sort | tr '\n' ' ')" "entry . entry .. entry in entry out entry renamed "
is "nothing is left open there" "$(grep -c unclunked diod.log)" 0
rmdir far/renamed
remote "$work/other"
is "what the server does not export is refused" "$? $(cat out)" "1 mount: Not owner"

disown $diod
kill -9 $diod
remote "$work/far"
is "no server" "$? $(cat out)" "1 connect: Connection reset by peer"
done_testing
