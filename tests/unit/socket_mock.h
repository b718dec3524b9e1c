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
static struct ofl_socket *fd_socket[FDS];
static int fd_flags[FDS];

int ofl_files_add_socket(struct ofl_socket *sk, int flags)
{
	for (int fd = 3; fd < FDS; fd++) {
		if (fd_socket[fd])
			continue;
		fd_socket[fd] = sk;
		fd_flags[fd] = flags;
		return fd;
	}
	return -EMFILE;
}

bool ofl_files_room(void)
{
	for (int fd = 3; fd < FDS; fd++)
		if (!fd_socket[fd])
			return true;
	return false;
}

int ofl_files_socket(int fd, struct ofl_socket **sk, int *flags)
{
	if (fd < 0 || fd >= FDS || (fd > 2 && !fd_socket[fd]))
		return -EBADF;
	if (fd < 3)
		return -ENOTSOCK;
	*sk = fd_socket[fd];
	*flags = fd_flags[fd];
	return 0;
}

int ofl_files_poll(int fd)
{
	return fd < FDS && fd_socket[fd] ? ofl_socket_poll(fd_socket[fd]) :
					   POLLNVAL;
}

void ofl_tty_arm(bool on)
{
	(void)on;
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
		fd_flags[fd] = va_arg(ap, int);
	va_end(ap);
	return command == F_GETFL ? fd_flags[fd] : 0;
}

static inline void t_close(int fd)
{
	ofl_socket_close(fd_socket[fd]);
	fd_socket[fd] = NULL;
}

#define assert_fails(call, number)                                             \
	do {                                                                   \
		errno = 0;                                                     \
		assert_true((call) == -1);                                     \
		assert_int_equal(errno, number);                               \
	} while (0)

#endif
