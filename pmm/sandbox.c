/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon locks itself in.  Each measure holds on its own, for an attacker who has
 * got past the checks of what an image says: namespaces (no network, unless it is to
 * make TCP connections), Landlock (no files but the shares and the folders of its
 * own sockets and logs; Linux 6.1's ABI 2 is needed), and a list of system calls.
 */
#define _GNU_SOURCE 1
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"
#include "options.h"
#include "seccomp.h"
#include "vhost.h"
#include "vsock.h"

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define DEVICE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE)
/* Folders where we make and remove sockets and links, or logs: not to read others' files. */
#define SOCKETS                                                                           \
	(LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_SOCK |                  \
	 LANDLOCK_ACCESS_FS_MAKE_SYM)
#define LOGS                                                                              \
	(LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |                   \
	 LANDLOCK_ACCESS_FS_WRITE_FILE)
/* ABI 2: all up to moving files between folders. */
#define ALL (2 * LANDLOCK_ACCESS_FS_REFER - 1)
#define SHARE (ALL & ~LANDLOCK_ACCESS_FS_EXECUTE)
#define ABI_MIN 2

static int rules = -1; /* Landlock's; -1: there is none */

static int namespaces(const struct ofl_options *opt)
{
	int flags = CLONE_NEWIPC | CLONE_NEWUTS;

	if (!opt->vsock.nr_forwards)
		flags |= CLONE_NEWNET;
	return unshare(flags) && errno != EPERM ? -errno : 0;
}

static int allow(const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr attr = { .allowed_access = access };
	int err = 0;

	attr.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (attr.parent_fd < 0)
		return errno == ENOENT || errno == EACCES ? 0 : -errno; /* nor is it needed */
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &attr, 0))
		err = -errno;
	close(attr.parent_fd);
	return err;
}

/* The folder that path is in. */
static int allow_around(const char *path, uint64_t access)
{
	char dir[4096];
	char *slash;

	if (snprintf(dir, sizeof(dir), "%s", path) >= (int)sizeof(dir))
		return -ENAMETOOLONG;
	slash = strrchr(dir, '/');
	if (!slash)
		return allow(".", access);
	slash[slash == dir] = 0;
	return allow(dir, access);
}

static int allow_port(const struct ofl_port_options *port)
{
	if (!strncmp(port->mode, "file:", 5) && port->max)
		return allow_around(port->mode + 5, LOGS);
	if (!strncmp(port->mode, "unix:", 5))
		return allow_around(port->mode + 5, SOCKETS);
	return 0;
}

static int allow_all(const struct ofl_options *opt, const struct ofl_vsock *vs)
{
	unsigned int i;
	int err;

	err = allow("/dev/null", READ & ~LANDLOCK_ACCESS_FS_READ_DIR);
	for (i = 0; !err && i < opt->nr_shares; i++)
		err = allow(opt->share[i].dir, opt->share[i].ro ? READ : SHARE);
	for (i = 0; !err && i < opt->nr_ports; i++)
		err = allow_port(&opt->port[i]);
	for (i = 0; !err && i < opt->nr_serve; i++)
		if (!strncmp(opt->serve[i].where, "unix:", 5))
			err = allow_around(opt->serve[i].where + 5, SOCKETS);
	if (!err && opt->log)
		err = allow_around(opt->log, LOGS);
	if (!err && opt->socket)
		err = allow_around(opt->socket, SOCKETS);
	if (!err && opt->vsock.vhost)
		err = allow(OFL_VHOST_VSOCK, DEVICE);
	if (!err && opt->net.vhost)
		err = allow(OFL_VHOST_NET, DEVICE);
	if (!err && vs && ofl_vsock_path(vs))
		err = allow(ofl_vsock_path(vs), SOCKETS);
	if (!err && vs && ofl_vsock_registry(vs))
		err = allow(ofl_vsock_registry(vs), SOCKETS);
	return err;
}

static int landlock_rules(const struct ofl_options *opt, const struct ofl_vsock *vs)
{
	const struct landlock_ruleset_attr attr = { .handled_access_fs = ALL };

	/* Off, too old, or not compiled in: openat2() alone keeps images in their shares. */
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) <
	    ABI_MIN)
		return 0;
	rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	return rules < 0 ? -errno : allow_all(opt, vs);
}

int ofl_sandbox_prepare(const struct ofl_options *opt, const struct ofl_vsock *vs)
{
	int err = landlock_rules(opt, vs);

	if (err) {
		ofl_log("Landlock: %s", strerror(-err));
		return err;
	}
	err = namespaces(opt);
	if (err)
		ofl_log("cannot enter namespaces: %s", strerror(-err));
	return err;
}

int ofl_sandbox_enter(void)
{
	if (rules >= 0) {
		int err = syscall(SYS_landlock_restrict_self, rules, 0) ? -errno : 0;

		close(rules);
		rules = -1;
		if (err) {
			ofl_log("Landlock: %s", strerror(-err));
			return err;
		}
	}
	return ofl_seccomp_enter();
}
