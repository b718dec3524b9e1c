/* SPDX-License-Identifier: BSD-2-Clause */
/* A vsock packet of either side that is honest but for the fields that a byte names. */
#ifndef OFFLOAD_TESTS_FUZZ_VSOCK_H
#define OFFLOAD_TESTS_FUZZ_VSOCK_H

#include <offload/vsock.h>

#include "fuzz.h"

#define FUZZ_VSOCK_DATA 256

/*
 * Spoil hdr, an honest one, and take its data: how many bytes.  *said: as many, or what
 * the ring shall say.
 */
static inline uint32_t fuzz_vsock_packet(struct fuzz_in *in, struct ofl_vsock_hdr *hdr,
					 uint8_t *data, uint32_t *said)
{
	uint32_t how = fuzz_number(in, 1), len = 0;

	hdr->op = (uint16_t)(fuzz_number(in, 1) % 9);
	if (how & 1)
		hdr->src_port = fuzz_number(in, 1);
	if (how & 2)
		hdr->dst_port = fuzz_number(in, 1);
	if (how & 4)
		hdr->fwd_cnt = fuzz_number(in, 4);
	if (how & 8)
		hdr->buf_alloc = fuzz_number(in, 4);
	if (how & 16)
		hdr->flags = fuzz_number(in, 1);
	if (how & 32)
		len = fuzz_number(in, 1);
	fuzz_take(in, data, len);
	hdr->len = *said = len;
	if ((how & 0xc0) == 0xc0) {
		hdr->type = (uint16_t)fuzz_number(in, 1);
		hdr->src_cid = fuzz_number(in, 4);
		hdr->dst_cid = fuzz_number(in, 4);
		hdr->len = fuzz_number(in, 2);
		*said = fuzz_number(in, 2);
	}
	return len;
}

#endif
