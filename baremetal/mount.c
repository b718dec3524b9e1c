// SPDX-License-Identifier: BSD-2-Clause
/* mount() and umount(): a 9p server at the other end of a socket of the image's. */
#include <sys/mount.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "platform.h"

#define MSIZE_DEFAULT 65536u
#define MSIZE_LEAST 4096u /* one name of a directory must fit, with room to spare */
#define OPTIONS_MAX 256

struct options {
	long in, out, msize;
	char *trans, *uname, *aname, *version;
};

/* A decimal number in low..high, or -1. */
static long number(const char *text, long low, long high)
{
	char *end;
	long n = strtol(text, &end, 10);

	return *text < '0' || *text > '9' || *end || n < low || n > high ? -1 : n;
}

static int bad_option(const char *what)
{
	ofl_log_printf("offload: mount: option '%s' is unknown or malformed\n", what);
	return -EINVAL;
}

static int take_option(struct options *opt, char *word)
{
	char *value = strchr(word, '=');
	long *to = NULL;
	long low = 0, high = OFL_OPEN_MAX - 1;

	if (!value)
		return bad_option(word);
	*value++ = '\0';
	if (!strcmp(word, "rfdno")) {
		to = &opt->in;
	} else if (!strcmp(word, "wfdno")) {
		to = &opt->out;
	} else if (!strcmp(word, "msize")) {
		to = &opt->msize;
		low = MSIZE_LEAST;
		high = OFL_P9_MSIZE_MAX;
	} else if (!strcmp(word, "uname")) {
		opt->uname = value;
	} else if (!strcmp(word, "aname")) {
		opt->aname = value;
	} else if (!strcmp(word, "trans") && !strcmp(value, "fd")) {
		opt->trans = value;
	} else if (strcmp(word, "version") || strcmp(value, "9p2000.L")) {
		return bad_option(word);
	}
	if (!to)
		return 0;
	*to = number(value, low, high);
	return *to < 0 ? bad_option(word) : 0;
}

/* text is taken apart, and opt points into it. */
static int take_options(struct options *opt, char *text)
{
	char *next;
	int err;

	for (char *word = text; word; word = next) {
		next = strchr(word, ',');
		if (next)
			*next++ = '\0';
		err = take_option(opt, word);
		if (err)
			return err;
	}
	if (!opt->trans)
		return bad_option("trans");
	if (opt->in < 0)
		return bad_option("rfdno");
	if (opt->out < 0)
		return bad_option("wfdno");
	return 0;
}

/* "/NAME" to NAME, "/" to "". */
static int target_name(const char *target, const char **name)
{
	size_t len;

	if (!target)
		return -EFAULT;
	if (*target != '/')
		return -EINVAL;
	*name = target + 1;
	len = strlen(*name);
	if (len > OFL_P9_TAG_MAX)
		return -ENAMETOOLONG;
	if (strchr(*name, '/') || !strcmp(*name, ".") || !strcmp(*name, ".."))
		return -EINVAL;
	return 0;
}

static int do_mount(const char *name, const char *data)
{
	struct options opt = { .in = -1, .out = -1, .msize = MSIZE_DEFAULT,
			       .uname = "root", .aname = "/" };
	char text[OPTIONS_MAX];
	struct ofl_p9 *p9;
	int err;

	if (!data || strlen(data) >= sizeof(text))
		return bad_option(data ? "(more than 255 bytes)" : "trans");
	strcpy(text, data);
	err = take_options(&opt, text);
	if (err)
		return err;
	if (ofl_files_mounted(name))
		return -EBUSY;
	p9 = calloc(1, sizeof(*p9));
	if (!p9)
		return -ENOMEM;
	strcpy(p9->name, name);
	err = ofl_p9_start_stream(p9, (int)opt.in, (int)opt.out, (uint32_t)opt.msize,
				  opt.uname, opt.aname);
	if (err)
		goto err_free;
	err = ofl_files_mount(p9, !*name);
	if (err)
		goto err_end;
	return 0;

err_end:
	ofl_p9_end(p9);
err_free:
	free(p9);
	return err;
}

int mount(const char *source, const char *target, const char *type,
	  unsigned long flags, const void *data)
{
	const char *name;
	int err;

	(void)source;
	err = target_name(target, &name);
	if (!err && (!type || strcmp(type, "9p")))
		err = -ENODEV;
	if (!err && flags)
		err = -EINVAL;
	if (!err)
		err = do_mount(name, data);
	if (!err)
		return 0;
	errno = -err;
	return -1;
}

int umount(const char *target)
{
	struct ofl_p9 *p9 = NULL;
	const char *name;
	int err;

	err = target_name(target, &name);
	if (!err) {
		p9 = ofl_files_mounted(name);
		if (!p9 || !ofl_p9_is_stream(p9))
			err = -EINVAL;
		else if (ofl_p9_in_use(p9))
			err = -EBUSY;
	}
	if (err) {
		errno = -err;
		return -1;
	}
	ofl_files_forget(p9);
	/* The server may be gone; there is nothing left that could fail. */
	ofl_p9_clunk(p9, OFL_P9_ROOT);
	ofl_p9_end(p9);
	free(p9);
	return 0;
}
