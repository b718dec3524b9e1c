/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/bench/lib/diod.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define HEADER 7u

struct diod {
	int fd;
	bool busy;
	uint32_t msize;
	uint16_t tag;
	size_t len; /* of the request in `out` */
	uint8_t out[512];
	uint8_t *in;
};

static void put(struct diod *diod, uint64_t value, unsigned int bytes)
{
	memcpy(diod->out + diod->len, &value, bytes);
	diod->len += bytes;
}

static void put_text(struct diod *diod, const char *text)
{
	put(diod, strlen(text), 2);
	memcpy(diod->out + diod->len, text, strlen(text));
	diod->len += strlen(text);
}

static void request(struct diod *diod, uint8_t type, uint32_t fid)
{
	diod->len = 4;
	put(diod, type, 1);
	put(diod, type == 100 ? 0xffff : ++diod->tag & 0x7fff, 2);
	put(diod, fid, 4);
}

/* Whole, waiting as it is told to. */
static int receive(struct diod *diod, uint8_t *buf, size_t len)
{
	while (len) {
		ssize_t n = recv(diod->fd, buf, len, diod->busy ? MSG_DONTWAIT : 0);

		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0) {
			fprintf(stderr, "9p server: %s\n", n ? strerror(errno) : "it closed the connection");
			return -1;
		}
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}

/*
 * Send the request, with data behind it; its reply's body: of a read, into `to`, which
 * has room for `room` bytes.  Bytes of the body, or -1.
 */
static int64_t rpc(struct diod *diod, const void *data, size_t data_len, void *to, size_t room)
{
	struct iovec iov[2] = { { diod->out, diod->len }, { (void *)data, data_len } };
	uint32_t size = (uint32_t)(diod->len + data_len);
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	uint32_t number;

	memcpy(diod->out, &size, 4);
	while (size) {
		ssize_t n = sendmsg(diod->fd, &msg, MSG_NOSIGNAL);

		if (n < 0) {
			perror("9p server");
			return -1;
		}
		size -= (uint32_t)n;
		for (int i = 0; i < 2; i++) {
			size_t part = (size_t)n < iov[i].iov_len ? (size_t)n : iov[i].iov_len;

			iov[i].iov_base = (uint8_t *)iov[i].iov_base + part;
			iov[i].iov_len -= part;
			n -= (ssize_t)part;
		}
	}
	if (receive(diod, diod->in, HEADER + 4))
		return -1;
	memcpy(&size, diod->in, 4);
	if (size < HEADER || size > diod->msize) {
		fprintf(stderr, "9p server: a reply of %u bytes\n", size);
		return -1;
	}
	memcpy(&number, diod->in + HEADER, 4);
	if (diod->in[4] != diod->out[4] + 1) {
		fprintf(stderr, "9p server: request %d: %s\n", diod->out[4], strerror((int)number));
		return -1;
	}
	size -= HEADER + 4;
	if (receive(diod, to && size <= room ? to : diod->in + HEADER + 4, size))
		return -1;
	return (int64_t)size + 4;
}

/* For replies without a body there are four bytes less to come. */
static int rpc_empty(struct diod *diod)
{
	struct iovec iov = { diod->out, diod->len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	uint32_t size = (uint32_t)diod->len;

	memcpy(diod->out, &size, 4);
	if (sendmsg(diod->fd, &msg, MSG_NOSIGNAL) != (ssize_t)diod->len ||
	    receive(diod, diod->in, HEADER))
		return -1;
	return diod->in[4] == diod->out[4] + 1 ? 0 : -1;
}

struct diod *diod_attach(int fd, uint32_t msize, const char *aname)
{
	struct diod *diod = calloc(1, sizeof(*diod));

	if (diod)
		diod->in = malloc(msize + HEADER);
	if (!diod || !diod->in) {
		perror("malloc");
		return NULL;
	}
	diod->fd = fd;
	diod->msize = msize;
	request(diod, 100, msize);
	put_text(diod, "9P2000.L");
	if (rpc(diod, NULL, 0, NULL, 0) < 0)
		return NULL;
	memcpy(&diod->msize, diod->in + HEADER, 4);
	request(diod, 104, 0);
	put(diod, UINT32_MAX, 4);
	put_text(diod, "root");
	put_text(diod, aname);
	put(diod, 0, 4);
	return rpc(diod, NULL, 0, NULL, 0) < 0 ? NULL : diod;
}

void diod_busy(struct diod *diod, bool busy)
{
	diod->busy = busy;
}

uint32_t diod_msize(const struct diod *diod)
{
	return diod->msize;
}

int diod_walk(struct diod *diod, uint32_t fid, uint32_t newfid, const char *name)
{
	request(diod, 110, fid);
	put(diod, newfid, 4);
	put(diod, 1, 2);
	put_text(diod, name);
	return rpc(diod, NULL, 0, NULL, 0) < 0 ? -1 : 0;
}

int diod_open(struct diod *diod, uint32_t fid, uint32_t flags)
{
	request(diod, 12, fid);
	put(diod, flags, 4);
	return rpc(diod, NULL, 0, NULL, 0) < 0 ? -1 : 0;
}

int diod_getattr(struct diod *diod, uint32_t fid)
{
	request(diod, 24, fid);
	put(diod, 0x7ff, 8);
	return rpc(diod, NULL, 0, NULL, 0) < 0 ? -1 : 0;
}

int diod_clunk(struct diod *diod, uint32_t fid)
{
	request(diod, 120, fid);
	return rpc_empty(diod);
}

int64_t diod_read(struct diod *diod, uint32_t fid, uint64_t offset, void *buf, uint32_t len)
{
	int64_t n;

	request(diod, 116, fid);
	put(diod, offset, 8);
	put(diod, len, 4);
	n = rpc(diod, NULL, 0, buf, len);
	return n < 0 ? n : n - 4;
}

int64_t diod_write(struct diod *diod, uint32_t fid, uint64_t offset, const void *buf,
		   uint32_t len)
{
	uint32_t done;

	request(diod, 118, fid);
	put(diod, offset, 8);
	put(diod, len, 4);
	if (rpc(diod, buf, len, NULL, 0) < 0)
		return -1;
	memcpy(&done, diod->in + HEADER, 4);
	return done;
}

int64_t diod_readdir(struct diod *diod, uint32_t fid, uint64_t *offset)
{
	int64_t n, entries = 0;
	uint16_t len;

	request(diod, 40, fid);
	put(diod, *offset, 8);
	put(diod, diod->msize - 24, 4);
	n = rpc(diod, NULL, 0, NULL, 0);
	/* count[4]; then qid[13] offset[8] type[1] name[s] each */
	for (int64_t at = 4; n > 0 && at < n; entries++) {
		memcpy(offset, diod->in + HEADER + at + 13, 8);
		memcpy(&len, diod->in + HEADER + at + 22, 2);
		at += 24 + len;
	}
	return n < 0 ? n : entries;
}
