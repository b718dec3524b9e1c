// SPDX-License-Identifier: BSD-2-Clause
/*
 * The POSIX calls on sockets.
 *
 * A call that waits (waiter.h) ends with the operation, with the socket's own time-out,
 * or when the family says that the other side is gone; a signal does not exist.
 */
#define _GNU_SOURCE
#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "devices.h"
#include "net.h"
#include "openfile.h"
#include "wait.h"
#include "waiter.h"

static int failed(int64_t err)
{
	errno = (int)-err;
	return -1;
}

static ssize_t result(int64_t ret)
{
	return ret < 0 ? failed(ret) : (ssize_t)ret;
}

/* NULL: this image does not have it. */
static const struct ofl_family *family_of(int domain)
{
	if (domain == AF_VSOCK)
		return &ofl_family_vsock;
	if (!&ofl_net)
		return NULL;
	return domain == AF_INET  ? ofl_net.inet :
	       domain == AF_INET6 ? ofl_net.inet6 :
				    NULL;
}

/* --- reading and writing --- */

static int64_t sock_recv(struct ofl_socket *sk, void *buf, size_t len, int flags,
			 bool nonblock, struct sockaddr_storage *from,
			 socklen_t *from_len)
{
	bool peek = flags & MSG_PEEK;
	bool all = (flags & MSG_WAITALL) && !peek && !nonblock &&
		   sk->type == SOCK_STREAM;
	struct ofl_waiter w;
	size_t done = 0;
	int64_t n;

	sk->into = buf;
	sk->into_left = peek ? 0 : len;
	sk->family->progress();
	ofl_waiter_start(&w, sk->recv_timeout);
	for (;;) {
		size_t before = done;

		/* What came here straight from the device. */
		done = (size_t)(sk->into - (uint8_t *)buf);
		sk->into_left = 0;
		n = 0;
		if (done < len || !len)
			n = sk->ops->recv(sk, sk->into, len - done, peek, from,
					  from_len);
		if (n > 0)
			done += (size_t)n;
		sk->into = (uint8_t *)buf + done;
		sk->into_left = peek ? 0 : len - done;
		if (done > before) {
			if (!all || done == len)
				break;
			continue;
		}
		if (n != -EAGAIN || nonblock || !ofl_waiter_step(&w))
			break;
	}
	sk->into_left = 0;
	ofl_waiter_end(&w);
	return done ? (int64_t)done : n;
}

static int64_t sock_send(struct ofl_socket *sk, const void *buf, size_t len,
			 bool nonblock, const struct sockaddr *to,
			 socklen_t to_len)
{
	struct ofl_waiter w;
	size_t done = 0;
	int64_t n;

	sk->family->progress();
	/* Who does not want to wait for the peer does not want to wait for the device. */
	sk->lends = sk->ops->sent && !nonblock && !sk->send_timeout;
	ofl_waiter_start(&w, sk->send_timeout);
	for (;;) {
		n = sk->ops->send(sk, (const uint8_t *)buf + done, len - done,
				  to, to_len);
		if (n >= 0) {
			done += (size_t)n;
			if (done == len)
				break;
			continue;
		}
		if (n != -EAGAIN || nonblock || !ofl_waiter_step(&w))
			break;
	}
	while (sk->lends && sk->ops->sent(sk) == -EAGAIN)
		ofl_waiter_step(&w);
	ofl_waiter_end(&w);
	return done || n >= 0 ? (int64_t)done : n;
}

/* --- descriptors --- */

static int64_t file_read(struct open_file *file, void *buf, size_t len)
{
	return sock_recv(file->socket, buf, len, 0, file->flags & O_NONBLOCK, NULL, NULL);
}

static int64_t file_write(struct open_file *file, const void *buf, size_t len)
{
	return sock_send(file->socket, buf, len, file->flags & O_NONBLOCK, NULL, 0);
}

static int file_poll(struct open_file *file)
{
	return file->socket->ops->poll(file->socket);
}

static int file_close(struct open_file *file)
{
	file->socket->ops->close(file->socket);
	return 0;
}

static const struct ofl_file_ops file_ops = {
	.mode = S_IFSOCK | 0600,
	.read = file_read,
	.write = file_write,
	.poll = file_poll,
	.close = file_close,
};

/* Of a descriptor; NULL and errno if it is none. */
static struct ofl_socket *socket_of(int fd, bool *nonblock)
{
	struct open_file *file = ofl_file_of(fd);

	if (!file || file->ops != &file_ops) {
		failed(file ? -ENOTSOCK : -EBADF);
		return NULL;
	}
	*nonblock = file->flags & O_NONBLOCK;
	return file->socket;
}

static int flags_of_type(int type)
{
	return O_RDWR | (type & SOCK_NONBLOCK ? O_NONBLOCK : 0);
}

int socket(int domain, int type, int protocol)
{
	const int bits = SOCK_NONBLOCK | SOCK_CLOEXEC;
	const struct ofl_family *family = family_of(domain);
	struct open_file *file;
	struct ofl_socket *sk;
	int err, fd;

	if (!family)
		return failed(-EAFNOSUPPORT);
	fd = ofl_file_add(&file_ops, flags_of_type(type), &file);
	if (fd < 0)
		return failed(fd);
	err = family->create(type & ~bits, protocol, &sk);
	if (err) {
		ofl_file_drop(fd);
		return failed(err);
	}
	sk->family = family;
	sk->type = type & ~bits;
	file->socket = sk;
	return fd;
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	bool nonblock;
	struct ofl_socket *sk = socket_of(fd, &nonblock);

	if (!sk)
		return -1;
	if (!addr)
		return failed(-EFAULT);
	return (int)result(sk->ops->bind(sk, addr, len));
}

int listen(int fd, int backlog)
{
	bool nonblock;
	struct ofl_socket *sk = socket_of(fd, &nonblock);
	int err;

	if (!sk)
		return -1;
	err = sk->ops->listen(sk, backlog);
	if (!err)
		sk->listening = true;
	return (int)result(err);
}

int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	bool nonblock;
	struct ofl_socket *sk = socket_of(fd, &nonblock);
	struct ofl_waiter w;
	int err;

	if (!sk)
		return -1;
	if (!addr)
		return failed(-EFAULT);
	ofl_devices_check();
	sk->family->progress();
	err = sk->ops->connect(sk, addr, len);
	if (err)
		return failed(err);
	ofl_waiter_start(&w, 0); /* the family has a time-out of its own */
	while ((err = sk->ops->connected(sk)) == -EAGAIN && !nonblock)
		ofl_waiter_step(&w);
	ofl_waiter_end(&w);
	if (err == -EAGAIN)
		err = -EINPROGRESS;
	return err ? failed(err) : 0;
}

/* Cut an address to what the caller has room for; *len says how long it is. */
static void put_addr(const struct sockaddr_storage *from, socklen_t from_len,
		     struct sockaddr *addr, socklen_t *len)
{
	if (!addr || !len)
		return;
	memcpy(addr, from, *len < from_len ? *len : from_len);
	*len = from_len;
}

int accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	bool nonblock;
	struct ofl_socket *sk = socket_of(fd, &nonblock), *conn = NULL;
	struct sockaddr_storage peer;
	socklen_t peer_len;
	struct open_file *file;
	struct ofl_waiter w;
	int err, new_fd;

	if (!sk)
		return -1;
	if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
		return failed(-EINVAL);
	if (!sk->listening)
		return failed(-EINVAL);
	/* First: without a descriptor for it, the connection stays in its queue. */
	new_fd = ofl_file_add(&file_ops, flags_of_type(flags), &file);
	if (new_fd < 0)
		return failed(new_fd);
	ofl_devices_check();
	sk->family->progress();
	ofl_waiter_start(&w, sk->recv_timeout);
	while ((err = sk->ops->accept(sk, &conn)) == -EAGAIN && !nonblock)
		if (!ofl_waiter_step(&w))
			break;
	ofl_waiter_end(&w);
	if (err) {
		ofl_file_drop(new_fd);
		return failed(err);
	}
	conn->family = sk->family;
	conn->type = sk->type;
	file->socket = conn;
	if (!conn->ops->name(conn, true, &peer, &peer_len))
		put_addr(&peer, peer_len, addr, len);
	return new_fd;
}

int accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	return accept4(fd, addr, len, 0);
}

ssize_t sendto(int fd, const void *buf, size_t len, int flags,
	       const struct sockaddr *addr, socklen_t addr_len)
{
	bool nonblock;
	struct ofl_socket *sk = socket_of(fd, &nonblock);

	if (!sk)
		return -1;
	if (flags & ~(MSG_DONTWAIT | MSG_NOSIGNAL))
		return failed(-EOPNOTSUPP);
	if (len > PTRDIFF_MAX)
		return failed(-EINVAL);
	return result(sock_send(sk, buf, len, nonblock || (flags & MSG_DONTWAIT),
				addr, addr_len));
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	return sendto(fd, buf, len, flags, NULL, 0);
}

ssize_t recvfrom(int fd, void *buf, size_t len, int flags,
		 struct sockaddr *addr, socklen_t *addr_len)
{
	const int known = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_PEEK | MSG_WAITALL;
	bool nonblock;
	struct ofl_socket *sk = socket_of(fd, &nonblock);
	struct sockaddr_storage from;
	socklen_t from_len = 0;
	int64_t n;

	if (!sk)
		return -1;
	if (flags & ~known)
		return failed(-EOPNOTSUPP);
	if (len > PTRDIFF_MAX)
		return failed(-EINVAL);
	n = sock_recv(sk, buf, len, flags, nonblock || (flags & MSG_DONTWAIT),
		      &from, &from_len);
	if (n >= 0)
		put_addr(&from, from_len, addr, addr_len);
	return result(n);
}

ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	return recvfrom(fd, buf, len, flags, NULL, NULL);
}

int shutdown(int fd, int how)
{
	bool nonblock;
	struct ofl_socket *sk = socket_of(fd, &nonblock);

	if (!sk)
		return -1;
	if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
		return failed(-EINVAL);
	sk->family->progress();
	return (int)result(sk->ops->shutdown(sk, how));
}

static int get_name(int fd, bool peer, struct sockaddr *addr, socklen_t *len)
{
	bool nonblock;
	struct ofl_socket *sk = socket_of(fd, &nonblock);
	struct sockaddr_storage name;
	socklen_t name_len;
	int err;

	if (!sk)
		return -1;
	if (!addr || !len)
		return failed(-EFAULT);
	err = sk->ops->name(sk, peer, &name, &name_len);
	if (err)
		return failed(err);
	put_addr(&name, name_len, addr, len);
	return 0;
}

int getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
	return get_name(fd, false, addr, len);
}

int getpeername(int fd, struct sockaddr *addr, socklen_t *len)
{
	return get_name(fd, true, addr, len);
}

/* --- options --- */

static void put_option(void *value, socklen_t *len, const void *from, size_t n)
{
	if (n > *len)
		n = *len;
	memcpy(value, from, n);
	*len = (socklen_t)n;
}

static void put_timeout(void *value, socklen_t *len, uint64_t ns)
{
	struct timeval tv = { 0 };

	tv.tv_sec = (time_t)(ns / OFL_SEC);
	tv.tv_usec = (suseconds_t)(ns % OFL_SEC / 1000);
	put_option(value, len, &tv, sizeof(tv));
}

static int take_timeout(const void *value, socklen_t len, uint64_t *ns)
{
	struct timeval tv;

	if (len < sizeof(tv))
		return -EINVAL;
	memcpy(&tv, value, sizeof(tv));
	if (tv.tv_sec < 0 || tv.tv_usec < 0 || tv.tv_usec >= 1000000)
		return -EDOM;
	if ((uint64_t)tv.tv_sec > UINT64_MAX / OFL_SEC - 1)
		*ns = 0;
	else
		*ns = (uint64_t)tv.tv_sec * OFL_SEC + (uint64_t)tv.tv_usec * 1000;
	return 0;
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	bool nonblock;
	struct ofl_socket *sk = socket_of(fd, &nonblock);
	int number = 0;

	if (!sk)
		return -1;
	if (!value || !len)
		return failed(-EFAULT);
	if (level != SOL_SOCKET)
		return (int)result(sk->ops->getopt(sk, level, name, value, len));
	switch (name) {
	case SO_RCVTIMEO:
		put_timeout(value, len, sk->recv_timeout);
		return 0;
	case SO_SNDTIMEO:
		put_timeout(value, len, sk->send_timeout);
		return 0;
	case SO_TYPE:
		number = sk->type;
		break;
	case SO_ERROR:
		sk->family->progress();
		number = sk->ops->error(sk);
		break;
	case SO_DOMAIN:
		number = sk->family->domain;
		break;
	case SO_ACCEPTCONN:
		number = sk->listening;
		break;
	case SO_REUSEADDR:
	case SO_PROTOCOL:
		if (sk->family->domain != AF_VSOCK)
			return (int)result(sk->ops->getopt(sk, level, name,
							   value, len));
		break;
	default:
		return (int)result(sk->ops->getopt(sk, level, name, value, len));
	}
	put_option(value, len, &number, sizeof(number));
	return 0;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	bool nonblock;
	struct ofl_socket *sk = socket_of(fd, &nonblock);

	if (!sk)
		return -1;
	if (!value)
		return failed(-EFAULT);
	if (level != SOL_SOCKET)
		return (int)result(sk->ops->setopt(sk, level, name, value, len));
	switch (name) {
	case SO_RCVTIMEO:
		return (int)result(take_timeout(value, len, &sk->recv_timeout));
	case SO_SNDTIMEO:
		return (int)result(take_timeout(value, len, &sk->send_timeout));
	case SO_REUSEADDR:
		if (len < sizeof(int))
			return failed(-EINVAL);
		if (sk->family->domain == AF_VSOCK)
			return 0;
		break;
	}
	return (int)result(sk->ops->setopt(sk, level, name, value, len));
}

/* Of any descriptor; what only sockets know is ENOTTY for others. */
int ioctl(int fd, unsigned long request, ...)
{
	bool nonblock;
	struct ofl_socket *sk;
	va_list ap;
	int *arg, flags, err;

	va_start(ap, request);
	arg = va_arg(ap, int *);
	va_end(ap);
	flags = fcntl(fd, F_GETFL);
	if (flags < 0)
		return -1;
	switch (request) {
	case FIONBIO:
		flags = *arg ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
		return fcntl(fd, F_SETFL, flags);
	case FIONREAD:
		sk = socket_of(fd, &nonblock);
		if (!sk)
			break;
		sk->family->progress();
		*arg = (int)sk->ops->readable(sk);
		return 0;
	}
	err = ofl_tty_ioctl(fd, request, arg);
	return err ? failed(err) : 0;
}
