/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket calls under names of their own, with a table of descriptors that holds
 * nothing but sockets.  Behind rt_mock.h; the address families come from the test.
 */
#ifndef OFL_TEST_SOCKET_MOCK_H
#define OFL_TEST_SOCKET_MOCK_H

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* This program has a libc with the same names already. */
#define socket t_socket
#define bind t_bind
#define listen t_listen
#define connect t_connect
#define accept t_accept
#define accept4 t_accept4
#define send t_send
#define sendto t_sendto
#define recv t_recv
#define recvfrom t_recvfrom
#define shutdown t_shutdown
#define getsockname t_getsockname
#define getpeername t_getpeername
#define getsockopt t_getsockopt
#define setsockopt t_setsockopt
#define ioctl t_ioctl
#define poll t_poll
#define fcntl t_fcntl
int t_fcntl(int fd, int command, ...);
int t_ioctl(int fd, unsigned long request, ...);
#include "baremetal/poll.c"
#include "baremetal/socket.c"
#include "baremetal/waiter.c"

#define FDS 100
static const struct ofl_file_ops no_socket;
static struct open_file fds[FDS] = { { .ops = &no_socket }, { .ops = &no_socket },
				     { .ops = &no_socket } };
static int fds_error; /* of the next ones, -errno */

int ofl_file_add(const struct ofl_file_ops *what, int flags, struct open_file **file)
{
	for (int fd = 3; fd < FDS && !fds_error; fd++) {
		if (fds[fd].ops)
			continue;
		*file = &fds[fd];
		**file = (struct open_file){ .ops = what, .flags = flags };
		return fd;
	}
	return fds_error ? fds_error : -EMFILE;
}

void ofl_file_drop(int fd)
{
	fds[fd].ops = NULL;
}

/* Descriptors that are free. */
static inline int fds_free(void)
{
	int n = 0;

	for (int fd = 3; fd < FDS; fd++)
		n += !fds[fd].ops;
	return n;
}

struct open_file *ofl_file_of(int fd)
{
	return fd >= 0 && fd < FDS && fds[fd].ops ? &fds[fd] : NULL;
}

int ofl_files_poll(int fd)
{
	return ofl_file_of(fd) ? fds[fd].ops->poll(&fds[fd]) : POLLNVAL;
}

/* There are no consoles here. */
int ofl_tty_ioctl(int fd, unsigned long request, void *arg)
{
	(void)fd;
	(void)request;
	(void)arg;
	return -ENOTTY;
}

int t_fcntl(int fd, int command, ...)
{
	va_list ap;

	va_start(ap, command);
	if (command == F_SETFL)
		fds[fd].flags = va_arg(ap, int);
	va_end(ap);
	return command == F_GETFL ? fds[fd].flags : 0;
}

static inline void t_close(int fd)
{
	fds[fd].ops->close(&fds[fd]);
	fds[fd].ops = NULL;
}

#define assert_fails(call, number)                                             \
	do {                                                                   \
		errno = 0;                                                     \
		assert_true((call) == -1);                                     \
		assert_int_equal(errno, number);                               \
	} while (0)

#endif
