// SPDX-License-Identifier: BSD-2-Clause
/* mount() over a stream: a server that works, lies, stops or leaves. */
#include "rt_mock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Waiting is when the server works, and what the clock sees. */
static int t_poll(struct pollfd *fds, unsigned long n, int ms);
#define poll t_poll
#define mount t_mount
#define umount t_umount
#include "baremetal/libc-include/sys/mount.h"
#define OFFLOAD_SYS_MOUNT_H
#define _SYS_MOUNT_H 1
#include "baremetal/mount.c"
#include "baremetal/p9.c"
#include "baremetal/p9_ops.c"
#include "baremetal/p9_stream.c"
#include "baremetal/path.c"
#undef poll

/* The mock has a device, too; this server has none. */
#include "baremetal/p9_virtio.c"
#include "baremetal/virtio.c"
#include "baremetal/vq.c"

#include "p9_mock.h"

static int ends[2]; /* the image's, the server's */
static size_t slice; /* so many bytes of a reply at a time; 0: all */

static struct srv_reply pending;
static size_t pending_at;

/*
 * A request of type `hold` is not answered before Tflush, and then before Rflush, behind it,
 * never, or twice; `early`: bytes of its answer that come before all that.
 */
static unsigned int hold;
static enum { CANCELLED, ANSWERED, ANSWERED_AFTER, ANSWERED_TWICE, NO_RFLUSH } how;
static size_t early;
static struct srv_reply held;
static unsigned int flushes;

static void take_request(const uint8_t *request, size_t len)
{
	size_t n = 0;

	pending_at = 0;
	if (hold && request[4] == hold) {
		srv_serve(request, len, &held);
		memcpy(pending.buf, held.buf, early);
		pending.len = early;
		return;
	}
	srv_serve(request, len, &pending);
	if (request[4] != P9_TFLUSH)
		return;
	flushes++;
	hold = 0;
	assert_memory_equal(request + 7, held.buf + 5, 2);
	if (how == ANSWERED || how == ANSWERED_TWICE) {
		n = held.len - early;
		memmove(pending.buf + n, pending.buf, pending.len);
		memcpy(pending.buf, held.buf + early, n);
	}
	if (how == ANSWERED_TWICE) {
		memmove(pending.buf + n + held.len, pending.buf + n, pending.len);
		memcpy(pending.buf + n, held.buf, held.len);
		n += held.len;
	}
	if (how == ANSWERED_AFTER) {
		n = held.len - early;
		memcpy(pending.buf + pending.len, held.buf + early, n);
	}
	pending.len = how == NO_RFLUSH ? 0 : pending.len + n;
}

static int t_poll(struct pollfd *fds, unsigned long n, int ms)
{
	static uint8_t request[70000];
	ssize_t got;
	size_t left;

	assert_int_equal(n, 1);
	assert_true(ms > 0);
	assert_true(fds->fd == ends[0]);
	mock_now += srv_stalled ? (uint64_t)ms * 1000000 : 1000;
	if (srv_stalled)
		return 0;
	if (pending_at == pending.len) {
		got = recv(ends[1], request, sizeof(request), MSG_DONTWAIT);
		if (got <= 0) {
			mock_now += (uint64_t)ms * 1000000;
			return 0;
		}
		take_request(request, (size_t)got);
	}
	left = pending.len - pending_at;
	if (slice && left > slice)
		left = slice;
	assert_int_equal(send(ends[1], pending.buf + pending_at, left, 0), left);
	pending_at += left;
	return 1;
}

static const char *options(const char *more)
{
	static char text[200];

	snprintf(text, sizeof(text), "trans=fd,rfdno=%d,wfdno=%d%s", ends[0], ends[0],
		 more);
	return text;
}

static int begin(void **state)
{
	(void)state;
	srv_reset();
	memset(&log_ring, 0, sizeof(log_ring));
	pending.len = pending_at = slice = early = 0;
	hold = flushes = 0;
	return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}

static int end(void **state)
{
	(void)state;
	srv_stalled = false;
	srv_spoil = NULL;
	pending.len = pending_at = 0;
	for (const char *const *at = (const char *const[]){ "/", "/far", NULL }; *at; at++) {
		struct ofl_p9 *p9 = ofl_files_mounted(*at + 1);

		if (!p9)
			continue;
		p9->fids[0] = 1;
		memset(p9->fids + 1, 0, sizeof(p9->fids) - 4);
		assert_int_equal(t_umount(*at), 0);
	}
	close(ends[0]);
	if (ends[1] >= 0)
		close(ends[1]);
	return 0;
}

static void refused(int error, const char *target, const char *type, unsigned long flags,
		    const char *data)
{
	errno = 0;
	assert_int_equal(t_mount("x", target, type, flags, data), -1);
	assert_int_equal(errno, error);
}

static void test_works(void **state)
{
	static uint8_t data[30000], back[30000];
	struct ofl_path path;
	uint32_t fid;
	size_t done;
	int64_t n;

	(void)state;
	slice = 777; /* replies come in pieces */
	assert_int_equal(t_mount(NULL, "/far", "9p", 0, options(",msize=8192,aname=/x")), 0);
	srv_make(0, "file", false);
	assert_int_equal(ofl_path_parse("/far/file", &path), 0);
	assert_int_equal(ofl_path_walk(&path, &fid), 0);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	for (done = 0; done < sizeof(data); done += (size_t)n) {
		n = ofl_p9_write(path.p9, fid, done, data + done, sizeof(data) - done);
		assert_true(n > 0 && n < 8192);
	}
	for (done = 0; done < sizeof(data); done += (size_t)n) {
		n = ofl_p9_read(path.p9, fid, done, back + done, sizeof(back) - done);
		assert_true(n > 0);
	}
	assert_memory_equal(data, back, sizeof(data));
	/* Files are open: it stays. */
	assert_int_equal(t_umount("/far"), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(ofl_p9_clunk(path.p9, fid), 0);
	assert_int_equal(t_umount("/far"), 0);
	assert_int_equal(srv_open_fids(), 0);
	assert_int_equal(ofl_path_parse("/far/file", &path), -ENODEV);
}

static void test_as_root(void **state)
{
	struct ofl_path path;

	(void)state;
	assert_int_equal(t_mount(NULL, "/", "9p", 0, options("")), 0);
	assert_int_equal(ofl_path_parse("a/b", &path), 0);
	assert_string_equal(path.text, "a/b");
	refused(EBUSY, "/", "9p", 0, options(""));
	assert_int_equal(t_umount("/"), 0);
	assert_int_equal(t_umount("/"), -1);
	assert_int_equal(errno, EINVAL);
}

static void test_bad_calls(void **state)
{
	(void)state;
	refused(EFAULT, NULL, "9p", 0, options(""));
	refused(EINVAL, "far", "9p", 0, options(""));
	refused(EINVAL, "/far/away", "9p", 0, options(""));
	refused(EINVAL, "/..", "9p", 0, options(""));
	refused(ENAMETOOLONG, "/12345678901234567890123456789012", "9p", 0, options(""));
	refused(ENODEV, "/far", "nfs", 0, options(""));
	refused(ENODEV, "/far", NULL, 0, options(""));
	refused(EINVAL, "/far", "9p", 1, options(""));
	refused(EINVAL, "/far", "9p", 0, NULL);
	refused(EINVAL, "/far", "9p", 0, "");
	refused(EINVAL, "/far", "9p", 0, "trans=fd");
	refused(EINVAL, "/far", "9p", 0, "trans=fd,rfdno=3");
	assert_true(log_has("option 'wfdno' is unknown or malformed"));
	refused(EINVAL, "/far", "9p", 0, "rfdno=3,wfdno=3");
	refused(EINVAL, "/far", "9p", 0, "trans=tcp,rfdno=3,wfdno=3");
	for (const char *const *bad = (const char *const[]){
		     ",msize=4095", ",msize=262145", ",msize=x", ",msize=", ",msize=-1",
		     ",msize=99999999999999999999", ",version=9p2000", ",nodevmap", ",rfdno=100000",
		     ",", NULL }; *bad; bad++)
		refused(EINVAL, "/far", "9p", 0, options(*bad));
	assert_int_equal(srv_requests, 0);
	assert_int_equal(t_umount("/far"), -1);
	assert_int_equal(errno, EINVAL);
}

/* What the server says wrong ends the session, and nothing is written beside rx. */
static void spoil_size(unsigned int type, struct srv_reply *reply)
{
	uint32_t size = 8193;

	if (type == P9_TATTACH)
		memcpy(reply->buf, &size, 4);
}

static void spoil_small(unsigned int type, struct srv_reply *reply)
{
	uint32_t size = 6;

	if (type == P9_TATTACH)
		memcpy(reply->buf, &size, 4);
}

static void spoil_tag(unsigned int type, struct srv_reply *reply)
{
	if (type == P9_TATTACH)
		reply->buf[5] ^= 1;
}

static void spoil_msize(unsigned int type, struct srv_reply *reply)
{
	uint32_t msize = 8193;

	if (type == P9_TVERSION)
		memcpy(reply->buf + 7, &msize, 4);
}

static void test_liars(void **state)
{
	(void)state;
	srv_spoil = spoil_size;
	refused(EIO, "/far", "9p", 0, options(",msize=8192"));
	end(NULL);
	begin(NULL);
	srv_spoil = spoil_small;
	refused(EIO, "/far", "9p", 0, options(",msize=8192"));
	end(NULL);
	begin(NULL);
	srv_spoil = spoil_tag;
	refused(EPROTO, "/far", "9p", 0, options(",msize=8192"));
	assert_true(log_has("mount far: 9p reply with a wrong tag"));
	end(NULL);
	begin(NULL);
	srv_spoil = spoil_msize;
	refused(EPROTO, "/far", "9p", 0, options(",msize=8192"));
}

static void test_silence(void **state)
{
	struct ofl_path path;
	uint64_t before;
	uint32_t fid;

	(void)state;
	assert_int_equal(t_mount(NULL, "/far", "9p", 0, options("")), 0);
	srv_stalled = true;
	before = mock_now;
	assert_int_equal(ofl_path_parse("/far/file", &path), 0);
	assert_int_equal(ofl_path_walk(&path, &fid), -EIO);
	assert_in_range(mock_now - before, RPC_TIMEOUT + FLUSH_TIMEOUT,
			RPC_TIMEOUT + FLUSH_TIMEOUT + OFL_SEC);
	assert_true(log_has("mount far: a 9p request is not answered"));
	before = mock_now;
	assert_int_equal(ofl_path_walk(&path, &fid), -EIO);
	assert_int_equal(mock_now, before);
	assert_int_equal(t_umount("/far"), 0);
}

/* A request is given up, whatever of its answer has come, and the mount goes on. */
static void test_flush(void **state)
{
	struct ofl_path path;
	uint8_t buf[100];
	uint32_t fid, other;

	(void)state;
	assert_int_equal(t_mount(NULL, "/far", "9p", 0, options("")), 0);
	memset(srv_nodes[srv_make(0, "file", false)].data, 'x', 100);
	srv_nodes[srv_find(0, "file")].size = 100;
	assert_int_equal(ofl_path_parse("/far/file", &path), 0);
	assert_int_equal(ofl_path_walk(&path, &fid), 0);
	slice = 3;
	hold = P9_TREAD;
	how = CANCELLED;
	assert_int_equal(ofl_p9_read(path.p9, fid, 0, buf, 100), -ETIMEDOUT);
	assert_int_equal(ofl_p9_read(path.p9, fid, 0, buf, 100), 100);
	for (early = 0; early < 111; early += 10) {
		hold = P9_TREAD;
		how = ANSWERED;
		memset(buf, 0, sizeof(buf));
		assert_int_equal(ofl_p9_read(path.p9, fid, 0, buf, 100), 100);
		assert_int_equal(buf[0] + buf[99], 2 * 'x');
		assert_int_equal(ofl_p9_read(path.p9, fid, 0, buf, 100), 100);
	}
	assert_int_equal(flushes, 13);
	/* A fid whose end is not known does not keep the mount. */
	early = 0;
	hold = P9_TCLUNK;
	how = CANCELLED;
	assert_int_equal(ofl_p9_clunk(path.p9, fid), -ETIMEDOUT);
	assert_int_equal(ofl_path_parse("/far/file", &path), 0);
	srv_fids[(fid + 1) % SRV_FIDS] = 0;
	assert_int_equal(ofl_path_walk(&path, &other), 0);
	assert_int_not_equal(fid, other);
	assert_true(ofl_p9_in_use(path.p9));
	assert_int_equal(ofl_p9_clunk(path.p9, other), 0);
	assert_int_equal(t_umount("/far"), 0);
}

/* One that says otherwise in the same breath is not spoken to any more. */
static void test_flush_liars(void **state)
{
	static const struct {
		int how;
		size_t early;
		int64_t first;
		const char *why;
	} lies[] = {
		{ NO_RFLUSH, 0, -EIO, "a 9p request is not answered" },
		{ NO_RFLUSH, 9, -EIO, "a 9p request is not answered" },
		{ ANSWERED_TWICE, 0, -EPROTO, "9p request is answered twice" },
		{ ANSWERED_AFTER, 0, -ETIMEDOUT, "9p reply with a wrong tag" },
	};
	struct ofl_path path;
	uint8_t buf[100];
	uint32_t fid;

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		assert_int_equal(t_mount(NULL, "/far", "9p", 0, options("")), 0);
		srv_make(0, "file", false);
		assert_int_equal(ofl_path_parse("/far/file", &path), 0);
		assert_int_equal(ofl_path_walk(&path, &fid), 0);
		hold = P9_TREAD;
		how = lies[i].how;
		early = lies[i].early;
		assert_int_equal(ofl_p9_read(path.p9, fid, 0, buf, 100), lies[i].first);
		assert_true(ofl_p9_read(path.p9, fid, 0, buf, 100) < 0);
		assert_true(log_has(lies[i].why));
		assert_true(path.p9->dead);
		end(state);
		begin(state);
	}
}

static void test_server_leaves(void **state)
{
	struct ofl_path path;
	uint32_t fid;

	(void)state;
	assert_int_equal(t_mount(NULL, "/far", "9p", 0, options("")), 0);
	close(ends[1]);
	ends[1] = -1;
	assert_int_equal(ofl_path_parse("/far/file", &path), 0);
	assert_int_equal(ofl_path_walk(&path, &fid), -EIO);
	assert_int_equal(t_umount("/far"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_works, begin, end),
		cmocka_unit_test_setup_teardown(test_as_root, begin, end),
		cmocka_unit_test_setup_teardown(test_bad_calls, begin, end),
		cmocka_unit_test_setup_teardown(test_liars, begin, end),
		cmocka_unit_test_setup_teardown(test_silence, begin, end),
		cmocka_unit_test_setup_teardown(test_flush, begin, end),
		cmocka_unit_test_setup_teardown(test_flush_liars, begin, end),
		cmocka_unit_test_setup_teardown(test_server_leaves, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
