/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets.  Numbers are Linux's; docs/api.md says which calls do what, and what
 * each returns when the other side is gone.
 */
#ifndef OFFLOAD_SYS_SOCKET_H
#define OFFLOAD_SYS_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint16_t sa_family_t;
typedef uint32_t socklen_t;

struct sockaddr {
	sa_family_t sa_family;
	char sa_data[14];
};

struct sockaddr_storage {
	sa_family_t ss_family;
	char ss_data[118];
	uint64_t ss_align;
};

#define AF_UNSPEC 0
#define AF_INET 2
#define AF_INET6 10
#define AF_VSOCK 40
#define PF_UNSPEC AF_UNSPEC
#define PF_INET AF_INET
#define PF_INET6 AF_INET6
#define PF_VSOCK AF_VSOCK

#define SOCK_STREAM 1
#define SOCK_DGRAM 2
/* Bits beside the type, for socket() and accept4(). */
#define SOCK_NONBLOCK 04000
#define SOCK_CLOEXEC 02000000 /* taken; there is no exec */

#define SOL_SOCKET 1
#define SO_REUSEADDR 2 /* of AF_VSOCK: taken, without effect */
#define SO_TYPE 3
#define SO_ERROR 4
#define SO_BROADCAST 6 /* taken: always so */
#define SO_KEEPALIVE 9
#define SO_RCVTIMEO 20 /* struct timeval */
#define SO_SNDTIMEO 21
#define SO_ACCEPTCONN 30
#define SO_PROTOCOL 38
#define SO_DOMAIN 39

#define MSG_PEEK 0x02
#define MSG_DONTWAIT 0x40
#define MSG_WAITALL 0x100
#define MSG_NOSIGNAL 0x4000 /* always so: there is no SIGPIPE */

enum {
	SHUT_RD = 0,
	SHUT_WR = 1,
	SHUT_RDWR = 2,
};

#define SOMAXCONN 128

int socket(int domain, int type, int protocol);
int bind(int fd, const struct sockaddr *addr, socklen_t len);
int listen(int fd, int backlog);
int connect(int fd, const struct sockaddr *addr, socklen_t len);
int accept(int fd, struct sockaddr *addr, socklen_t *len);
int accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);
ssize_t send(int fd, const void *buf, size_t len, int flags);
ssize_t recv(int fd, void *buf, size_t len, int flags);
ssize_t sendto(int fd, const void *buf, size_t len, int flags,
	       const struct sockaddr *addr, socklen_t addr_len);
ssize_t recvfrom(int fd, void *buf, size_t len, int flags,
		 struct sockaddr *addr, socklen_t *addr_len);
int shutdown(int fd, int how);
int getsockname(int fd, struct sockaddr *addr, socklen_t *len);
int getpeername(int fd, struct sockaddr *addr, socklen_t *len);
int getsockopt(int fd, int level, int name, void *value, socklen_t *len);
int setsockopt(int fd, int level, int name, const void *value, socklen_t len);

#ifdef __cplusplus
}
#endif
#endif
