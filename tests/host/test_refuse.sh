#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What the daemon refuses: one clear line, an exit status, and nothing half-started.
# (What the module refuses: tests/guest/test_refuse.sh.)
# timeout: 300
set -u
. "$TOP/tests/host/sockets.sh"
mkdir other
echo file >big
as=()

# refuses WHAT STATUS PATTERN OPTION...: one line, and it says why.
refuses()
{
	local what=$1 want=$2 pattern=$3 out status=0 left
	shift 3
	out=$(timeout 60 "${as[@]}" "$pmm" --socket "$work/other/sock" --console none "$@" 2>&1 </dev/null) || status=$?
	left=$(find other -type s -o -type l)
	case $status,$(wc -l <<<"$out"),$left,$out in
	$want,1,,$pattern) ok "$what" ;;
	*) not_ok "$what" "status $status, wanted $want: $pattern" "$out" "left: $left" ;;
	esac
}

# --- as whom, and what ---

refuses "all files of the machine" 2 "*--share /: *share a folder, or add ,whole*" --share /
refuses "by another name" 2 "*all of this machine's files*" --share /../
if [ "$(id -u)" = 0 ]; then
	as=(env -u OFFLOAD_USER)
	refuses "root that does not say so" 2 "*started as root*--user NAME*"
	as=(env OFFLOAD_USER=nobody-here)
	refuses "OFFLOAD_USER" 1 "*--user nobody-here: no such user*"
	as=()
else
	skip "root that does not say so" "not root"
fi
refuses "a group that is none" 2 "*--user 1:x: the group must be a number*" --user 1:x

# --- --forward and --vsock ---

for bad in tcp:x:vsock:7 tcp:0:vsock:7 tcp:70000:vsock:7 tcp:80:vsock:x tcp:80 vsock:7 \
	vsock:7:tcp:80x vsock:4294967295:tcp:80 tcp:80:vsock:4294967295 tcp:localhost:80:vsock:1 \
	tcp:1.2.3:80:vsock:1 tcp:1.2.3.400:80:vsock:1 udp:1:vsock:1 ''; do
	refuses "malformed: $bad" 2 "*--forward $bad: *" --forward "$bad"
done
refuses "malformed IPv6" 2 "*IPv6 address is written*" --forward 'tcp:[::1:80:vsock:1'
refuses "no IPv6 address" 2 "*not an IPv6 address*" --forward 'tcp:[zz]:80:vsock:1'
refuses "the same TCP port twice" 2 "*another --forward listens there*" \
	--forward tcp:8080:vsock:1 --forward tcp:127.0.0.1:8080:vsock:2
refuses "the same vsock port twice" 2 "*another --forward has this vsock port*" \
	--forward vsock:1:tcp:80 --forward vsock:1:tcp:81
for cid in 0 1 2 4294967295 -1 x '' 99999999999999999999; do
	refuses "CID $cid" 2 "*--vsock cid=$cid: *" --vsock "cid=$cid"
done
refuses "unknown key" 2 "*only cid=N, path=DIR*" --vsock colour=blue
refuses "window too small for vsock" 2 "*from 16K to 64M*" --vsock window=4K
refuses "the folder is a file" 1 "*big is not a folder*" --vsock "path=$work/big"
refuses "no such address here" 1 "*cannot listen: Cannot assign*" --forward tcp:192.0.2.1:8080:vsock:1
refuses "the path is too long" 1 "*longer than*" --vsock "path=$work/$(printf '%0120d' 0)"
refuses "vhost and a forward" 2 "*not with --vsock vhost*" --vsock vhost --forward tcp:8080:vsock:1
refuses "vhost and a folder" 2 "*the kernel has its own places*" --vsock "vhost,path=$work/other"
[ -e /dev/vhost-vsock ] || refuses "no vhost" 1 "*/dev/vhost-vsock: *modprobe vhost-vsock" --vsock vhost
touch other/vsock
refuses "a file is in the way" 1 "*a file that is not a socket is in the way*" --vsock
rm other/vsock
if [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 81 ]; then
	rm -rf other/*
	chmod 777 "$work" other
	[ "$(id -u)" != 0 ] || as=(setpriv --reuid 65534 --clear-groups)
	refuses "a privileged port" 1 "*--forward tcp:81:vsock:1: cannot listen: *below 1024*" --forward tcp:81:vsock:1
	as=()
else
	skip "a privileged port" "here none is"
fi

# --- --socket, --share, --window ---

touch other/sock
refuses "a file in place of the socket" 1 "*--socket $work/other/sock: a file that is not a socket is in the way"
rm other/sock
refuses "the share is missing" 1 "*$work/none: no such folder" --share "$work/none"
refuses "the share is a file" 1 "*$work/big: *" --share "$work/big"
refuses "window too small for a message" 2 "*--share*window=512: *" --share "$work/share,window=512"
refuses "window too small for all" 1 "*too small*larger --window*" --window 128K --share "$work/share,window=1M"
refuses "no such TAP" 1 "*nosuchtap*" --net tap=nosuchtap
refuses "no passt" 1 "*$work/passt*" --net "passt=$work/passt"

# --- the other options ---

refuses "an option that is none" 2 "*--nosuch: unknown option*" --nosuch
refuses "an option without its value" 2 "*--cpu: needs a value*" --cpu
refuses "an argument" 2 "*argument x: only options are known*" x
for bad in --cpu=x --cpu=99999 --spin=x --abi=-1 --window=2G --window=x --window=0 --log=log,max=0 \
	--sched=fifo --sched=fifo:x --sched=fifo:0 --sched=rr:100 --sched=idle:1 --sched=nosuch \
	--share=,ro "--share=$work/share,tag=a/b" "--share=$work/share,workers=65" \
	"--share=$work/share,nosuch" --serve-9p=tcp:1 --serve-9p=unix: --serve-9p=fd:1,tag=.. \
	--serve-9p=unix:9p,tag=nosuch --console=nosuch --console=file: --console=none,name=.x \
	--console=none,size=80 --console=none,size=0x25 --console=none,max=1M --console=file:x,max=y; do
	refuses "malformed: ${bad//"$work/"/}" 2 "*${bad%%=*} *" "$bad"
done
refuses "a tag twice" 2 "*another share has the same tag*" --share "$work/share,tag=x" --share "$work/share,tag=x"
refuses "a name twice" 2 "*another port has the same name*" --console none,name=x --console none,name=x
refuses "stdio twice" 2 "*there is only one stdio*" --console stdio --console stdio
shares=() consoles=() serves=()
for i in {0..16}; do shares+=(--share "$work/share,tag=t$i"); done
for i in {1..8}; do consoles+=(--console none); done
for i in {1..5}; do serves+=(--serve-9p "unix:9p$i"); done
refuses "seventeen shares" 2 "*one more than 16*" "${shares[@]}"
refuses "too many consoles" 2 "*one more than 7*" "${consoles[@]}"
refuses "five to serve" 2 "*one more than 4*" --share "$work/share" "${serves[@]}"
refuses "a descriptor that is none" 1 "*--serve-9p fd:x: not the number*" --share "$work/share" --serve-9p fd:x
refuses "a descriptor that is no socket" 1 "*--serve-9p fd:0: *" --share "$work/share" --serve-9p fd:0
refuses "a CPU that is not there" 1 "*--cpu 1023: *" --cpu 1023
refuses "a device and a socket" 2 "*only one of them can be served*" --device /dev/offload0
refuses "no core to return" 2 "*--stop-on-close *only with --device*" --stop-on-close
out=$("$pmm" --device /dev/nosuch --console none 2>&1)
is "a device that is not there" "$?,${out%:*}" "1,offload-pmm: /dev/nosuch: no such device; load the module first"
out=$("$pmm" --device /dev/null --console none 2>&1)
is "a device that is another" "$?,${out% (*}" "1,offload-pmm: /dev/null: not a device of the offload module"
out=$("$pmm" --device /dev/nosuch --window 1M 2>&1)
is "a window that is the module's" "$?,${out%; *}" "2,offload-pmm: --window SIZE: only with --socket"
out=$("$pmm" --version)
is "its version" "$?,$out" "0,$(sed 's/ABI.*/ABI 1/' <<<"$out")"
does "its help" grep -q -- '--stop-on-close' <("$pmm" --help)

# --- what another one has ---

tcp=$(free_port)
start_pmm --forward tcp:$tcp:vsock:7
refuses "the path is in use" 1 "*$vsock: another offload-pmm listens there" --vsock "path=$work,cid=9,registry=$work/cid"
refuses "the CID is taken" 1 "*CID 3 is taken by *$work*cid=N" --vsock "cid=3,registry=$work/cid"
refuses "the TCP port is in use" 1 "*--forward tcp:$tcp:vsock:7: cannot listen: *another program*" --forward tcp:$tcp:vsock:7
out=$(timeout 60 "$pmm" --socket "$sock" --console none 2>&1)
is "the socket is in use" "$?,$out" "1,offload-pmm: --socket $sock: another offload-pmm listens there"
start_image echo 7
listens
does "the one that was there serves on" $peer many "$vsock" 7 1

# --- what is left of one that was killed is taken over ---

stop_all
if [ -S vsock ] && [ -S sock ] && [ -L cid/3 ]; then
	start_pmm --forward tcp:$tcp:vsock:7
	start_image echo 7
	listens
	does "stale sockets and a stale CID are taken over" $peer many "$vsock" 7 1
	stop_all
else
	not_ok "a killed daemon leaves its sockets" "$(ls -l)"
fi
done_testing
