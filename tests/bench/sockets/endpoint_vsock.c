// SPDX-License-Identifier: BSD-2-Clause
/* The daemon's vsock device with services in memory as other ends. */
#include "endpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "pmm/vsock_conn.h"

#define CONNS OFL_VSOCK_CONNS_MAX

static struct ofl_vsock *vs;
static struct service services[CONNS];
static struct vsock_conn *poked; /* one that has something since it was served */
static struct ofl_dev_ops ops;
static bool (*serve_queues)(struct ofl_dev *dev);

static struct service *service_of(const struct vsock_conn *c)
{
	return &services[c - vs->conn];
}

int64_t ofl_vsock_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int ofl_vsock_end_watch(struct vsock_conn *c, uint32_t wants)
{
	(void)c;
	(void)wants;
	return 0;
}

int ofl_vsock_dial(struct vsock_conn *c)
{
	int err;

	if (c->host_cid != OFL_VSOCK_CID_HOST || !service_known(c->host_port))
		return -ECONNREFUSED;
	err = service_open(service_of(c), c->host_port);
	if (!err)
		ofl_vsock_conn_dialled(c);
	return err;
}

int ofl_vsock_end_put(struct vsock_conn *c, const uint8_t *data, uint32_t len)
{
	uint32_t n = service_put(service_of(c), data, len);

	/* It is updated behind this call. */
	if (service_has(service_of(c)))
		c->readable = true;
	if (c->host_port == LINES_PORT)
		poked = c;
	return n ? (int)n : -EAGAIN;
}

int ofl_vsock_end_get(struct vsock_conn *c, void *buf, uint32_t len)
{
	uint32_t n = service_get(service_of(c), buf, len);

	if (c->buf_len)
		poked = c; /* there is room again */
	return n ? (int)n : -EAGAIN;
}

void ofl_vsock_end_shutdown(struct vsock_conn *c, uint32_t flags)
{
	(void)c;
	(void)flags;
}

void ofl_vsock_end_close(struct vsock_conn *c)
{
	if (poked == c)
		poked = NULL;
	service_close(service_of(c));
}

void ofl_vsock_end_yield(void)
{
}

static bool serve(struct ofl_dev *dev)
{
	struct vsock_conn *c = poked;
	bool work = serve_queues(dev);

	if (!c)
		return work;
	poked = NULL;
	if (c->state != VSOCK_OPEN)
		return work;
	service_lines(service_of(c), dev->mem);
	ofl_vsock_conn_ready(c, service_has(service_of(c)));
	return true;
}

struct ofl_dev *endpoint_vsock(void)
{
	static struct ofl_vsock_options options = { .mem_size = OFL_VSOCK_MEM_DEFAULT };
	const char *mem = getenv("ENDPOINT_MEM");
	struct ofl_dev *dev;

	if (mem)
		options.mem_size = strtoul(mem, NULL, 0);
	vs = calloc(1, sizeof(*vs));
	if (!vs || ofl_vsock_conns_open(vs, CONNS))
		abort();
	vs->opt = &options;
	vs->cid = OFL_VSOCK_CID_FIRST;
	vs->next_port = VSOCK_FIRST_PORT;
	dev = ofl_vsock_dev(vs);
	ops = *dev->ops;
	serve_queues = ops.serve;
	ops.serve = serve;
	dev->ops = &ops;
	return dev;
}
