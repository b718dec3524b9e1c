# SPDX-License-Identifier: BSD-2-Clause
#
# awk -f syscalls.awk syscalls.txt FUNCTIONS: the system calls of functions of the C
# library (a name each line), as CALL(name) lines for seccomp.c.  "SYS_name" is a call
# that the code makes itself.  A function that syscalls.txt does not have is an error.

FNR == NR {
	sub(/#.*/, "")
	if (!/:/)
		next
	split($0, half, ":")
	n = split(half[2], function_, " ")
	for (i = 1; i <= n; i++) {
		known[function_[i]] = 1
		made[function_[i]] = made[function_[i]] " " half[1]
	}
	next
}
/^SYS_/ {
	used[substr($1, 5)] = 1
	next
}
# What a compiler adds to a build that is watched.
/^__(asan|ubsan|gcov)_/ {
	next
}
!($1 in known) {
	print "pmm/syscalls.txt does not say which system calls " $1 "() makes" >"/dev/stderr"
	failed = 1
	next
}
{ take($1) }
END {
	take("always")
	for (name in used) {
		print "#ifdef __NR_" name
		print "CALL(" name ")"
		print "#endif"
	}
	exit failed
}

function take(from,	i, n, call)
{
	n = split(made[from], call, " ")
	for (i = 1; i <= n; i++)
		if (call[i] != "none")
			used[call[i]] = 1
}
