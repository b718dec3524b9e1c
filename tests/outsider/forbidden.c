// SPDX-License-Identifier: BSD-2-Clause
/*
 * forbidden PID NUMBER: makes the main thread of that process, which may be a daemon
 * that has locked itself in, call what NUMBER stands for in the place of its next
 * system call.  The kernel looks at its list of calls after us.
 */
#include <errno.h>
#include <elf.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef NT_ARM_SYSTEM_CALL
#define NT_ARM_SYSTEM_CALL 0x404
#endif

static int failed(const char *what)
{
	fprintf(stderr, "forbidden: %s: %s\n", what, strerror(errno));
	return 1;
}

static long put_number(pid_t pid, int number)
{
#ifdef __x86_64__
	return ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax),
		      (long)number);
#else
	struct iovec iov = { &number, sizeof(number) };

	return ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &iov);
#endif
}

int main(int argc, char **argv)
{
	pid_t pid = argc == 3 ? atoi(argv[1]) : 0;
	int status;

	if (pid <= 0) {
		fprintf(stderr, "usage: forbidden PID NUMBER\n");
		return 2;
	}
	if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD))
		return failed("seize");
	/* Out of the call that it waits in, then to where the next one begins. */
	if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) || waitpid(pid, &status, 0) != pid)
		return failed("interrupt");
	do {
		if (ptrace(PTRACE_SYSCALL, pid, 0, 0) || waitpid(pid, &status, 0) != pid)
			return failed("go on");
		if (!WIFSTOPPED(status))
			return failed("it has ended");
	} while (WSTOPSIG(status) != (SIGTRAP | 0x80));
	if (put_number(pid, atoi(argv[2])))
		return failed("put the number");
	if (ptrace(PTRACE_DETACH, pid, 0, 0))
		return failed("detach");
	return 0;
}
