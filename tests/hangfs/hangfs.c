/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A FUSE file system that hangs on demand, without any library.
 *
 *	hangfs MOUNTPOINT SWITCH
 *
 * One file, "data", of 4096 times 'x'.  While SWITCH exists requests are taken and
 * not answered; those that must be answered later are, when it is gone.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define BUF 0x21000
#define SIZE 4096
#define ROOT 1
#define DATA 2
#define KEPT 64

static int fd;
static const char *hang;
static char *kept[KEPT];
static unsigned int nr_kept;

static void reply(uint64_t unique, int error, const void *body, size_t len)
{
	struct fuse_out_header h = { .len = (uint32_t)(sizeof(h) + len),
				     .error = error, .unique = unique };
	struct iovec iov[2] = { { &h, sizeof(h) }, { (void *)body, len } };

	/* ENOENT: it was interrupted meanwhile. */
	if (writev(fd, iov, 2) < 0 && errno != ENOENT)
		perror("hangfs: reply");
}

static struct fuse_attr attr_of(uint64_t ino)
{
	return (struct fuse_attr){
		.ino = ino,
		.size = ino == DATA ? SIZE : 0,
		.mode = ino == DATA ? S_IFREG | 0644 : S_IFDIR | 0755,
		.nlink = 1,
		.blksize = 4096,
	};
}

static void do_init(const struct fuse_in_header *in, const struct fuse_init_in *init)
{
	struct fuse_init_out out = { .major = 7, .minor = 31,
				     .max_readahead = init->max_readahead,
				     .max_background = 16, .max_write = 65536 };

	reply(in->unique, 0, &out, sizeof(out));
}

static void do_lookup(const struct fuse_in_header *in, const char *name)
{
	struct fuse_entry_out out = { .nodeid = DATA, .attr = attr_of(DATA) };

	if (strcmp(name, "data"))
		reply(in->unique, -ENOENT, NULL, 0);
	else
		reply(in->unique, 0, &out, sizeof(out));
}

static void do_read(const struct fuse_in_header *in, const struct fuse_read_in *rd)
{
	static char data[SIZE];
	size_t len = rd->offset < SIZE ? SIZE - rd->offset : 0;

	memset(data, 'x', sizeof(data));
	reply(in->unique, 0, data, len < rd->size ? len : rd->size);
}

static void serve(char *buf)
{
	const struct fuse_in_header *in = (const void *)buf;
	const void *body = in + 1;
	struct fuse_attr_out attr = { .attr = attr_of(in->nodeid) };
	struct fuse_open_out open_out = { .open_flags = FOPEN_DIRECT_IO };
	struct fuse_statfs_out st = { .st = { .blocks = 1, .bsize = 4096,
					      .namelen = 255 } };

	switch (in->opcode) {
	case FUSE_INIT:
		do_init(in, body);
		break;
	case FUSE_LOOKUP:
		do_lookup(in, body);
		break;
	case FUSE_GETATTR:
		reply(in->unique, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		reply(in->unique, 0, &open_out, sizeof(open_out));
		break;
	case FUSE_READ:
		do_read(in, body);
		break;
	case FUSE_STATFS:
		reply(in->unique, 0, &st, sizeof(st));
		break;
	case FUSE_READDIR:
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
	case FUSE_FLUSH:
		reply(in->unique, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		reply(in->unique, -ENOSYS, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	static char buf[BUF] __attribute__((aligned(8)));
	struct pollfd pfd;
	char options[128];
	ssize_t n;

	if (argc != 3)
		return 2;
	hang = argv[2];
	fd = open("/dev/fuse", O_RDWR | O_NONBLOCK);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd);
	if (fd < 0 || mount("hangfs", argv[1], "fuse.hangfs", 0, options)) {
		perror("hangfs");
		return 77;
	}
	for (;;) {
		pfd = (struct pollfd){ .fd = fd, .events = POLLIN };
		poll(&pfd, 1, 20);
		while (access(hang, F_OK) && nr_kept) {
			serve(kept[--nr_kept]);
			free(kept[nr_kept]);
		}
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOENT))
			continue;
		if (n < 0)
			return 0; /* unmounted */
		if (access(hang, F_OK) || nr_kept == KEPT) {
			serve(buf);
			continue;
		}
		kept[nr_kept] = malloc((size_t)n);
		memcpy(kept[nr_kept++], buf, (size_t)n);
	}
}
