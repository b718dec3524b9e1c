/* SPDX-License-Identifier: BSD-2-Clause */
/* Names: numbers, "localhost", and what the name servers say. */
#ifndef OFFLOAD_NETDB_H
#define OFFLOAD_NETDB_H

#include <netinet/in.h>

#ifdef __cplusplus
extern "C" {
#endif

struct addrinfo {
	int ai_flags;
	int ai_family;
	int ai_socktype;
	int ai_protocol;
	socklen_t ai_addrlen;
	struct sockaddr *ai_addr;
	char *ai_canonname; /* always NULL */
	struct addrinfo *ai_next;
};

#define AI_PASSIVE 0x01
#define AI_CANONNAME 0x02 /* taken, without effect */
#define AI_NUMERICHOST 0x04
#define AI_V4MAPPED 0x08 /* taken, without effect */
#define AI_ALL 0x10	 /* taken, without effect */
#define AI_ADDRCONFIG 0x20 /* taken, without effect */
#define AI_NUMERICSERV 0x400

#define EAI_BADFLAGS (-1)
#define EAI_NONAME (-2)
#define EAI_AGAIN (-3)
#define EAI_FAIL (-4)
#define EAI_FAMILY (-6)
#define EAI_SOCKTYPE (-7)
#define EAI_SERVICE (-8)
#define EAI_MEMORY (-10)
#define EAI_SYSTEM (-11)

int getaddrinfo(const char *node, const char *service,
		const struct addrinfo *hints, struct addrinfo **res);
void freeaddrinfo(struct addrinfo *res);
const char *gai_strerror(int err);

struct hostent {
	char *h_name;
	char **h_aliases;
	int h_addrtype;
	int h_length;
	char **h_addr_list;
};
#define h_addr h_addr_list[0]

#define HOST_NOT_FOUND 1
#define TRY_AGAIN 2
#define NO_RECOVERY 3
#define NO_DATA 4
extern int h_errno;

/* IPv4; in a buffer that the next call uses again. */
struct hostent *gethostbyname(const char *name);

#ifdef __cplusplus
}
#endif
#endif
