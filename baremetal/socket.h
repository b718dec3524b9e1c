/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets, between the POSIX calls and the address families.
 *
 * An address family never waits: what cannot be done now is -EAGAIN.  socket.c
 * waits, by calling the same operation again after progress().  So a family is
 * written once for blocking and non-blocking sockets and for poll().
 */
#ifndef OFFLOAD_SOCKET_H
#define OFFLOAD_SOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct ofl_socket;

/* Everything returns 0, a count, or -errno. */
struct ofl_socket_ops {
	int (*bind)(struct ofl_socket *sk, const struct sockaddr *addr,
		    socklen_t len);
	int (*listen)(struct ofl_socket *sk, int backlog);
	/* Begin; connected() then says how it goes: 0, -EAGAIN, why not. */
	int (*connect)(struct ofl_socket *sk, const struct sockaddr *addr,
		       socklen_t len);
	int (*connected)(struct ofl_socket *sk);
	int (*accept)(struct ofl_socket *sk, struct ofl_socket **conn);
	/* At least one byte or -EAGAIN; sk->lends says what the buffer may be used for. */
	int64_t (*send)(struct ofl_socket *sk, const void *buf, size_t len,
			const struct sockaddr *to, socklen_t to_len);
	/* -EAGAIN: the device still reads a buffer that was lent to send().  May be NULL. */
	int (*sent)(struct ofl_socket *sk);
	/* At least one byte, 0 (the end) or -EAGAIN. */
	int64_t (*recv)(struct ofl_socket *sk, void *buf, size_t len, bool peek,
			struct sockaddr_storage *from, socklen_t *from_len);
	int (*shutdown)(struct ofl_socket *sk, int how);
	int (*name)(struct ofl_socket *sk, bool peer,
		    struct sockaddr_storage *addr, socklen_t *len);
	/* The error to report once (SO_ERROR); positive. */
	int (*error)(struct ofl_socket *sk);
	/* Options that not all sockets have; -ENOPROTOOPT. */
	int (*getopt)(struct ofl_socket *sk, int level, int name, void *value,
		      socklen_t *len);
	int (*setopt)(struct ofl_socket *sk, int level, int name,
		      const void *value, socklen_t len);
	/* All POLL* bits that hold now. */
	int (*poll)(struct ofl_socket *sk);
	size_t (*readable)(struct ofl_socket *sk);
	/* Frees it. */
	void (*close)(struct ofl_socket *sk);
};

struct ofl_family {
	int domain;
	int (*create)(int type, int protocol, struct ofl_socket **sk);
	/* Take what the device has; called before every look at a socket. */
	void (*progress)(void);
	/* Before a wait that may sleep, and behind it: be woken by the device. */
	void (*arm)(bool on);
};

/* At the start of a family's own structure; the family sets the first three. */
struct ofl_socket {
	const struct ofl_family *family;
	const struct ofl_socket_ops *ops;
	int type;
	bool listening;
	bool lends; /* the buffer of this send() stays as it is until sent() is 0 */
	uint64_t recv_timeout, send_timeout; /* ns; 0: none */
	/*
	 * Where the recv() under way wants its next bytes: a family that keeps none for
	 * this socket may put what comes there at once, and moves both on.
	 */
	uint8_t *into;
	size_t into_left; /* 0: nobody waits */
};

extern const struct ofl_family ofl_family_vsock;

#endif
