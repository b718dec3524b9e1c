/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFFLOAD_POLL_H
#define OFFLOAD_POLL_H

#ifdef __cplusplus
extern "C" {
#endif

typedef unsigned long nfds_t;

struct pollfd {
	int fd; /* negative: left out */
	short events;
	short revents;
};

#define POLLIN 0x001
#define POLLPRI 0x002
#define POLLOUT 0x004
#define POLLERR 0x008
#define POLLHUP 0x010
#define POLLNVAL 0x020
#define POLLRDNORM 0x040
#define POLLWRNORM 0x100
#define POLLRDHUP 0x2000

/* timeout: ms; 0: only look; negative: for ever. */
int poll(struct pollfd *fds, nfds_t nr, int timeout);

#ifdef __cplusplus
}
#endif
#endif
