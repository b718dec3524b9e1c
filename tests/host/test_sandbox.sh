#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What is left to a daemon that serves, tried from inside it: a debugger makes it call
# what somebody who has taken it over would.
# timeout: 600
set -u
. "$TOP/tests/host/sockets.sh"
mkdir -p readonly elsewhere
echo secret >elsewhere/file
echo mine >share/file
echo mine >readonly/file

start_pmm --share "$work/readonly,ro"
field() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$pid/status"; }

is "no capability is left" "$(field CapEff) $(field CapPrm) $(field CapBnd) $(field CapAmb)" \
	"0000000000000000 0000000000000000 $( [ "$(id -u)" = 0 ] && echo 0000000000000000 || field CapBnd) 0000000000000000"
is "no new privileges" "$(field NoNewPrivs)" 1
is "a list of system calls" "$(field Seccomp)" 2
for ns in net ipc uts; do
	if unshare --"$ns" true 2>/dev/null; then
		does "a namespace of its own: $ns" test "$(readlink "/proc/$pid/ns/$ns")" != "$(readlink "/proc/self/ns/$ns")"
	else
		skip "a namespace of its own: $ns" "not allowed here"
	fi
done

# inside EXPRESSION: its value, as the daemon computes it.
inside()
{
	timeout 120 gdb -nx -batch -p "$pid" -ex 'handle SIGSYS nostop noprint pass' -ex "print $1" 2>/dev/null |
		sed -n 's/^\$1 = //p'
}
opens() { inside "(int)open64(\"$1\", $2)"; }

if ! command -v gdb >/dev/null || [ "$(inside '40 + 2')" != 42 ]; then
	skip "what it can reach" "gdb cannot attach here"
else
	# 0: reading, 02: both, 0101: making a file
	does "a file of its share opens" test "$(opens "$work/share/file" 02)" -ge 0
	does "a file of a share ro opens" test "$(opens "$work/readonly/file" 0)" -ge 0
	# landlock_create_ruleset(): the version of its ABI
	if [ "$(/usr/bin/python3 -c 'import ctypes; print(ctypes.CDLL(None).syscall(444, None, 0, 1))')" -lt 2 ]; then
		skip "files elsewhere" "this kernel has no Landlock, or not yet its ABI 2"
	else
		is "but not to be written" "$(opens "$work/readonly/file" 02)" -1
		is "a file elsewhere does not" "$(opens "$work/elsewhere/file" 0)" -1
		is "nor /etc/passwd" "$(opens /etc/passwd 0)" -1
		is "nor from the share upwards" "$(opens "$work/share/../elsewhere/file" 0)" -1
		is "nothing is made elsewhere" "$(opens "$work/elsewhere/new" 0101)" -1
	fi
	does "it is still there" kill -0 "$pid"
fi

# 1000: no system call has that number.
if why=$("$O/x86_64/guest-programs/forbidden" "$pid" 1000 2>&1); then
	wait "$pid"
	is "a call that is not on the list ends it, with an exit status" $? 1
	does "and a line" grep -qx 'offload-pmm: system call 1000 is not on the list (pmm/syscalls.txt): ending' pmm.log
else
	skip "a call that is not on the list" "$why"
fi
kill -9 "$pid" 2>/dev/null

# A share in a folder that the daemon's user may not pass: it was opened before.
if [ "$(id -u)" = 0 ]; then
	mkdir -p "$work/closed/open"
	chmod 777 "$work/closed/open"
	echo one two >"$work/closed/open/in"
	chmod 700 "$work/closed"
	rm -f "$sock"
	"$pmm" --socket "$sock" --share "$work/closed/open" --user 65534 --console none >pmm.log 2>&1 </dev/null &
	pid=$!
	until_true grep -q 'waiting for an image' pmm.log
	does "an image copies in a share behind a closed folder" timeout 60 "$native/files" --pmm "$sock" cp in out
	is "it is a copy" "$(cat closed/open/out)" "one two"
	kill -9 "$pid" 2>/dev/null
else
	skip "a share behind a closed folder" "not root"
fi
done_testing
