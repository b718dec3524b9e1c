/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The places of a vsock device: its folder, its socket, its link in the registry,
 * the ports of --forward.  Made with the privileges that the daemon starts with;
 * what a killed daemon left behind is taken over, what somebody uses is not.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "forward.h"
#include "log.h"
#include "options.h"
#include "vsock_conn.h"

#define BACKLOG 128

/* Does somebody listen there? */
static bool vsock_answers(const struct sockaddr_un *addr)
{
	int fd = ofl_vsock_dial_unix(addr);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || fd == -EAGAIN || fd == -EACCES || fd == -EPERM;
}

/* The folder and those above it. */
static int vsock_mkdir(const char *dir)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct stat st;
	char *p;

	if (strlen(dir) >= sizeof(path)) {
		ofl_log("--vsock: %s: longer than %zu characters", dir,
			sizeof(path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(path, dir);
	for (p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
	if (mkdir(path, 0755) && errno != EEXIST) {
		int err = -errno;

		ofl_log("--vsock: %s: %s; choose another folder with path= and registry=",
			dir, strerror(-err));
		return err;
	}
	if (stat(path, &st) || !S_ISDIR(st.st_mode)) {
		ofl_log("--vsock: %s is not a folder", dir);
		return -ENOTDIR;
	}
	return 0;
}

static int vsock_listen(struct ofl_vsock *vs)
{
	struct sockaddr_un addr;
	struct stat st;
	int fd, err;

	err = ofl_vsock_address(&addr, vs->path, "vsock_4294967295");
	if (!err)
		err = ofl_vsock_address(&addr, vs->path, "vsock");
	if (err) {
		ofl_log("--vsock: %s: too long for the sockets in it", vs->path);
		return err;
	}
	if (!lstat(addr.sun_path, &st)) {
		if (!S_ISSOCK(st.st_mode)) {
			ofl_log("--vsock: %s: a file that is not a socket is in the way",
				addr.sun_path);
			return -EADDRINUSE;
		}
		if (vsock_answers(&addr)) {
			ofl_log("--vsock: %s: another offload-pmm listens there",
				addr.sun_path);
			return -EADDRINUSE;
		}
		unlink(addr.sun_path); /* left by one that was killed */
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		err = -errno;
		goto err_log;
	}
	vs->bound = true;
	if (listen(fd, BACKLOG)) {
		err = -errno;
		goto err_log;
	}
	vs->listener[0].source.fd = fd;
	return 0;

err_log:
	ofl_log("--vsock: %s: %s", addr.sun_path, strerror(-err));
	if (fd >= 0)
		close(fd);
	return err;
}

static void vsock_link_path(const struct ofl_vsock *vs, char *path, size_t size)
{
	snprintf(path, size, "%s/%u", vs->registry, vs->cid);
}

/* REGISTRY/CID -> our folder, unless somebody lives there. */
static int vsock_register(struct ofl_vsock *vs)
{
	char link[300], old[200] = "", *target;
	struct sockaddr_un addr;
	char name[32];
	int err, tries;

	err = vsock_mkdir(vs->registry);
	if (err)
		return err;
	snprintf(name, sizeof(name), "%u/vsock", vs->cid);
	err = ofl_vsock_address(&addr, vs->registry, name);
	if (err) {
		ofl_log("--vsock: %s: too long for the sockets in it",
			vs->registry);
		return err;
	}
	vsock_link_path(vs, link, sizeof(link));
	target = realpath(vs->path, NULL);
	err = target ? 0 : -errno;
	for (tries = 0; target && tries < 2; tries++) {
		ssize_t n;

		err = symlink(target, link) ? -errno : 0;
		if (!err) {
			vs->registered = true;
			goto out;
		}
		n = readlink(link, old, sizeof(old) - 1);
		if (err != -EEXIST || n < 0)
			break;
		old[n] = '\0';
		/* Our own socket listens already, so this may be us, from before. */
		if (strcmp(old, target) && vsock_answers(&addr)) {
			ofl_log("--vsock: CID %u is taken by the offload-pmm of %s; choose another with cid=N",
				vs->cid, old);
			err = -EADDRINUSE;
			goto out;
		}
		if (unlink(link))
			break;
	}
	ofl_log("--vsock: cannot register CID %u: %s: %s", vs->cid, link,
		strerror(-err));
out:
	free(target);
	return err;
}

/* So that it can clean up, and its user's programs can connect. */
static void vsock_give_away(struct ofl_vsock *vs, const struct ofl_options *opt)
{
	char path[300];

	if (!opt->switch_user)
		return;
	snprintf(path, sizeof(path), "%s/vsock", vs->path);
	if (lchown(path, opt->uid, opt->gid))
		ofl_log("--vsock: %s: %s", path, strerror(errno));
}

int ofl_vsock_sockets_open(struct ofl_vsock *vs, const struct ofl_options *opt)
{
	unsigned int i, n = 1;
	int err;

	vs->timer = (struct ofl_source){ .fn = ofl_vsock_tick, .arg = vs };
	vs->timer.fd = timerfd_create(CLOCK_MONOTONIC,
				      TFD_NONBLOCK | TFD_CLOEXEC);
	vs->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (vs->timer.fd < 0 || vs->spare_fd < 0) {
		err = -errno;
		ofl_log("--vsock: %s", strerror(-err));
		return err;
	}
	if (getrandom(&vs->next_port, sizeof(vs->next_port), GRND_NONBLOCK) < 0)
		vs->next_port = (uint32_t)ofl_vsock_now_ms();
	vs->next_port = VSOCK_FIRST_PORT | vs->next_port >> 2;

	for (i = 0; i <= vs->opt->nr_forwards; i++)
		vs->listener[i] = (struct vsock_listener){
			.source = { .fd = -1, .fn = ofl_vsock_accept,
				    .arg = &vs->listener[i] },
			.vs = vs,
		};
	vs->nr_listeners = 1;
	err = vsock_mkdir(vs->path);
	if (!err)
		err = vsock_listen(vs);
	if (!err)
		err = vsock_register(vs);
	if (!err)
		vsock_give_away(vs, opt);
	for (i = 0; !err && i < vs->opt->nr_forwards; i++) {
		const struct ofl_forward *fwd = &vs->opt->forward[i];

		if (!fwd->to_image)
			continue;
		vs->listener[n].forward = fwd;
		err = ofl_forward_listen(fwd);
		if (err < 0)
			break;
		vs->listener[n++].source.fd = err;
		vs->nr_listeners = n;
		err = 0;
	}
	return err;
}

int ofl_vsock_watch(struct ofl_vsock *vs, struct ofl_loop *loop)
{
	unsigned int i;
	int err;

	if (vs->vhost)
		return ofl_vsock_vhost_watch(vs, loop);
	vs->loop = loop;
	err = ofl_loop_watch(loop, &vs->timer, EPOLLIN);
	for (i = 0; !err && i < vs->nr_listeners; i++)
		err = ofl_loop_watch(loop, &vs->listener[i].source, EPOLLIN);
	return err;
}

static void vsock_close_source(struct ofl_vsock *vs, struct ofl_source *source)
{
	if (source->fd < 0)
		return;
	if (vs->loop)
		ofl_loop_watch(vs->loop, source, 0);
	close(source->fd);
	source->fd = -1;
}

void ofl_vsock_sockets_close(struct ofl_vsock *vs)
{
	char path[300];
	unsigned int i;

	for (i = 0; i < vs->nr_listeners; i++)
		vsock_close_source(vs, &vs->listener[i].source);
	vsock_close_source(vs, &vs->timer);
	if (vs->spare_fd >= 0)
		close(vs->spare_fd);
	/* These fail after --user: the next start takes them for what they are. */
	if (vs->registered) {
		vsock_link_path(vs, path, sizeof(path));
		unlink(path);
	}
	if (vs->bound) {
		snprintf(path, sizeof(path), "%s/vsock", vs->path);
		unlink(path);
	}
}
