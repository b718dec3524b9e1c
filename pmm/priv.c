/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Giving up privileges, in the order in which each step still may: the bounding
 * set, groups and user (CAP_SETPCAP, CAP_SETGID, CAP_SETUID), then all
 * capabilities by the raw system call, then no_new_privs.  A daemon that was
 * started without privileges has nothing to give up, and that is no error.
 */
#define _GNU_SOURCE 1
#include "priv.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"
#include "options.h"

static int priv_failed(const char *what)
{
	int err = errno;

	ofl_log("cannot give up privileges: %s: %s", what, strerror(err));
	return -err;
}

int ofl_priv_drop(const struct ofl_options *opt)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };
	int cap;

	/* Ends with EINVAL at the first number that the kernel does not know. */
	for (cap = 0; !prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); cap++)
		;
	if (errno != EINVAL && errno != EPERM)
		return priv_failed("bounding set");
	if (setgroups(0, NULL) && errno != EPERM)
		return priv_failed("supplementary groups");
	if (opt->switch_user) {
		if (setresgid(opt->gid, opt->gid, opt->gid))
			return priv_failed("--user: group");
		if (setresuid(opt->uid, opt->uid, opt->uid))
			return priv_failed("--user: user");
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) &&
	    errno != EINVAL)
		return priv_failed("ambient capabilities");
	if (syscall(SYS_capset, &header, none))
		return priv_failed("capset");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return priv_failed("no_new_privs");
	return 0;
}
