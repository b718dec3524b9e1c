/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list comes from the code: pmm/syscalls.awk takes the functions of the C library
 * that the daemon's objects call and finds their system calls in pmm/syscalls.txt.
 */
#define _GNU_SOURCE 1
#include "seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"
#include "pmm.h"

#ifdef __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#else
#define ARCH AUDIT_ARCH_AARCH64
#endif

#define CALL(name) __NR_##name,
static const uint32_t calls[] = {
#include "syscalls.h"
};
#undef CALL

#define NR_CALLS (sizeof(calls) / sizeof(calls[0]))
#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, what)

/* The offending call has not been made; this thread may be any. */
static void violated(int sig, siginfo_t *info, void *context)
{
	static const char begin[] = "offload-pmm: system call ";
	static const char end[] = " is not on the list (pmm/syscalls.txt): ending\n";
	char line[sizeof(begin) + sizeof(end) + 12], digits[12];
	unsigned int nr = (unsigned int)info->si_syscall, n = 0;
	size_t len = sizeof(begin) - 1;

	(void)sig;
	(void)context;
	memcpy(line, begin, len);
	do {
		digits[n++] = (char)('0' + nr % 10);
		nr /= 10;
	} while (nr);
	while (n)
		line[len++] = digits[--n];
	memcpy(line + len, end, sizeof(end) - 1);
	len += sizeof(end) - 1;
	if (write(STDERR_FILENO, line, len) < 0)
		_exit(OFL_EXIT_FAILURE);
	_exit(OFL_EXIT_FAILURE);
}

int ofl_seccomp_enter(void)
{
	/* One comparison each: a call that is allowed costs some tens of nanoseconds. */
	struct sock_filter code[NR_CALLS + 6] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		[NR_CALLS + 4] = RETURN(SECCOMP_RET_TRAP),
		[NR_CALLS + 5] = RETURN(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = NR_CALLS + 6, .filter = code };
	struct sigaction action = { .sa_sigaction = violated, .sa_flags = SA_SIGINFO };
	size_t i;

	_Static_assert(NR_CALLS < 255, "a jump reaches 255 instructions");
	for (i = 0; i < NR_CALLS; i++)
		code[4 + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i],
							   (uint8_t)(NR_CALLS - i), 0);
	if (sigaction(SIGSYS, &action, NULL) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0)) {
		int err = errno;

		if (err == EINVAL)
			return 0; /* a kernel without seccomp filters */
		ofl_log("seccomp: %s", strerror(err));
		return -err;
	}
	return 0;
}
