/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a console port is connected to.
 *
 * Standard input and output are shared with other processes, which would not
 * expect them to become non-blocking: where possible they are opened anew.
 */
#define _GNU_SOURCE 1
#include "conport.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "listen.h"
#include "log.h"

static void port_in_ready(void *arg, uint32_t events)
{
	(void)events;
	ofl_port_fill(arg);
}

static void port_out_ready(void *arg, uint32_t events)
{
	(void)events;
	ofl_port_flush(arg);
}

/*
 * A non-blocking descriptor for what fd refers to.  A new open file where that
 * works; sockets and what may not be opened again share their flags, which are
 * put back at the end (*restore).  A regular file never blocks, and has a position
 * to share.
 */
static int port_reopen(int fd, int flags, int *restore)
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

static int port_open_stdio(struct con_port *port)
{
	port->out.fd = port_reopen(STDOUT_FILENO, O_WRONLY, &port->restore_out);
	if (port->out.fd < 0) {
		ofl_log("--console stdio: standard output: %s",
			strerror(-port->out.fd));
		return port->out.fd;
	}
	/* Without an input there is just none. */
	port->in.fd = port_reopen(STDIN_FILENO, O_RDONLY, &port->restore_in);
	if (isatty(STDOUT_FILENO))
		port->size_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return 0;
}

static int port_open_pty(struct con_port *port)
{
	struct termios raw;
	char name[64];
	int fd, err;

	fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || grantpt(fd) || unlockpt(fd) ||
	    ptsname_r(fd, name, sizeof(name)))
		goto err_pty;
	port->pty_slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (port->pty_slave < 0 || tcgetattr(port->pty_slave, &raw))
		goto err_pty;
	cfmakeraw(&raw);
	if (tcsetattr(port->pty_slave, TCSANOW, &raw))
		goto err_pty;
	port->out.fd = fd;
	port->in.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	port->size_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	ofl_log("console%s%s on %s", *port->name ? " " : "", port->name, name);
	return 0;

err_pty:
	err = -errno;
	ofl_log("--console pty: %s; is /dev/pts mounted?", strerror(-err));
	if (fd >= 0)
		close(fd);
	return err;
}

int ofl_con_file_open(struct con_file *file, const char *option,
		      const char *path, uint64_t max)
{
	struct stat st;

	file->path = path;
	file->len = 0;
	file->max = 0;
	file->fd = open(path,
			O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_NONBLOCK |
				O_CLOEXEC,
			0644);
	if (file->fd < 0) {
		ofl_log("%s%s: %s%s", option, path, strerror(errno),
			errno == ENXIO ? "; nobody reads the pipe" : "");
		return -errno;
	}
	if (!fstat(file->fd, &st) && S_ISREG(st.st_mode))
		file->max = max;
	return 0;
}

/* One reader at a time; what was printed before it came is kept for it. */
static void port_accept(void *arg, uint32_t events)
{
	struct con_port *port = arg;
	int fd = ofl_accept(port->listener.fd);

	(void)events;
	if (fd < 0)
		return;
	if (port->out.fd >= 0) {
		ofl_log("console %s: a second client is refused", port->path);
		close(fd);
		return;
	}
	port->in.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	port->out.fd = fd;
	port->line_len = 0;
	ofl_port_flush(port);
	ofl_port_watch_input(port);
}

static int port_open_unix(struct con_port *port, const char *path)
{
	port->path = strdup(path);
	if (!port->path)
		return -ENOMEM;
	port->listener.fd = ofl_listen("--console unix:", path, true);
	return port->listener.fd < 0 ? port->listener.fd : 0;
}

int ofl_port_open(struct con_port *port, const struct ofl_port_options *opt)
{
	const char *mode = opt->mode;
	int err = 0;

	port->in = (struct ofl_source){ .fd = -1, .fn = port_in_ready,
					.arg = port };
	port->out = (struct ofl_source){ .fd = -1, .fn = port_out_ready,
					 .arg = port };
	port->listener = (struct ofl_source){ .fd = -1, .fn = port_accept,
					      .arg = port };
	port->file.fd = -1;
	port->pty_slave = -1;
	port->restore_in = -1;
	port->restore_out = -1;
	port->size_fd = -1;
	port->line = opt->line;
	port->cols = opt->cols;
	port->rows = opt->rows;
	strcpy(port->name, opt->name);
	if (!strcmp(mode, "stdio")) {
		err = port_open_stdio(port);
	} else if (!strcmp(mode, "pty")) {
		err = port_open_pty(port);
	} else if (!strncmp(mode, "unix:", 5)) {
		err = port_open_unix(port, mode + 5);
	} else if (!strncmp(mode, "file:", 5)) {
		err = ofl_con_file_open(&port->file, "--console file:", mode + 5,
					opt->max);
		port->out.fd = port->file.fd;
	}
	if (!err && opt->cols) {
		if (port->size_fd >= 0)
			close(port->size_fd);
		port->size_fd = -1;
	}
	if (!err)
		ofl_port_resized(port);
	return err;
}

bool ofl_port_resized(struct con_port *port)
{
	struct winsize ws;

	if (port->size_fd < 0 || ioctl(port->size_fd, TIOCGWINSZ, &ws) ||
	    (ws.ws_col == port->cols && ws.ws_row == port->rows))
		return false;
	port->cols = ws.ws_col;
	port->rows = ws.ws_row;
	return true;
}

void ofl_port_watch(struct con_port *port, struct ofl_loop *loop)
{
	port->loop = loop;
	ofl_loop_watch(loop, &port->listener, EPOLLIN);
	ofl_port_watch_input(port);
}

void ofl_port_close(struct con_port *port)
{
	int fds[] = { port->in.fd, port->out.fd, port->listener.fd,
		      port->pty_slave, port->size_fd };
	unsigned int i;

	ofl_port_drain(port, 0);
	port->dropped += port->out_head - port->out_tail;
	port->out_tail = port->out_head;
	ofl_port_tell_dropped(port);
	if (port->loop) {
		ofl_loop_watch(port->loop, &port->in, 0);
		ofl_loop_watch(port->loop, &port->out, 0);
		ofl_loop_watch(port->loop, &port->listener, 0);
	}
	if (port->restore_in >= 0)
		fcntl(STDIN_FILENO, F_SETFL, port->restore_in);
	if (port->restore_out >= 0)
		fcntl(STDOUT_FILENO, F_SETFL, port->restore_out);
	if (port->listener.fd >= 0)
		unlink(port->path);
	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(port->path);
}
