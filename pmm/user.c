/* SPDX-License-Identifier: BSD-2-Clause */
/* As whom to serve: --user, and who starts the daemon as root has to say. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "options.h"
#include "pmm.h"
#include "priv.h"

static bool parse_id(const char *text, char end, uint32_t *id, const char **rest)
{
	unsigned long long value;
	char *after;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoull(text, &after, 10);
	if (errno || value >= UINT32_MAX || (*after && *after != end))
		return false;
	*id = (uint32_t)value;
	*rest = after;
	return true;
}

int ofl_user_option(struct ofl_options *opt, const char *arg)
{
	struct passwd *pw;
	const char *rest;
	FILE *file;

	opt->switch_user = true;
	if (parse_id(arg, ':', &opt->uid, &rest)) {
		opt->gid = opt->uid;
		if (!*rest || parse_id(rest + 1, 0, &opt->gid, &rest))
			return 0;
		ofl_log("--user %s: the group must be a number (see --help)", arg);
		return 1 + OFL_EXIT_USAGE;
	}
	/* Not getpwnam(): it needs shared libraries, and this is static. */
	file = fopen("/etc/passwd", "re");
	if (!file) {
		ofl_log("--user %s: /etc/passwd: %s; give UID:GID instead", arg,
			strerror(errno));
		return 1 + OFL_EXIT_FAILURE;
	}
	while ((pw = fgetpwent(file))) {
		if (strcmp(pw->pw_name, arg))
			continue;
		opt->uid = pw->pw_uid;
		opt->gid = pw->pw_gid;
		fclose(file);
		return 0;
	}
	fclose(file);
	ofl_log("--user %s: no such user in /etc/passwd", arg);
	return 1 + OFL_EXIT_FAILURE;
}

int ofl_user_check(struct ofl_options *opt)
{
	const char *named = getenv("OFFLOAD_USER");

	if (opt->switch_user || geteuid())
		return 0;
	if (named)
		return ofl_user_option(opt, named);
	ofl_log("started as root, and serves as root only if told: give --user NAME, or --user 0 (see --help)");
	return 1 + OFL_EXIT_USAGE;
}
