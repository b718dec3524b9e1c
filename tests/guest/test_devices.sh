# SPDX-License-Identifier: BSD-2-Clause
# Consoles and shares of an image on a borrowed core: several at once, a large tree.
# machines: hlt gicv3
# timeout: 600
. /offload/tests/lib.sh
. /offload/tests/offload.sh

# run WHAT IMAGE ARGS DAEMON-OPTIONS: an image to its end; its console in /tmp/pmm.out.
run()
{
	_what=$1 _image=$2 _args=$3
	shift 3
	echo "$IMG/$_image.bin" > $DEV/image
	printf '%s' "$_args" > $DEV/args
	echo start > $DEV/state
	timeout 300 $PMM --device /dev/offload0 --once "$@" < /tmp/keys \
		> /tmp/pmm.out 2> /tmp/pmm.err
	is "$_what" "$?" 0
}

share_new
: > /tmp/keys
mkdir -p /tmp/share/empty /tmp/fixed /tmp/disk
echo fixed > /tmp/fixed/file
check "insmod" insmod $KO cpu=$CPU image=$IMG/hello.bin
wait_attr state offline 20

run "POSIX files, in the loop" posix empty --share /tmp/share
check "each of them" sh -c "grep -q '^1\.\.' /tmp/pmm.out && ! grep '^not' /tmp/pmm.out"
rm -rf /tmp/share/empty && mkdir /tmp/share/empty
run "POSIX files, by workers" posix empty --share /tmp/share,workers=3 \
	--cpu 1 --sched rr:5 --mlockall
check "each of them" sh -c "grep -q '^1\.\.' /tmp/pmm.out && ! grep '^not' /tmp/pmm.out"

run "two shares" wc "/fixed/file counts" --share /tmp/share \
	--share /tmp/fixed,tag=fixed,ro
is "two shares: counted" "$(counts_of /tmp/share/counts)" "1 1 6"

head -c 1000000 /dev/urandom > /tmp/share/random
run "files through the pool" pool "random copy" --share /tmp/share,window=64K
is "the pool: copied" "$(sha256sum < /tmp/share/copy)" "$(sha256sum < /tmp/share/random)"
matches "the pool: ends and is given back" "$(cat /tmp/pmm.out)" \
	"*copied 1000000 bytes, * more buffers, the same again*"

for i in $(seq 100); do echo "/tmp/tree/$((i % 10))/$i"; done | xargs mkdir -p
find /tmp/tree -mindepth 2 | awk '{ for (i = 1; i <= 100; i++) { f = $0 "/" i; printf "" > f; close(f) } }'
run "a tree of 10,000 files" tree / --share /tmp/tree
is "all of them counted" "$(tail -n 1 /tmp/pmm.out | tr -d '\r')" "10000 111 0"

printf 'one\nquit\n' > /tmp/keys
run "three consoles" consoles "" --console file:/tmp/first,size=80x25 \
	--console stdio,name=second,size=132x50 --console file:/tmp/third
is "the first" "$(tr '\n' , < /tmp/first)" "first: 80x25,got one,got quit,first: 80x25,"
is "the second" "$(tr '\n' , < /tmp/pmm.out)" "second: 132x50,echo one,echo quit,"
is "the third" "$(cat /tmp/third)" "third: 0x0"

check "rmmod" rmmod offload
check "all cores back" all_online
done_testing
