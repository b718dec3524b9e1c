/* SPDX-License-Identifier: BSD-2-Clause */
#include "pmm_device.h"

#include <signal.h>

#include "pmm/console.c"
#include "pmm/loop.h"

#define SIZE 0x20000ull
#define BUF_PA (WINDOW_PA + 0x18000)

int ofl_loop_watch(struct ofl_loop *loop, struct ofl_source *source,
		   uint32_t events)
{
	(void)loop;
	source->events = events;
	return 0;
}

struct fixture {
	struct ofl_mem mem;
	struct ofl_console *con;
	struct ofl_dev *devs[1];
	struct ring ring[2];
	char out[64], log[64];
};

static void open_console(struct fixture *f, const char *mode, const char *log)
{
	static struct ofl_loop loop;
	uint64_t pa;

	f->mem = window_new(SIZE);
	f->con = ofl_console_open(mode, log);
	assert_non_null(f->con);
	ofl_console_watch(f->con, &loop);
	f->devs[0] = ofl_console_dev(f->con);
	assert_int_equal(ofl_window_layout(&f->mem, f->devs, 1, true), 0);
	pa = ring_init(&f->ring[0], &f->mem, f->devs[0]->memory, 8);
	ring_init(&f->ring[1], &f->mem, pa, 8);
	bring_up(f->devs[0], f->ring, 2, F_ALL);
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
	static char big[0x8000];
	int log = mkstemp(f.log), i;
	struct stat st;

	(void)state;
	memset(big, 'x', sizeof(big));
	open_console(&f, "none", f.log);
	for (i = 0; i < 40; i++)
		print(&f, big, sizeof(big));
	assert_int_equal(fstat(log, &st), 0);
	assert_in_range(st.st_size, CON_LOG_MAX, CON_LOG_MAX + 64);
	assert_non_null(strstr(last_log, "transcript"));
	close_console(&f);
	close(log);
	unlink(f.log);
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
	assert_int_equal(f.con->out.events, EPOLLOUT);
	assert_true(f.con->dropped > 0);
	for (;;) {
		n = read(out, sink, sizeof(sink));
		if (n <= 0)
			break;
		got += (uint64_t)n;
		console_out_ready(f.con, EPOLLOUT);
	}
	assert_int_equal(got + f.con->dropped, sent);
	assert_int_equal(f.con->out.events, 0);
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
	assert_int_equal(f.con->in.events, EPOLLIN);
	assert_int_equal(write(fd, "abcdef", 6), 6);
	console_in_ready(f.con, EPOLLIN);
	assert_int_equal(f.con->in.events, 0);
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
	assert_int_equal(f.con->in.events, EPOLLIN);
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

static void bad_paths(void **state)
{
	(void)state;
	assert_null(ofl_console_open("file:/nonexistent/x", NULL));
	assert_non_null(strstr(last_log, "/nonexistent/x"));
	assert_null(ofl_console_open("none", "/nonexistent/log"));
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
