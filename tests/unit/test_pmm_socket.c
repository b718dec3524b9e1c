/* SPDX-License-Identifier: BSD-2-Clause */
/* The handshake over the daemon's socket; console and files through the window that it hands out. */
#include "pmm_daemon.h"

static void console_and_files(void **state)
{
	struct image im;

	(void)state;
	START("--socket", socket_path, "--share", share_dir, "--once");
	image_connect(&im);
	image_up(&im);
	image_print(&im, "hello from the image\n");
	wait_used(&im.con[1], 1);
	build(OFL_P9_TVERSION, "4s", 4096, "9P2000.L");
	assert_int_equal(image_request(&im), 0);
	build(OFL_P9_TATTACH, "44ss4", 0, NOFID, "", "", 0);
	assert_int_equal(image_request(&im), 0);
	build(OFL_P9_TWALK, "442s", 0, 1, 1, "input.txt");
	assert_int_equal(image_request(&im), 0);
	build(OFL_P9_TLOPEN, "44", 1, 0);
	assert_int_equal(image_request(&im), 0);
	usleep(20000); /* it sleeps by now, and is rung */
	build(OFL_P9_TREAD, "484", 1, (uint64_t)0, 100);
	assert_int_equal(image_request(&im), 0);
	assert_memory_equal(rep + 11, "hello world\n", 12);
	/* The last words are still in the queue when the image goes. */
	image_print(&im, "bye\n");
	image_close(&im);
	assert_int_equal(wait_daemon(), 0);
	assert_string_equal(slurp(out_path), "hello from the image\nbye\n");
	assert_said("image ended");
	assert_int_equal(access(socket_path, F_OK), -1);
}

static void one_after_the_other(void **state)
{
	struct ofl_native_hello hello;
	struct image im;
	int i, second, fds[3];
	char c;

	(void)state;
	START("--socket", socket_path, "--share", share_dir);
	for (i = 0; i < 3; i++) {
		image_connect(&im);
		image_up(&im);
		/* A second one is refused at once: a hello without a window. */
		second = connect_daemon();
		assert_int_equal(receive(second, &hello, fds), 0);
		assert_int_equal(hello.window_size, 0);
		assert_int_equal(read(second, &c, 1), 0);
		close(second);
		assert_said("refused a second image");
		build(OFL_P9_TVERSION, "4s", 4096, "9P2000.L");
		assert_int_equal(image_request(&im), 0);
		image_close(&im);
	}
	/* Another one while it is served is another daemon: refused. */
	kill(daemon_pid, SIGTERM);
	assert_int_equal(wait_daemon(), 0);
}

static void a_broken_device_is_the_only_one(void **state)
{
	struct image im;

	(void)state;
	START("--socket", socket_path, "--share", share_dir);
	image_connect(&im);
	image_up(&im);
	ring_desc(&im.p9[0], 0, im.mem.pa + im.mem.size, 64, 0, 0);
	ring_submit(&im.p9[0], 0);
	ring_daemon(&im);
	assert_said("device 9p share broken: buffer is not whole in the window");
	assert_true(header_of(&im.dev[1])->device.status &
		    OFL_STATUS_NEEDS_RESET);
	image_print(&im, "still here\n");
	wait_used(&im.con[1], 1);
	image_close(&im);
	kill(daemon_pid, SIGINT);
	assert_int_equal(wait_daemon(), 0);
	assert_string_equal(slurp(out_path), "still here\n");
}

static void bad_handshakes(void **state)
{
	struct ofl_native_hello hello = { .magic = OFL_NATIVE_MAGIC, .abi = 77 };
	struct image im;
	int fd, fds[3];
	char c;

	(void)state;
	START("--socket", socket_path);
	fd = connect_daemon();
	assert_int_equal(write(fd, &hello, sizeof(hello)), sizeof(hello));
	assert_int_equal(receive(fd, &hello, fds), 0);
	assert_int_equal(hello.abi, OFL_ABI_VERSION);
	assert_int_equal(read(fd, &c, 1), 0);
	close(fd);
	assert_said("speaks ABI version 77, this offload-pmm version 1");

	fd = connect_daemon();
	assert_int_equal(write(fd, "GET / HTTP/1.0\r\nHost: localhost\r\n", 33), 33);
	assert_true(read(fd, &c, 1) <= 0);
	close(fd);
	assert_said("not a hello");

	fd = connect_daemon();
	assert_int_equal(write(fd, "half", 4), 4);
	close(fd);
	assert_said("hung up before its hello");

	fd = connect_daemon(); /* says nothing at all */
	assert_said("no hello within");
	close(fd);

	kill(daemon_pid, SIGTERM);
	assert_int_equal(wait_daemon(), 0);

	START("--socket", socket_path, "--abi", "2", "--share", share_dir);
	fd = connect_daemon();
	hello.abi = OFL_ABI_VERSION;
	assert_int_equal(write(fd, &hello, sizeof(hello)), sizeof(hello));
	assert_int_equal(receive(fd, &hello, fds), 0);
	assert_int_equal(hello.abi, 2);
	close(fd);
	assert_said("speaks ABI version 1, this offload-pmm version 2");
	kill(daemon_pid, SIGKILL);
	waitpid(daemon_pid, NULL, 0);

	/* What a killed one leaves is no obstacle. */
	START("--socket", socket_path, "--share", share_dir, "--once");
	image_connect(&im);
	image_close(&im);
	assert_int_equal(wait_daemon(), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		T(console_and_files),
		T(one_after_the_other),
		T(a_broken_device_is_the_only_one),
		T(bad_handshakes),
	};

	return find_daemon(argc, argv) ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
