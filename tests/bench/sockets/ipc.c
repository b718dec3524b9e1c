// SPDX-License-Identifier: BSD-2-Clause
/*
 * ipc RUN CASE...: the same windows between two Linux processes; a line of JSON each.
 * A case is NAME[@WHO]= and one of
 *
 *	unix:rtt:BYTES tcp:rtt:BYTES pipe:rtt:BYTES pty:rtt:BYTES	both ends block
 *	...:busy:BYTES			both ends look again and again (MSG_DONTWAIT)
 *	unix:out:BYTES tcp:out:BYTES pipe:out:BYTES pty:out:BYTES	bulk; the reader reads
 *					every byte, and answers each 512 chunks with their sum
 *	entropy:get:BYTES		getrandom()
 *
 *	...:write:BYTES			the same as time of one write()
 *	hop:rtt:BYTES hop:out:BYTES hop:in:BYTES	with the services of "ipc serve" (bench.h)
 *
 * The process that measures is on CPU 0, the other one on CPU 1; of a hop both are on
 * CPU 1, as the daemon is with a program that shares its CPU.
 *
 * ipc serve DIR: a plain program of Linux behind DIR/vsock_7, 9 and 19, on CPU 1: blocking
 * reads and writes, a process for each connection.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define WINDOW_NS 60000000ull
#define BYTES (4 * CHUNK)
#define TOLERANCE 0.15
#define POLLS 2000000000ull

struct pair {
	int in, out; /* the same, but for pipes */
	bool busy;
};

static uint8_t memory[BYTES];
static volatile uint64_t *lines;
static const char *hop_dir; /* of "ipc serve" */

static void fail(const char *what)
{
	fprintf(stderr, "ipc: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("sched_setaffinity");
}

/* --- the ways --- */

static void tcp_pair(int fd[2])
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
	socklen_t len = sizeof(addr);

	if (listener < 0 || bind(listener, (struct sockaddr *)&addr, len) ||
	    listen(listener, 1) || getsockname(listener, (struct sockaddr *)&addr, &len))
		fail("tcp");
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (fd[0] < 0 || connect(fd[0], (struct sockaddr *)&addr, len))
		fail("connect");
	fd[1] = accept(listener, NULL, NULL);
	close(listener);
	for (int i = 0; i < 2; i++)
		setsockopt(fd[i], IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

static void pty_pair(int fd[2])
{
	struct termios raw;

	if (openpty(&fd[0], &fd[1], NULL, NULL, NULL) || tcgetattr(fd[1], &raw))
		fail("openpty");
	cfmakeraw(&raw);
	tcsetattr(fd[1], TCSANOW, &raw);
}

static void open_pair(const char *how, struct pair *mine, struct pair *other)
{
	int fd[2], back[2];

	if (!strcmp(how, "pipe")) {
		if (pipe(fd) || pipe(back))
			fail("pipe");
		*mine = (struct pair){ .in = back[0], .out = fd[1] };
		*other = (struct pair){ .in = fd[0], .out = back[1] };
		return;
	}
	if (!strcmp(how, "unix") && socketpair(AF_UNIX, SOCK_STREAM, 0, fd))
		fail("socketpair");
	if (!strcmp(how, "tcp"))
		tcp_pair(fd);
	if (!strcmp(how, "pty"))
		pty_pair(fd);
	*mine = (struct pair){ .in = fd[0], .out = fd[0] };
	*other = (struct pair){ .in = fd[1], .out = fd[1] };
}

static size_t take(const struct pair *p, void *buf, size_t len)
{
	uint64_t polls = 0;
	ssize_t n;

	while ((n = p->busy ? recv(p->in, buf, len, MSG_DONTWAIT) :
			      read(p->in, buf, len)) < 0)
		if ((errno != EAGAIN && errno != EINTR) || ++polls > POLLS)
			fail("read");
	if (!n)
		exit(0); /* the other one is done */
	return (size_t)n;
}

static void get(const struct pair *p, void *buf, size_t len)
{
	for (size_t done = 0; done < len;)
		done += take(p, (uint8_t *)buf + done, len - done);
}

static void put(const struct pair *p, const void *buf, size_t len)
{
	ssize_t n;

	for (size_t done = 0; done < len; done += (size_t)n) {
		n = write(p->out, (const uint8_t *)buf + done, len - done);
		if (n < 0 && errno != EINTR)
			fail("write");
		if (n < 0)
			n = 0;
	}
}

static int unix_socket(const char *dir, int port, bool serve)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/vsock_%d", dir, port);
	if (fd < 0)
		fail("socket");
	if (serve ? bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 64) :
		    connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		fail(addr.sun_path);
	return fd;
}

/* --- the other process --- */

static void serve_one(const struct pair *p, int port)
{
	uint64_t round, left, sum;
	size_t n;

	while (port == ECHO_PORT) {
		n = take(p, memory, CHUNK);
		put(p, memory, n);
	}
	get(p, &round, sizeof(round));
	for (;;) {
		for (left = round, sum = 0; left; left -= n) {
			n = left < CHUNK ? (size_t)left : CHUNK;
			if (port == SINK_PORT) {
				n = take(p, memory, n);
				sum += add_up(memory, n);
			} else {
				put(p, memory, n);
			}
		}
		if (port == SINK_PORT)
			put(p, &sum, sizeof(sum));
		else
			get(p, &round, sizeof(round));
	}
}

static void serve_all(const char *dir)
{
	static const int ports[] = { ECHO_PORT, SINK_PORT, SOURCE_PORT };
	struct pair p = { 0 };

	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 3; i++) {
		int listener = unix_socket(dir, ports[i], true);

		if (fork())
			continue;
		while ((p.in = p.out = accept(listener, NULL, NULL)) >= 0) {
			if (!fork())
				serve_one(&p, ports[i]);
			close(p.in);
		}
		exit(0);
	}
	pause();
}

/* Whoever spins at a real-time priority leaves the child no time to go away by itself. */
static pid_t fork_there(void)
{
	pid_t child;

	pin(1);
	child = fork();
	if (child < 0)
		fail("fork");
	return child;
}

static void serve_lines(void)
{
	uint64_t polls;

	for (uint64_t n = 1; n <= LINES_ROUNDS; n++) {
		for (polls = 0; __atomic_load_n(&lines[0], __ATOMIC_ACQUIRE) != n; polls++)
			if (polls > POLLS)
				exit(1);
		__atomic_store_n(&lines[8], n, __ATOMIC_RELEASE);
	}
}

static void serve(const struct pair *p, bool sink, size_t len)
{
	uint64_t left, sum;
	size_t n;

	while (!sink) {
		get(p, memory, len);
		put(p, memory, len);
	}
	for (;;) {
		for (left = (uint64_t)len * 512, sum = 0; left; left -= n) {
			n = take(p, memory, left < len ? left : len);
			sum += add_up(memory, n);
		}
		put(p, &sum, sizeof(sum));
	}
}

static double measure_r(void)
{
	uint64_t start, end, polls;
	pid_t child;
	int status;

	lines[0] = lines[8] = 0;
	child = fork_there();
	if (!child) {
		serve_lines();
		_exit(0);
	}
	pin(0);
	start = now_ns();
	for (uint64_t n = 1; n <= LINES_ROUNDS; n++) {
		__atomic_store_n(&lines[0], n, __ATOMIC_RELEASE);
		for (polls = 0; __atomic_load_n(&lines[8], __ATOMIC_ACQUIRE) != n; polls++)
			if (polls > POLLS)
				fail("the other side does not answer");
		if (n == 1000)
			start = now_ns();
	}
	end = now_ns();
	waitpid(child, &status, 0);
	return (double)(end - start) / (LINES_ROUNDS - 1000);
}

static double measure_memcpy(void)
{
	uint64_t start = now_ns();
	unsigned int n;

	for (n = 0; n < 200; n++) {
		memcpy(memory + CHUNK, memory, CHUNK);
		__asm__ volatile("" ::: "memory");
	}
	return (double)n * CHUNK / (double)(now_ns() - start);
}

static double cpu_seconds(int who)
{
	struct rusage use;

	getrusage(who, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

struct window {
	double value, cpu;
	const char *unit;
};

static struct window measure(const char *how, const char *what, size_t len)
{
	bool write_ns = !strcmp(what, "write"), bulk = write_ns || !strcmp(what, "out");
	bool busy = !strcmp(what, "busy");
	uint64_t start, now, n = 0, sum, want = add_up(memory, len) * 512;
	struct pair mine, other;
	double cpu, child_cpu;
	pid_t child;

	open_pair(how, &mine, &other);
	mine.busy = other.busy = busy;
	child_cpu = cpu_seconds(RUSAGE_CHILDREN);
	child = fork_there();
	if (!child) {
		close(mine.in);
		close(mine.out);
		serve(&other, bulk, len);
	}
	pin(0);
	close(other.in);
	if (other.out != other.in)
		close(other.out);
	for (int i = 0; i < 20 && !bulk; i++) {
		put(&mine, memory, len);
		get(&mine, memory, len);
	}
	cpu = cpu_seconds(RUSAGE_SELF);
	start = now = now_ns();
	while (now - start < WINDOW_NS) {
		for (int i = 0; i < (bulk ? 512 : 64); i++) {
			put(&mine, memory, len);
			if (!bulk)
				get(&mine, memory, len);
		}
		if (bulk) {
			get(&mine, &sum, sizeof(sum));
			if (sum != want)
				fail("the reader read something else");
		}
		n += bulk ? (uint64_t)len * 512 : 64;
		now = now_ns();
	}
	cpu = cpu_seconds(RUSAGE_SELF) - cpu;
	close(mine.in);
	if (mine.out != mine.in)
		close(mine.out);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	cpu += cpu_seconds(RUSAGE_CHILDREN) - child_cpu;
	if (write_ns)
		return (struct window){ (double)(now - start) * (double)len / (double)n, cpu, "ns" };
	if (bulk)
		return (struct window){ (double)n / (double)(now - start), cpu, "GB/s" };
	return (struct window){ (double)(now - start) / (double)n, cpu, "ns" };
}

/* The same as transport.c does on the image's side. */
static struct window hop(const char *what, size_t len)
{
	int port = !strcmp(what, "rtt") ? ECHO_PORT : !strcmp(what, "out") ? SINK_PORT : SOURCE_PORT;
	uint64_t start, now, n = 0, sum, round = (uint64_t)len * 512, left;
	struct pair p = { 0 };
	double cpu;

	pin(1);
	p.in = p.out = unix_socket(hop_dir, port, false);
	if (port == SINK_PORT)
		put(&p, &round, sizeof(round));
	for (int i = 0; i < 100 && port == ECHO_PORT; i++) {
		put(&p, memory, len);
		get(&p, memory, len);
	}
	cpu = cpu_seconds(RUSAGE_SELF);
	start = now = now_ns();
	while (now - start < WINDOW_NS) {
		if (port == SOURCE_PORT)
			put(&p, &round, sizeof(round));
		for (int i = 0; i < (port == ECHO_PORT ? 64 : 512) && port != SOURCE_PORT; i++) {
			put(&p, memory, len);
			if (port == ECHO_PORT)
				get(&p, memory, len);
		}
		if (port == SINK_PORT) {
			get(&p, &sum, sizeof(sum));
			if (sum != add_up(memory, len) * 512)
				fail("the reader read something else");
		}
		for (left = port == SOURCE_PORT ? round : 0; left;) {
			size_t got = take(&p, memory, left < len ? left : len);

			sum = add_up(memory, got);
			__asm__ volatile("" : : "r"(sum));
			left -= got;
		}
		n += port == ECHO_PORT ? 64 : round;
		now = now_ns();
	}
	cpu = cpu_seconds(RUSAGE_SELF) - cpu;
	close(p.in);
	pin(0);
	if (port != ECHO_PORT)
		return (struct window){ (double)n / (double)(now - start), cpu, "GB/s" };
	return (struct window){ (double)(now - start) / (double)n, cpu, "ns" };
}

static struct window entropy(size_t len)
{
	uint64_t start = now_ns(), now = start, n = 0;

	while (now - start < WINDOW_NS / 2) {
		for (int i = 0; i < 64; i++)
			if (getrandom(memory, len, 0) != (ssize_t)len)
				fail("getrandom");
		n += 64;
		now = now_ns();
	}
	return (struct window){ (double)(now - start) / (double)n, (double)(now - start) / 1e9,
				"ns" };
}

static bool apart(double a, double b)
{
	return a > b * (1 + TOLERANCE) || b > a * (1 + TOLERANCE);
}

static void one(char *text, int run)
{
	const char *name = strtok(text, "="), *who = "linux";
	char *how = strtok(NULL, ":"), *what = strtok(NULL, ":"), *size = strtok(NULL, ":");
	char *at = strchr(text, '@');
	double r, copy, r2, copy2;
	struct window w;
	size_t len;

	if (!size)
		fail(text);
	if (at) {
		*at = '\0';
		who = at + 1;
	}
	len = strtoul(size, NULL, 0);
	if (len > BYTES)
		fail(size);
	pin(0);
	r = measure_r();
	copy = measure_memcpy();
	w = !strcmp(what, "get") ? entropy(len) :
	    !strcmp(how, "hop")	 ? hop(what, len) :
				   measure(how, what, len);
	r2 = measure_r();
	copy2 = measure_memcpy();
	printf("{\"case\":\"%s\",\"who\":\"%s\",\"unit\":\"%s\",\"value\":%.4g,"
	       "\"R\":%.1f,\"memcpy\":%.1f,\"cpu\":%.4f,\"run\":%d%s}\n",
	       name, who, w.unit, w.value, (r + r2) / 2,
	       (copy + copy2) / 2, w.cpu, run,
	       apart(r, r2) || apart(copy, copy2) ? ",\"dropped\":\"R or memcpy\"" : "");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	hop_dir = getenv("HOP_DIR");
	lines = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (lines == MAP_FAILED)
		fail("mmap");
	for (size_t i = 0; i < BYTES; i++)
		memory[i] = (uint8_t)(i ^ i >> 8);
	if (!strcmp(argv[1], "serve")) {
		pin(1);
		serve_all(argv[2]);
	}
	for (int i = 2; i < argc; i++)
		one(argv[i], atoi(argv[1]));
	return 0;
}
