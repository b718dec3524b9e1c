// SPDX-License-Identifier: BSD-2-Clause
/*
 * fetch ADDRESS /NAME FILE: get a file by HTTP, from Linux (fetch 80 ...) or from
 * another image (fetch vsock:4:80 ...), and write its body to FILE of the share.
 */
#include "address.h"

static char buf[16384];
static char stream[65536];

int main(int argc, char **argv)
{
	unsigned long long total = 0;
	char *body = NULL;
	size_t len = 0;
	ssize_t n;
	FILE *out;
	int fd;

	if (argc != 4) {
		fprintf(stderr, "usage: fetch ADDRESS /NAME FILE\n");
		return 2;
	}
	fd = connect_to(argv[1]);
	if (fd < 0) {
		perror("fetch: connect");
		return 3;
	}
	n = snprintf(buf, sizeof(buf), "GET %s HTTP/1.0\r\n\r\n", argv[2]);
	if (send(fd, buf, (size_t)n, MSG_NOSIGNAL) != n) {
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
	/* One message to the daemon for each 64 KiB, not for each 512 bytes. */
	setvbuf(out, stream, _IOFBF, sizeof(stream));
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
