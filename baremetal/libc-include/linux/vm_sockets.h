/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses and options of AF_VSOCK; layout and numbers are Linux's. */
#ifndef OFFLOAD_LINUX_VM_SOCKETS_H
#define OFFLOAD_LINUX_VM_SOCKETS_H

#include <sys/socket.h>

#define VMADDR_CID_ANY 0xffffffffu
#define VMADDR_CID_HYPERVISOR 0
#define VMADDR_CID_LOCAL 1
#define VMADDR_CID_HOST 2 /* Linux beside the image */
#define VMADDR_PORT_ANY 0xffffffffu

struct sockaddr_vm {
	sa_family_t svm_family; /* AF_VSOCK */
	unsigned short svm_reserved1;
	unsigned int svm_port;
	unsigned int svm_cid;
	unsigned char svm_flags;
	unsigned char svm_zero[3];
};

/* Options of level AF_VSOCK. */
#define SO_VM_SOCKETS_BUFFER_SIZE 0	/* uint64_t: bytes kept for recv() */
#define SO_VM_SOCKETS_BUFFER_MIN_SIZE 1 /* uint64_t, get only */
#define SO_VM_SOCKETS_BUFFER_MAX_SIZE 2 /* uint64_t, get only */
#define SO_VM_SOCKETS_CONNECT_TIMEOUT 6 /* struct timeval */

#endif
