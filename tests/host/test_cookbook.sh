#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The programs of examples/: as images, and as what they look like: programs for Linux.
# timeout: 300
set -u
. "$TOP/tests/host/sockets.sh"

mkdir linux
for source in "$TOP"/examples/*.c; do
	name=$(basename "$source" .c)
	does "$name compiles on Linux" gcc -std=gnu11 -O1 -Wall -Wextra -Wshadow -Werror \
		-o "linux/$name" "$source"
done

# run_image NAME ARGUMENT...: its status, and what it printed, in one line.
run_image()
{
	local status
	start_pmm --once
	start_image "$@"
	wait $image
	status=$?
	wait $pid
	echo "$status $(cat console | tr '\n' ,)"
}

is "hello" "$(run_image hello "you and you")" "0 hello from you and you,"
"$native/hello" --no-pmm >hello.log 2>&1
is "hello, without a daemon" "$?$(cat hello.log)" "0hello from a borrowed core"

# The same words from image and from Linux, in any order.
words() { tr ', ' '\n\n' | sed '/^$/d' | sort | tr '\n' ' '; }
same() # WHAT ARGUMENT...
{
	local what=$1 linux
	shift
	linux=$(cd share && { ../linux/files "$@" 2>&1; echo $?; } | words)
	is "files: $what" "$(run_image files "$@" | words)" "$linux"
}
mkdir share/dir
seq 20000 >share/numbers
echo one >share/dir/one
same ls ls
same "ls of a folder" ls dir
same cat cat dir/one numbers
same "cat of what is not there" cat none dir/one
is "files: cp" "$(run_image files cp numbers copy)" "0 "
does "files: and it is the same" cmp share/numbers share/copy
is "files: rm" "$(run_image files rm copy dir/one)" "0 "
is "files: and they are gone" "$(ls share share/dir | tr '\n' ' ')" "share: dir numbers  share/dir: "
is "files: nonsense" "$(run_image files frobnicate | cut -d' ' -f1)" 2

# Publisher and subscribers: images with daemons of their own.
mkdir a b c
for who in a:10 b:11 c:12; do
	"$pmm" --socket ${who%:*}/sock --vsock "cid=${who#*:},registry=$work/cid" \
		--console "file:${who%:*}/console" >pmm-${who%:*}.log 2>&1 &
	until_true test -S ${who%:*}/sock
done
"$native/publish" --pmm a/sock 5000 1000 20 >image.log 2>&1 &
publisher=$!
"$native/subscribe" --pmm b/sock vsock:10:5000 time 5 >>image.log 2>&1 &
other=$!
timeout 60 "$native/subscribe" --pmm c/sock vsock:10:5000 tick 20 >>image.log 2>&1
is "subscribe" $? 0
wait $other
is "subscribe to something else" $? 0
ticks() { [ "$(grep -c '^tick ' c/console)" = 20 ]; }
until_true ticks
first=$(sed -n '1s/^tick //p' c/console)
is "each tick once, in order" "$(cat c/console)" "$(seq "$first" $((first + 19)) | sed 's/^/tick /')"
is "and only what was asked for" "$(grep -c -v '^time [0-9-]* [0-9:]*$' b/console)" 0
is "an address that is none" "$("$native/subscribe" --pmm c/sock vsock:x:1 tick >>image.log 2>&1; echo $?)" 3
disown $publisher
kill -9 $publisher
timeout 60 "$native/subscribe" --pmm c/sock vsock:99:5000 tick 1 >>image.log 2>&1
is "nobody publishes there" $? 3

# On Linux the same program has the other family.
tcp=$(free_port)
(cd share && exec ../linux/httpd tcp:127.0.0.1:$tcp) >linux.log 2>&1 &
until_true grep -q listening linux.log
is "httpd on Linux, by TCP" "$(curl -s -m 60 http://127.0.0.1:$tcp/numbers | sum)" "$(sum <share/numbers)"
is "fetch on Linux, by TCP" "$(linux/fetch tcp:$tcp /numbers got && cmp got share/numbers)" "fetch: $(stat -c %s share/numbers) bytes"
kill $!
wait $! 2>/dev/null

# All addresses, and those of one family.
if { exec 3<"/dev/tcp/::1/1"; } 2>&1 | grep -q 'refused'; then
	(cd share && exec ../linux/httpd tcp:$tcp) >linux.log 2>&1 &
	until_true grep -q listening linux.log
	is "httpd on all addresses, IPv4" "$(curl -s -m 60 http://127.0.0.1:$tcp/numbers | sum)" "$(sum <share/numbers)"
	is "httpd on all addresses, IPv6" "$(curl -s -m 60 "http://[::1]:$tcp/numbers" | sum)" "$(sum <share/numbers)"
	is "fetch, IPv6" "$(linux/fetch "tcp:[::1]:$tcp" /numbers got && cmp got share/numbers)" "fetch: $(stat -c %s share/numbers) bytes"
	kill $!
	wait $! 2>/dev/null
	(cd share && exec ../linux/httpd "tcp:[::1]:$tcp") >linux.log 2>&1 &
	until_true grep -q listening linux.log
	is "httpd on ::1 only" "$(curl -s -m 60 "http://[::1]:$tcp/numbers" | sum) $(curl -s -m 60 http://127.0.0.1:$tcp/numbers)" \
		"$(sum <share/numbers) "
else
	skip "httpd by IPv6" "this machine has none"
fi
for bad in 'tcp:[::1:80' 'tcp:::1]:80' 'tcp:[]:80' 'tcp:[1.2.3.4]:80' 'tcp:::1:80' 'tcp:1.2.3:80' 'tcp:[::1]:65536' 'tcp:[::1]:' tcp: \
	"tcp:[$(printf '0%.0s' {1..60})]:80"; do
	is "no address: $bad" "$(linux/httpd "$bad" 2>&1; echo $?)" \
		"$bad: not an address; use PORT, vsock:[CID:]PORT or tcp:[ADDRESS:]PORT, [ADDRESS] of IPv6
1"
done
done_testing
