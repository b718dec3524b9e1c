/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input and output of a console port.
 *
 * Output goes to a buffer that is written out as fast as the reader takes it;
 * what does not fit is dropped and counted.  Input is read only when what was
 * read before has been given to the image.
 */
#define _GNU_SOURCE 1
#include "conport.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

#define KEY_EOF 4
#define KEY_BACKSPACE 8
#define KEY_KILL 21
#define KEY_DELETE 127

/* --- bounded files --- */

void ofl_con_file_turn(struct con_file *file, uint32_t len)
{
	char old[4096];
	int fd;

	if (!file->max || file->len + len <= file->max)
		return;
	snprintf(old, sizeof(old), "%s.1", file->path);
	if (!rename(file->path, old)) {
		fd = open(file->path,
			  O_WRONLY | O_CREAT | O_EXCL | O_NOCTTY | O_NONBLOCK |
				  O_CLOEXEC,
			  0644);
		if (fd >= 0) {
			dup3(fd, file->fd, O_CLOEXEC);
			close(fd);
			file->len = 0;
			return;
		}
	}
	/* As --user we may not: then what is older is lost. */
	if (!file->told)
		ofl_log("%s: cannot be renamed to %s (%s); it begins anew when it is full",
			file->path, old, strerror(errno));
	file->told = true;
	if (ftruncate(file->fd, 0) || lseek(file->fd, 0, SEEK_SET))
		ofl_log("%s: %s", file->path, strerror(errno));
	file->len = 0;
}

void ofl_con_file_write(struct con_file *file, const uint8_t *data, uint32_t len)
{
	if (file->fd < 0)
		return;
	ofl_con_file_turn(file, len);
	if (write(file->fd, data, len) == (ssize_t)len) {
		file->len += len;
		return;
	}
	ofl_log("%s: %s; it ends here", file->path, strerror(errno));
	close(file->fd);
	file->fd = -1;
}

/* --- output --- */

static void port_out_lost(struct con_port *port, int err)
{
	if (port->loop)
		ofl_loop_watch(port->loop, &port->out, 0);
	close(port->out.fd);
	port->out.fd = -1;
	if (port->listener.fd >= 0) {
		/* The next reader may come. */
		if (port->in.fd >= 0) {
			if (port->loop)
				ofl_loop_watch(port->loop, &port->in, 0);
			close(port->in.fd);
			port->in.fd = -1;
		}
		return;
	}
	ofl_log("console output: %s; what the image prints is dropped from now on",
		strerror(err));
}

void ofl_port_flush(struct con_port *port)
{
	while (port->out_head != port->out_tail && port->out.fd >= 0) {
		uint32_t at = port->out_tail % CON_OUT_SIZE;
		uint32_t len = port->out_head - port->out_tail;
		ssize_t n;

		if (len > CON_OUT_SIZE - at)
			len = CON_OUT_SIZE - at;
		if (port->file.max) {
			if (len > port->file.max)
				len = (uint32_t)port->file.max;
			ofl_con_file_turn(&port->file, len);
		}
		n = write(port->out.fd, port->out_buf + at, len);
		if (n > 0) {
			port->out_tail += (uint32_t)n;
			port->file.len += (uint64_t)n;
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else if (n < 0 && errno != EAGAIN) {
			port_out_lost(port, errno);
		} else {
			break;
		}
	}
	/* Without a reader for ever (not: one that may connect) there is no point. */
	if (port->out.fd < 0 && port->listener.fd < 0)
		port->out_tail = port->out_head;
	if (port->loop)
		ofl_loop_watch(port->loop, &port->out,
			       port->out_head != port->out_tail ? EPOLLOUT : 0);
}

void ofl_port_put(struct con_port *port, const uint8_t *data, uint32_t len)
{
	uint32_t at, room, n;

	if (port->out.fd < 0 && port->listener.fd < 0)
		return;
	room = CON_OUT_SIZE - (port->out_head - port->out_tail);
	if (len > room) {
		ofl_port_flush(port);
		room = CON_OUT_SIZE - (port->out_head - port->out_tail);
	}
	if (len > room) {
		port->dropped += len - room;
		len = room;
	}
	while (len) {
		at = port->out_head % CON_OUT_SIZE;
		n = len < CON_OUT_SIZE - at ? len : CON_OUT_SIZE - at;
		memcpy(port->out_buf + at, data, n);
		port->out_head += n;
		data += n;
		len -= n;
	}
}

void ofl_port_tell_dropped(struct con_port *port)
{
	if (port->dropped == port->dropped_told)
		return;
	ofl_log("console%s%s: %llu bytes dropped, the reader is too slow",
		*port->name ? " " : "", port->name,
		(unsigned long long)(port->dropped - port->dropped_told));
	port->dropped_told = port->dropped;
}

static int64_t port_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void ofl_port_drain(struct con_port *port, int timeout_ms)
{
	int64_t end = port_now_ms() + timeout_ms;
	struct pollfd pfd;

	ofl_port_flush(port);
	while (port->out_head != port->out_tail && port->out.fd >= 0) {
		int64_t left = end - port_now_ms();

		if (left <= 0)
			break;
		pfd = (struct pollfd){ .fd = port->out.fd, .events = POLLOUT };
		poll(&pfd, 1, (int)left);
		ofl_port_flush(port);
	}
}

/* --- input --- */

bool ofl_port_has_input(const struct con_port *port)
{
	return port->in_pos != port->in_len || port->eof || port->eof_now;
}

void ofl_port_watch_input(struct con_port *port)
{
	bool room = port->in.fd >= 0 && port->in_pos == port->in_len;

	if (port->loop)
		ofl_loop_watch(port->loop, &port->in, room ? EPOLLIN : 0);
}

static void line_echo(struct con_port *port, const char *text)
{
	ofl_port_put(port, (const uint8_t *)text, (uint32_t)strlen(text));
}

/* One key: edits the line, or ends it, and then it is input. */
static void line_key(struct con_port *port, char c)
{
	char echo[2] = { c, 0 };

	switch (c) {
	case KEY_BACKSPACE:
	case KEY_DELETE:
		if (port->line_len) {
			/* A character of UTF-8 goes as a whole. */
			while (--port->line_len &&
			       (port->line_buf[port->line_len] & 0xc0) == 0x80)
				;
			line_echo(port, "\b \b");
		}
		return;
	case KEY_KILL:
		port->line_len = 0;
		line_echo(port, "^U\r\n");
		return;
	case KEY_EOF:
		if (!port->line_len)
			port->eof_now = true;
		break;
	case '\r':
	case '\n':
		port->line_buf[port->line_len++] = '\n';
		line_echo(port, "\r\n");
		break;
	default:
		/* One place is the newline's; control characters do not print. */
		if (port->line_len < CON_LINE_MAX - 1) {
			port->line_buf[port->line_len++] = c;
			if ((unsigned char)c >= ' ')
				line_echo(port, echo);
		} else {
			line_echo(port, "\a");
		}
		return;
	}
	/* Not more than one read's worth of keys: it fits. */
	memcpy(port->in_buf + port->in_len, port->line_buf, port->line_len);
	port->in_len += port->line_len;
	port->line_len = 0;
}

static void port_in_over(struct con_port *port)
{
	if (port->loop)
		ofl_loop_watch(port->loop, &port->in, 0);
	close(port->in.fd);
	port->in.fd = -1;
	if (port->listener.fd < 0)
		port->eof = true;
	else if (port->out.fd >= 0)
		port_out_lost(port, 0);
}

void ofl_port_fill(struct con_port *port)
{
	char keys[CON_LINE_MAX];
	ssize_t n, i;

	if (port->in.fd < 0 || port->in_pos != port->in_len)
		return;
	if (port->line)
		n = read(port->in.fd, keys, sizeof(keys));
	else
		n = read(port->in.fd, port->in_buf, sizeof(port->in_buf));
	if (n > 0) {
		port->typed += (uint64_t)n;
		port->in_pos = 0;
		port->in_len = port->line ? 0 : (uint32_t)n;
		for (i = 0; port->line && i < n; i++)
			line_key(port, keys[i]);
		if (port->line)
			ofl_port_flush(port);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		/* The end, or a terminal that belongs to somebody else now. */
		port_in_over(port);
	}
	ofl_port_watch_input(port);
}
