#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# AF_INET and AF_INET6 of native images through passt, in a network of their own.
# timeout: 600
set -u
. "$TOP/tests/guest/lib.sh"
for tool in unshare ip passt socat dnsmasq curl /usr/bin/python3; do
	command -v $tool >/dev/null || { skip "net" "no $tool"; done_testing; }
done
# All that follows happens where nobody else's ports and routes are.
if [ -z "${NET_OF_ITS_OWN:-}" ]; then
	if ! why=$(unshare --net ip link set lo up 2>&1); then
		skip "net" "no network namespace: $why"
		done_testing
	fi
	NET_OF_ITS_OWN=1 exec unshare --net bash "$0"
fi
# As on a wire: passt waits 200 ms for each window of what it gets in 64 KiB.
ip link set lo mtu 1500 up
ip link add v0 type veth peer name v1
ip addr add 192.0.2.2/24 dev v0
ip -6 addr add 2001:db8::2/64 dev v0 nodad
ip link set v0 up
ip link set v1 up
ip route add default via 192.0.2.1
ip -6 route add default via 2001:db8::1

native=$O/x86_64/native
pmm=$O/x86_64/pmm/offload-pmm
peer="/usr/bin/python3 $TOP/tests/host/vsock_peer.py"
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
unset OFFLOAD_PMM
mkdir "$work/share" "$work/www"
cd "$work" || exit 1
chmod 711 "$work"
# passt gives up its privileges before it binds its socket.
mkdir -m 777 passt
sock=$work/sock

# until_true COMMAND...: for 60 s.
until_true()
{
	local end=$((SECONDS + 60))
	while [ $SECONDS -lt $end ]; do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	return 1
}

is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got $2, wanted $3"; fi; }

start_passt()
{
	rm -f passt/socket
	passt -f --socket passt/socket ${passt_ports:--t 8007:7 -u 8007:7} -D 192.0.2.1 >passt.log 2>&1 &
	passt=$!
	until_true test -S passt/socket
	# A PMM that looks for it again has no privileges either.
	chmod 777 passt/socket
}

start_pmm() # OPTION...
{
	"$pmm" --socket "$sock" --share share --console "file:$work/console" "$@" >pmm.log 2>&1 </dev/null &
	pid=$!
	until_true grep -q 'waiting for an image' pmm.log
}

start_image() # ARGUMENT...
{
	: >console
	"$native/inet" --pmm "$sock" "$@" >image.log 2>&1 &
	image=$!
}

check() # WHAT COMMAND...
{
	local what=$1
	shift
	if "$@"; then
		ok "$what"
	else
		not_ok "$what" "$(tail -n 3 pmm.log image.log console)"
	fi
}

does() # WHAT COMMAND...
{
	local what=$1 out
	shift
	if out=$(timeout 200 "$@" 2>&1 </dev/null); then
		ok "$what"
	else
		not_ok "$what" "$out" "$(tail -n 3 pmm.log image.log console)"
	fi
}

sum() { sha256sum | cut -d' ' -f1; }

# there_and_back WHERE: 64 MiB, echoed.  On a busy machine a connection through passt now
# and then stands still for minutes, and nobody knows yet whose fault it is: that is said,
# with what the kernel knows of it, and tried once more.  What comes back has to be right
# in any case.
there_and_back()
{
	local try got transfer

	for try in 1 2; do
		timeout 100 socat -t100 - "$1" <www/big >back &
		transfer=$!
		if ! until_true sh -c "! kill -0 $transfer"; then
			echo "# $1: not through after 60 s (try $try)"
			ss -tinm | sed 's/^/#   /'
		fi
		wait $transfer
		cmp -s www/big back && return 0
		got=$(stat -c %s back)
		cmp -s -n "$got" www/big back || return 1
		echo "# $1: broke off after $got bytes (try $try)"
	done
	return 1
}
head -c 67108864 /dev/urandom >www/big
want=$(sum <www/big)

# --- options that are wrong, or cannot be had ---

out=$("$pmm" --socket "$work/other" --console none --net passt=passt/none 2>&1)
is "no passt: status" $? 1
is "no passt: says why" "${out#*: }" "--net passt=passt/none: nobody listens there (No such file or directory): start it with: passt --socket passt/none"
out=$("$pmm" --socket "$work/other" --console none --net passt=passt/none,ip=10.0.0.1 2>&1)
is "wrong option: status" $? 2

# --- an echo server; its addresses are passt's ---

start_passt
start_pmm --net passt=passt/socket
start_image echo 7
until_true grep -q listening console
ready() { [ "$(echo ping | timeout 2 socat -t1 - "$1" 2>/dev/null)" = ping ]; }
check "DHCP, and a client" until_true ready TCP:127.0.0.1:8007
check "64 MiB there and back" there_and_back TCP:127.0.0.1:8007
check "SLAAC, and a client" until_true ready 'TCP6:[::1]:8007'
check "64 MiB there and back, IPv6" there_and_back 'TCP6:[::1]:8007'
check "UDP" until_true ready UDP:127.0.0.1:8007
does "1000 connections opened and closed" $peer many tcp:127.0.0.1 8007 1000
does "64 at once" $peer at-once tcp:127.0.0.1 8007 64
does "a client that stops reading stalls only itself" $peer stall tcp:127.0.0.1 8007

# The PMM outlives an image, and passt.
disown $image
kill -9 $image
until_true sh -c "! kill -0 $image"
start_image echo 7
until_true grep -q listening console
check "the image is killed: the next one serves" until_true ready TCP:127.0.0.1:8007
disown $passt
kill $passt
until_true grep -q 'passt/socket is gone' pmm.log
start_passt
until_true grep -q 'passt/socket is back' pmm.log
check "passt is killed: the next one serves" until_true ready TCP:127.0.0.1:8007
kill -USR1 $pid
until_true grep -q 'frames from the image' pmm.log
if grep -q ': [1-9][0-9]* frames from the image, [1-9]' pmm.log; then
	ok "counters"
else
	not_ok "counters" "$(cat pmm.log)"
fi
disown $pid
kill -9 $pid
until_true sh -c "! kill -0 $pid"
start_pmm --net passt=passt/socket
check "the PMM is killed: with the next one, the image serves" until_true ready TCP:127.0.0.1:8007
disown $image
kill -9 $image
kill $pid $passt
wait $pid $passt 2>/dev/null

# --- the HTTP server of the examples ---

cp www/big share/
passt_ports="-t 8080:80" start_passt
start_pmm --net passt=passt/socket
"$native/httpd" --pmm "$sock" tcp:80 >image.log 2>&1 &
image=$!
until_true curl -s -o /dev/null http://127.0.0.1:8080/big -r 0-0
is "httpd: 64 MiB by curl" "$(curl -s http://127.0.0.1:8080/big | sum)" "$want"
until_true curl -s -o /dev/null 'http://[::1]:8080/big' -r 0-0 # SLAAC takes its time
is "httpd: 64 MiB by curl, IPv6" "$(curl -s 'http://[::1]:8080/big' | sum)" "$want"
is "httpd: no such file" "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/none)" 404
disown $image
kill -9 $image
kill $pid $passt
wait $pid $passt 2>/dev/null

# --- clients, with names ---

dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts --listen-address=127.0.0.1 --bind-interfaces \
	--pid-file= --user="$(id -un)" --address=/server.test/192.0.2.1 --address=/both.test/192.0.2.1 \
	--address=/both.test/2001:db8::1 >dns.log 2>&1 &
(cd www && exec /usr/bin/python3 -m http.server --bind 127.0.0.1 8080 >../http.log 2>&1) &
until_true curl -s -o /dev/null http://127.0.0.1:8080/
start_passt
start_pmm --net passt=passt/socket
start_image ask server.test both.test nobody.test localhost 10.1.2.3
wait $image
is "names: exit status" $? 0
is "names" "$(sed 's/^inet: //' console)" "server.test is 192.0.2.1
both.test is 192.0.2.1 2001:db8::1
nobody.test: No such name
localhost is 127.0.0.1 ::1
10.1.2.3 is 10.1.2.3"
kill $pid $passt
wait $pid $passt 2>/dev/null
start_passt
start_pmm --net passt=passt/socket
start_image get server.test 8080 /big copy
wait $image
is "get: exit status" $? 0
is "get: 64 MiB by HTTP, from a name" "$(sum <share/copy)" "$want"
kill $pid $passt
wait $pid $passt 2>/dev/null

# --- no network ---

start_pmm
start_image get 192.0.2.1 8080 /big copy
wait $image
is "no network: exit status" $? 1
is "no network: says why" "$(cat console)" "inet: connect: Network interface is not configured"

done_testing
