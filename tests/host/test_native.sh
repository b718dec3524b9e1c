#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Images as Linux processes beside a PMM: counts, files, and what can go wrong.
# timeout: 900
set -u
. "$TOP/tests/guest/lib.sh"
native=$O/x86_64${SUFFIX:-}/native
pmm=$O/x86_64/pmm/offload-pmm
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
unset OFFLOAD_PMM
mkdir -p "$work/share/empty"
sock=$work/socket

start_pmm() # OPTION...
{
	rm -f "$sock"
	"$pmm" --socket "$sock" "$@" >"$work/pmm.log" 2>&1 &
	pid=$!
}

# expect WHAT STATUS PATTERN COMMAND...
expect()
{
	local what=$1 want=$2 pattern=$3 out status=0
	shift 3
	out=$(timeout 300 "$@" 2>&1 </dev/null) || status=$?
	if [ $status != "$want" ]; then
		not_ok "$what" "status $status, not $want" "$out" "$(tail -n 5 "$work/pmm.log")"
		return
	fi
	case $out in
	$pattern) ok "$what" ;;
	*) not_ok "$what" "wanted: $pattern" "$out" ;;
	esac
}

# --- the same counts as wc, byte for byte ---

cd "$work/share" || exit 1
seq 1 40000 | sed 's/$/ some words\tin a row/' >text
: >nothing
printf 'no newline at the end' >open-end
printf '\200\201 \377\n\v\f\r\t a\200b \1\n\240 \205 x\n' >odd
head -c 100000 "$pmm" >binary
cp text "it's a \"name\""
for file in text nothing open-end odd binary "it's a \"name\""; do
	rm -f counts
	start_pmm --share "$work/share" --console "file:$work/console" --once
	timeout 60 "$native/wc" --pmm "$sock" "$file" counts >"$work/out" 2>&1
	status=$?
	wait $pid
	LC_ALL=C wc "$file" >"$work/wanted"
	if [ $status = 0 ] && cmp -s counts "$work/wanted"; then
		ok "wc counts $file"
	else
		not_ok "wc counts $file" "status $status" "$(cat counts "$work/out" "$work/console")"
	fi
done

# --- files and console ---

start_pmm --share "$work/share" --console stdio --once
expect "POSIX files, directories and clocks" 0 '*' "$native/posix" --pmm "$sock" empty
wait $pid
if grep -q '^1\.\.' "$work/pmm.log" && ! grep -A1 '^not ok' "$work/pmm.log"; then
	ok "each of them"
else
	not_ok "each of them" "$(tail -n 5 "$work/pmm.log")"
fi

start_pmm --share "$work/share" --console stdio --once
expect "exit runs handlers" 7 '*' "$native/unflushed" --pmm "$sock" unflushed
wait $pid
if [ "$(cat unflushed)" = "from main
from the handler" ] && grep -q '^bye' "$work/pmm.log"; then
	ok "and flushes what they wrote"
else
	not_ok "and flushes what they wrote" "$(cat unflushed "$work/pmm.log")"
fi

{ sleep 1; echo world; sleep 1; } |
	"$pmm" --socket "$sock" --console stdio --once >"$work/pmm.log" 2>&1 &
expect "console input" 0 '*' "$native/line" --pmm "$sock"
wait $!
grep -q 'hello, world' "$work/pmm.log" && ok "and output" || not_ok "and output" "$(cat "$work/pmm.log")"

# A limit on the size of files is the image's error, not the daemon's end.
rm -f "$sock"
(
	ulimit -f 8192 # KiB; the window counts as a file
	exec "$pmm" --socket "$sock" --share "$work/share" --console none 2>/dev/null
) &
pid=$!
expect "a file larger than the daemon may write" 27 '*' "$native/faraway" --pmm "$sock" faraway
kill $pid 2>/dev/null && ok "and the daemon lives on" || not_ok "and the daemon lives on"
wait $pid
# --- files through the pool ---

head -c 3000000 /dev/urandom >random
for way in window=24K window=1M window=24K,workers=2; do
	rm -f copy
	start_pmm --share "$work/share,$way" --console stdio --once
	expect "the pool, $way" 0 '*' "$native/pool" --pmm "$sock" random copy
	wait $pid
	cmp -s random copy && ok "the pool, $way: copied" || not_ok "the pool, $way: copied"
	grep -q '^copied 3000000 bytes, [1-9][0-9]* more buffers, the same again' "$work/pmm.log" &&
		ok "the pool, $way: ends and is given back" ||
		not_ok "the pool, $way: ends and is given back" "$(cat "$work/pmm.log")"
done
start_pmm --share "$work/share" --console stdio --once --window 128K
expect "no pool" 3 '*' "$native/pool" --pmm "$sock" random copy
wait $pid
grep -q 'ofl_pool_alloc: Not enough memory\|ofl_pool_alloc: No such device' "$work/pmm.log" &&
	ok "no pool: said" || not_ok "no pool: said" "$(cat "$work/pmm.log")"

# --- a tree of 10,000 files, two shares at once, several consoles ---

mkdir -p "$work/tree"/{1..20}/{1..5} "$work/fixed"
for d in "$work/tree"/*/*; do
	(cd "$d" && seq 100 | sed 's/^/file-/' | xargs touch)
done
echo 1234567 >"$work/tree/7/3/file-50"
start_pmm --share "$work/tree" --share "$work/fixed,tag=fixed,ro" --console stdio --once
expect "a walk through 10,000 files" 0 '*' "$native/tree" --pmm "$sock" /
wait $pid
grep -q '^10000 121 8$' "$work/pmm.log" && ok "and all of them counted" ||
	not_ok "and all of them counted" "$(cat "$work/pmm.log")"
rm -rf "$work/tree"

cp "$work/share/text" "$work/fixed/"
for way in "" ,workers=2 ,inline; do
	rm -f counts
	start_pmm --share "$work/share$way" --share "$work/fixed,tag=fixed,ro$way" --console none --once
	expect "two shares$way: from one to the other" 0 '*' "$native/wc" --pmm "$sock" /fixed/text counts
	wait $pid
	LC_ALL=C wc text | cut -d t -f 1 >"$work/wanted"
	[ "$(awk '{ print $1, $2, $3 }' counts)" = "$(awk '{ print $1, $2, $3 }' "$work/wanted")" ] &&
		ok "two shares$way: counted" || not_ok "two shares$way: counted" "$(cat counts)"
	start_pmm --share "$work/share$way" --share "$work/fixed,tag=fixed,ro$way" --console none --once
	expect "two shares$way: nothing goes to the one that is ro" 1 '*' "$native/wc" --pmm "$sock" text /fixed/counts
	wait $pid
	start_pmm --share "$work/share$way" --console stdio --once
	mkdir -p "$work/share/empty"
	expect "POSIX files$way" 0 '*' "$native/posix" --pmm "$sock" empty
	wait $pid
	rm -rf "$work/share/empty"
done

if command -v socat >/dev/null; then
	start_pmm --console stdio,size=80x25 --console "unix:$work/second,name=second,size=132x50,line" \
		--console "file:$work/third" --once
	for _ in $(seq 100); do [ -S "$work/second" ] && break; sleep 0.1; done
	mkfifo "$work/keys"
	socat STDIO UNIX-CONNECT:"$work/second" <"$work/keys" >"$work/screen" &
	exec 7>"$work/keys"
	printf 'abd\177c\rquit\r' >&7
	expect "several consoles" 0 '*' "$native/consoles" --pmm "$sock"
	wait $pid
	exec 7>&-
	wait
	[ "$(grep -v '^offload' "$work/pmm.log" | tr '\n' ,)" = "first: 80x25,got abc,got quit,first: 80x25," ] &&
		ok "what the first printed" || not_ok "what the first printed" "$(cat "$work/pmm.log")"
	for x in 'second: 132x50' 'echo abc' 'echo quit'; do
		grep -q "$x" "$work/screen" && ok "on the second: $x" ||
			not_ok "on the second: $x" "$(cat "$work/screen")"
	done
	[ "$(cat "$work/third")" = "third: 0x0" ] && ok "on the third" || not_ok "on the third" "$(cat "$work/third")"
else
	skip "several consoles" "no socat"
fi

# --- with no PMM, a late one, one that dies, one that is none ---

expect "no PMM named" 2 '*--pmm SOCKET*OFFLOAD_PMM*--no-pmm*' "$native/wc" text out
expect "no PMM there" 127 "*no PMM listens*$work/none*" "$native/wc" --pmm "$work/none" --wait 0 text out
expect "no PMM wanted: output goes to the log" 2 '*usage: wc INPUT OUTPUT*' "$native/wc" --no-pmm
expect "no PMM wanted: files say so" 1 '*cannot open text: No such device*' "$native/wc" --no-pmm text out
expect "an image that needs none" 42 '*' "$native/exit42"
expect "a crash" 125 '*crash: invalid memory access*pc=*fault_address=*' "$native/crash_null"
expect "arguments as they are" 3 "*[[]a b[]]*[[]it's[]]*[[]\\\\\"[]]*" "$native/args" -- 'a b' "it's" '\"'

{ sleep 2; exec "$pmm" --socket "$sock" --share "$work/share" --console none --once; } >"$work/pmm.log" 2>&1 &
rm -f "$sock" counts
expect "a PMM that comes late" 0 '*' "$native/wc" --pmm "$sock" text counts
wait $!

# dies_after TEXT: the PMM, as soon as its console has that; it is started first
dies_after()
{
	rm -f "$work/console"
	start_pmm --share "$work/share" --console "file:$work/console"
	disown $pid
	for ((i = 0; i < 6000; i++)); do
		! grep -qs "$1" "$work/console" || break
		sleep 0.02
	done
	kill -9 $pid
}

dies_after 'written to' 2>/dev/null &
expect "a PMM that dies: main ends, its words go to the log" 0 '*the PMM went away*timer: 1000 interrupts*' \
	"$native/wc" --pmm "$sock" nothing counts
wait 2>/dev/null

dies_after alive 2>/dev/null &
expect "a PMM that dies: files give EIO, the image goes on" 0 \
	'*write: I/O error*open: I/O error*read: I/O error*survived*' \
	"$native/survivor" --pmm "$sock" survivor
wait 2>/dev/null

if command -v socat >/dev/null; then
	cat >"$work/fake" <<'END'
head -c 32 >/dev/null
printf "\114\117\106\104\116\124\111\126\\$1\000\000\000"
head -c 20 /dev/zero
END
	for abi in 011 001; do
		rm -f "$sock"
		socat UNIX-LISTEN:"$sock" SYSTEM:"sh $work/fake $abi" &
		case $abi in
		011) expect "a PMM of another ABI" 127 '*the PMM has ABI version 9, this image 1*' \
			"$native/wc" --pmm "$sock" text counts ;;
		001) expect "a PMM that sends no window" 127 '*sent no window*' \
			"$native/wc" --pmm "$sock" text counts ;;
		esac
		wait $!
	done
	rm -f "$sock"
	socat UNIX-LISTEN:"$sock" SYSTEM:"head -c 32 >/dev/null; head -c 64 /dev/urandom" &
	expect "what is no PMM" 127 '*not a PMM*' "$native/wc" --pmm "$sock" text counts
	wait $!
else
	skip "a PMM of another ABI" "no socat"
fi
done_testing
