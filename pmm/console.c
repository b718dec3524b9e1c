/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console: queue 0 brings input to the image, queue 1 its output to us.
 *
 * A core that does real-time work must not wait for a terminal.  So output is
 * taken from the queue at once, into a buffer that is written out as fast as the
 * reader takes it; what does not fit is dropped and counted.  Input is read
 * only while the image has room for it.
 *
 * Standard input and output are shared with other processes, which would not
 * expect them to become non-blocking: where possible they are opened anew.
 */
#define _GNU_SOURCE 1
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "options.h"

#define CON_RX 0u
#define CON_TX 1u

#define CON_OUT_SIZE (256u * 1024) /* a power of two */
#define CON_IN_SIZE 4096u
#define CON_LOG_MAX (1024u * 1024)
#define CON_CHAINS 16 /* per turn */
#define CON_CONFIG_SIZE 12

struct ofl_console {
	struct ofl_dev dev;
	struct ofl_loop *loop;
	struct ofl_source in;
	struct ofl_source out;
	int pty_slave;	 /* kept open so that a missing reader is no hang-up */
	int restore_in;	 /* status flags to put back at close, or -1 */
	int restore_out;
	int log_fd;
	uint64_t logged;
	uint64_t dropped;
	uint64_t dropped_told;
	uint32_t out_head, out_tail; /* free running; head - tail bytes are kept */
	uint32_t in_pos, in_len;
	uint8_t in_buf[CON_IN_SIZE];
	uint8_t out_buf[CON_OUT_SIZE];
};

/* --- output --- */

static void console_log_write(struct ofl_console *con, const uint8_t *data,
			      uint32_t len)
{
	static const char full[] = "\n[transcript full]\n";

	if (con->log_fd < 0)
		return;
	if (len > CON_LOG_MAX - con->logged)
		len = (uint32_t)(CON_LOG_MAX - con->logged);
	if (write(con->log_fd, data, len) != (ssize_t)len) {
		ofl_log("console transcript: %s; it ends here", strerror(errno));
	} else {
		con->logged += len;
		if (con->logged < CON_LOG_MAX)
			return;
		ofl_log("console transcript has reached %u KiB; it ends here",
			CON_LOG_MAX / 1024);
		if (write(con->log_fd, full, sizeof(full) - 1) < 0)
			ofl_log("console transcript: %s", strerror(errno));
	}
	close(con->log_fd);
	con->log_fd = -1;
}

static void console_out_lost(struct ofl_console *con, int err)
{
	ofl_log("console output: %s; what the image prints is dropped from now on",
		strerror(err));
	if (con->loop)
		ofl_loop_watch(con->loop, &con->out, 0);
	close(con->out.fd);
	con->out.fd = -1;
}

/* Write until the buffer is empty or the reader is slow. */
static void console_flush(struct ofl_console *con)
{
	while (con->out_head != con->out_tail && con->out.fd >= 0) {
		uint32_t at = con->out_tail % CON_OUT_SIZE;
		uint32_t len = con->out_head - con->out_tail;
		ssize_t n;

		if (len > CON_OUT_SIZE - at)
			len = CON_OUT_SIZE - at;
		n = write(con->out.fd, con->out_buf + at, len);
		if (n > 0) {
			con->out_tail += (uint32_t)n;
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else if (n < 0 && errno != EAGAIN) {
			console_out_lost(con, errno);
		} else {
			break;
		}
	}
	if (con->out.fd < 0)
		con->out_tail = con->out_head;
	if (con->loop)
		ofl_loop_watch(con->loop, &con->out,
			       con->out_head != con->out_tail ? EPOLLOUT : 0);
}

static void console_put(struct ofl_console *con, const uint8_t *data,
			uint32_t len)
{
	uint32_t at, room, n;

	console_log_write(con, data, len);
	if (con->out.fd < 0)
		return;
	room = CON_OUT_SIZE - (con->out_head - con->out_tail);
	if (len > room) {
		console_flush(con);
		room = CON_OUT_SIZE - (con->out_head - con->out_tail);
	}
	if (len > room) {
		con->dropped += len - room;
		len = room;
	}
	while (len) {
		at = con->out_head % CON_OUT_SIZE;
		n = len < CON_OUT_SIZE - at ? len : CON_OUT_SIZE - at;
		memcpy(con->out_buf + at, data, n);
		con->out_head += n;
		data += n;
		len -= n;
	}
}

static bool console_serve_tx(struct ofl_console *con)
{
	struct ofl_dev *dev = &con->dev;
	struct ofl_vq *vq = &dev->vq[CON_TX];
	struct ofl_vq_chain chain;
	uint8_t piece[1024];
	uint64_t off;
	uint32_t n;
	int i, got;

	for (i = 0; i < CON_CHAINS; i++) {
		got = ofl_vq_pop(vq, &chain);
		if (got < 0) {
			ofl_dev_break(dev, "transmit queue: %s", vq->why);
			break;
		}
		if (!got)
			break;
		if (chain.nr_in) {
			ofl_dev_break(dev, "transmit queue: writable buffer");
			break;
		}
		for (off = 0; off < chain.out_len; off += n) {
			n = ofl_vq_copy_out(vq, &chain, off, piece, sizeof(piece));
			if (!n)
				break;
			console_put(con, piece, n);
		}
		ofl_vq_push(vq, chain.head, 0);
	}
	if (!i)
		return false;
	ofl_dev_call(dev, CON_TX);
	console_flush(con);
	return true;
}

/* --- input --- */

static void console_watch_input(struct ofl_console *con)
{
	bool room = con->in.fd >= 0 && con->in_pos == con->in_len;

	if (con->loop)
		ofl_loop_watch(con->loop, &con->in, room ? EPOLLIN : 0);
}

static void console_fill(struct ofl_console *con)
{
	ssize_t n;

	if (con->in.fd < 0 || con->in_pos != con->in_len)
		return;
	n = read(con->in.fd, con->in_buf, sizeof(con->in_buf));
	if (n > 0) {
		con->in_pos = 0;
		con->in_len = (uint32_t)n;
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		/* The end, or a terminal that belongs to somebody else now. */
		if (con->loop)
			ofl_loop_watch(con->loop, &con->in, 0);
		close(con->in.fd);
		con->in.fd = -1;
	}
	console_watch_input(con);
}

static bool console_serve_rx(struct ofl_console *con)
{
	struct ofl_dev *dev = &con->dev;
	struct ofl_vq *vq = &dev->vq[CON_RX];
	struct ofl_vq_chain chain;
	bool work = false;
	uint32_t n;
	int got;

	if (con->in.always && ofl_vq_pending(vq))
		console_fill(con);
	while (con->in_pos != con->in_len) {
		got = ofl_vq_pop(vq, &chain);
		if (got < 0) {
			ofl_dev_break(dev, "receive queue: %s", vq->why);
			return true;
		}
		if (!got)
			break;
		if (chain.nr_out) {
			ofl_dev_break(dev, "receive queue: readable buffer");
			return true;
		}
		n = ofl_vq_copy_in(vq, &chain, 0, con->in_buf + con->in_pos,
				   con->in_len - con->in_pos);
		con->in_pos += n;
		ofl_vq_push(vq, chain.head, n);
		work = true;
	}
	if (work) {
		ofl_dev_call(dev, CON_RX);
		console_watch_input(con);
	}
	return work;
}

/* --- the device --- */

static bool console_serve(struct ofl_dev *dev)
{
	struct ofl_console *con = dev->priv;
	bool work = false;

	if (ofl_dev_live(dev, CON_TX))
		work = console_serve_tx(con);
	if (ofl_dev_live(dev, CON_RX))
		work |= console_serve_rx(con);
	return work;
}

static bool console_wants(const struct ofl_dev *dev, unsigned int q)
{
	const struct ofl_console *con = dev->priv;

	return q == CON_TX || con->in_pos != con->in_len ||
	       (con->in.always && con->in.fd >= 0);
}

static void console_reset(struct ofl_dev *dev)
{
	struct ofl_console *con = dev->priv;

	console_flush(con);
	if (con->dropped == con->dropped_told)
		return;
	ofl_log("console: %llu bytes dropped, the reader is too slow",
		(unsigned long long)(con->dropped - con->dropped_told));
	con->dropped_told = con->dropped;
}

static const struct ofl_dev_ops console_ops = {
	.reset = console_reset,
	.serve = console_serve,
	.wants = console_wants,
};

/* --- opening and closing --- */

static void console_in_ready(void *arg, uint32_t events)
{
	(void)events;
	console_fill(arg);
}

static void console_out_ready(void *arg, uint32_t events)
{
	(void)events;
	console_flush(arg);
}

/*
 * A non-blocking descriptor for what fd refers to.  A new open file where that
 * works; sockets and what may not be opened again share their flags, which are
 * put back at the end (*restore).  A regular file never blocks, and has a position
 * to share.
 */
static int console_reopen(int fd, int flags, int *restore)
{
	struct stat st;
	char path[40];
	int new, old;

	*restore = -1;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode)) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		new = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (new >= 0)
			return new;
		old = fcntl(fd, F_GETFL);
		if (old >= 0 && !(old & O_NONBLOCK) &&
		    !fcntl(fd, F_SETFL, old | O_NONBLOCK))
			*restore = old;
	}
	new = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return new < 0 ? -errno : new;
}

static int console_open_stdio(struct ofl_console *con)
{
	con->out.fd = console_reopen(STDOUT_FILENO, O_WRONLY, &con->restore_out);
	if (con->out.fd < 0) {
		ofl_log("--console stdio: standard output: %s",
			strerror(-con->out.fd));
		return con->out.fd;
	}
	/* Without an input there is just none. */
	con->in.fd = console_reopen(STDIN_FILENO, O_RDONLY, &con->restore_in);
	return 0;
}

static int console_open_pty(struct ofl_console *con)
{
	struct termios raw;
	char name[64];
	int fd, err;

	fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || grantpt(fd) || unlockpt(fd) ||
	    ptsname_r(fd, name, sizeof(name)))
		goto err_pty;
	con->pty_slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (con->pty_slave < 0 || tcgetattr(con->pty_slave, &raw))
		goto err_pty;
	cfmakeraw(&raw);
	if (tcsetattr(con->pty_slave, TCSANOW, &raw))
		goto err_pty;
	con->out.fd = fd;
	con->in.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	ofl_log("console on %s", name);
	return 0;

err_pty:
	err = -errno;
	ofl_log("--console pty: %s; is /dev/pts mounted?", strerror(-err));
	if (fd >= 0)
		close(fd);
	return err;
}

static int console_open_file(struct ofl_console *con, const char *path)
{
	con->out.fd = open(path,
			   O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY |
				   O_NONBLOCK | O_CLOEXEC,
			   0644);
	if (con->out.fd >= 0)
		return 0;
	ofl_log("--console file:%s: %s%s", path, strerror(errno),
		errno == ENXIO ? "; nobody reads the pipe" : "");
	return -errno;
}

struct ofl_console *ofl_console_open(const char *mode, const char *transcript)
{
	struct ofl_console *con = calloc(1, sizeof(*con));
	int err = 0;

	if (!con) {
		ofl_log("out of memory");
		return NULL;
	}
	con->in = (struct ofl_source){ .fd = -1, .fn = console_in_ready,
				       .arg = con };
	con->out = (struct ofl_source){ .fd = -1, .fn = console_out_ready,
					.arg = con };
	con->pty_slave = -1;
	con->restore_in = -1;
	con->restore_out = -1;
	con->log_fd = -1;
	con->dev.ops = &console_ops;
	con->dev.priv = con;
	strcpy(con->dev.name, "console");
	con->dev.device_id = OFL_ID_CONSOLE;
	con->dev.nr_queues = 2;
	con->dev.config_size = CON_CONFIG_SIZE;
	con->dev.mem_size = OFL_MEM_DEFAULT;

	if (!strcmp(mode, "stdio"))
		err = console_open_stdio(con);
	else if (!strcmp(mode, "pty"))
		err = console_open_pty(con);
	else if (!strncmp(mode, "file:", 5))
		err = console_open_file(con, mode + 5);
	if (!err && transcript) {
		con->log_fd = open(transcript,
				   O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY |
					   O_NONBLOCK | O_CLOEXEC,
				   0644);
		if (con->log_fd < 0) {
			err = -errno;
			ofl_log("--log %s: %s", transcript, strerror(errno));
		}
	}
	if (!err)
		return con;
	ofl_console_close(con);
	return NULL;
}

void ofl_console_watch(struct ofl_console *con, struct ofl_loop *loop)
{
	con->loop = loop;
	console_watch_input(con);
}

struct ofl_dev *ofl_console_dev(struct ofl_console *con)
{
	return &con->dev;
}

static int64_t console_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void ofl_console_drain(struct ofl_console *con, int timeout_ms)
{
	int64_t end = console_now_ms() + timeout_ms;
	struct pollfd pfd;

	console_flush(con);
	while (con->out_head != con->out_tail && con->out.fd >= 0) {
		int64_t left = end - console_now_ms();

		if (left <= 0)
			break;
		pfd = (struct pollfd){ .fd = con->out.fd, .events = POLLOUT };
		poll(&pfd, 1, (int)left);
		console_flush(con);
	}
}

void ofl_console_close(struct ofl_console *con)
{
	if (!con)
		return;
	ofl_console_drain(con, 0);
	con->dropped += con->out_head - con->out_tail;
	con->out_tail = con->out_head;
	console_reset(&con->dev);
	if (con->loop) {
		ofl_loop_watch(con->loop, &con->in, 0);
		ofl_loop_watch(con->loop, &con->out, 0);
	}
	if (con->restore_in >= 0)
		fcntl(STDIN_FILENO, F_SETFL, con->restore_in);
	if (con->restore_out >= 0)
		fcntl(STDOUT_FILENO, F_SETFL, con->restore_out);
	if (con->in.fd >= 0)
		close(con->in.fd);
	if (con->out.fd >= 0)
		close(con->out.fd);
	if (con->pty_slave >= 0)
		close(con->pty_slave);
	if (con->log_fd >= 0)
		close(con->log_fd);
	free(con);
}
