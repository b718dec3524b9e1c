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
#define REJOIN_ANSWER_SEC 2u
#define AGAIN_NS 2000000000ull

struct ofl_native_link ofl_native_link = { .sock = -1, .ring_fd = -1,
					   .wake_fd = -1 };

static struct linux_sockaddr_un pmm_addr = { .family = LINUX_AF_UNIX };

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

/* A connected socket, -1 if nobody listens; -2: there are no sockets. */
static int try_connect(void)
{
	long sock, ret;

	sock = ofl_syscall(NR_SOCKET, LINUX_AF_UNIX, LINUX_SOCK_STREAM, 0, 0, 0,
			   0);
	if (sock < 0)
		return -2;
	ret = ofl_syscall(NR_CONNECT, sock, (long)&pmm_addr, sizeof(pmm_addr), 0,
			  0, 0);
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

static bool send_hello(int sock)
{
	struct ofl_native_hello hello = { .magic = OFL_NATIVE_MAGIC,
					  .abi = OFL_ABI_VERSION };
	struct linux_iovec iov = { &hello, sizeof(hello) };
	struct linux_msghdr msg = { .iov = &iov, .iovlen = 1 };

	return ofl_syscall(NR_SENDMSG, sock, (long)&msg, LINUX_MSG_NOSIGNAL, 0,
			   0, 0) == sizeof(hello);
}

/* The PMM's hello and its descriptors; NULL, or what is wrong. */
static const char *receive_hello(int sock, struct ofl_native_hello *hello,
				 int *fds)
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
		return "what listens there is not a PMM";
	if (hello->abi != OFL_ABI_VERSION)
		return "ABI versions differ";
	if (msg.controllen < sizeof(struct linux_cmsghdr) + NR_FDS * sizeof(int) ||
	    control.head.level != LINUX_SOL_SOCKET ||
	    control.head.type != LINUX_SCM_RIGHTS ||
	    control.head.len !=
		    sizeof(struct linux_cmsghdr) + NR_FDS * sizeof(int))
		return "the PMM sent no window: is another image attached to it?";
	memcpy(fds, control.bytes + sizeof(struct linux_cmsghdr),
	       NR_FDS * sizeof(int));
	return NULL;
}

/*
 * NULL and *at, or what is wrong.  In the place of a window of the same size, so that
 * a program's buffers in it (pool.c) stay addresses; one of another size stays, too.
 */
static const char *map_window(int fd, const struct ofl_native_hello *hello,
			      long *at)
{
	bool again = ofl_native_link.window &&
		     hello->window_size == ofl_native_link.window_size;

	if (hello->window_size < OFL_WIN_SIZE_MIN ||
	    hello->window_size > 1ull << 40 ||
	    (hello->window_size | hello->window_pa) & (OFL_PAGE - 1) ||
	    hello->window_pa + hello->window_size < hello->window_pa)
		return "the PMM offers a window of no sensible size";
	*at = ofl_syscall(NR_MMAP, again ? (long)ofl_native_link.window : 0,
			  (long)hello->window_size, LINUX_PROT_READ_WRITE,
			  LINUX_MAP_SHARED | (again ? LINUX_MAP_FIXED : 0), fd,
			  0);
	return linux_failed(*at) ? "cannot map the window" : NULL;
}

static void close_link(void)
{
	if (ofl_native_link.sock >= 0) {
		ofl_syscall(NR_CLOSE, ofl_native_link.sock, 0, 0, 0, 0, 0);
		ofl_syscall(NR_CLOSE, ofl_native_link.ring_fd, 0, 0, 0, 0, 0);
		ofl_syscall(NR_CLOSE, ofl_native_link.wake_fd, 0, 0, 0, 0, 0);
	}
}

/* Hello on a new connection; on success it takes the place of the old one. */
static const char *greet(int sock, unsigned int seconds,
			 struct ofl_native_hello *hello)
{
	const char *why;
	int fds[NR_FDS];
	long at = 0;

	if (!send_hello(sock))
		return "the PMM closed the connection";
	if (!readable(sock, seconds))
		return "no answer in time";
	why = receive_hello(sock, hello, fds);
	if (why)
		return why;
	why = map_window(fds[0], hello, &at);
	ofl_syscall(NR_CLOSE, fds[0], 0, 0, 0, 0, 0);
	if (why) {
		ofl_syscall(NR_CLOSE, fds[1], 0, 0, 0, 0, 0);
		ofl_syscall(NR_CLOSE, fds[2], 0, 0, 0, 0, 0);
		return why;
	}
	close_link();
	ofl_native_link = (struct ofl_native_link){
		.sock = sock, .ring_fd = fds[1], .wake_fd = fds[2],
		.window = (uint8_t *)at, .window_pa = hello->window_pa,
		.window_size = hello->window_size,
	};
	return NULL;
}

void ofl_native_connect(const char *path, unsigned int seconds)
{
	uint64_t end = linux_now(LINUX_CLOCK_MONOTONIC) +
		       seconds * 1000000000ull;
	struct ofl_native_hello hello = { 0 };
	const char *why;
	int sock;

	if (strlen(path) >= sizeof(pmm_addr.path))
		ofl_native_die(OFL_NATIVE_EXIT_USAGE,
			       "the socket's path is longer than 107 bytes: ",
			       path);
	strcpy(pmm_addr.path, path);
	while ((sock = try_connect()) < 0) {
		if (sock == -2)
			ofl_native_die(OFL_NATIVE_EXIT_NO_PMM,
				       "cannot make a socket", NULL);
		if (linux_now(LINUX_CLOCK_MONOTONIC) >= end)
			ofl_native_die(OFL_NATIVE_EXIT_NO_PMM,
				       "no PMM listens; start offload-pmm --socket ",
				       path);
		sleep_ns(STEP_NS);
	}
	why = greet(sock, ANSWER_SEC, &hello);
	if (!why)
		return;
	if (hello.magic == OFL_NATIVE_MAGIC && hello.abi != OFL_ABI_VERSION) {
		ofl_native_say("offload: the PMM has ABI version ");
		say_number(hello.abi);
		ofl_native_say(", this image ");
		say_number(OFL_ABI_VERSION);
		ofl_native_say("\n");
	}
	ofl_native_die(OFL_NATIVE_EXIT_NO_PMM, why, NULL);
}

bool ofl_native_reconnect(void)
{
	static uint64_t not_before;
	struct ofl_native_hello hello = { 0 };
	int sock;

	if (linux_now(LINUX_CLOCK_MONOTONIC) < not_before)
		return false;
	sock = try_connect();
	if (sock < 0)
		return false;
	if (!greet(sock, REJOIN_ANSWER_SEC, &hello))
		return true;
	/* It serves another image, or is something else. */
	ofl_syscall(NR_CLOSE, sock, 0, 0, 0, 0, 0);
	not_before = linux_now(LINUX_CLOCK_MONOTONIC) + AGAIN_NS;
	return false;
}
