/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon itself, as it is installed: options, exit statuses, the handshake
 * over its socket, console and files through a window that it handed out.
 */
#include "pmm_9p.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static char daemon_path[4096];
static char socket_path[128], out_path[128], err_path[128];
static pid_t daemon_pid;

static char *slurp(const char *path)
{
	static char text[16384];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = 0;
	if (fd >= 0)
		close(fd);
	return text;
}

/* Start it with these arguments; stdout and stderr go to files. */
static void start_daemon(const char *const *args)
{
	const char *argv[32] = { daemon_path };
	int i, in;

	for (i = 0; args[i]; i++)
		argv[i + 1] = args[i];
	unlink(err_path);
	daemon_pid = fork();
	assert_true(daemon_pid >= 0);
	if (daemon_pid)
		return;
	in = open("/dev/null", O_RDONLY);
	dup2(in, 0);
	dup2(open(out_path, O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
	dup2(open(err_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600), 2);
	execv(daemon_path, (char *const *)(uintptr_t)argv);
	_exit(99);
}

#define START(...) start_daemon((const char *const[]){ __VA_ARGS__, NULL })

/* Its exit status, within ten seconds. */
static int wait_daemon(void)
{
	int i, status;

	for (i = 0; i < 1000; i++) {
		if (waitpid(daemon_pid, &status, WNOHANG) == daemon_pid) {
			daemon_pid = 0;
			assert_true(WIFEXITED(status));
			return WEXITSTATUS(status);
		}
		usleep(10000);
	}
	fail_msg("the daemon does not end; it said: %s", slurp(err_path));
	return -1;
}

static void assert_said(const char *what)
{
	int i;

	for (i = 0; i < 500; i++) {
		if (strstr(slurp(err_path), what))
			return;
		usleep(10000);
	}
	fail_msg("the daemon did not say \"%s\" but: %s", what, slurp(err_path));
}

static int connect_daemon(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int i, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval patience = { .tv_sec = 5 };

	strcpy(addr.sun_path, socket_path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	for (i = 0; i < 500; i++) {
		if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
			return fd;
		usleep(10000);
	}
	fail_msg("cannot connect: %s; it said: %s", strerror(errno),
		 slurp(err_path));
	return -1;
}

/* Its hello and the number of descriptors that came with it. */
static int receive(int fd, struct ofl_native_hello *hello, int *fds)
{
	struct iovec iov = { hello, sizeof(*hello) };
	char control[CMSG_SPACE(3 * sizeof(int))];
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg;

	assert_int_equal(recvmsg(fd, &msg, 0), sizeof(*hello));
	assert_true(hello->magic == OFL_NATIVE_MAGIC);
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg)
		return 0;
	assert_int_equal(cmsg->cmsg_len, CMSG_LEN(3 * sizeof(int)));
	memcpy(fds, CMSG_DATA(cmsg), 3 * sizeof(int));
	return 3;
}

struct image {
	int conn, fds[3];
	struct ofl_mem mem;
	struct ofl_dev dev[2]; /* only mem, header, memory: our view */
	struct ring con[2], p9[1];
};

/* Wait for the daemon to answer: ringing it as abi.h says. */
static void ring_daemon(struct image *im)
{
	struct ofl_window *win = at(&im->mem, im->mem.pa + OFL_WIN_CTRL_OFF);
	uint64_t one = 1;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&win->pmm_bell.asleep, __ATOMIC_RELAXED))
		assert_int_equal(write(im->fds[1], &one, 8), 8);
}

static uint32_t ask_daemon(struct image *im, struct ofl_dev *dev,
			   uint32_t status)
{
	struct ofl_vdev *h = header_of(dev);
	int i;

	h->driver.features = F_ALL;
	h->driver.status = status;
	__atomic_store_n(&h->driver.req_seq, h->driver.req_seq + 1,
			 __ATOMIC_RELEASE);
	ring_daemon(im);
	for (i = 0; i < 5000; i++) {
		if (__atomic_load_n(&h->device.ack_seq, __ATOMIC_ACQUIRE) ==
		    h->driver.req_seq)
			return h->device.status;
		usleep(1000);
	}
	fail_msg("no answer; it said: %s", slurp(err_path));
	return 0;
}

static void wait_used(struct ring *ring, uint16_t idx)
{
	int i;

	for (i = 0; i < 5000 && ring_used_idx(ring) != idx; i++)
		usleep(1000);
	if (ring_used_idx(ring) != idx)
		fail_msg("buffer does not come back: %s", slurp(err_path));
}

static void image_connect(struct image *im)
{
	struct ofl_native_hello hello = { .magic = OFL_NATIVE_MAGIC,
					  .abi = OFL_ABI_VERSION };
	int i, node = 0;

	memset(im, 0, sizeof(*im));
	im->conn = connect_daemon();
	assert_int_equal(write(im->conn, &hello, sizeof(hello)), sizeof(hello));
	assert_int_equal(receive(im->conn, &hello, im->fds), 3);
	assert_int_equal(hello.abi, OFL_ABI_VERSION);
	im->mem.pa = hello.window_pa;
	im->mem.size = hello.window_size;
	im->mem.base = mmap(NULL, im->mem.size, PROT_READ | PROT_WRITE,
			    MAP_SHARED, im->fds[0], 0);
	assert_ptr_not_equal(im->mem.base, MAP_FAILED);
	/* It cannot be cut short under the daemon. */
	assert_int_equal(ftruncate(im->fds[0], OFL_PAGE), -1);

	assert_int_equal(fdt_check_full(im->mem.base, OFL_WIN_FDT_MAX), 0);
	for (i = 0; i < 2; i++) {
		const fdt64_t *reg;

		node = i ? fdt_next_subnode(im->mem.base, node) :
			   fdt_first_subnode(im->mem.base, 0);
		assert_true(node > 0);
		reg = fdt_getprop(im->mem.base, node, "reg", NULL);
		im->dev[i].mem = &im->mem;
		im->dev[i].header = fdt64_to_cpu(reg[0]);
		im->dev[i].memory = fdt64_to_cpu(reg[2]);
	}
}

static void image_up(struct image *im)
{
	struct ofl_vdev *h;
	uint64_t pa;
	int i;

	for (i = 0; i < 2; i++) {
		h = header_of(&im->dev[i]);
		assert_int_equal(h->id.device_id, i ? OFL_ID_9P : OFL_ID_CONSOLE);
		assert_int_equal(ask_daemon(im, &im->dev[i], 0), 0);
		assert_int_equal(ask_daemon(im, &im->dev[i], S_FEATURES),
				 S_FEATURES);
		if (i) {
			ring_init(&im->p9[0], &im->mem, im->dev[i].memory, 8);
			h->vq_driver[0] = im->p9[0].line;
		} else {
			pa = ring_init(&im->con[0], &im->mem, im->dev[i].memory,
				       8);
			ring_init(&im->con[1], &im->mem, pa, 8);
			h->vq_driver[0] = im->con[0].line;
			h->vq_driver[1] = im->con[1].line;
		}
		assert_int_equal(ask_daemon(im, &im->dev[i], S_OK), S_OK);
	}
}

static void image_print(struct image *im, const char *text)
{
	uint64_t buf = im->dev[0].memory + 0x2000;

	strcpy(at(&im->mem, buf), text);
	ring_desc(&im->con[1], 0, buf, (uint32_t)strlen(text), 0, 0);
	ring_submit(&im->con[1], 0);
	ring_daemon(im);
}

static int image_request(struct image *im)
{
	uint64_t buf = im->dev[1].memory + 0x1000;
	uint32_t id, len;

	memcpy(at(&im->mem, buf), req, req_len);
	ring_desc(&im->p9[0], 0, buf, req_len, NEXT, 1);
	ring_desc(&im->p9[0], 1, buf + 0x1000, 0x1000, WRITE, 0);
	ring_submit(&im->p9[0], 0);
	ring_daemon(im);
	wait_used(&im->p9[0], im->p9[0].avail_idx);
	assert_int_equal(ring_used(&im->p9[0], &id, &len), 1);
	memcpy(rep, at(&im->mem, buf + 0x1000), len);
	return rep[4] == OFL_P9_RLERROR ? (int)le32(rep + 7) : 0;
}

static void image_close(struct image *im)
{
	int i;

	munmap(im->mem.base, im->mem.size);
	for (i = 0; i < 3; i++)
		close(im->fds[i]);
	close(im->conn);
}

/* --- tests --- */

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

static void gives_up_privileges(void **state)
{
	char path[64], *status;

	(void)state;
	if (geteuid()) {
		print_message("# not root\n");
		skip();
	}
	chmod(base_dir, 0755);
	START("--socket", socket_path, "--share", share_dir, "--user",
	      "65534:65534");
	assert_said("waiting for an image");
	snprintf(path, sizeof(path), "/proc/%d/status", daemon_pid);
	status = slurp(path);
	assert_non_null(strstr(status, "Uid:\t65534\t65534\t65534\t65534"));
	assert_non_null(strstr(status, "Gid:\t65534\t65534\t65534\t65534"));
	assert_non_null(strstr(status, "Groups:\t \n"));
	assert_non_null(strstr(status, "CapPrm:\t0000000000000000"));
	assert_non_null(strstr(status, "CapEff:\t0000000000000000"));
	assert_non_null(strstr(status, "CapInh:\t0000000000000000"));
	assert_non_null(strstr(status, "CapBnd:\t0000000000000000"));
	assert_non_null(strstr(status, "NoNewPrivs:\t1"));
	kill(daemon_pid, SIGTERM);
	assert_int_equal(wait_daemon(), 0);
	unlink(socket_path);
}

/* The share of somebody who is not root, served as that user. */
static void serves_as_user(void **state)
{
	struct image im;

	(void)state;
	if (geteuid()) {
		print_message("# not root\n");
		skip();
	}
	chmod(base_dir, 0755);
	chmod(share_dir, 0700);
	assert_int_equal(chown(share_dir, 65534, 65534), 0);
	START("--socket", socket_path, "--share", share_dir, "--once", "--user",
	      "65534");
	image_connect(&im);
	image_up(&im);
	build(OFL_P9_TVERSION, "4s", 4096, "9P2000.L");
	assert_int_equal(image_request(&im), 0);
	build(OFL_P9_TATTACH, "44ss4", 0, NOFID, "", "", 0);
	assert_int_equal(image_request(&im), 0);
	build(OFL_P9_TLCREATE, "4s444", 0, "new", OFL_P9_RDWR, 0644, 0);
	assert_int_equal(image_request(&im), 0);
	build(OFL_P9_TGETATTR, "48", 0, (uint64_t)0x7ff);
	assert_int_equal(image_request(&im), 0);
	assert_int_equal(le32(rep + 32), 65534);
	build(OFL_P9_TSETATTR, "4444488888", 0, OFL_P9_SET_MODE | OFL_P9_SET_SIZE,
	      0600, 0, 0, (uint64_t)3, (uint64_t)0, (uint64_t)0, (uint64_t)0,
	      (uint64_t)0);
	assert_int_equal(image_request(&im), 0);
	image_close(&im);
	assert_int_equal(wait_daemon(), 0);
	unlink(socket_path);
}

static void usage_errors(void **state)
{
	static const struct {
		const char *args[6];
		int status;
		const char *said;
	} bad[] = {
		{ { "--nonsense" }, 2, "--nonsense: unknown option" },
		{ { "--share" }, 2, "--share: needs a value" },
		{ { "file" }, 2, "file: only options are known" },
		{ { "--console", "tty" }, 2, "unknown mode" },
		{ { "--console", "file:" }, 2, "unknown mode" },
		{ { "--share", "/tmp,rw" }, 2, "only tag=TAG, ro, window=" },
		{ { "--share", ",ro" }, 2, "the folder is missing" },
		{ { "--share", "/tmp,tag=" }, 2, "1 to 31 characters" },
		{ { "--share", "/tmp,tag=a/b" }, 2, "1 to 31 characters" },
		{ { "--share", "/tmp,window=1K" }, 2, "size from 24K to 64M" },
		{ { "--share", "/tmp,window=99T" }, 2, "size from 24K to 64M" },
		{ { "--share", "/tmp", "--share", "/,tag=share" }, 2,
		  "the same tag" },
		{ { "--device", "/x", "--socket", "/y" }, 2, "only one of them" },
		{ { "--window", "1M" }, 2, "only with --socket" },
		{ { "--spin", "-1" }, 2, "not a number" },
		{ { "--socket", "/y", "--stop-on-close" }, 2, "only with --device" },
		{ { "--user", "no-such-user" }, 1, "no such user" },
		{ { "--share", "/nonexistent" }, 1,
		  "--share /nonexistent: no such folder" },
		{ { "--share", "/etc/passwd" }, 1, "not a folder" },
		{ { "--device", "/dev/offload99" }, 1,
		  "/dev/offload99: no such device; load the module first" },
		{ { "--device", "/dev/null" }, 1, "not a device of the offload" },
		{ { "--socket", "/nonexistent/s" }, 1, "--socket /nonexistent/s" },
		{ { "--socket", "/etc/passwd" }, 1, "not a socket is in the way" },
		{ { "--log", "/nonexistent/l" }, 1, "--log /nonexistent/l" },
		{ { "--log", "/tmp/l,max=x" }, 2, "max= takes a size" },
		{ { "--console", "unix:" }, 2, "unknown mode" },
		{ { "--console", "unix:/nonexistent/s" }, 1, "/nonexistent/s" },
		{ { "--console", "pty,name=a/b" }, 2, "letters, digits" },
		{ { "--console", "pty,size=80" }, 2, "COLUMNSxROWS" },
		{ { "--console", "pty,max=1M" }, 2, "max= is for file:PATH" },
		{ { "--console", "none,name=a", "--console", "none,name=a" }, 2,
		  "the same name" },
		{ { "--console", "stdio", "--console", "stdio" }, 2,
		  "only one stdio" },
		{ { "--share", "/tmp,workers=0" }, 2, "a number from 1 to 64" },
		{ { "--share", "/tmp,workers=65" }, 2, "a number from 1 to 64" },
		{ { "--serve-9p", "tcp:1" }, 2, "use unix:PATH or fd:NUMBER" },
		{ { "--serve-9p", "unix:/tmp/x" }, 2, "no such share" },
		{ { "--share", "/tmp", "--serve-9p", "unix:/tmp/x,tag=y" }, 2,
		  "no such share" },
		{ { "--share", "/tmp", "--serve-9p", "fd:99" }, 1,
		  "no such descriptor" },
		{ { "--share", "/tmp", "--serve-9p", "fd:0" }, 1,
		  "not a stream socket" },
		{ { "--cpu", "x" }, 2, "not the number of a CPU" },
		{ { "--socket", "/tmp/s", "--cpu", "1000" }, 1, "no such CPU" },
		{ { "--sched", "fifo" }, 2, "fifo:PRIO" },
		{ { "--sched", "fifo:0" }, 2, "fifo:PRIO" },
		{ { "--sched", "rr:100" }, 2, "fifo:PRIO" },
		{ { "--sched", "other:1" }, 2, "fifo:PRIO" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		start_daemon(bad[i].args);
		if (wait_daemon() != bad[i].status)
			fail_msg("%s: wrong exit status", bad[i].said);
		assert_said(bad[i].said);
		/* One line. */
		assert_ptr_equal(strchr(slurp(err_path), '\n') + 1,
				 slurp(err_path) + strlen(slurp(err_path)));
	}
	START("--socket", socket_path, "--window", "128K", "--share",
	      "/tmp,window=1M");
	assert_int_equal(wait_daemon(), 1);
	assert_said("window of 128 KiB is too small");
	START("--help");
	assert_int_equal(wait_daemon(), 0);
	assert_non_null(strstr(slurp(out_path), "--share DIR"));
	START("--version");
	assert_int_equal(wait_daemon(), 0);
	assert_non_null(strstr(slurp(out_path), "ABI 1"));
}

static void two_daemons(void **state)
{
	pid_t first;

	(void)state;
	START("--socket", socket_path);
	assert_said("waiting");
	first = daemon_pid;
	START("--socket", socket_path);
	assert_int_equal(wait_daemon(), 1);
	assert_said("another offload-pmm listens there");
	daemon_pid = first;
	kill(daemon_pid, SIGTERM);
	assert_int_equal(wait_daemon(), 0);
}

static int setup(void **state)
{
	(void)state;
	make_share();
	snprintf(socket_path, sizeof(socket_path), "%s/socket", base_dir);
	snprintf(out_path, sizeof(out_path), "%s/out", base_dir);
	snprintf(err_path, sizeof(err_path), "%s/err", base_dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (daemon_pid > 0) {
		kill(daemon_pid, SIGKILL);
		waitpid(daemon_pid, NULL, 0);
		daemon_pid = 0;
	}
	remove_share();
	return 0;
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		T(console_and_files),
		T(one_after_the_other),
		T(a_broken_device_is_the_only_one),
		T(bad_handshakes),
		T(gives_up_privileges),
		T(serves_as_user),
		T(usage_errors),
		T(two_daemons),
	};
	char *slash = strrchr(argv[0], '/');

	/* build/test/unit/test_x -> build/x86_64/pmm/offload-pmm */
	if (argc > 1)
		snprintf(daemon_path, sizeof(daemon_path), "%s", argv[1]);
	else
		snprintf(daemon_path, sizeof(daemon_path),
			 "%.*s/../../x86_64/pmm/offload-pmm",
			 slash ? (int)(slash - argv[0]) : 1,
			 slash ? argv[0] : ".");
	if (access(daemon_path, X_OK)) {
		printf("TAP version 13\n1..0 # SKIP %s is not built\n",
		       daemon_path);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
