/* SPDX-License-Identifier: BSD-2-Clause */
#include "pmm_device.h"
#include "pmm_mocks.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "pmm/conopen.c"
#include "pmm/conport.c"
#include "pmm/console.c"
#include "pmm/listen.c"

#define SIZE 0x20000ull
#define BUF_PA (WINDOW_PA + 0x18000)

struct fixture {
	struct ofl_mem mem;
	struct ofl_console *con;
	struct ofl_dev *devs[1];
	struct ring ring[2];
	char out[64], log[64];
};

#define LOG_MAX (1024u * 1024)

static struct ofl_console *open_port(const char *mode, const char *log)
{
	struct ofl_port_options port = { .mode = mode };

	return ofl_console_open(&port, 1, log, LOG_MAX);
}

static void open_rings(struct fixture *f, const char *mode, const char *log,
		       uint32_t size)
{
	static struct ofl_loop loop;
	uint64_t pa;

	f->mem = window_new(SIZE);
	f->con = open_port(mode, log);
	assert_non_null(f->con);
	ofl_console_watch(f->con, &loop);
	f->devs[0] = ofl_console_dev(f->con);
	assert_int_equal(ofl_window_layout(&f->mem, f->devs, 1, true), 0);
	pa = ring_init(&f->ring[0], &f->mem, f->devs[0]->memory, size);
	ring_init(&f->ring[1], &f->mem, pa, size);
	bring_up(f->devs[0], f->ring, 2, F_ALL);
}

static void open_console(struct fixture *f, const char *mode, const char *log)
{
	open_rings(f, mode, log, 8);
}

static void close_console(struct fixture *f)
{
	ofl_console_close(f->con);
	window_free(&f->mem);
}

static void print(struct fixture *f, const char *text, uint32_t len)
{
	memcpy(at(&f->mem, BUF_PA), text, len);
	ring_desc(&f->ring[1], 0, BUF_PA, len, 0, 0);
	ring_submit(&f->ring[1], 0);
	assert_true(ofl_dev_pending(f->devs[0]));
	assert_true(ofl_dev_poll(f->devs[0]));
}

static void output_goes_to_file_and_transcript(void **state)
{
	struct fixture f = { .out = "/tmp/test-pmm-XXXXXX",
			     .log = "/tmp/test-pmm-XXXXXX" };
	char mode[80], text[32];
	int out = mkstemp(f.out), log = mkstemp(f.log);

	(void)state;
	snprintf(mode, sizeof(mode), "file:%s", f.out);
	open_console(&f, mode, f.log);
	print(&f, "one ", 4);
	print(&f, "two\n", 4);
	assert_int_equal(ring_used_idx(&f.ring[1]), 2);
	assert_int_equal(read(out, text, sizeof(text)), 8);
	assert_memory_equal(text, "one two\n", 8);
	assert_int_equal(read(log, text, sizeof(text)), 8);
	close_console(&f);
	close(out);
	close(log);
	unlink(f.out);
	unlink(f.log);
}

static void transcript_is_bounded(void **state)
{
	struct fixture f = { .log = "/tmp/test-pmm-XXXXXX" };
	static char big[0x8000], old[80];
	int log = mkstemp(f.log), i;
	struct stat st;

	(void)state;
	memset(big, 'x', sizeof(big));
	open_console(&f, "none", f.log);
	snprintf(old, sizeof(old), "%s.1", f.log);
	for (i = 0; i < 40; i++)
		print(&f, big, sizeof(big));
	/* Full: it was renamed, and goes on in a new one. */
	assert_int_equal(stat(old, &st), 0);
	assert_int_equal(st.st_size, LOG_MAX);
	assert_int_equal(stat(f.log, &st), 0);
	assert_int_equal(st.st_size, 8 * sizeof(big));
	unlink(old);
	/* Where it may not be renamed it begins anew. */
	assert_int_equal(mkdir(old, 0700), 0);
	for (i = 0; i < 40; i++)
		print(&f, big, sizeof(big));
	assert_int_equal(stat(f.log, &st), 0);
	assert_in_range(st.st_size, 1, LOG_MAX);
	assert_non_null(strstr(last_log, "cannot be renamed"));
	close_console(&f);
	close(log);
	unlink(f.log);
	rmdir(old);
}

/* Nobody reads: nothing waits, what does not fit is dropped and counted. */
static void slow_reader(void **state)
{
	struct fixture f = { .out = "/tmp/test-pmm-XXXXXX" };
	static char big[0x8000], sink[0x10000];
	uint64_t sent = 0, got = 0;
	char mode[80];
	ssize_t n;
	int out, i;

	(void)state;
	close(mkstemp(f.out));
	unlink(f.out);
	assert_int_equal(mkfifo(f.out, 0600), 0);
	out = open(f.out, O_RDONLY | O_NONBLOCK);
	snprintf(mode, sizeof(mode), "file:%s", f.out);
	open_console(&f, mode, NULL);
	memset(big, 'x', sizeof(big));
	for (i = 0; i < 32; i++) {
		print(&f, big, sizeof(big));
		sent += sizeof(big);
	}
	assert_int_equal(f.con->port[0].out.events, EPOLLOUT);
	assert_true(f.con->port[0].dropped > 0);
	for (;;) {
		n = read(out, sink, sizeof(sink));
		if (n <= 0)
			break;
		got += (uint64_t)n;
		port_out_ready(&f.con->port[0], EPOLLOUT);
	}
	assert_int_equal(got + f.con->port[0].dropped, sent);
	assert_int_equal(f.con->port[0].out.events, 0);
	ask(f.devs[0], 0);
	assert_non_null(strstr(last_log, "bytes dropped"));

	/* And one that is gone. */
	bring_up(f.devs[0], f.ring, 0, F_ALL);
	close(out);
	signal(SIGPIPE, SIG_IGN);
	ring_init(&f.ring[1], &f.mem, f.ring[1].line.desc, 8);
	ask(f.devs[0], 0);
	bring_up(f.devs[0], f.ring, 2, F_ALL);
	print(&f, big, 10);
	assert_non_null(strstr(last_log, "console output"));
	print(&f, big, 10);
	close_console(&f);
	unlink(f.out);
}

static void pty_both_ways(void **state)
{
	struct fixture f = { 0 };
	uint32_t id, len;
	char text[32];
	int fd;

	(void)state;
	if (access("/dev/ptmx", R_OK | W_OK)) {
		print_message("# no /dev/ptmx\n");
		skip();
	}
	open_console(&f, "pty", NULL);
	assert_non_null(strstr(last_log, "console on /dev/pts/"));
	fd = open(strstr(last_log, "/dev"), O_RDWR | O_NOCTTY);
	assert_true(fd >= 0);
	print(&f, "hi\n", 3);
	assert_int_equal(read(fd, text, sizeof(text)), 3);
	assert_memory_equal(text, "hi\n", 3);

	/* Input before the image has room for it is kept, and bounded. */
	assert_int_equal(f.con->port[0].in.events, EPOLLIN);
	assert_int_equal(write(fd, "abcdef", 6), 6);
	port_in_ready(&f.con->port[0], EPOLLIN);
	assert_int_equal(f.con->port[0].in.events, 0);
	ofl_dev_poll(f.devs[0]);
	ring_desc(&f.ring[0], 0, BUF_PA, 4, WRITE, 0);
	ring_desc(&f.ring[0], 1, BUF_PA + 16, 4, WRITE, 0);
	ring_submit(&f.ring[0], 0);
	ring_submit(&f.ring[0], 1);
	assert_true(ofl_dev_poll(f.devs[0]));
	assert_int_equal(ring_used(&f.ring[0], &id, &len), 1);
	assert_int_equal(len, 4);
	assert_int_equal(ring_used(&f.ring[0], &id, &len), 1);
	assert_int_equal(len, 2);
	assert_memory_equal(at(&f.mem, BUF_PA), "abcd", 4);
	assert_memory_equal(at(&f.mem, BUF_PA + 16), "ef", 2);
	assert_int_equal(f.con->port[0].in.events, EPOLLIN);
	close(fd);
	close_console(&f);
}

static void wrong_direction_breaks(void **state)
{
	struct fixture f = { 0 };

	(void)state;
	open_console(&f, "none", NULL);
	ring_desc(&f.ring[1], 0, BUF_PA, 4, WRITE, 0);
	ring_submit(&f.ring[1], 0);
	ofl_dev_poll(f.devs[0]);
	assert_broken(f.devs[0], "writable buffer");
	close_console(&f);
}

/* --- several ports --- */

struct multi {
	struct ofl_mem mem;
	struct ofl_console *con;
	struct ofl_dev *devs[1];
	struct ring ring[16];
	char path[64], dir[48];
};

#define M_ALL (F_ALL | CON_F_SIZE | CON_F_MULTIPORT)

static void open_multi(struct multi *m, uint64_t features)
{
	static struct ofl_loop loop;
	struct ofl_port_options port[3] = {
		{ .mode = "none", .cols = 80, .rows = 25 },
		{ .mode = m->path, .name = "second", .cols = 132, .rows = 50 },
		{ .mode = "none", .name = "third", .line = true },
	};
	unsigned int q;
	uint64_t pa;

	memset(&loop, 0, sizeof(loop));
	strcpy(m->dir, "/tmp/test-pmm-XXXXXX");
	assert_non_null(mkdtemp(m->dir));
	snprintf(m->path, sizeof(m->path), "unix:%s/s", m->dir);
	m->mem = window_new(2 * SIZE);
	m->con = ofl_console_open(port, 3, NULL, 0);
	assert_non_null(m->con);
	ofl_console_watch(m->con, &loop);
	m->devs[0] = ofl_console_dev(m->con);
	assert_int_equal(ofl_window_layout(&m->mem, m->devs, 1, true), 0);
	assert_int_equal(m->devs[0]->nr_queues, 8);
	pa = m->devs[0]->memory;
	for (q = 0; q < 8; q++)
		pa = ring_init(&m->ring[q], &m->mem, pa, 8);
	bring_up(m->devs[0], m->ring, 8, features);
}

static void close_multi(struct multi *m)
{
	ofl_console_close(m->con);
	window_free(&m->mem);
	rmdir(m->dir);
}

static void say(struct multi *m, const void *msg, uint32_t len)
{
	memcpy(at(&m->mem, BUF_PA), msg, len);
	ring_desc(&m->ring[3], 0, BUF_PA, len, 0, 0);
	ring_submit(&m->ring[3], 0);
	assert_true(ofl_dev_poll(m->devs[0]));
}

/* The next control message; its length, 0 if there is none. */
static uint32_t hear(struct multi *m, uint8_t *msg)
{
	uint32_t id, len;

	ring_desc(&m->ring[2], 0, BUF_PA + 256, 64, WRITE, 0);
	ring_submit(&m->ring[2], 0);
	ofl_dev_poll(m->devs[0]);
	if (!ring_used(&m->ring[2], &id, &len)) {
		ring_set_avail(&m->ring[2], m->ring[2].avail_idx - 1);
		return 0;
	}
	memcpy(msg, at(&m->mem, BUF_PA + 256), len);
	return len;
}

static void ports_are_announced(void **state)
{
	static const uint8_t ready[8] = { 0, 0, 0, 0, 0, 0, 1, 0 };
	uint8_t port_ready[8] = { 1, 0, 0, 0, 3, 0, 1, 0 };
	struct multi m;
	uint8_t msg[64];
	unsigned int p;

	(void)state;
	open_multi(&m, M_ALL);
	assert_int_equal(header_of(m.devs[0])->config[0], 80);
	assert_int_equal(header_of(m.devs[0])->config[2], 25);
	assert_int_equal(header_of(m.devs[0])->config[4], 3);
	assert_int_equal(hear(&m, msg), 0);
	say(&m, ready, 8);
	for (p = 0; p < 3; p++) {
		assert_int_equal(hear(&m, msg), 8);
		assert_int_equal(msg[0], p);
		assert_int_equal(msg[4], CON_DEVICE_ADD);
	}
	assert_int_equal(hear(&m, msg), 0);
	say(&m, port_ready, 8);
	assert_int_equal(hear(&m, msg), 8);
	assert_int_equal(msg[4], CON_CONSOLE_PORT);
	assert_int_equal(hear(&m, msg), 12);
	assert_int_equal(msg[4], CON_RESIZE);
	assert_int_equal(msg[8], 132);
	assert_int_equal(msg[10], 50);
	assert_int_equal(hear(&m, msg), 8);
	assert_int_equal(msg[4], CON_PORT_OPEN);
	assert_int_equal(hear(&m, msg), 14);
	assert_int_equal(msg[4], CON_PORT_NAME);
	assert_memory_equal(msg + 8, "second", 6);
	assert_int_equal(hear(&m, msg), 0);
	close_multi(&m);
}

/* Any control message at all: nothing but a count, and no more than is owed. */
static void hostile_control(void **state)
{
	struct multi m;
	uint8_t msg[64];
	unsigned int i, j, heard = 0, seed = 3;

	(void)state;
	open_multi(&m, M_ALL);
	for (i = 0; i < 20000; i++) {
		for (j = 0; j < 8; j++)
			msg[j] = (uint8_t)(rand_r(&seed) % 3 ? rand_r(&seed) % 9 :
							       rand_r(&seed));
		say(&m, msg, 1 + (unsigned int)rand_r(&seed) % 40);
	}
	while (hear(&m, msg))
		heard++;
	assert_true(heard <= 3 * 6);
	assert_true(m.con->odd_messages > 100);
	assert_int_equal(m.devs[0]->status & OFL_STATUS_NEEDS_RESET, 0);
	/* A buffer too small for a message gets what fits. */
	msg[0] = msg[1] = msg[2] = msg[3] = msg[4] = msg[5] = msg[7] = 0;
	msg[6] = 1;
	say(&m, msg, 8);
	ring_desc(&m.ring[2], 0, BUF_PA, 3, WRITE, 0);
	ring_submit(&m.ring[2], 0);
	assert_true(ofl_dev_poll(m.devs[0]));
	/* The wrong way round. */
	ring_desc(&m.ring[3], 0, BUF_PA, 8, WRITE, 0);
	ring_submit(&m.ring[3], 0);
	ofl_dev_poll(m.devs[0]);
	assert_broken(m.devs[0], "control queue");
	close_multi(&m);
}

/* A driver that knows of one port only; its size changes in the configuration. */
static void without_multiport(void **state)
{
	struct multi m;
	uint32_t generation;

	(void)state;
	open_multi(&m, F_ALL | CON_F_SIZE);
	ring_desc(&m.ring[5], 0, BUF_PA, 4, 0, 0);
	ring_submit(&m.ring[5], 0);
	assert_false(ofl_dev_pending(m.devs[0]));
	assert_false(ofl_dev_poll(m.devs[0]));
	generation = header_of(m.devs[0])->device.config_generation;
	m.con->port[0].cols = 100;
	con_set_size(m.con);
	assert_int_equal(header_of(m.devs[0])->config[0], 100);
	assert_int_not_equal(header_of(m.devs[0])->device.config_generation,
			     generation);
	close_multi(&m);
}

/* Absent, then there, then gone, then another one. */
static void unix_reader(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct con_port *port;
	struct multi m;
	char text[16];
	int fd, second, i;

	(void)state;
	open_multi(&m, M_ALL);
	port = &m.con->port[1];
	strcpy(addr.sun_path, m.path + 5);
	for (i = 0; i < 3; i++) {
		memcpy(at(&m.mem, BUF_PA), "early", 5);
		ring_desc(&m.ring[5], 0, BUF_PA, 5, 0, 0);
		ring_submit(&m.ring[5], 0);
		assert_true(ofl_dev_poll(m.devs[0]));
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		assert_int_equal(connect(fd, (void *)&addr, sizeof(addr)), 0);
		port_accept(port, EPOLLIN);
		assert_int_equal(read(fd, text, sizeof(text)), 5);
		assert_memory_equal(text, "early", 5);
		second = socket(AF_UNIX, SOCK_STREAM, 0);
		assert_int_equal(connect(second, (void *)&addr, sizeof(addr)), 0);
		port_accept(port, EPOLLIN);
		assert_int_equal(read(second, text, sizeof(text)), 0);
		close(second);
		assert_int_equal(write(fd, "in", 2), 2);
		port_in_ready(port, EPOLLIN);
		assert_true(ofl_port_has_input(port));
		ring_desc(&m.ring[4], 0, BUF_PA, 16, WRITE, 0);
		ring_submit(&m.ring[4], 0);
		assert_true(ofl_dev_poll(m.devs[0]));
		assert_memory_equal(at(&m.mem, BUF_PA), "in", 2);
		close(fd);
		port_in_ready(port, EPOLLIN);
		assert_int_equal(port->out.fd, -1);
		assert_int_equal(port->in.fd, -1);
		/* That is not the end of input: another one may come. */
		assert_false(port->eof);
	}
	/* Nobody there: what does not fit is dropped, and counted. */
	for (i = 0; i < 100; i++)
		ofl_port_put(port, at(&m.mem, BUF_PA), 0x1000);
	assert_int_equal(port->dropped, 100 * 0x1000 - CON_OUT_SIZE);
	ofl_console_stats(m.con);
	close_multi(&m);
	assert_int_not_equal(access(m.path + 5, F_OK), 0);
}

static void type(struct con_port *port, const char *text)
{
	while (*text)
		line_key(port, *text++);
}

static void line_mode(void **state)
{
	struct multi m;
	struct con_port *port;
	unsigned int i;

	(void)state;
	open_multi(&m, M_ALL);
	port = &m.con->port[2];
	type(port, "helo\177lo\r");
	assert_int_equal(port->in_len, 6);
	assert_memory_equal(port->in_buf, "hello\n", 6);
	port->in_len = 0;
	type(port, "\b\b\303\244\bx\025again\n");
	assert_int_equal(port->in_len, 6);
	assert_memory_equal(port->in_buf, "again\n", 6);
	port->in_len = 0;
	type(port, "abc\004");
	assert_int_equal(port->in_len, 3);
	assert_false(port->eof_now);
	port->in_len = 0;
	type(port, "\004");
	assert_true(port->eof_now);
	for (i = 0; i < 5000; i++)
		line_key(port, 'x');
	line_key(port, '\r');
	assert_int_equal(port->in_len, CON_LINE_MAX);
	close_multi(&m);
}

/* The end of a file as input: read(0) ends, every time. */
static void end_of_input(void **state)
{
	struct fixture f = { 0 };
	uint32_t id, len;
	int i;

	(void)state;
	open_console(&f, "none", NULL);
	f.con->port[0].in.fd = open("/dev/null", O_RDONLY);
	f.con->port[0].in.always = true;
	for (i = 0; i < 3; i++) {
		ring_desc(&f.ring[0], 0, BUF_PA, 4, WRITE, 0);
		ring_submit(&f.ring[0], 0);
		assert_true(ofl_dev_pending(f.devs[0]));
		assert_true(ofl_dev_poll(f.devs[0]));
		assert_int_equal(ring_used(&f.ring[0], &id, &len), 1);
		assert_int_equal(len, 0);
	}
	assert_false(ofl_dev_poll(f.devs[0]));
	close_console(&f);
}

/* The end of input has no end: an image that goes on asking for it gets its turn's worth. */
static void end_of_input_in_turns(void **state)
{
	struct fixture f = { 0 };
	unsigned int i;

	(void)state;
	open_rings(&f, "none", NULL, 4 * CON_CHAINS);
	f.con->port[0].in.fd = open("/dev/null", O_RDONLY);
	f.con->port[0].in.always = true;
	ring_desc(&f.ring[0], 0, BUF_PA, 4, WRITE, 0);
	for (i = 0; i < 3 * CON_CHAINS; i++)
		ring_submit(&f.ring[0], 0);
	for (i = 1; i <= 3; i++) {
		assert_true(ofl_dev_poll(f.devs[0]));
		assert_int_equal(ring_used_idx(&f.ring[0]), i * CON_CHAINS);
	}
	assert_false(ofl_dev_poll(f.devs[0]));
	close_console(&f);
}

static void bad_paths(void **state)
{
	(void)state;
	assert_null(open_port("file:/nonexistent/x", NULL));
	assert_non_null(strstr(last_log, "/nonexistent/x"));
	assert_null(open_port("none", "/nonexistent/log"));
	assert_non_null(strstr(last_log, "/nonexistent/log"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_goes_to_file_and_transcript),
		cmocka_unit_test(transcript_is_bounded),
		cmocka_unit_test(slow_reader),
		cmocka_unit_test(pty_both_ways),
		cmocka_unit_test(wrong_direction_breaks),
		cmocka_unit_test(bad_paths),
		cmocka_unit_test(ports_are_announced),
		cmocka_unit_test(hostile_control),
		cmocka_unit_test(without_multiport),
		cmocka_unit_test(unix_reader),
		cmocka_unit_test(line_mode),
		cmocka_unit_test(end_of_input),
		cmocka_unit_test(end_of_input_in_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
