/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon itself, as it is installed, and images that a test plays over its socket. */
#ifndef PMM_DAEMON_H
#define PMM_DAEMON_H

#include "pmm_9p.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static char daemon_path[4096];
static char socket_path[128], out_path[128], err_path[128];
static pid_t daemon_pid;

static inline char *slurp(const char *path)
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
static inline void start_daemon(const char *const *args)
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

/* Its exit status, within a minute. */
static inline int wait_daemon(void)
{
	int i, status;

	for (i = 0; i < 6000; i++) {
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

static inline void assert_said(const char *what)
{
	int i;

	for (i = 0; i < 6000; i++) {
		if (strstr(slurp(err_path), what))
			return;
		usleep(10000);
	}
	fail_msg("the daemon did not say \"%s\" but: %s", what, slurp(err_path));
}

static inline int connect_daemon(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int i, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval patience = { .tv_sec = 60 };

	strcpy(addr.sun_path, socket_path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	for (i = 0; i < 6000; i++) {
		if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
			return fd;
		usleep(10000);
	}
	fail_msg("cannot connect: %s; it said: %s", strerror(errno),
		 slurp(err_path));
	return -1;
}

/* Its hello and the number of descriptors that came with it. */
static inline int receive(int fd, struct ofl_native_hello *hello, int *fds)
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
static inline void ring_daemon(struct image *im)
{
	struct ofl_window *win = at(&im->mem, im->mem.pa + OFL_WIN_CTRL_OFF);
	uint64_t one = 1;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&win->pmm_bell.asleep, __ATOMIC_RELAXED))
		assert_int_equal(write(im->fds[1], &one, 8), 8);
}

static inline uint32_t ask_daemon(struct image *im, struct ofl_dev *dev,
			   uint32_t status)
{
	struct ofl_vdev *h = header_of(dev);
	int i;

	h->driver.features = F_ALL;
	h->driver.status = status;
	__atomic_store_n(&h->driver.req_seq, h->driver.req_seq + 1,
			 __ATOMIC_RELEASE);
	ring_daemon(im);
	for (i = 0; i < 60000; i++) {
		if (__atomic_load_n(&h->device.ack_seq, __ATOMIC_ACQUIRE) ==
		    h->driver.req_seq)
			return h->device.status;
		usleep(1000);
	}
	fail_msg("no answer; it said: %s", slurp(err_path));
	return 0;
}

static inline void wait_used(struct ring *ring, uint16_t idx)
{
	int i;

	for (i = 0; i < 60000 && ring_used_idx(ring) != idx; i++)
		usleep(1000);
	if (ring_used_idx(ring) != idx)
		fail_msg("buffer does not come back: %s", slurp(err_path));
}

static inline void image_connect(struct image *im)
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

static inline void image_up(struct image *im)
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

static inline void image_print(struct image *im, const char *text)
{
	uint64_t buf = im->dev[0].memory + 0x2000;

	strcpy(at(&im->mem, buf), text);
	ring_desc(&im->con[1], 0, buf, (uint32_t)strlen(text), 0, 0);
	ring_submit(&im->con[1], 0);
	ring_daemon(im);
}

static inline int image_request(struct image *im)
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

static inline void image_close(struct image *im)
{
	int i;

	munmap(im->mem.base, im->mem.size);
	for (i = 0; i < 3; i++)
		close(im->fds[i]);
	close(im->conn);
}

static inline int setup(void **state)
{
	(void)state;
	make_share();
	snprintf(socket_path, sizeof(socket_path), "%s/socket", base_dir);
	snprintf(out_path, sizeof(out_path), "%s/out", base_dir);
	snprintf(err_path, sizeof(err_path), "%s/err", base_dir);
	return 0;
}

static inline int teardown(void **state)
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

/* Where it is: beside this program, or the first argument.  False: nowhere. */
static inline bool find_daemon(int argc, char **argv)
{
	char *slash = strrchr(argv[0], '/');

	/* build/test/unit/test_x -> build/x86_64/pmm/offload-pmm */
	if (argc > 1)
		snprintf(daemon_path, sizeof(daemon_path), "%s", argv[1]);
	else
		snprintf(daemon_path, sizeof(daemon_path),
			 "%.*s/../../x86_64/pmm/offload-pmm",
			 slash ? (int)(slash - argv[0]) : 1,
			 slash ? argv[0] : ".");
	if (!access(daemon_path, X_OK))
		return true;
	printf("TAP version 13\n1..0 # SKIP %s is not built\n", daemon_path);
	return false;
}

#endif
