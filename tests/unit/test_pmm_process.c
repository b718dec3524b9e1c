/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon as a process: its options, its exit statuses, and as whom it serves. */
#include "pmm_daemon.h"

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
		{ { "--share", "/" }, 2, "share a folder, or add ,whole" },
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
		{ { "--share", "/tmp", "--share", "/usr,tag=share" }, 2,
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
	START("--socket", socket_path, "--cpu", "1000");
	assert_int_equal(wait_daemon(), 1);
	assert_said("no such CPU");
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		T(gives_up_privileges),
		T(serves_as_user),
		T(usage_errors),
		T(two_daemons),
	};

	return find_daemon(argc, argv) ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
