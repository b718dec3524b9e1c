// SPDX-License-Identifier: BSD-2-Clause
/*
 * The connection to the PMM: hello, the window, two eventfds (abi.h, native
 * build).
 */
#include "native.h"

#include <string.h>

#include "linux.h"

#define NR_FDS 3 /* window, ring, wake */
#define ANSWER_SEC 10u
#define STEP_NS 20000000ull

struct ofl_native_link ofl_native_link = { .sock = -1, .ring_fd = -1,
					   .wake_fd = -1 };

static void sleep_ns(uint64_t ns)
{
	struct linux_timespec ts = { (int64_t)(ns / 1000000000u),
				     (int64_t)(ns % 1000000000u) };

	ofl_syscall(NR_PPOLL, 0, 0, (long)&ts, 0, 0, 0);
}

static void say_number(uint64_t n)
{
	char text[24];
	char *at = text + sizeof(text) - 1;

	*at = '\0';
	do {
		*--at = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	ofl_native_say(at);
}

static int try_connect(const struct linux_sockaddr_un *addr)
{
	long sock, ret;

	sock = ofl_syscall(NR_SOCKET, LINUX_AF_UNIX, LINUX_SOCK_STREAM, 0, 0, 0,
			   0);
	if (sock < 0)
		ofl_native_die(OFL_NATIVE_EXIT_NO_PMM, "cannot make a socket",
			       NULL);
	ret = ofl_syscall(NR_CONNECT, sock, (long)addr, sizeof(*addr), 0, 0, 0);
	if (!ret)
		return (int)sock;
	ofl_syscall(NR_CLOSE, sock, 0, 0, 0, 0, 0);
	return -1;
}

/* Wait for something to read on the socket; false: timeout. */
static bool readable(int sock, unsigned int seconds)
{
	struct linux_pollfd poll = { .fd = sock, .events = LINUX_POLLIN };
	struct linux_timespec ts = { seconds, 0 };

	return ofl_syscall(NR_PPOLL, (long)&poll, 1, (long)&ts, 0, 0, 0) > 0;
}

static void send_hello(int sock)
{
	struct ofl_native_hello hello = { .magic = OFL_NATIVE_MAGIC,
					  .abi = OFL_ABI_VERSION };
	struct linux_iovec iov = { &hello, sizeof(hello) };
	struct linux_msghdr msg = { .iov = &iov, .iovlen = 1 };

	if (ofl_syscall(NR_SENDMSG, sock, (long)&msg, LINUX_MSG_NOSIGNAL, 0, 0,
			0) != sizeof(hello))
		ofl_native_die(OFL_NATIVE_EXIT_NO_PMM,
			       "the PMM closed the connection", NULL);
}

/* The PMM's hello and its descriptors. */
static void receive_hello(int sock, struct ofl_native_hello *hello, int *fds)
{
	union {
		struct linux_cmsghdr head;
		uint8_t bytes[sizeof(struct linux_cmsghdr) +
			      NR_FDS * sizeof(int) + 4];
	} control;
	struct linux_iovec iov = { hello, sizeof(*hello) };
	struct linux_msghdr msg = { .iov = &iov, .iovlen = 1,
				    .control = &control,
				    .controllen = sizeof(control) };
	long n;

	memset(&control, 0, sizeof(control));
	n = ofl_syscall(NR_RECVMSG, sock, (long)&msg, LINUX_MSG_CMSG_CLOEXEC, 0,
			0, 0);
	/* A stream may come in pieces; the descriptors are with the first. */
	while (n > 0 && n < (long)sizeof(*hello) && readable(sock, ANSWER_SEC)) {
		long more = ofl_syscall(NR_READ, sock, (long)hello + n,
					(long)sizeof(*hello) - n, 0, 0, 0);

		if (more <= 0)
			break;
		n += more;
	}
	if (n != sizeof(*hello) || hello->magic != OFL_NATIVE_MAGIC)
		ofl_native_die(OFL_NATIVE_EXIT_NO_PMM,
			       "what listens there is not a PMM", NULL);
	if (hello->abi != OFL_ABI_VERSION) {
		ofl_native_say("offload: the PMM has ABI version ");
		say_number(hello->abi);
		ofl_native_say(", this image ");
		say_number(OFL_ABI_VERSION);
		ofl_native_die(OFL_NATIVE_EXIT_NO_PMM, "\noffload: ABI versions differ",
			       NULL);
	}
	if (msg.controllen < sizeof(struct linux_cmsghdr) + NR_FDS * sizeof(int) ||
	    control.head.level != LINUX_SOL_SOCKET ||
	    control.head.type != LINUX_SCM_RIGHTS ||
	    control.head.len !=
		    sizeof(struct linux_cmsghdr) + NR_FDS * sizeof(int))
		ofl_native_die(OFL_NATIVE_EXIT_NO_PMM,
			       "the PMM sent no window: is another image attached to it?",
			       NULL);
	memcpy(fds, control.bytes + sizeof(struct linux_cmsghdr),
	       NR_FDS * sizeof(int));
}

static void map_window(int fd, const struct ofl_native_hello *hello)
{
	long at;

	if (hello->window_size < OFL_WIN_SIZE_MIN ||
	    hello->window_size > 1ull << 40 ||
	    (hello->window_size | hello->window_pa) & (OFL_PAGE - 1) ||
	    hello->window_pa + hello->window_size < hello->window_pa)
		ofl_native_die(OFL_NATIVE_EXIT_NO_PMM,
			       "the PMM offers a window of no sensible size", NULL);
	at = ofl_syscall(NR_MMAP, 0, (long)hello->window_size,
			 LINUX_PROT_READ_WRITE, LINUX_MAP_SHARED, fd, 0);
	if (linux_failed(at))
		ofl_native_die(OFL_NATIVE_EXIT_NO_PMM, "cannot map the window",
			       NULL);
	ofl_native_link.window = (uint8_t *)at;
	ofl_native_link.window_pa = hello->window_pa;
	ofl_native_link.window_size = hello->window_size;
}

void ofl_native_connect(const char *path, unsigned int seconds)
{
	struct linux_sockaddr_un addr = { .family = LINUX_AF_UNIX };
	uint64_t end = linux_now(LINUX_CLOCK_MONOTONIC) +
		       seconds * 1000000000ull;
	struct ofl_native_hello hello = { 0 };
	int fds[NR_FDS], sock;

	if (strlen(path) >= sizeof(addr.path))
		ofl_native_die(OFL_NATIVE_EXIT_USAGE,
			       "the socket's path is longer than 107 bytes: ",
			       path);
	strcpy(addr.path, path);
	while ((sock = try_connect(&addr)) < 0) {
		if (linux_now(LINUX_CLOCK_MONOTONIC) >= end)
			ofl_native_die(OFL_NATIVE_EXIT_NO_PMM,
				       "no PMM listens; start offload-pmm --socket ",
				       path);
		sleep_ns(STEP_NS);
	}
	send_hello(sock);
	if (!readable(sock, ANSWER_SEC))
		ofl_native_die(OFL_NATIVE_EXIT_NO_PMM,
			       "no answer within 10 s from ", path);
	receive_hello(sock, &hello, fds);
	map_window(fds[0], &hello);
	ofl_syscall(NR_CLOSE, fds[0], 0, 0, 0, 0, 0);
	ofl_native_link.sock = sock;
	ofl_native_link.ring_fd = fds[1];
	ofl_native_link.wake_fd = fds[2];
}
