// SPDX-License-Identifier: BSD-2-Clause
/* AF_VSOCK behind the socket calls: addresses, states, errors. */
#include "vsock.h"

#include <errno.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "devices.h"
#include "wait.h"

static const struct ofl_socket_ops ops;

static struct ofl_vsock *vsock_of(struct ofl_socket *sk)
{
	return (struct ofl_vsock *)(void *)sk; /* its first member */
}

static int create(int type, int protocol, struct ofl_socket **sk)
{
	struct ofl_vsock *vs;

	if (type != SOCK_STREAM)
		return -EPROTOTYPE;
	if (protocol && protocol != AF_VSOCK)
		return -EPROTONOSUPPORT;
	vs = ofl_vsock_new();
	if (!vs)
		return -ENOMEM;
	vs->sk.ops = &ops;
	*sk = &vs->sk;
	return 0;
}

static int take_addr(const struct sockaddr *addr, socklen_t len,
		     struct sockaddr_vm *vm)
{
	if (len < sizeof(*vm))
		return -EINVAL;
	memcpy(vm, addr, sizeof(*vm));
	return vm->svm_family == AF_VSOCK ? 0 : -EAFNOSUPPORT;
}

static int bind_port(struct ofl_vsock *vs, uint32_t port)
{
	if (port == VMADDR_PORT_ANY) {
		port = ofl_vsock_port_new();
		if (!port)
			return -EADDRNOTAVAIL;
	} else if (ofl_vsock_port_used(port, false)) {
		return -EADDRINUSE;
	}
	vs->port = port;
	vs->bound = true;
	return 0;
}

static int vsock_bind(struct ofl_socket *sk, const struct sockaddr *addr,
		      socklen_t len)
{
	struct ofl_vsock *vs = vsock_of(sk);
	struct sockaddr_vm vm;
	int err = take_addr(addr, len, &vm);

	if (err)
		return err;
	if (vs->bound || vs->state != OFL_VSOCK_NEW)
		return -EINVAL;
	if (vm.svm_cid != VMADDR_CID_ANY &&
	    !(ofl_vsock_works() && vm.svm_cid == ofl_vsock_cid()))
		return -EADDRNOTAVAIL;
	return bind_port(vs, vm.svm_port);
}

static int vsock_listen(struct ofl_socket *sk, int backlog)
{
	struct ofl_vsock *vs = vsock_of(sk);

	if (vs->state == OFL_VSOCK_CONNECTING || vs->state == OFL_VSOCK_CONNECTED)
		return -EISCONN;
	if (!vs->bound || vs->state == OFL_VSOCK_CLOSED)
		return -EINVAL;
	vs->state = OFL_VSOCK_LISTEN;
	vs->backlog = backlog < 1 ? 1 : (unsigned int)backlog;
	if (vs->backlog > SOMAXCONN)
		vs->backlog = SOMAXCONN;
	return 0;
}

static int vsock_connect(struct ofl_socket *sk, const struct sockaddr *addr,
			 socklen_t len)
{
	struct ofl_vsock *vs = vsock_of(sk);
	struct sockaddr_vm vm;
	int err = take_addr(addr, len, &vm);

	if (err)
		return err;
	switch (vs->state) {
	case OFL_VSOCK_NEW:
		break;
	case OFL_VSOCK_CONNECTING:
		return -EALREADY;
	case OFL_VSOCK_CONNECTED:
		return -EISCONN;
	default:
		return -EINVAL;
	}
	if (vm.svm_cid == VMADDR_CID_ANY || vm.svm_port == VMADDR_PORT_ANY)
		return -EINVAL;
	if (!ofl_vsock_works())
		return -ENETDOWN;
	if (!vs->bound)
		err = bind_port(vs, VMADDR_PORT_ANY);
	if (err)
		return err;
	vs->rx = malloc(vs->rx_size);
	if (!vs->rx)
		return -ENOMEM;
	vs->peer_cid = vm.svm_cid;
	vs->peer_port = vm.svm_port;
	ofl_vsock_hash(vs);
	vs->state = OFL_VSOCK_CONNECTING;
	vs->deadline = ofl_now_ns() + vs->connect_timeout;
	ofl_vsock_post(vs, OFL_VSOCK_OP_REQUEST);
	ofl_vsock_progress();
	return 0;
}

/* The error that ended the connection; 0: a clean end. */
static int closed_error(struct ofl_vsock *vs)
{
	vs->reported = true;
	return -vs->error;
}

static int vsock_connected(struct ofl_socket *sk)
{
	struct ofl_vsock *vs = vsock_of(sk);

	if (vs->state == OFL_VSOCK_CLOSED)
		return closed_error(vs);
	if (vs->state != OFL_VSOCK_CONNECTING)
		return 0;
	if (ofl_now_ns() < vs->deadline)
		return -EAGAIN;
	/* An answer that still comes meets no connection. */
	vs->state = OFL_VSOCK_CLOSED;
	vs->error = ETIMEDOUT;
	vs->todo = 0;
	ofl_vsock_post(vs, OFL_VSOCK_OP_RST);
	return closed_error(vs);
}

static int vsock_accept(struct ofl_socket *sk, struct ofl_socket **conn)
{
	struct ofl_vsock *vs = vsock_of(sk), *first = vs->queue;

	if (vs->state != OFL_VSOCK_LISTEN)
		return -EINVAL;
	/* Without a PMM, too: the next one's clients come to the same listener. */
	if (!first)
		return -EAGAIN;
	vs->queue = first->queue_next;
	vs->queued--;
	first->queue_next = NULL;
	*conn = &first->sk;
	return 0;
}

static int64_t vsock_send(struct ofl_socket *sk, const void *buf, size_t len,
			  const struct sockaddr *to, socklen_t to_len)
{
	struct ofl_vsock *vs = vsock_of(sk);

	(void)to_len;
	switch (vs->state) {
	case OFL_VSOCK_CONNECTED:
		break;
	case OFL_VSOCK_CONNECTING:
		return -EAGAIN;
	case OFL_VSOCK_CLOSED:
		return vs->error ? closed_error(vs) : -EPIPE;
	default:
		return -ENOTCONN;
	}
	if (to)
		return -EISCONN;
	if ((vs->shut & OFL_VSOCK_SHUT_SEND) ||
	    (vs->peer_shut & OFL_VSOCK_SHUT_RCV))
		return -EPIPE;
	if (!len)
		return 0;
	return ofl_vsock_send(vs, buf, len);
}

static int vsock_sent(struct ofl_socket *sk)
{
	return ofl_vsock_lent(vsock_of(sk)) ? -EAGAIN : 0;
}

static int64_t vsock_recv(struct ofl_socket *sk, void *buf, size_t len, bool peek,
			  struct sockaddr_storage *from, socklen_t *from_len)
{
	struct ofl_vsock *vs = vsock_of(sk);

	(void)from;
	if (from_len)
		*from_len = 0; /* as of a stream */
	if (vs->state == OFL_VSOCK_NEW || vs->state == OFL_VSOCK_LISTEN)
		return -ENOTCONN;
	if (!len || (vs->shut & OFL_VSOCK_SHUT_RCV))
		return 0;
	/* Half-way through a buffer that is full, the other side waits. */
	if (vs->rx_len) {
		size_t n = ofl_vsock_take(vs, buf, len, peek);

		if (vs->todo)
			ofl_vsock_progress();
		return (int64_t)n;
	}
	if (vs->state == OFL_VSOCK_CLOSED)
		return closed_error(vs);
	if (vs->peer_shut & OFL_VSOCK_SHUT_SEND)
		return 0;
	return -EAGAIN;
}

static int vsock_shutdown(struct ofl_socket *sk, int how)
{
	struct ofl_vsock *vs = vsock_of(sk);
	uint32_t flags = how == SHUT_RD ? OFL_VSOCK_SHUT_RCV :
			 how == SHUT_WR ? OFL_VSOCK_SHUT_SEND :
					  OFL_VSOCK_SHUT_BOTH;

	if (vs->state == OFL_VSOCK_CLOSED)
		return vs->error ? closed_error(vs) : 0;
	if (vs->state != OFL_VSOCK_CONNECTED)
		return -ENOTCONN;
	if (!(flags & ~vs->shut))
		return 0;
	vs->shut |= flags;
	if (flags & OFL_VSOCK_SHUT_RCV)
		ofl_vsock_take(vs, NULL, vs->rx_len, false);
	ofl_vsock_post(vs, OFL_VSOCK_OP_SHUTDOWN);
	ofl_vsock_progress();
	return 0;
}

static int vsock_name(struct ofl_socket *sk, bool peer,
		      struct sockaddr_storage *addr, socklen_t *len)
{
	struct ofl_vsock *vs = vsock_of(sk);
	struct sockaddr_vm vm = { .svm_family = AF_VSOCK };

	if (peer && (vs->state == OFL_VSOCK_NEW || vs->state == OFL_VSOCK_LISTEN))
		return -ENOTCONN;
	if (peer) {
		vm.svm_cid = vs->peer_cid;
		vm.svm_port = vs->peer_port;
	} else {
		bool any = vs->state == OFL_VSOCK_NEW || !ofl_vsock_works();

		vm.svm_cid = any ? VMADDR_CID_ANY : ofl_vsock_cid();
		vm.svm_port = vs->bound || vs->port ? vs->port : VMADDR_PORT_ANY;
	}
	memcpy(addr, &vm, sizeof(vm));
	*len = sizeof(vm);
	return 0;
}

static int vsock_error(struct ofl_socket *sk)
{
	struct ofl_vsock *vs = vsock_of(sk);
	int err;

	if (vs->state == OFL_VSOCK_CONNECTING)
		vsock_connected(sk); /* its time may be up */
	else if (vs->reported)
		return 0;
	err = vs->error;
	if (vs->state == OFL_VSOCK_CLOSED)
		vs->reported = true;
	return err;
}

static int vsock_getopt(struct ofl_socket *sk, int level, int name, void *value,
			socklen_t *len)
{
	struct ofl_vsock *vs = vsock_of(sk);
	uint64_t size = vs->rx_size;
	struct timeval tv = { 0 };

	if (level != AF_VSOCK)
		return -ENOPROTOOPT;
	switch (name) {
	case SO_VM_SOCKETS_BUFFER_SIZE:
		break;
	case SO_VM_SOCKETS_BUFFER_MIN_SIZE:
		size = OFL_VSOCK_RX_MIN;
		break;
	case SO_VM_SOCKETS_BUFFER_MAX_SIZE:
		size = OFL_VSOCK_RX_MAX;
		break;
	case SO_VM_SOCKETS_CONNECT_TIMEOUT:
		if (*len < sizeof(tv))
			return -EINVAL;
		tv.tv_sec = (time_t)(vs->connect_timeout / OFL_SEC);
		tv.tv_usec = (suseconds_t)(vs->connect_timeout % OFL_SEC / 1000);
		memcpy(value, &tv, sizeof(tv));
		*len = sizeof(tv);
		return 0;
	default:
		return -ENOPROTOOPT;
	}
	if (*len < sizeof(size))
		return -EINVAL;
	memcpy(value, &size, sizeof(size));
	*len = sizeof(size);
	return 0;
}

static int vsock_setopt(struct ofl_socket *sk, int level, int name,
			const void *value, socklen_t len)
{
	struct ofl_vsock *vs = vsock_of(sk);
	struct timeval tv;
	uint64_t size;

	if (level != AF_VSOCK)
		return -ENOPROTOOPT;
	switch (name) {
	case SO_VM_SOCKETS_BUFFER_SIZE:
		if (len < sizeof(size))
			return -EINVAL;
		memcpy(&size, value, sizeof(size));
		/* A connection has told its size already. */
		if (vs->state != OFL_VSOCK_NEW && vs->state != OFL_VSOCK_LISTEN)
			return -EISCONN;
		if (size < OFL_VSOCK_RX_MIN)
			size = OFL_VSOCK_RX_MIN;
		if (size > OFL_VSOCK_RX_MAX)
			size = OFL_VSOCK_RX_MAX;
		vs->rx_size = (uint32_t)size;
		return 0;
	case SO_VM_SOCKETS_CONNECT_TIMEOUT:
		if (len < sizeof(tv))
			return -EINVAL;
		memcpy(&tv, value, sizeof(tv));
		if (tv.tv_sec < 0 || tv.tv_usec < 0 || tv.tv_usec >= 1000000 ||
		    (!tv.tv_sec && !tv.tv_usec) || tv.tv_sec > 1000000)
			return -EDOM;
		vs->connect_timeout = (uint64_t)tv.tv_sec * OFL_SEC +
				      (uint64_t)tv.tv_usec * 1000;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int vsock_poll(struct ofl_socket *sk)
{
	struct ofl_vsock *vs = vsock_of(sk);
	int bits = 0;

	switch (vs->state) {
	case OFL_VSOCK_NEW:
		return POLLOUT | POLLWRNORM | POLLHUP;
	case OFL_VSOCK_LISTEN:
		return vs->queue ? POLLIN | POLLRDNORM : 0;
	case OFL_VSOCK_CONNECTING:
		if (vsock_connected(sk) == -EAGAIN)
			return 0;
		break;
	default:
		break;
	}
	if (vs->rx_len || vs->state == OFL_VSOCK_CLOSED ||
	    (vs->peer_shut & OFL_VSOCK_SHUT_SEND) ||
	    (vs->shut & OFL_VSOCK_SHUT_RCV))
		bits |= POLLIN | POLLRDNORM;
	if (vs->peer_shut & OFL_VSOCK_SHUT_SEND)
		bits |= POLLRDHUP;
	/* A write that fails at once does not wait either. */
	if (vs->state == OFL_VSOCK_CLOSED || ofl_vsock_can_send(vs) ||
	    (vs->shut & OFL_VSOCK_SHUT_SEND) ||
	    (vs->peer_shut & OFL_VSOCK_SHUT_RCV))
		bits |= POLLOUT | POLLWRNORM;
	if (vs->state == OFL_VSOCK_CLOSED)
		bits |= POLLHUP | POLLRDHUP;
	if (vs->error)
		bits |= POLLERR;
	return bits;
}

static size_t vsock_readable(struct ofl_socket *sk)
{
	return vsock_of(sk)->rx_len;
}

static void vsock_close(struct ofl_socket *sk)
{
	ofl_vsock_abandon(vsock_of(sk));
}

static const struct ofl_socket_ops ops = {
	.bind = vsock_bind,
	.listen = vsock_listen,
	.connect = vsock_connect,
	.connected = vsock_connected,
	.accept = vsock_accept,
	.send = vsock_send,
	.sent = vsock_sent,
	.recv = vsock_recv,
	.shutdown = vsock_shutdown,
	.name = vsock_name,
	.error = vsock_error,
	.getopt = vsock_getopt,
	.setopt = vsock_setopt,
	.poll = vsock_poll,
	.readable = vsock_readable,
	.close = vsock_close,
};

static int vsock_start(struct ofl_virtio *dev)
{
	return ofl_vsock_works() ? -ENOTSUP : ofl_vsock_start(dev);
}

OFL_DRIVER(vsock_driver) = {
	.device_id = OFL_VIRTIO_ID_VSOCK,
	.start = vsock_start,
	.lost = ofl_vsock_lost,
	.drain = ofl_vsock_drain,
	.progress = ofl_vsock_progress,
	.arm = ofl_vsock_arm,
};

const struct ofl_family ofl_family_vsock = {
	.domain = AF_VSOCK,
	.create = create,
	.progress = ofl_vsock_progress,
	.arm = ofl_vsock_arm,
};
