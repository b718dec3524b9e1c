// SPDX-License-Identifier: BSD-2-Clause
/*
 * fetch PORT /NAME FILE [CID]: get a file by HTTP from an AF_VSOCK port of the
 * host (or of another image) and write its body to FILE of the share.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

static char buf[16384];

int main(int argc, char **argv)
{
	struct sockaddr_vm addr = { .svm_family = AF_VSOCK };
	unsigned long long total = 0;
	char *body = NULL;
	size_t len = 0;
	ssize_t n;
	FILE *out;
	int fd;

	if (argc < 4) {
		fprintf(stderr, "usage: fetch PORT /NAME FILE [CID]\n");
		return 2;
	}
	addr.svm_port = (unsigned int)atoi(argv[1]);
	addr.svm_cid = argc > 4 ? (unsigned int)atoi(argv[4]) : VMADDR_CID_HOST;
	fd = socket(AF_VSOCK, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		perror("fetch: connect");
		return 3;
	}
	n = snprintf(buf, sizeof(buf), "GET %s HTTP/1.0\r\n\r\n", argv[2]);
	if (send(fd, buf, (size_t)n, 0) != n) {
		perror("fetch: send");
		return 3;
	}
	while (!body && len < sizeof(buf) - 1) {
		n = recv(fd, buf + len, sizeof(buf) - 1 - len, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
		buf[len] = '\0';
		body = strstr(buf, "\r\n\r\n");
	}
	if (!body || !strstr(buf, " 200 ")) {
		fprintf(stderr, "fetch: %s\n", body ? "refused" : "no answer");
		return 4;
	}
	out = fopen(argv[3], "w");
	if (!out) {
		perror(argv[3]);
		return 5;
	}
	body += 4;
	n = buf + len - body;
	do {
		if (fwrite(body, 1, (size_t)n, out) != (size_t)n) {
			perror(argv[3]);
			return 5;
		}
		total += (unsigned long long)n;
		body = buf;
	} while ((n = recv(fd, buf, sizeof(buf), 0)) > 0);
	if (n < 0) {
		perror("fetch: recv");
		return 3;
	}
	if (fclose(out)) {
		perror(argv[3]);
		return 5;
	}
	printf("fetch: %llu bytes\n", total);
	return 0;
}
