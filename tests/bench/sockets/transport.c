// SPDX-License-Identifier: BSD-2-Clause
/*
 * transport RUN CASE...: windows of measurement against the endpoint; a line of JSON each.
 * A case is NAME[@WHO]= and one of
 *
 *	vsock:rtt:BYTES  tcp:rtt:BYTES		round trips with the echo, one at a time
 *	vsock:out:BYTES  tcp:out:BYTES		bulk to the sink, chunks of BYTES from the pool
 *	vsock:copy:BYTES			the same from ordinary memory
 *	vsock:in:BYTES   tcp:in:BYTES		bulk from the source
 *	vsock:many:N				round trips of 64 bytes over N connections in turn
 *	entropy:get:BYTES			getrandom()
 *	console:write:BYTES			write() to /dev/bench
 *
 * RUN "-": against any daemon, without R; a line "bench: CASE VALUE UNIT" each.
 * R (two cache lines between the same two processes) is measured before and behind each
 * window, and so is memcpy; a window whose two differ by more than 15 % is told as dropped.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>
#ifdef BENCH_TCP
#include <netinet/in.h>
#endif
#include <offload/pool.h>
#include <offload/rt.h>

#include "platform.h"

#include "bench.h"

#define WINDOW_NS 60000000ull
#define POLLS 1000000000ull
#define MANY 1000
#define TOLERANCE 0.15

static uint8_t *pool, *memory, *lines;
static int line_fd = -1;
static uint64_t receive_buffer; /* 0: the default */
static int run;

static void fail(const char *what)
{
	fprintf(stderr, "transport: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int dial(const char *how, unsigned int port)
{
	int fd;
#ifdef BENCH_TCP
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(0x0a000001) };
#endif
	struct sockaddr_vm vm = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST,
				  .svm_port = port };

#ifdef BENCH_TCP
	if (!strcmp(how, "tcp")) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (fd < 0 || connect(fd, (struct sockaddr *)&in, sizeof(in)))
			fail("connect");
		return fd;
	}
#endif
	if (strcmp(how, "vsock"))
		fail(how);
	fd = socket(AF_VSOCK, SOCK_STREAM, 0);
	if (fd >= 0 && receive_buffer)
		setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, &receive_buffer,
			   sizeof(receive_buffer));
	if (fd < 0 || connect(fd, (struct sockaddr *)&vm, sizeof(vm)))
		fail("connect");
	return fd;
}

static void put(int fd, const void *buf, size_t len)
{
	if (send(fd, buf, len, 0) != (ssize_t)len)
		fail("send");
}

static void get(int fd, void *buf, size_t len)
{
	if (recv(fd, buf, len, MSG_WAITALL) != (ssize_t)len)
		fail("recv");
}

/* --- yardsticks --- */

static double measure_r(void)
{
	uint64_t *ask = (void *)lines, *answer = (void *)(lines + LINE_BYTES);
	uint64_t off, start, polls;

	if (line_fd < 0)
		line_fd = dial("vsock", LINES_PORT);
	__atomic_store_n(ask, 0, __ATOMIC_RELAXED);
	__atomic_store_n(answer, 0, __ATOMIC_RELEASE);
	off = (uint64_t)(lines - ofl_window_va);
	put(line_fd, &off, sizeof(off));
	start = ofl_now_ns();
	for (uint64_t n = 1; n <= LINES_ROUNDS; n++) {
		__atomic_store_n(ask, n, __ATOMIC_RELEASE);
		for (polls = 0; __atomic_load_n(answer, __ATOMIC_ACQUIRE) != n; polls++)
			if (polls > POLLS)
				fail("the other side does not answer");
		if (n == 1000) /* it was on its way until then */
			start = ofl_now_ns();
	}
	return (double)(ofl_now_ns() - start) / (LINES_ROUNDS - 1000);
}

static double measure_memcpy(void)
{
	uint64_t start = ofl_now_ns();
	unsigned int n;

	for (n = 0; n < 200; n++) {
		memcpy(memory + CHUNK, memory, CHUNK);
		__asm__ volatile("" ::: "memory");
	}
	return (double)n * CHUNK / (double)(ofl_now_ns() - start);
}

/* --- windows --- */

struct window {
	double value;
	const char *unit;
	uint64_t ns;
};

static struct window rtt(const char *how, size_t len)
{
	int fd = dial(how, ECHO_PORT);
	uint64_t start, now, n = 0;

	for (int i = 0; i < 100; i++) {
		put(fd, memory, len);
		get(fd, memory, len);
	}
	start = now = ofl_now_ns();
	while (now - start < WINDOW_NS / 2) {
		for (int i = 0; i < 256; i++) {
			put(fd, memory, len);
			get(fd, memory, len);
		}
		n += 256;
		now = ofl_now_ns();
	}
	close(fd);
	return (struct window){ (double)(now - start) / (double)n, "ns", now - start };
}

static struct window many(const char *how, unsigned int nr)
{
	static int fd[MANY];
	uint64_t start, now, n = 0;

	if (nr > MANY)
		fail("too many");
	for (unsigned int i = 0; i < nr; i++)
		fd[i] = dial(how, ECHO_PORT);
	start = now = ofl_now_ns();
	while (now - start < WINDOW_NS / 2) {
		for (unsigned int i = 0; i < 1000; i++) {
			unsigned int which = (unsigned int)(n++ % nr);

			put(fd[which], memory, 64);
			get(fd[which], memory, 64);
		}
		now = ofl_now_ns();
	}
	for (unsigned int i = 0; i < nr; i++)
		close(fd[i]);
	return (struct window){ (double)(now - start) / (double)n, "ns", now - start };
}

static struct window out(const char *how, const uint8_t *from, size_t len)
{
	int fd = dial(how, SINK_PORT);
	uint64_t start, now, sum, want = add_up(from, len) * 512, n = 0;
	uint64_t round = (uint64_t)len * 512;

	put(fd, &round, sizeof(round));
	start = now = ofl_now_ns();
	while (now - start < WINDOW_NS) {
		for (int i = 0; i < 512; i++)
			put(fd, from, len);
		get(fd, &sum, sizeof(sum));
		if (sum != want)
			fail("the sink read something else");
		n += round;
		now = ofl_now_ns();
	}
	close(fd);
	return (struct window){ (double)n / (double)(now - start), "GB/s", now - start };
}

static struct window in(const char *how, uint8_t *to, size_t len)
{
	int fd = dial(how, SOURCE_PORT);
	uint64_t start, now, n = 0, round = 32ull << 20, sum = 0;

	start = now = ofl_now_ns();
	while (now - start < WINDOW_NS) {
		put(fd, &round, sizeof(round));
		for (uint64_t left = round; left;) {
			ssize_t got = recv(fd, to, left < len ? left : len, 0);

			if (got <= 0)
				fail("recv");
			sum += add_up(to, (size_t)got);
			left -= (uint64_t)got;
		}
		n += round;
		now = ofl_now_ns();
	}
	close(fd);
	if (!sum)
		fail("nothing came");
	return (struct window){ (double)n / (double)(now - start), "GB/s", now - start };
}

static struct window entropy(size_t len)
{
	uint64_t start = ofl_now_ns(), now = start, n = 0;

	while (now - start < WINDOW_NS / 2) {
		for (int i = 0; i < 64; i++)
			if (getrandom(memory, len, 0) != (ssize_t)len)
				fail("getrandom");
		n += 64;
		now = ofl_now_ns();
	}
	return (struct window){ (double)(now - start) / (double)n, "ns", now - start };
}

/* A port of the console that the daemon writes to /dev/null. */
static struct window console(size_t len)
{
	int fd = open("/dev/bench", O_WRONLY);
	uint64_t start = ofl_now_ns(), now = start, n = 0;

	if (fd < 0)
		fail("/dev/bench");
	while (now - start < WINDOW_NS / 2) {
		for (int i = 0; i < 64; i++)
			if (write(fd, memory, len) != (ssize_t)len)
				fail("write");
		n += 64;
		now = ofl_now_ns();
	}
	close(fd);
	return (struct window){ (double)(now - start) / (double)n, "ns", now - start };
}

static struct window measure(const char *how, const char *what, size_t len)
{
	if (!strcmp(what, "rtt"))
		return rtt(how, len);
	if (!strcmp(what, "out"))
		return out(how, pool, len);
	if (!strcmp(what, "copy"))
		return out(how, memory, len);
	if (!strcmp(what, "in"))
		return in(how, memory, len);
	if (!strcmp(what, "inbig")) {
		receive_buffer = 4 * CHUNK;
		return in(how, memory, len);
	}
	if (!strcmp(what, "many"))
		return many(how, (unsigned int)len);
	if (!strcmp(what, "write"))
		return console(len);
	if (!strcmp(what, "get"))
		return entropy(len);
	fail(what);
	return (struct window){ 0 };
}

static bool apart(double a, double b)
{
	return a > b * (1 + TOLERANCE) || b > a * (1 + TOLERANCE);
}

static void one(char *text)
{
	const char *name = strtok(text, "="), *who = BENCH_WHO;
	char *how = strtok(NULL, ":"), *what = strtok(NULL, ":");
	char *size = strtok(NULL, ":"), *at = strchr(text, '@');
	double r, copy, r2, copy2;
	struct window w;
	size_t len;

	if (!strcmp(text, "end")) {
		printf("bench: end\n");
		return;
	}
	if (!how || !what || !size)
		fail("CASE is NAME[@WHO]=HOW:WHAT:SIZE");
	if (at) {
		*at = '\0';
		who = at + 1;
	}
	len = strtoul(size, NULL, 0);
	if (len > CHUNK * 4)
		fail("SIZE is too large");
	if (run < 0) {
		w = measure(how, what, len);
		printf("bench: %s %.4g %s\n", name, w.value, w.unit);
		return;
	}
	r = measure_r();
	copy = measure_memcpy();
	w = measure(how, what, len);
	r2 = measure_r();
	copy2 = measure_memcpy();
	printf("{\"case\":\"%s\",\"who\":\"%s\",\"unit\":\"%s\",\"value\":%.4g,"
	       "\"R\":%.1f,\"memcpy\":%.1f,\"cpu\":%.4f,\"run\":%d%s}\n",
	       name, who, w.unit, w.value, (r + r2) / 2, (copy + copy2) / 2,
	       2 * (double)w.ns / 1e9, run,
	       apart(r, r2) || apart(copy, copy2) ? ",\"dropped\":\"R or memcpy\"" : "");
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	run = strcmp(argv[1], "-") ? atoi(argv[1]) : -1;
	ofl_wait_spins(5000000);
	pool = ofl_pool_alloc(4 * CHUNK);
	lines = ofl_pool_alloc(2 * LINE_BYTES);
	memory = malloc(4 * CHUNK);
	if (!pool || !lines || !memory)
		fail("memory");
	for (size_t i = 0; i < 4 * CHUNK; i++)
		memory[i] = pool[i] = (uint8_t)(i ^ i >> 8);
	for (int i = 2; i < argc; i++)
		one(argv[i]);
	return 0;
}
