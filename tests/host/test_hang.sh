#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A share on a file system that hangs: everything else goes on.
# timeout: 600
set -u
. "$TOP/tests/guest/lib.sh"

if [ "${1:-}" != inside ]; then
	[ "$(id -u)" = 0 ] || { skip "hanging FUSE" "not root"; done_testing; exit; }
	{ : <>/dev/fuse; } 2>/dev/null || { skip "hanging FUSE" "no /dev/fuse"; done_testing; exit; }
	unshare -m true 2>/dev/null || { skip "hanging FUSE" "no mount namespace"; done_testing; exit; }
	exec unshare -m --propagation private bash "$0" inside
fi

pmm=$O/x86_64/pmm/offload-pmm
native=$O/x86_64/native
work=$(mktemp -d)
# What hangs must not outlive us.
trap 'rm -f "$work/switch"; kill $(jobs -p) 2>/dev/null; umount -l "$work/share/hang" 2>/dev/null; rm -rf "$work"' EXIT
mkdir -p "$work/share/hang"
echo local >"$work/share/local"

"$O/test/hangfs" "$work/share/hang" "$work/switch" &
for _ in $(seq 100); do
	grep -q hangfs /proc/mounts && break
	sleep 0.1
done
grep -q hangfs /proc/mounts || { skip "hanging FUSE" "cannot be mounted"; done_testing; exit; }

mkfifo "$work/in"
"$pmm" --socket "$work/socket" --share "$work/share" --console stdio \
	--serve-9p "unix:$work/9p" <"$work/in" >"$work/out" 2>"$work/err" &
pid=$!
exec 8>"$work/in"

# Has the image said it, within a minute or two?
said() { for _ in $(seq 1200); do grep -q "^$1" "$work/out" && return; sleep 0.1; done; false; }

for _ in $(seq 100); do [ -S "$work/9p" ] && break; sleep 0.1; done
"$native/giveup" --pmm "$work/socket" hang/data local >"$work/image" 2>&1 &
image=$!
said 'your name' || echo "# no image: $(cat "$work/image" "$work/err")"

coproc client { "$O/test/p9hang" "$work/9p"; }
out=${client[0]} in=${client[1]} client=$client_PID
while read -r line <&"$out"; do
	case $line in
	"# hang")
		touch "$work/switch"
		# While it hangs: does the console?
		[ -e "$work/greeted" ] || echo world >&8
		: >"$work/greeted"
		echo >&"$in"
		;;
	"# go on")
		if said 'hello, world'; then
			ok "an image's console goes on"
		else
			not_ok "an image's console goes on" "$(cat "$work/out" "$work/err" "$work/image")"
		fi
		if said 'slow: given up' && said 'local: 6 bytes'; then
			ok "an image gives its read up and goes on with another file"
		else
			not_ok "an image gives its read up" "$(cat "$work/out" "$work/err" "$work/image")"
		fi
		rm "$work/switch"
		echo >&8
		if said 'slow again: 4096 bytes'; then
			ok "and reads the same file later"
		else
			not_ok "and reads the same file later" "$(cat "$work/out" "$work/err" "$work/image")"
		fi
		echo >&"$in"
		;;
	"# stop")
		kill -USR1 $pid
		for _ in $(seq 100); do grep -q 'by workers, [1-9]' "$work/err" && break; sleep 0.1; done
		grep -q '9p share: .* requests' "$work/err" && ok "counters" || not_ok "counters" "$(cat "$work/err")"
		kill $pid
		# Its sockets are closed and gone, whatever its threads still wait for.
		for _ in $(seq 600); do [ -e "$work/9p" ] || [ -e "$work/socket" ] || break; sleep 0.1; done
		if [ -e "$work/9p" ] || [ -e "$work/socket" ]; then
			not_ok "a signal ends the service" "$(cat "$work/err")"
		else
			ok "a signal ends the service"
		fi
		for _ in $(seq 100); do grep -q 'left behind' "$work/err" && break; sleep 0.1; done
		grep -q 'hangs in .* left behind' "$work/err" && ok "it says what hangs" ||
			not_ok "it says what hangs" "$(cat "$work/err")"
		rm "$work/switch"
		wait $pid
		[ $? = 0 ] && ok "the daemon has ended" || not_ok "the daemon has ended" "$(cat "$work/err")"
		echo >&"$in"
		;;
	ok*) ok "${line#ok * - }" ;;
	not*) not_ok "${line#not ok * - }" "$(tail -n 5 "$work/err")" ;;
	*) echo "$line" ;;
	esac
done
wait $image 2>/dev/null

done_testing
