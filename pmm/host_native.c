/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host is a UNIX socket: images are processes (abi.h, native build).
 *
 * One image at a time; while its connection is open it owns the window.  Each
 * gets a window of its own, sealed so that it cannot be cut short under us, and
 * descriptors of its own, so that what is left of an earlier image reaches
 * nothing.  The handshake is bounded in time and never waited for.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <offload/abi.h>

#include "listen.h"
#include "log.h"
#include "pmm.h"
#include "window.h"

#define NATIVE_WINDOW_PA 0x1000000000ull /* any page aligned number does */
#define HELLO_MS 2000
#define GREETING_SLEEP_MS 100

struct host_native {
	const char *path;
	struct ofl_source listener;
	struct ofl_source conn;
	int refused;		/* the last one that was; see native_refuse() */
	struct ofl_source bell; /* the image rings it */
	int image_bell;		/* we ring it */
	bool greeting;		/* connected, hello not complete */
	int64_t greeting_ends;
	struct ofl_native_hello hello;
	uint32_t hello_len;
};

static int64_t native_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void native_source_close(struct ofl_pmm *pmm, struct ofl_source *source)
{
	if (source->fd < 0)
		return;
	ofl_loop_watch(&pmm->loop, source, 0);
	close(source->fd);
	source->fd = -1;
}

/* The connection is over, whatever state it was in. */
static void native_disconnect(struct ofl_pmm *pmm)
{
	struct host_native *hn = pmm->host_priv;

	native_source_close(pmm, &hn->conn);
	native_source_close(pmm, &hn->bell);
	if (hn->image_bell >= 0)
		close(hn->image_bell);
	hn->image_bell = -1;
	hn->greeting = false;
	if (pmm->mem.size)
		munmap(pmm->mem.base, pmm->mem.size);
	pmm->mem.size = 0;
}

static void native_answer(const struct ofl_pmm *pmm, int conn,
			  uint64_t window_size, const int *fds)
{
	struct ofl_native_hello hello = {
		.magic = OFL_NATIVE_MAGIC,
		.abi = pmm->opt->abi,
		.window_pa = window_size ? NATIVE_WINDOW_PA : 0,
		.window_size = window_size,
	};
	struct iovec iov = { &hello, sizeof(hello) };
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(3 * sizeof(int))];
	} control = { 0 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (fds) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(3 * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, 3 * sizeof(int));
	}
	/* One that does not take it will be seen to hang up. */
	if (sendmsg(conn, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		ofl_log("image: cannot answer: %s", strerror(errno));
}

/*
 * Being awake is all it asks for.  The bell is watched by its edges and never
 * read: the image has the same open file, can make it blocking and empty it.
 */
static void native_bell_rung(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
}

/* A window of its own for the image; the descriptor or -errno. */
static int native_window(struct ofl_pmm *pmm)
{
	const uint64_t size = pmm->opt->window_size;
	void *base;
	int fd, err;

	fd = memfd_create("offload-window", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	/* Cut short it would be SIGBUS for us. */
	if (ftruncate(fd, (off_t)size) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		goto err_fd;
	base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		goto err_fd;
	pmm->mem.base = base;
	pmm->mem.pa = NATIVE_WINDOW_PA;
	pmm->mem.size = size;
	return fd;

err_fd:
	err = -errno;
	close(fd);
	return err;
}

/* The hello is good: make window and doorbells, hand them out. */
static int native_welcome(struct ofl_pmm *pmm)
{
	struct host_native *hn = pmm->host_priv;
	int fds[3], window, err;

	window = native_window(pmm);
	if (window < 0)
		return window;
	err = ofl_pmm_layout(pmm, true);
	if (err)
		goto out_window;
	hn->bell.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	hn->image_bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (hn->bell.fd < 0 || hn->image_bell < 0) {
		err = -errno;
		goto out_window;
	}
	err = ofl_loop_watch(&pmm->loop, &hn->bell, EPOLLIN | EPOLLET);
	if (err)
		goto out_window;
	ofl_window_rings(&pmm->mem, true);
	fds[0] = window;
	fds[1] = hn->bell.fd;
	fds[2] = hn->image_bell;
	native_answer(pmm, hn->conn.fd, pmm->mem.size, fds);
	hn->greeting = false;
	ofl_log("image started: connected to %s, window of %llu KiB, ABI %u",
		hn->path, (unsigned long long)pmm->mem.size / 1024,
		hn->hello.abi);
out_window:
	close(window);
	return err;
}

static void native_hello(struct ofl_pmm *pmm)
{
	struct host_native *hn = pmm->host_priv;
	ssize_t n;
	int err;

	n = recv(hn->conn.fd, (uint8_t *)&hn->hello + hn->hello_len,
		 sizeof(hn->hello) - hn->hello_len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		ofl_log("refused an image: it hung up before its hello");
		native_disconnect(pmm);
		return;
	}
	hn->hello_len += (uint32_t)n;
	if (hn->hello_len < sizeof(hn->hello))
		return;
	if (hn->hello.magic != OFL_NATIVE_MAGIC) {
		ofl_log("refused an image: what it sent is not a hello");
		native_disconnect(pmm);
		return;
	}
	if (hn->hello.abi != pmm->opt->abi) {
		ofl_log("refused an image: it speaks ABI version %u, this offload-pmm version %u; "
			"use both from one build",
			hn->hello.abi, pmm->opt->abi);
		native_answer(pmm, hn->conn.fd, 0, NULL);
		native_disconnect(pmm);
		return;
	}
	err = native_welcome(pmm);
	if (err) {
		ofl_log("refused an image: %s", strerror(-err));
		native_disconnect(pmm);
	}
}

static void native_conn_ready(void *arg, uint32_t events)
{
	struct ofl_pmm *pmm = arg;
	struct host_native *hn = pmm->host_priv;
	char ignored[64];
	ssize_t n;

	(void)events;
	if (hn->greeting) {
		native_hello(pmm);
		return;
	}
	n = recv(hn->conn.fd, ignored, sizeof(ignored), MSG_DONTWAIT);
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	ofl_log("image ended (it closed its connection)");
	ofl_pmm_image_ended(pmm, 0);
	native_disconnect(pmm);
}

/*
 * A hello without a window, then the end of the stream: so an image learns that
 * it is refused.  Our end stays open until the next one is refused, because an
 * image that is still sending its own hello would see nothing but an error.
 */
static void native_refuse(struct ofl_pmm *pmm, int fd)
{
	struct host_native *hn = pmm->host_priv;

	ofl_log("refused a second image: one is connected already");
	native_answer(pmm, fd, 0, NULL);
	shutdown(fd, SHUT_WR);
	if (hn->refused >= 0)
		close(hn->refused);
	hn->refused = fd;
}

static void native_accept(void *arg, uint32_t events)
{
	struct ofl_pmm *pmm = arg;
	struct host_native *hn = pmm->host_priv;
	int fd;

	(void)events;
	fd = ofl_accept(hn->listener.fd);
	if (fd < 0)
		return;
	if (hn->conn.fd >= 0) {
		native_refuse(pmm, fd);
		return;
	}
	hn->conn.fd = fd;
	hn->hello_len = 0;
	hn->greeting = true;
	hn->greeting_ends = native_now_ms() + HELLO_MS;
	if (ofl_loop_watch(&pmm->loop, &hn->conn, EPOLLIN))
		native_disconnect(pmm);
}

static int native_open(struct ofl_pmm *pmm)
{
	struct host_native *hn = calloc(1, sizeof(*hn));

	if (!hn)
		return -ENOMEM;
	pmm->host_priv = hn;
	hn->path = pmm->opt->socket;
	hn->image_bell = -1;
	hn->refused = -1;
	hn->listener = (struct ofl_source){ .fd = -1, .fn = native_accept,
					    .arg = pmm };
	hn->conn = (struct ofl_source){ .fd = -1, .fn = native_conn_ready,
					.arg = pmm };
	hn->bell = (struct ofl_source){ .fd = -1, .fn = native_bell_rung,
					.arg = pmm };
	hn->listener.fd = ofl_listen("--socket", hn->path, false);
	return hn->listener.fd < 0 ? hn->listener.fd : 0;
}

static int native_start(struct ofl_pmm *pmm)
{
	struct host_native *hn = pmm->host_priv;
	int err;

	/* A window that cannot hold the devices is better refused now. */
	err = native_window(pmm);
	if (err < 0) {
		ofl_log("--window: %s", strerror(-err));
		return err;
	}
	close(err);
	err = ofl_pmm_layout(pmm, true);
	native_disconnect(pmm);
	if (err)
		return err;
	err = ofl_loop_watch(&pmm->loop, &hn->listener, EPOLLIN);
	if (err)
		return err;
	ofl_log("waiting for an image on %s, ABI %u", hn->path, pmm->opt->abi);
	return 0;
}

static void native_check(struct ofl_pmm *pmm)
{
	struct host_native *hn = pmm->host_priv;

	if (!hn->greeting || native_now_ms() < hn->greeting_ends)
		return;
	ofl_log("refused an image: no hello within %d ms", HELLO_MS);
	native_disconnect(pmm);
}

static void native_ring(struct ofl_pmm *pmm)
{
	struct host_native *hn = pmm->host_priv;
	struct pollfd pfd = { .fd = hn->image_bell, .events = POLLIN };
	uint64_t one = 1;
	int rung;

	/*
	 * Rung already, or filled by the image, which can make it blocking: a
	 * write would add nothing, or wait.
	 */
	do
		rung = poll(&pfd, 1, 0);
	while (rung < 0 && errno == EINTR);
	if (rung > 0)
		return;
	if (write(hn->image_bell, &one, sizeof(one)) < 0 && errno != EAGAIN)
		ofl_log("doorbell: %s", strerror(errno));
}

static int native_sleep_ms(struct ofl_pmm *pmm)
{
	struct host_native *hn = pmm->host_priv;

	return hn->greeting ? GREETING_SLEEP_MS : -1;
}

static void native_close(struct ofl_pmm *pmm)
{
	struct host_native *hn = pmm->host_priv;

	if (!hn)
		return;
	native_disconnect(pmm);
	if (hn->listener.fd >= 0)
		unlink(hn->path); /* fails after --user: the next start removes it */
	native_source_close(pmm, &hn->listener);
	if (hn->refused >= 0)
		close(hn->refused);
	free(hn);
	pmm->host_priv = NULL;
}

const struct ofl_host_ops ofl_host_native = {
	.open = native_open,
	.start = native_start,
	.check = native_check,
	.ring = native_ring,
	.sleep_ms = native_sleep_ms,
	.close = native_close,
};
