/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system calls that the native build needs, without any library of the
 * build machine: numbers, structures as the kernel has them on the two
 * architectures (the same on both), and the instruction itself.
 */
#ifndef OFFLOAD_NATIVE_LINUX_H
#define OFFLOAD_NATIVE_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
enum {
	NR_READ = 0,
	NR_WRITE = 1,
	NR_CLOSE = 3,
	NR_MMAP = 9,
	NR_RT_SIGACTION = 13,
	NR_RT_SIGPROCMASK = 14,
	NR_SOCKET = 41,
	NR_CONNECT = 42,
	NR_SENDMSG = 46,
	NR_RECVMSG = 47,
	NR_RT_SIGSUSPEND = 130,
	NR_ARCH_PRCTL = 158,
	NR_TIMER_CREATE = 222,
	NR_TIMER_SETTIME = 223,
	NR_CLOCK_GETTIME = 228,
	NR_EXIT_GROUP = 231,
	NR_PPOLL = 271,
	NR_GETCPU = 309,
};

static inline long ofl_syscall(long nr, long a, long b, long c, long d, long e,
			       long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}
#else
enum {
	NR_CLOSE = 57,
	NR_READ = 63,
	NR_WRITE = 64,
	NR_PPOLL = 73,
	NR_EXIT_GROUP = 94,
	NR_TIMER_CREATE = 107,
	NR_TIMER_SETTIME = 110,
	NR_CLOCK_GETTIME = 113,
	NR_RT_SIGSUSPEND = 133,
	NR_RT_SIGACTION = 134,
	NR_RT_SIGPROCMASK = 135,
	NR_GETCPU = 168,
	NR_SOCKET = 198,
	NR_CONNECT = 203,
	NR_SENDMSG = 211,
	NR_RECVMSG = 212,
	NR_MMAP = 222,
};

static inline long ofl_syscall(long nr, long a, long b, long c, long d, long e,
			       long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#endif

#define LINUX_EINTR 4
#define LINUX_EAGAIN 11
#define LINUX_CLOCK_REALTIME 0
#define LINUX_CLOCK_MONOTONIC 1
#define LINUX_TIMER_ABSTIME 1

#define LINUX_PROT_READ_WRITE 3
#define LINUX_MAP_SHARED 1
#define LINUX_MAP_FIXED 0x10
#define LINUX_MAP_PRIVATE 2
#define LINUX_MAP_ANONYMOUS 0x20
#define LINUX_MAP_NORESERVE 0x4000
#define LINUX_MAP_FIXED_NOREPLACE 0x100000

#define LINUX_SIGILL 4
#define LINUX_SIGBUS 7
#define LINUX_SIGFPE 8
#define LINUX_SIGSEGV 11
#define LINUX_SIGALRM 14
#define LINUX_SA_SIGINFO 4ul
#define LINUX_SA_RESTORER 0x04000000ul
#define LINUX_SA_RESTART 0x10000000ul
#define LINUX_SIG_BLOCK 0
#define LINUX_SIG_UNBLOCK 1

#define LINUX_POLLIN 1
#define LINUX_POLLERR 8
#define LINUX_POLLHUP 16

#define LINUX_AF_UNIX 1
#define LINUX_SOCK_STREAM 1
#define LINUX_SOL_SOCKET 1
#define LINUX_SCM_RIGHTS 1
#define LINUX_MSG_DONTWAIT 0x40
#define LINUX_MSG_NOSIGNAL 0x4000
#define LINUX_MSG_CMSG_CLOEXEC 0x40000000

struct linux_timespec {
	int64_t sec, nsec;
};

struct linux_itimerspec {
	struct linux_timespec interval, value;
};

struct linux_pollfd {
	int32_t fd;
	int16_t events, revents;
};

struct linux_sigaction {
	void (*handler)(int sig, void *info, void *context);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

struct linux_siginfo {
	int32_t signo, error, code, pad;
	uint64_t addr;
};

struct linux_sigevent {
	uint64_t value;
	int32_t signo, notify;
	uint8_t pad[48];
};

struct linux_sockaddr_un {
	uint16_t family;
	char path[108];
};

struct linux_iovec {
	void *base;
	size_t len;
};

struct linux_msghdr {
	void *name;
	uint32_t namelen;
	struct linux_iovec *iov;
	size_t iovlen;
	void *control;
	size_t controllen;
	uint32_t flags;
};

struct linux_cmsghdr {
	size_t len;
	int32_t level, type;
};

/* The kernel returns -errno in the last page of the address space. */
static inline bool linux_failed(long ret)
{
	return (unsigned long)ret > -4096ul;
}

static inline uint64_t linux_now(int clock)
{
	struct linux_timespec ts;

	ofl_syscall(NR_CLOCK_GETTIME, clock, (long)&ts, 0, 0, 0, 0);
	return (uint64_t)ts.sec * 1000000000u + (uint64_t)ts.nsec;
}

#endif
