// SPDX-License-Identifier: BSD-2-Clause
/*
 *	comeback FILE ROUNDS
 *
 * Works with all that a PMM gives, at once: writes to FILE, prints, serves an echo
 * port (7), and goes on when the PMM is killed and another one comes.  Each time it
 * counts what the program hears of it, opens FILE anew, and says so on the new
 * console; after ROUNDS of them it ends: 0 if everything was as docs/api.md says.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#define CLIENTS 16
#define PATIENCE 120 /* s, in each round */

static struct pollfd polls[1 + CLIENTS];
static int nr, wrong;

static void expect(int good, const char *what)
{
	if (good)
		return;
	printf("wrong: %s (%s)\n", what, strerror(errno));
	wrong++;
}

static int listener(void)
{
	struct sockaddr_vm addr = { .svm_family = AF_VSOCK, .svm_port = 7,
				    .svm_cid = VMADDR_CID_ANY };
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);

	expect(!bind(fd, (struct sockaddr *)&addr, sizeof(addr)) && !listen(fd, 16),
	       "listen");
	return fd;
}

/* Errors of connections that ended as one does whose PMM is gone. */
static int echo(void)
{
	static char buf[8192];
	int resets = 0;

	if (poll(polls, (nfds_t)nr + 1, 20) <= 0)
		return 0;
	for (int i = nr; i > 0; i--) {
		ssize_t n;

		if (!polls[i].revents)
			continue;
		n = recv(polls[i].fd, buf, sizeof(buf), 0);
		if (n > 0)
			n = send(polls[i].fd, buf, (size_t)n, 0);
		if (n > 0 || (n < 0 && errno == EAGAIN))
			continue;
		resets += n < 0 && errno == ECONNRESET;
		close(polls[i].fd);
		polls[i] = polls[nr--];
	}
	if (polls[0].revents && nr < CLIENTS) {
		int fd = accept4(polls[0].fd, NULL, NULL, SOCK_NONBLOCK);

		if (fd >= 0)
			polls[++nr] = (struct pollfd){ .fd = fd, .events = POLLIN };
		else
			expect(errno == EAGAIN, "accept");
	}
	return resets;
}

/* The PMM's end, heard from the file: then EIO, from whatever is tried with it. */
static int lost(int fd)
{
	struct stat st;
	char c;

	if (write(fd, "x", 1) == 1)
		return 0;
	expect(errno == EIO, "write");
	expect(read(fd, &c, 1) < 0 && errno == EIO, "read");
	expect(fstat(fd, &st) < 0 && errno == EIO, "fstat");
	return 1;
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[2]) : 1;
	int fd, again, resets = 0, round;
	struct stat st;
	char c;

	if (argc < 2)
		return 2;
	polls[0] = (struct pollfd){ .fd = listener(), .events = POLLIN };
	for (round = 0; round <= rounds; round++) {
		time_t end = time(NULL) + PATIENCE;

		/* From the second round on, the PMM is not there yet. */
		do {
			resets += echo();
			fd = open(argv[1], O_RDWR | O_CREAT | O_APPEND, 0644);
		} while (fd < 0 && time(NULL) < end);
		if (fd < 0)
			return 3;
		expect(!getentropy(&c, 1), "getentropy");
		printf("round %d, %d reset\n", round, resets);
		fflush(stdout);
		if (round == rounds)
			break;
		while (!lost(fd) && time(NULL) < end)
			resets += echo();
		/* Whatever comes, this file is over. */
		again = dup(fd);
		expect(again >= 0 && fstat(again, &st) < 0 && errno == EIO, "dup");
		close(again);
		expect(close(fd) < 0 && errno == EIO, "close");
		resets += echo();
	}
	expect(resets >= rounds, "connections that were reset");
	printf("%d wrong\n", wrong);
	return wrong != 0;
}
