/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-vsock (VIRTIO 1.2, 5.10) with UNIX and TCP sockets behind it. */
#ifndef OFL_PMM_VSOCK_H
#define OFL_PMM_VSOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"
#include "vdev.h"

#define OFL_VSOCK_MEM_DEFAULT (64u * 1024)
#define OFL_VSOCK_MEM_MIN (16u * 1024)
#define OFL_VSOCK_CONNS_MAX 2048u

struct ofl_forward;

/* What --vsock and --forward say. */
struct ofl_vsock_options {
	bool on;
	bool vhost;	/* the kernel's vsock, not ours */
	uint32_t cid;	/* 0: the default */
	char *path;	/* folder of the sockets; NULL: the default */
	char *registry; /* folder of the CIDs of this machine; NULL: the default */
	uint64_t mem_size;
	struct ofl_forward *forward;
	unsigned int nr_forwards;
};

struct ofl_options;
struct ofl_vsock;

/* "cid=N,path=DIR,..." (or ""), one --forward: 0, or an exit status plus 1. */
int ofl_vsock_option(struct ofl_vsock_options *opt, const char *arg);
int ofl_vsock_forward_option(struct ofl_vsock_options *opt, const char *arg);
void ofl_vsock_options_free(struct ofl_vsock_options *opt);

/* All options are known: do they go together?  As above. */
int ofl_vsock_options_check(const struct ofl_vsock_options *opt);

/*
 * With all privileges: make the sockets.  Logs what is wrong and returns NULL.
 * ofl_vsock_watch() connects it to a loop.
 */
struct ofl_vsock *ofl_vsock_open(const struct ofl_options *opt);
int ofl_vsock_watch(struct ofl_vsock *vs, struct ofl_loop *loop);
struct ofl_dev *ofl_vsock_dev(struct ofl_vsock *vs);
/* The image's CID. */
uint32_t ofl_vsock_cid(const struct ofl_vsock *vs);
/* The folders of its sockets and of the machine's CIDs. */
const char *ofl_vsock_path(const struct ofl_vsock *vs);
const char *ofl_vsock_registry(const struct ofl_vsock *vs);
/* Bring out what images have sent (bounded), remove the sockets. */
void ofl_vsock_close(struct ofl_vsock *vs);

#endif
