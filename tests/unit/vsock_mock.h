/* SPDX-License-Identifier: BSD-2-Clause */
/* The socket calls on AF_VSOCK, and a PMM under them that a test moves. */
#ifndef OFL_TEST_VSOCK_MOCK_H
#define OFL_TEST_VSOCK_MOCK_H

#define _GNU_SOURCE
#include "rt_mock.h"

#include <linux/vm_sockets.h>

#include "baremetal/virtio.c"
#include "baremetal/vq.c"

#include "socket_mock.h"

#include "baremetal/vsock.c"
#include "baremetal/vsock_conn.c"
#include "baremetal/vsock_socket.c"

#define CID 5u
#define HOST VMADDR_CID_HOST
#define MEMORY (64 * 1024)

/* --- what is around it --- */

int64_t ofl_rng_read(void *buf, size_t len)
{
	(void)buf;
	(void)len;
	return -ENOSYS;
}

/* The only device. */
void ofl_devices_progress(void)
{
	ofl_vsock_progress();
}

void ofl_devices_arm(bool on)
{
	ofl_vsock_arm(on);
}

/* --- a PMM --- */

static struct ofl_virtio dev;
static struct ofl_vsock_hdr seen; /* the last packet of the image */
static uint64_t seen_lent;	  /* where its data were, if not behind the header; else 0 */
static uint8_t seen_data[65536];
static uint32_t peer_buf_alloc = 65536, peer_fwd_cnt;

static inline void set_cid(uint64_t cid)
{
	memcpy(sim_hdr()->config, &cid, sizeof(cid));
}

static inline int prepare(size_t memory, uint64_t cid)
{
	sim_reset(OFL_VIRTIO_ID_VSOCK, 3);
	sim_refuse = 0;
	set_cid(cid);
	peer_buf_alloc = 65536;
	peer_fwd_cnt = 0;
	memset(&dev, 0, sizeof(dev));
	dev.hdr = sim_hdr();
	dev.mem = (struct ofl_devmem){ window_mem + MEM_OFF, WIN_PA + MEM_OFF,
				       memory, 0 };
	dev.epoch = 1;
	strcpy(dev.name, "virtio@vsock");
	pmm_step = sim_ack;
	assert_int_equal(ofl_virtio_open(&dev), 0);
	return ofl_vsock_start(&dev);
}

static inline void set_up(void)
{
	assert_int_equal(prepare(MEMORY, CID), 0);
}

/* Everything closed, nothing forgotten. */
static inline void end(void)
{
	for (int fd = 3; fd < FDS; fd++)
		if (ofl_file_of(fd))
			t_close(fd);
	ofl_vsock_lost();
	assert_null(ofl_vsock_all);
	assert_int_equal(nr_sockets, 0);
	assert_null(orphans);
}

/* The next packet of the image, in `seen`; false: there is none. */
static inline bool next_packet(void)
{
	int head = sim_pop(OFL_VSOCK_TX);
	struct sim_desc *desc;

	if (head < 0)
		return false;
	desc = sim_desc(OFL_VSOCK_TX, (unsigned int)head);
	assert_in_range(desc->len, OFL_VSOCK_HDR, sizeof(seen_data));
	memcpy(&seen, sim_at(desc->addr), sizeof(seen));
	if (desc->flags & 1) {
		assert_int_equal(desc->len, OFL_VSOCK_HDR);
		desc = sim_desc(OFL_VSOCK_TX, desc->next);
		assert_int_equal(desc->flags, 0);
		assert_int_equal(seen.len, desc->len);
		assert_in_range(desc->len, 1, sizeof(seen_data));
		seen_lent = desc->addr;
		memcpy(seen_data, sim_at(desc->addr), desc->len);
	} else {
		seen_lent = 0;
		memcpy(seen_data, (uint8_t *)sim_at(desc->addr) + OFL_VSOCK_HDR,
		       desc->len - OFL_VSOCK_HDR);
		assert_int_equal(seen.len, desc->len - OFL_VSOCK_HDR);
	}
	assert_int_equal(seen.src_cid, CID);
	sim_push(OFL_VSOCK_TX, (uint32_t)head, 0);
	return true;
}

static inline void expect(unsigned int op)
{
	assert_true(next_packet());
	assert_int_equal(seen.op, op);
}

static inline void expect_nothing(void)
{
	ofl_vsock_progress();
	assert_false(next_packet());
}

/* Any packet; written: what the used ring says, 0 for the truth. */
static inline bool inject_raw(const struct ofl_vsock_hdr *hdr, const void *data,
		       uint32_t len, uint32_t written)
{
	int head = sim_pop(OFL_VSOCK_RX);
	struct sim_desc *desc;

	if (head < 0)
		return false;
	desc = sim_desc(OFL_VSOCK_RX, (unsigned int)head);
	assert_true(len + OFL_VSOCK_HDR <= desc->len);
	memcpy(sim_at(desc->addr), hdr, sizeof(*hdr));
	if (len)
		memcpy((uint8_t *)sim_at(desc->addr) + OFL_VSOCK_HDR, data, len);
	sim_push(OFL_VSOCK_RX, (uint32_t)head,
		 written ? written : len + OFL_VSOCK_HDR);
	return true;
}

static inline struct ofl_vsock_hdr header(uint32_t from, uint32_t to, unsigned int op)
{
	return (struct ofl_vsock_hdr){
		.src_cid = HOST, .dst_cid = CID, .src_port = from,
		.dst_port = to, .type = OFL_VSOCK_STREAM, .op = (uint16_t)op,
		.buf_alloc = peer_buf_alloc, .fwd_cnt = peer_fwd_cnt,
	};
}

static inline void inject(uint32_t from, uint32_t to, unsigned int op, const void *data,
		   uint32_t len)
{
	struct ofl_vsock_hdr hdr = header(from, to, op);

	hdr.len = len;
	assert_true(inject_raw(&hdr, data, len, 0));
}

static inline struct sockaddr *vm(uint32_t cid, uint32_t number)
{
	static struct sockaddr_vm addr;

	addr = (struct sockaddr_vm){ .svm_family = AF_VSOCK, .svm_cid = cid,
				     .svm_port = number };
	return (struct sockaddr *)&addr;
}

#define LEN ((socklen_t)sizeof(struct sockaddr_vm))
static uint32_t my_port; /* of the last connect */

/* A connection to port 80 of the host. */
static inline int connected(void)
{
	int fd = t_socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 3);
	assert_fails(t_connect(fd, vm(HOST, 80), LEN), EINPROGRESS);
	expect(OFL_VSOCK_OP_REQUEST);
	assert_int_equal(seen.dst_cid, HOST);
	assert_int_equal(seen.dst_port, 80);
	assert_int_equal(seen.type, OFL_VSOCK_STREAM);
	assert_int_equal(seen.fwd_cnt, 0);
	assert_int_equal(seen.buf_alloc, OFL_VSOCK_RX_DEFAULT);
	my_port = seen.src_port;
	peer_fwd_cnt = 0;
	inject(80, my_port, OFL_VSOCK_OP_RESPONSE, NULL, 0);
	ofl_vsock_progress();
	assert_int_equal(ofl_files_poll(fd), POLLOUT | POLLWRNORM);
	return fd;
}

static inline int listening(uint32_t number, int backlog)
{
	int fd = t_socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(t_bind(fd, vm(VMADDR_CID_ANY, number), LEN), 0);
	assert_int_equal(t_listen(fd, backlog), 0);
	return fd;
}

#endif
