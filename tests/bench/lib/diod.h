/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The least client of 9P2000.L: one request at a time over a socket, which it waits for
 * in the kernel or, busy, in a loop.  For measuring a server, so it trusts it.
 */
#ifndef OFFLOAD_BENCH_DIOD_H
#define OFFLOAD_BENCH_DIOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diod;

/* Version and attach; NULL and a message if it cannot be. */
struct diod *diod_attach(int fd, uint32_t msize, const char *aname);
void diod_busy(struct diod *diod, bool busy);
uint32_t diod_msize(const struct diod *diod);

/* 0 or bytes; -1 and a message. */
int diod_walk(struct diod *diod, uint32_t fid, uint32_t newfid, const char *name);
int diod_open(struct diod *diod, uint32_t fid, uint32_t flags);
int diod_getattr(struct diod *diod, uint32_t fid);
int diod_clunk(struct diod *diod, uint32_t fid);
int64_t diod_read(struct diod *diod, uint32_t fid, uint64_t offset, void *buf, uint32_t len);
int64_t diod_write(struct diod *diod, uint32_t fid, uint64_t offset, const void *buf,
		   uint32_t len);
/* Goes on at *offset, 0 at first; entries; 0: the end. */
int64_t diod_readdir(struct diod *diod, uint32_t fid, uint64_t *offset);

#endif
