/* SPDX-License-Identifier: BSD-2-Clause */
/* --vsock and --forward, and the device that they describe. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forward.h"
#include "log.h"
#include "options.h"
#include "pmm.h"
#include "vsock_conn.h"

#define RUN_DIR "/run/offload"
#define DRAIN_MS 2000

static int vsock_bad(const char *option, const char *value, const char *what)
{
	ofl_log("%s %s: %s (see --help)", option, value, what);
	return 1 + OFL_EXIT_USAGE;
}

static int vsock_no_memory(void)
{
	ofl_log("out of memory");
	return 1 + OFL_EXIT_FAILURE;
}

static int vsock_cid(struct ofl_vsock_options *opt, const char *whole,
		     const char *text)
{
	unsigned long long cid;
	char *end;

	errno = 0;
	cid = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno)
		return vsock_bad("--vsock", whole, "cid= takes a number");
	if (cid < OFL_VSOCK_CID_FIRST || cid >= OFL_VSOCK_CID_ANY)
		return vsock_bad("--vsock", whole,
				 "this CID is reserved: use 3 to 4294967294");
	opt->cid = (uint32_t)cid;
	return 0;
}

static int vsock_key(struct ofl_vsock_options *opt, const char *whole,
		     const char *key)
{
	char **folder = NULL;

	if (!strcmp(key, "vhost")) {
		opt->vhost = true;
		return 0;
	}
	if (!strncmp(key, "cid=", 4))
		return vsock_cid(opt, whole, key + 4);
	if (!strncmp(key, "window=", 7)) {
		if (ofl_options_size(key + 7, &opt->mem_size) ||
		    opt->mem_size < OFL_VSOCK_MEM_MIN ||
		    opt->mem_size > OFL_MEM_MAX)
			return vsock_bad("--vsock", whole,
					 "window= takes a size from 16K to 64M");
		return 0;
	}
	if (!strncmp(key, "path=", 5)) {
		folder = &opt->path;
		key += 5;
	} else if (!strncmp(key, "registry=", 9)) {
		folder = &opt->registry;
		key += 9;
	}
	if (!folder || !*key)
		return vsock_bad("--vsock", whole,
				 "only cid=N, path=DIR, window=SIZE, registry=DIR and vhost are known");
	free(*folder);
	*folder = strdup(key);
	return *folder ? 0 : vsock_no_memory();
}

static void vsock_on(struct ofl_vsock_options *opt)
{
	opt->on = true;
	if (!opt->mem_size)
		opt->mem_size = OFL_VSOCK_MEM_DEFAULT;
}

int ofl_vsock_option(struct ofl_vsock_options *opt, const char *arg)
{
	char *copy = strdup(arg), *rest = copy, *key;
	int err = 0;

	if (!copy)
		return vsock_no_memory();
	vsock_on(opt);
	while (*arg && !err && (key = strsep(&rest, ",")))
		err = vsock_key(opt, arg, key);
	free(copy);
	return err;
}

int ofl_vsock_forward_option(struct ofl_vsock_options *opt, const char *arg)
{
	struct ofl_forward *fwd;
	const char *why;
	unsigned int i;

	fwd = realloc(opt->forward, (opt->nr_forwards + 1) * sizeof(*fwd));
	if (!fwd)
		return vsock_no_memory();
	opt->forward = fwd;
	fwd += opt->nr_forwards;
	why = ofl_forward_parse(arg, fwd);
	for (i = 0; !why && i < opt->nr_forwards; i++)
		if (ofl_forward_same(&opt->forward[i], fwd))
			why = fwd->to_image ? "another --forward listens there" :
					      "another --forward has this vsock port";
	if (why)
		return vsock_bad("--forward", arg, why);
	opt->nr_forwards++;
	vsock_on(opt);
	return 0;
}

int ofl_vsock_options_check(const struct ofl_vsock_options *opt)
{
	if (!opt->vhost)
		return 0;
	if (opt->path || opt->registry)
		return vsock_bad("--vsock", "vhost",
				 "without path= and registry=: the kernel has its own places");
	if (opt->nr_forwards)
		return vsock_bad("--forward", opt->forward[0].text,
				 "not with --vsock vhost; use socat, or --vsock without vhost");
	return 0;
}

void ofl_vsock_options_free(struct ofl_vsock_options *opt)
{
	free(opt->path);
	free(opt->registry);
	free(opt->forward);
	memset(opt, 0, sizeof(*opt));
}

/* --- the device --- */

/* The number at the end of /dev/offload5. */
static unsigned int vsock_instance(const char *device)
{
	size_t at = strlen(device);

	while (at && device[at - 1] >= '0' && device[at - 1] <= '9')
		at--;
	return (unsigned int)strtoul(device + at, NULL, 10) % 65536;
}

/* Defaults: beside the --socket, or in /run/offload. */
static int vsock_places(struct ofl_vsock *vs, const struct ofl_options *opt)
{
	const struct ofl_vsock_options *vo = &opt->vsock;
	const char *base, *slash;
	unsigned int instance;
	int n = 0;

	if (opt->socket) {
		slash = strrchr(opt->socket, '/');
		base = slash ? opt->socket : ".";
		if (slash == opt->socket)
			n = 1;
		else
			n = slash ? (int)(slash - opt->socket) : 1;
		instance = 0;
		if (!vo->path && asprintf(&vs->path, "%.*s", n, base) < 0)
			return -ENOMEM;
		if (!vo->registry &&
		    asprintf(&vs->registry, "%.*s/cid", n, base) < 0)
			return -ENOMEM;
	} else {
		base = strrchr(opt->device, '/');
		base = base ? base + 1 : opt->device;
		instance = vsock_instance(base);
		if (!vo->path && asprintf(&vs->path, RUN_DIR "/%s", base) < 0)
			return -ENOMEM;
		if (!vo->registry && asprintf(&vs->registry, RUN_DIR "/cid") < 0)
			return -ENOMEM;
	}
	if (vo->path)
		vs->path = strdup(vo->path);
	if (vo->registry)
		vs->registry = strdup(vo->registry);
	vs->cid = vo->cid ? vo->cid : OFL_VSOCK_CID_FIRST + instance;
	return vs->path && vs->registry ? 0 : -ENOMEM;
}

struct ofl_vsock *ofl_vsock_open(const struct ofl_options *opt)
{
	struct ofl_vsock *vs = calloc(1, sizeof(*vs));
	if (!vs)
		goto err_memory;
	vs->opt = &opt->vsock;
	vs->spare_fd = -1;
	vs->timer.fd = -1;
	if (opt->vsock.vhost) {
		if (vsock_places(vs, opt))
			goto err_memory;
		if (!ofl_vsock_vhost_open(vs))
			return vs;
		ofl_vsock_close(vs);
		return NULL;
	}
	vs->listener = calloc(opt->vsock.nr_forwards + 1, sizeof(*vs->listener));
	if (ofl_vsock_conns_open(vs, OFL_VSOCK_CONNS_MAX) || !vs->listener ||
	    vsock_places(vs, opt))
		goto err_memory;
	if (ofl_vsock_sockets_open(vs, opt)) {
		ofl_vsock_close(vs);
		return NULL;
	}
	ofl_log("vsock: CID %u, clients connect to %s/vsock", vs->cid, vs->path);
	return vs;

err_memory:
	ofl_log("out of memory");
	ofl_vsock_close(vs);
	return NULL;
}

uint32_t ofl_vsock_cid(const struct ofl_vsock *vs)
{
	return vs->cid;
}

const char *ofl_vsock_path(const struct ofl_vsock *vs)
{
	return vs->path;
}

const char *ofl_vsock_registry(const struct ofl_vsock *vs)
{
	return vs->registry;
}

/* Connections that the image is done with; at most DRAIN_MS for all of them. */
static void vsock_drain(struct ofl_vsock *vs)
{
	int64_t end = ofl_vsock_now_ms() + DRAIN_MS;
	unsigned int i;

	for (i = 0; i < vs->max_conns; i++) {
		struct vsock_conn *c = &vs->conn[i];
		struct pollfd pfd = { .fd = c->source.fd, .events = POLLOUT };
		int64_t left;

		while (c->state == VSOCK_LAST) {
			left = end - ofl_vsock_now_ms();
			if (left <= 0 || poll(&pfd, 1, (int)left) < 1)
				return;
			ofl_vsock_conn_ready(c, false);
		}
	}
}

void ofl_vsock_close(struct ofl_vsock *vs)
{
	unsigned int i;

	if (!vs)
		return;
	if (vs->vhost)
		ofl_vsock_vhost_close(vs);
	for (i = 0; i < vs->max_conns; i++)
		if (vs->conn[i].state == VSOCK_OPEN && vs->conn[i].buf_len)
			ofl_vsock_conn_last(&vs->conn[i]);
	vsock_drain(vs);
	for (i = 0; i < vs->max_conns; i++)
		if (vs->conn[i].state != VSOCK_FREE)
			ofl_vsock_conn_free(&vs->conn[i]);
	ofl_vsock_sockets_close(vs);
	free(vs->conn);
	free(vs->listener);
	free(vs->path);
	free(vs->registry);
	free(vs);
}
