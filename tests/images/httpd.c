// SPDX-License-Identifier: BSD-2-Clause
/*
 * httpd [PORT [CONNECTIONS]]: serve the files of the share by HTTP/1.0 on an
 * AF_VSOCK port (80).  GET only, one request a connection, one client at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

static char request[2048], chunk[16384];

static int send_all(int fd, const char *from, size_t len)
{
	while (len) {
		ssize_t n = send(fd, from, len, MSG_NOSIGNAL);

		if (n < 0)
			return -1;
		from += n;
		len -= (size_t)n;
	}
	return 0;
}

static int answer(int fd, const char *status, long long length)
{
	int n = snprintf(chunk, sizeof(chunk),
			 "HTTP/1.0 %s\r\nContent-Length: %lld\r\nConnection: close\r\n\r\n",
			 status, length);

	return send_all(fd, chunk, (size_t)n);
}

static int send_file(int fd, const char *name)
{
	struct stat st;
	int file = open(name, O_RDONLY);
	ssize_t n;

	if (file < 0 || fstat(file, &st) || !S_ISREG(st.st_mode)) {
		if (file >= 0)
			close(file);
		return answer(fd, "404 Not Found", 0);
	}
	n = answer(fd, "200 OK", (long long)st.st_size);
	while (!n && (n = read(file, chunk, sizeof(chunk))) > 0)
		n = send_all(fd, chunk, (size_t)n);
	close(file);
	return (int)n;
}

/* The head of a request, up to its blank line. */
static int serve(int fd)
{
	size_t len = 0;
	char *name, *end;

	do {
		ssize_t n = recv(fd, request + len, sizeof(request) - 1 - len, 0);

		if (n <= 0)
			return -1;
		len += (size_t)n;
		request[len] = '\0';
	} while (!strstr(request, "\r\n\r\n") && len < sizeof(request) - 1);
	if (strncmp(request, "GET /", 5))
		return answer(fd, "501 Not Implemented", 0);
	name = request + 4;
	end = strpbrk(name, " \r?");
	if (!end)
		return answer(fd, "400 Bad Request", 0);
	*end = '\0';
	return send_file(fd, name);
}

int main(int argc, char **argv)
{
	struct sockaddr_vm addr = { .svm_family = AF_VSOCK,
				    .svm_cid = VMADDR_CID_ANY };
	long left = argc > 2 ? atol(argv[2]) : -1;
	int listener, fd;

	addr.svm_port = argc > 1 ? (unsigned int)atoi(argv[1]) : 80;
	listener = socket(AF_VSOCK, SOCK_STREAM, 0);
	if (listener < 0 ||
	    bind(listener, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(listener, SOMAXCONN)) {
		perror("httpd: cannot listen");
		return 1;
	}
	printf("httpd: listening on port %u\n", addr.svm_port);
	while (left) {
		fd = accept(listener, NULL, NULL);
		if (fd < 0) {
			perror("httpd: accept");
			return 3;
		}
		if (serve(fd))
			printf("httpd: a client went away\n");
		close(fd);
		if (left > 0)
			left--;
	}
	return 0;
}
