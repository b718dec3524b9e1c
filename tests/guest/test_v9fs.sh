# SPDX-License-Identifier: BSD-2-Clause
# Linux's own 9p client on the daemon's server: dbench, and what it does not do.
# machines: hlt gicv3
# modules: 9p 9pnet_fd
# needs: dbench
# timeout: 400
. /offload/tests/lib.sh
. /offload/tests/offload.sh

# serve NAME DIRECTORY OPTIONS: share /srv/NAME, mount it at /mnt/NAME.
serve()
{
	mkdir -p "/srv/$1" "/mnt/$1"
	$PMM --share "/srv/$1$3" --serve-9p "unix:/run/$1.sock" < /dev/null 2> "/tmp/$1.err" &
	eval "PID_$1=$!"
	until_true 20 grep -q serving "/tmp/$1.err"
	mount -t 9p -o "trans=unix,version=9p2000.L,access=any,uname=root,msize=131072$2" \
		"/run/$1.sock" "/mnt/$1"
}

mkdir -p /srv /mnt /run
mount -t tmpfs none /srv
check "mount, in the loop" serve quick "" ""
check "mount, by workers" serve slow "" ",workers=4"
check "mount, read-only" serve fixed "" ",ro"

# Its own verdict on each operation: dbench fails when one does not end as in the
# trace that it replays.
for m in quick slow; do
	out=$(cd "/mnt/$m" && /offload/dbench/ld.so --library-path /offload/dbench \
		/offload/dbench/dbench -c /offload/dbench/client.txt -t 5 \
		-D "/mnt/$m" 2 2>&1)
	status=$?
	bad=$(echo "$out" | grep -i 'failed\|error\|expected' | grep -v barrier | head -n 3)
	if [ $status = 0 ] && [ -z "$bad" ] && echo "$out" | grep -q Throughput; then
		ok "dbench, $m"
		echo "# $(echo "$out" | grep Throughput)"
	else
		not_ok "dbench, $m" "status $status" "$bad" "$(echo "$out" | tail -n 3)"
	fi
	is "dbench, $m: nothing left" "$(ls "/srv/$m" | grep -v '^clients$')" ""
	rm -rf "/mnt/$m"/*
done

for m in quick slow; do
	d=/mnt/$m s=/srv/$m
	cd $d || break
	# All kinds of files.
	echo text > file
	mkdir dir
	ln -s ../../etc/passwd link
	mkfifo fifo
	is "$m: kinds" "$(stat -c %F $s/file $s/dir $s/link $s/fifo | tr '\n' ,)" \
		"regular file,directory,symbolic link,fifo,"
	check "$m: a device is refused" sh -c "! mknod null c 1 3 2> /tmp/mknod.err"
	check "$m: and it is said so" grep -q 'not permitted' /tmp/mknod.err
	is "$m: readlink" "$(readlink link)" ../../etc/passwd
	# A FIFO works between processes of the client.
	(echo through > fifo) &
	is "$m: fifo" "$(cat fifo)" through
	# Links and names.
	ln file hard
	is "$m: link count" "$(stat -c %h file)" 2
	echo more >> hard
	is "$m: through the other name" "$(cat $s/file)" "text
more"
	mv hard dir/moved
	check "$m: rename" test -f $s/dir/moved -a ! -e $s/hard
	check "$m: rename of a folder" mv dir other
	rm other/moved
	rmdir other
	check "$m: gone" test ! -e $s/other
	# Attributes.
	chmod 640 file
	touch -d '2020-01-02 03:04:05' file
	is "$m: mode and time" "$(stat -c '%a %Y' $s/file)" "640 $(stat -c %Y file)"
	truncate -s 100000 file
	is "$m: truncate" "$(stat -c %s $s/file)" 100000
	check "$m: statfs" sh -c "df $d | grep -q 9p || df $d | grep -q $m"
	check "$m: sync" sync file
	rm -f file link fifo
	# A large folder.
	mkdir many
	(cd $s/many && seq 10000 | sed 's/^/a-file-with-a-number-/' | xargs touch)
	is "$m: 10,000 files in one folder" "$(echo many/* | md5sum)" \
		"$(cd $s && echo many/* | md5sum)"
	(cd many && seq 20 | sed 's/^/new-/' | xargs touch)
	is "$m: more from here" "$(ls $s/many | grep -c new)" 20
	(cd many && rm new-*)
	is "$m: and gone" "$(ls $s/many | grep -c new)" 0
	rm -rf $s/many
	check "$m: nothing left" sh -c "[ -z \"\$(ls -A $d)\" ]"
	# More data than a message, by eight at a time.
	head -c 300000 /dev/urandom > /tmp/random
	pids=
	for i in 1 2 3 4 5 6 7 8; do
		cp /tmp/random copy$i &
		pids="$pids $!"
	done
	wait $pids
	is "$m: eight copies at once" "$(cat copy? | md5sum)" \
		"$(for i in 1 2 3 4 5 6 7 8; do cat /tmp/random; done | md5sum)"
	rm -f copy?
	cd /
done

echo fixed > /srv/fixed/file
is "read-only: read" "$(cat /mnt/fixed/file)" fixed
check "read-only: write" sh -c "! echo x > /mnt/fixed/file 2> /dev/null"
check "read-only: remove" sh -c "! rm /mnt/fixed/file 2> /dev/null"
check "read-only: mkdir" sh -c "! mkdir /mnt/fixed/dir 2> /dev/null"
is "read-only: as it was" "$(cat /srv/fixed/file)" fixed

# A server that dies, and one that ends.
kill -9 $PID_slow
check "a server that dies: an error, not a wait" sh -c "! ls /mnt/slow > /dev/null 2>&1"
umount /mnt/quick /mnt/slow /mnt/fixed
kill $PID_quick $PID_fixed
wait $PID_quick
is "ends by a signal" $? 0
check "removes its socket" test ! -e /run/quick.sock
check "the dead one's socket is replaced" serve slow "" ",workers=1"
umount /mnt/slow
kill $PID_slow

done_testing
