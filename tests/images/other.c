// SPDX-License-Identifier: BSD-2-Clause
/*
 * other: says what there is, each time that another PMM has come whose first share has
 * another "who" in it (or is not there); ends when that says "end".  Held from the first
 * one on: a file, a vsock listener on port 7, a buffer of the pool.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/vm_sockets.h>
#include <offload/pool.h>

static int listener;

/* What is in the file, or why not. */
static const char *read_name(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (n < 0)
		snprintf(buf, size, "%s", strerror(errno));
	else
		buf[strcspn(buf, "\n") < (size_t)n ? strcspn(buf, "\n") : (size_t)n] = '\0';
	if (fd >= 0)
		close(fd);
	return buf;
}

static void say_vsock(void)
{
	struct sockaddr_vm addr = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST,
				    .svm_port = 9 };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_VSOCK, SOCK_STREAM, 0);

	printf(" vsock:%s", !connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ? "?" :
			    errno == ECONNRESET ? "yes" : errno == ENETDOWN ? "no" : "?");
	getsockname(listener, (struct sockaddr *)&addr, &len);
	if (addr.svm_cid != VMADDR_CID_ANY)
		printf(",cid=%u", addr.svm_cid);
	close(fd);
}

static void say_net(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) }, own;
	socklen_t len = sizeof(own);
	char text[INET_ADDRSTRLEN];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	inet_pton(AF_INET, "192.0.2.1", &to.sin_addr);
	if (!connect(fd, (struct sockaddr *)&to, sizeof(to)) || errno != EINPROGRESS)
		printf(" net:%s", errno == ENETDOWN ? "no" : strerror(errno));
	else if (!getsockname(fd, (struct sockaddr *)&own, &len))
		printf(" net:%s", inet_ntop(AF_INET, &own.sin_addr, text, sizeof(text)));
	close(fd);
}

int main(void)
{
	struct sockaddr_vm addr = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY,
				    .svm_port = 7 };
	char who[64], last[64] = "", text[64], c;
	struct timespec nap = { 0, 20000000 };
	int held = -1;
	void *buf = NULL, *more;

	listener = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) || listen(listener, 1))
		return 1;
	for (;;) {
		close(accept(listener, NULL, NULL));
		nanosleep(&nap, NULL);
		read_name("who", who, sizeof(who));
		/* EIO: there is no PMM now. */
		if (!strcmp(who, last) || !strcmp(who, strerror(EIO)))
			continue;
		strcpy(last, who);
		printf("first:%s", who);
		printf(" second:%s", read_name("/second/who", text, sizeof(text)));
		say_vsock();
		say_net();
		more = ofl_pool_alloc(4096);
		printf(" pool:%s", more ? "yes" : "no");
		ofl_pool_free(more);
		printf(" random:%s", getentropy(&c, 1) ? strerror(errno) : "yes");
		if (held < 0) {
			held = open("who", O_RDONLY);
			buf = ofl_pool_alloc(8192);
		} else {
			printf(" held:%s", read(held, &c, 1) < 0 && errno == EIO ? "EIO" : "?");
			ofl_pool_free(buf); /* of a pool of the past, or freed before: nothing */
		}
		printf(".\n");
		fflush(stdout);
		if (!strcmp(who, "end"))
			return 0;
	}
}
