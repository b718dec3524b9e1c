/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets of a virtio socket device (VIRTIO 1.2, 5.10), as driver and device
 * exchange them: this header, then len bytes.  Little endian.
 */
#ifndef OFFLOAD_VSOCK_H
#define OFFLOAD_VSOCK_H

#include <stddef.h>
#include <stdint.h>

struct ofl_vsock_hdr {
	uint64_t src_cid; /* the upper 32 bits are zero */
	uint64_t dst_cid;
	uint32_t src_port;
	uint32_t dst_port;
	uint32_t len;
	uint16_t type;
	uint16_t op;
	uint32_t flags;	    /* of SHUTDOWN */
	uint32_t buf_alloc; /* the sender's receive buffer, in all */
	uint32_t fwd_cnt;   /* bytes that left it, free running */
} __attribute__((packed));

#define OFL_VSOCK_HDR 44u
_Static_assert(sizeof(struct ofl_vsock_hdr) == OFL_VSOCK_HDR, "vsock header");
_Static_assert(offsetof(struct ofl_vsock_hdr, fwd_cnt) == 40, "vsock header");

#define OFL_VSOCK_RX 0u
#define OFL_VSOCK_TX 1u
#define OFL_VSOCK_EVENT 2u
#define OFL_VSOCK_QUEUES 3u

#define OFL_VSOCK_STREAM 1u

enum ofl_vsock_op {
	OFL_VSOCK_OP_REQUEST = 1,
	OFL_VSOCK_OP_RESPONSE = 2,
	OFL_VSOCK_OP_RST = 3,
	OFL_VSOCK_OP_SHUTDOWN = 4,
	OFL_VSOCK_OP_RW = 5,
	OFL_VSOCK_OP_CREDIT_UPDATE = 6,
	OFL_VSOCK_OP_CREDIT_REQUEST = 7,
};

#define OFL_VSOCK_SHUT_RCV 1u  /* the sender will receive no more */
#define OFL_VSOCK_SHUT_SEND 2u /* the sender will send no more */
#define OFL_VSOCK_SHUT_BOTH 3u

#define OFL_VSOCK_EVENT_TRANSPORT_RESET 0u

#define OFL_VSOCK_CID_HOST 2u
#define OFL_VSOCK_CID_FIRST 3u /* below it are the reserved ones */
#define OFL_VSOCK_CID_ANY 0xffffffffu

#endif
