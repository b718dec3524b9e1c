/* SPDX-License-Identifier: BSD-2-Clause */
/* UNIX sockets that others connect to; see listen.h. */
#define _GNU_SOURCE 1
#include "listen.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

/* Nobody listens behind a socket file that a killed daemon left. */
static int listen_remove_stale(const struct sockaddr_un *addr)
{
	struct stat st;
	int fd, err;

	if (lstat(addr->sun_path, &st) || !S_ISSOCK(st.st_mode))
		return -EADDRINUSE;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	err = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) ?
		      errno :
		      EBUSY;
	close(fd);
	if (err != ECONNREFUSED)
		return -EBUSY;
	return unlink(addr->sun_path) ? -errno : 0;
}

static int listen_bind(int fd, const struct sockaddr_un *addr, bool only_us)
{
	const struct sockaddr *sa = (const struct sockaddr *)addr;
	mode_t old = 0;
	int err;

	if (only_us)
		old = umask(0177);
	err = bind(fd, sa, sizeof(*addr)) ? -errno : 0;
	if (err == -EADDRINUSE) {
		err = listen_remove_stale(addr);
		if (!err)
			err = bind(fd, sa, sizeof(*addr)) ? -errno : 0;
	}
	if (only_us)
		umask(old);
	return err;
}

int ofl_listen(const char *option, const char *path, bool only_us)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		ofl_log("%s %s: longer than %zu characters", option, path,
			sizeof(addr.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	err = listen_bind(fd, &addr, only_us);
	if (!err && listen(fd, 4)) {
		err = -errno;
		unlink(path);
	}
	if (!err)
		return fd;
	close(fd);
	ofl_log("%s %s: %s", option, path,
		err == -EBUSY	   ? "another offload-pmm listens there" :
		err == -EADDRINUSE ? "a file that is not a socket is in the way" :
				     strerror(-err));
	return err;
}

int ofl_accept(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	return fd < 0 ? -errno : fd;
}
