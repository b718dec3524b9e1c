/* SPDX-License-Identifier: BSD-2-Clause */
/* The vsock device against an image that lies and floods. */
#include "pmm_vsock.h"

enum answer { NONE, RESETS, REFUSES, BREAKS };

static void lies(void **state)
{
	static const struct {
		const char *what;
		struct ofl_vsock_hdr change; /* added to an honest RW of 4 bytes */
		enum answer answer;
	} cases[] = {
		{ "the truth", { 0 }, NONE },
		{ "from another CID", { .src_cid = 1 }, NONE },
		{ "from a CID of 64 bits", { .src_cid = 1ull << 32 }, NONE },
		{ "to a CID of 64 bits", { .dst_cid = 1ull << 32 }, REFUSES },
		{ "to another CID", { .dst_cid = 1 }, REFUSES },
		{ "to an unknown port", { .dst_port = 1 }, REFUSES },
		{ "from an unknown port", { .src_port = 1 }, REFUSES },
		{ "type 2", { .type = 1 }, REFUSES },
		{ "type 0", { .type = 0xffff }, REFUSES },
		{ "shorter than it is", { .len = 0xffffffff }, BREAKS },
		{ "longer than it is", { .len = 1 }, BREAKS },
		{ "much longer", { .len = 0xfffffff0 }, BREAKS },
		{ "op 0", { .op = 0xfffb }, RESETS },
		{ "op 8", { .op = 3 }, RESETS },
		{ "REQUEST", { .op = 0xfffc }, RESETS },
		{ "RESPONSE", { .op = 0xfffd }, RESETS },
		{ "SHUTDOWN with bytes", { .op = 0xffff }, RESETS },
		{ "CREDIT_UPDATE with bytes", { .op = 1 }, RESETS },
		{ "bytes read that were never sent", { .fwd_cnt = 7 }, RESETS },
		{ "bytes unread", { .fwd_cnt = 0xffffffff }, RESETS },
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct ofl_vsock_hdr *change = &cases[i].change;
		struct ofl_vsock_hdr hdr;
		const char *got;
		int fd;

		set_up();
		fd = opened();
		assert_int_equal(write(fd, "sixsix", 6), 6);
		expect(OFL_VSOCK_OP_RW);
		hdr = header(7, host_port, OFL_VSOCK_OP_RW);
		hdr.len = 4;
		hdr.src_cid += change->src_cid;
		hdr.dst_cid += change->dst_cid;
		hdr.src_port += change->src_port;
		hdr.dst_port += change->dst_port;
		hdr.len += change->len;
		hdr.type = (uint16_t)(hdr.type + change->type);
		hdr.op = (uint16_t)(hdr.op + change->op);
		hdr.fwd_cnt += change->fwd_cnt;
		submit(&hdr, "data", 4, OFL_VSOCK_HDR + 4);
		settle();
		got = reads(fd);
		switch (cases[i].answer) {
		case BREAKS:
			assert_broken(dev, "says that it has");
			break;
		case RESETS:
			if (strcmp(got, "END"))
				fail_msg("%s: the client reads %s",
					 cases[i].what, got);
			expect(OFL_VSOCK_OP_RST);
			break;
		case REFUSES:
			expect(OFL_VSOCK_OP_RST);
			assert_int_equal(seen.dst_port, hdr.src_port);
			assert_int_equal(seen.src_port, hdr.dst_port);
			/* fall through */
		case NONE:
			assert_string_equal(got, i ? "" : "data");
			break;
		}
		expect_nothing();
		close(fd);
		tear_down();
	}
}

static void broken_rings(void **state)
{
	struct ofl_vsock_hdr hdr;
	int fd;

	(void)state;
	set_up();
	hdr = header(1, 2, OFL_VSOCK_OP_RW);
	submit(&hdr, NULL, 0, OFL_VSOCK_HDR - 1);
	ofl_dev_poll(dev);
	assert_broken(dev, "shorter than its header");
	bring_rings_up();
	ring_desc(&ring[OFL_VSOCK_TX], 0, TX_PA, 100, WRITE, 0);
	ring_submit(&ring[OFL_VSOCK_TX], 0);
	ofl_dev_poll(dev);
	assert_broken(dev, "writable buffer");
	bring_rings_up();
	fd = opened(); /* of a device that was broken twice */
	close(fd);
	settle();
	/* A receive buffer without room for a byte. */
	for (unsigned int i = 0; i < RING; i++)
		ring_desc(&ring[OFL_VSOCK_RX], (uint16_t)i, RX_PA, OFL_VSOCK_HDR,
			  WRITE, 0);
	fd = client("CONNECT 7\n");
	for (unsigned int i = 0; i < 3 && !(dev->status & OFL_STATUS_NEEDS_RESET); i++) {
		inject(7, host_port, OFL_VSOCK_OP_CREDIT_REQUEST, NULL, 0);
		settle();
	}
	assert_broken(dev, "too small");
	close(fd);
	/* Nobody is there to connect to. */
	fd = client("CONNECT 7\n");
	assert_string_equal(reads(fd), "END");
	close(fd);
	tear_down();
}

static void floods(void **state)
{
	struct ofl_vsock_hdr hdr;
	unsigned int i, resets = 0, responses = 0;
	int listener;

	(void)state;
	set_up();
	/* RST is never answered. */
	for (i = 0; i < 5000; i++) {
		inject(i, i * 7, OFL_VSOCK_OP_RST, NULL, 0);
		assert_false(next_packet());
	}
	/* REQUESTs for nobody, as fast as they are refused. */
	for (i = 0; i < 5000; i++) {
		inject(i, 81, OFL_VSOCK_OP_REQUEST, NULL, 0);
		while (next_packet())
			resets += seen.op == OFL_VSOCK_OP_RST;
	}
	assert_int_equal(resets, 5000);
	assert_int_equal(vs->nr_conns, 0);
	/* An image that asks for answers and takes none stalls itself. */
	ask(dev, 0);
	bring_rings_up();
	for (i = 0; i < 5000; i++) {
		hdr = header(i, 81, OFL_VSOCK_OP_RW);
		submit(&hdr, NULL, 0, OFL_VSOCK_HDR);
		if (!ofl_dev_poll(dev))
			break;
	}
	assert_int_equal(i, RING + VSOCK_REFUSALS);
	assert_false(ofl_dev_pending(dev)); /* and nobody spins for it */
	for (resets = 0; next_packet(); ofl_dev_poll(dev))
		resets++;
	assert_int_equal(resets, i + 1);
	/* More connections than there may be. */
	listener = server("vsock_80", 4096);
	for (i = 0, resets = 0; i < OFL_VSOCK_CONNS_MAX + 100; i++) {
		inject(10 + i, 80, OFL_VSOCK_OP_REQUEST, NULL, 0);
		close(accept4(listener, NULL, NULL, SOCK_NONBLOCK));
		ofl_dev_poll(dev);
		while (next_packet()) {
			resets += seen.op == OFL_VSOCK_OP_RST;
			responses += seen.op == OFL_VSOCK_OP_RESPONSE;
		}
	}
	assert_int_equal(responses, OFL_VSOCK_CONNS_MAX);
	assert_int_equal(resets, 100);
	assert_int_equal(vs->nr_conns, OFL_VSOCK_CONNS_MAX);
	close(listener);
	tear_down();
}

/* Anything at all, in any order, with clients that come and go. */
static void noise(void **state)
{
	static uint8_t data[3000];
	unsigned int seed = 5, round, i;

	(void)state;
	for (round = 0; round < 40; round++) {
		int fd[3];

		set_up();
		for (i = 0; i < 3; i++)
			fd[i] = opened();
		for (i = 0; i < 300; i++) {
			struct ofl_vsock_hdr hdr;
			int which = rand_r(&seed) % 3;

			hdr = header(rand_r(&seed) % 16 ? 7 : 8,
				     host_port - (uint32_t)(rand_r(&seed) % 4),
				     (unsigned int)rand_r(&seed) % 9);
			if (hdr.op == OFL_VSOCK_OP_RST && rand_r(&seed) % 4)
				hdr.op = OFL_VSOCK_OP_RW;
			hdr.len = hdr.op == OFL_VSOCK_OP_RW || rand_r(&seed) % 9 == 0 ?
					  (uint32_t)rand_r(&seed) % 3000 : 0;
			hdr.flags = (uint32_t)rand_r(&seed) % 4;
			if (rand_r(&seed) % 16 == 0)
				hdr.fwd_cnt = (uint32_t)rand_r(&seed) % 3000;
			submit(&hdr, data, hdr.len, OFL_VSOCK_HDR + hdr.len);
			if (rand_r(&seed) % 4 == 0 && fd[which] >= 0)
				(void)!write(fd[which], data, 500);
			if (rand_r(&seed) % 4 == 0 && fd[which] >= 0)
				(void)!read(fd[which], data, 3000);
			if (rand_r(&seed) % 64 == 0 && fd[which] >= 0) {
				close(fd[which]);
				fd[which] = -1;
			}
			loop_turn();
			if (rand_r(&seed) % 2)
				while (next_packet())
					;
		}
		for (i = 0; i < 3; i++)
			if (fd[i] >= 0)
				close(fd[i]);
		tear_down();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lies),
		cmocka_unit_test(broken_rings),
		cmocka_unit_test(floods),
		cmocka_unit_test(noise),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
