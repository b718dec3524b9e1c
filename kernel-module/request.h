/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What programs ask of /dev/offloadN, checked: the arguments of ioctl and mmap, and
 * the accesses of a debugger.  Pure: the numbers are the caller's and may be
 * anything; nothing here looks at memory of his or at an instance.
 */
#ifndef OFFLOAD_REQUEST_H
#define OFFLOAD_REQUEST_H

#include "portable.h"

#include <offload/uapi.h>

/* What an ioctl's argument points to, copied once. */
union ofl_asked {
	uint32_t size; /* each begins with it */
	struct ofl_ioc_info info;
	struct ofl_ioc_attach attach;
	struct ofl_ioc_bell bell;
	struct ofl_ioc_cid cid;
	struct ofl_ioc_on_close on_close;
};

/*
 * How many bytes of a union ofl_asked to copy in for this command, 0 for
 * none; -ENOTTY: there is no such command.  Commands go by number: the size in
 * them grows with the structures.
 */
int ofl_request_size(unsigned int cmd);
/* They were copied: 0, or -EINVAL. */
int ofl_request_check(unsigned int cmd, const union ofl_asked *r);
/* INFO: so many bytes of the answer go back. */
uint32_t ofl_request_info_size(const union ofl_asked *r);

/* A mapping of size bytes from page number page of the window on: 0 or -EINVAL. */
int ofl_request_mmap(uint64_t page, uint64_t size, uint64_t window, bool shared,
		     bool exec);
/* Are these bytes in the window? */
bool ofl_request_inside(uint64_t off, int len, uint64_t window);

#endif
