/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Buffers in the shared window.  read() and write() of files of a
 * share, given a buffer that lies whole in one of these, let the daemon work on it in
 * place, and so does a blocking send() on AF_VSOCK (docs/api.md); from any other memory
 * the runtime copies.  Everything else takes them as ordinary memory.
 *
 * The pool is what the devices leave of the window (insmod's window=).  The daemon, and
 * with it Linux, can read and change these buffers at any time: look at what is in them
 * once, or copy first, before anything depends on it.
 */
#ifndef OFFLOAD_POOL_H
#define OFFLOAD_POOL_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * size bytes, page aligned, not cleared.  NULL and errno: EINVAL size is 0; ENODEV there
 * is no pool (no daemon, or its devices fill the window); ENOMEM more than the whole
 * pool; EAGAIN not now: free some, or wait.
 */
void *ofl_pool_alloc(size_t size);
/*
 * NULL is ignored.  A buffer with which a request was not answered in time stays taken
 * until another daemon comes, because this one may still write to it.
 */
void ofl_pool_free(void *buf);
/* Bytes of the pool; 0: there is none. */
size_t ofl_pool_size(void);

#ifdef __cplusplus
}
#endif
#endif
