/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A 9p client that shows what a hanging file system does to the daemon.
 *
 *	p9hang SOCKET		does what it says, in TAP; reads lines "hang" and
 *				"go on" off its standard input when asked for them
 *
 * Patience is long: it ends a wait that would be one for ever.
 */
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MS 60000
#define QUIET_MS 300

static int sock;
static uint8_t m[65536];
static unsigned int nr;

static void result(int good, const char *what)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++nr, what);
	fflush(stdout);
}

/* 1 2 4 8: an integer; s: a string. */
static void request(uint8_t type, uint16_t tag, const char *fmt, ...)
{
	size_t len = 7, n;
	const char *text;
	uint64_t value;
	va_list ap;

	va_start(ap, fmt);
	for (; *fmt; fmt++) {
		if (*fmt == 's') {
			text = va_arg(ap, const char *);
			n = strlen(text);
			m[len++] = (uint8_t)n;
			m[len++] = 0;
			memcpy(m + len, text, n);
			len += n;
			continue;
		}
		value = *fmt == '8' ? va_arg(ap, uint64_t) :
				      va_arg(ap, unsigned int);
		for (n = 0; n < (size_t)(*fmt - '0'); n++)
			m[len++] = (uint8_t)(value >> 8 * n);
	}
	va_end(ap);
	for (n = 0; n < 4; n++)
		m[n] = (uint8_t)(len >> 8 * n);
	m[4] = type;
	m[5] = (uint8_t)tag;
	m[6] = (uint8_t)(tag >> 8);
	if (write(sock, m, len) != (ssize_t)len)
		perror("write");
}

static int take(uint8_t *to, size_t len, int patience)
{
	struct pollfd pfd = { .fd = sock, .events = POLLIN };
	ssize_t n;

	while (len) {
		if (poll(&pfd, 1, patience) != 1)
			return 0;
		n = read(sock, to, len);
		if (n <= 0)
			return 0;
		to += n;
		len -= (size_t)n;
	}
	return 1;
}

/* The type of the next reply, 0 if none comes; its tag. */
static int reply(int *tag, int patience)
{
	uint32_t size;

	if (!take(m, 4, patience))
		return 0;
	size = m[0] | (uint32_t)m[1] << 8 | (uint32_t)m[2] << 16;
	if (size < 7 || size > sizeof(m) || !take(m + 4, size - 4, PATIENCE_MS))
		return 0;
	*tag = m[5] | m[6] << 8;
	return m[4];
}

static int expect(int type, int tag)
{
	int got_tag = -1, got = reply(&got_tag, PATIENCE_MS);

	if (got == type && got_tag == tag)
		return 1;
	printf("# reply %d with tag %d, not %d with %d\n", got, got_tag, type, tag);
	return 0;
}

static void say(const char *what)
{
	char line[64];

	printf("# %s\n", what);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(1);
}

int main(int argc, char **argv)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int tag;

	if (argc != 2 || strlen(argv[1]) >= sizeof(addr.sun_path))
		return 2;
	strcpy(addr.sun_path, argv[1]);
	sock = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(sock, (struct sockaddr *)&addr, sizeof(addr))) {
		perror(argv[1]);
		return 1;
	}
	request(100, 0xffff, "4s", 65536, "9P2000.L");
	result(expect(101, 0xffff), "version");
	request(104, 1, "44ss4", 0, ~0u, "root", "", 0);
	result(expect(105, 1), "attach");
	/* hang/data: across the mount point. */
	request(110, 2, "442ss", 0, 1, 2, "hang", "data");
	result(expect(111, 2), "walk to the other file system");
	request(12, 3, "44", 1, 0);
	result(expect(13, 3), "open");
	request(116, 4, "484", 1, (uint64_t)0, 10);
	result(expect(117, 4) && !memcmp(m + 11, "xxxxxxxxxx", 10), "read");

	say("hang");
	request(116, 5, "484", 1, (uint64_t)0, 10);
	result(!reply(&tag, QUIET_MS), "a read hangs");
	request(110, 6, "442s", 0, 2, 1, "local");
	result(expect(111, 6), "the local file system goes on");
	request(12, 7, "44", 2, 0);
	result(expect(13, 7), "open there");
	request(116, 8, "484", 2, (uint64_t)0, 10);
	result(expect(117, 8) && !memcmp(m + 11, "local", 5), "read there");
	request(108, 9, "2", 5);
	result(expect(109, 9), "Tflush is answered");
	request(120, 10, "4", 1);
	result(expect(121, 10), "and the fid clunked");
	request(110, 11, "442ss", 0, 3, 2, "hang", "data");
	result(!reply(&tag, QUIET_MS), "a walk across hangs");
	request(110, 12, "442s", 0, 4, 1, "local");
	result(expect(111, 12), "one that stays does not");
	request(108, 13, "2", 11);
	result(expect(109, 13), "Tflush is answered again");

	say("go on");
	result(!reply(&tag, QUIET_MS), "what was flushed stays silent");
	request(110, 14, "442ss", 0, 3, 2, "hang", "data");
	result(expect(111, 14), "the fid of the flushed walk is free");
	request(12, 15, "44", 3, 0);
	result(expect(13, 15), "open works again");

	say("hang");
	request(116, 16, "484", 3, (uint64_t)0, 10);
	result(!reply(&tag, QUIET_MS), "a read hangs while the daemon is stopped");
	say("stop");
	return 0;
}
