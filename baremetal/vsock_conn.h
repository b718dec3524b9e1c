/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the vsock driver: connections, for vsock.c. */
#ifndef OFFLOAD_VSOCK_CONN_H
#define OFFLOAD_VSOCK_CONN_H

#include "vsock.h"

extern struct ofl_vsock *ofl_vsock_all;
/* Those with bits in `todo`, oldest first; some may have none any more. */
extern struct ofl_vsock *ofl_vsock_due;

/* It has something to send.  It has nothing more. */
void ofl_vsock_is_due(struct ofl_vsock *vs);
void ofl_vsock_not_due(struct ofl_vsock *vs);

/* Begin to count ports here. */
void ofl_vsock_seed(uint32_t random);
/* Bytes that the other side has room for. */
uint32_t ofl_vsock_credit(const struct ofl_vsock *vs);
/*
 * A packet of a known type for this image: hdr is a private, checked copy, the
 * hdr->len bytes at data lie in the window.  False: no connection and no listener
 * wants it, answer with RST.
 */
bool ofl_vsock_incoming(const struct ofl_vsock_hdr *hdr, const uint8_t *data);
/* All connections are lost; listeners stay. */
void ofl_vsock_reset_all(void);
/* Free orphans that are over, end those whose time is up: cheap when there are none. */
void ofl_vsock_reap(void);
/* An orphan may be over. */
void ofl_vsock_reap_soon(const struct ofl_vsock *vs);

#endif
