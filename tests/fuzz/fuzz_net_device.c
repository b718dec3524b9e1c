// SPDX-License-Identifier: BSD-2-Clause
/*
 * The daemon's network device between an image that lies and a passt that does.
 * Input: steps; descriptors, headers and frames of the image, bytes of passt's stream.
 */
#define main unit_main
#include "tests/unit/test_pmm_net.c"
#undef main
#include "fuzz.h"

#include <signal.h>

static void image_step(struct fuzz_in *in, unsigned int q)
{
	uint32_t how = fuzz_number(in, 1);
	uint64_t pa = q == NET_RX ? RX_PA : TX_PA;
	uint16_t i = (uint16_t)(how >> 4), flags = 0, next = 0;
	uint32_t len = fuzz_number(in, 2);

	if (how & 1)
		pa = WINDOW_PA + fuzz_number(in, 3);
	if (how & 2) {
		flags = (uint16_t)fuzz_number(in, 1);
		next = (uint16_t)fuzz_number(in, 1);
	} else if (q == NET_RX) {
		flags = WRITE;
	}
	if (q == NET_TX && !(how & 1))
		fuzz_take(in, at(&mem, pa), how & 4 ? sizeof(struct net_hdr) : 64);
	ring_desc(&ring[q], i, pa, len, flags, next);
	if (how & 8)
		ring_set_avail(&ring[q], (uint16_t)(ring[q].avail_idx + fuzz_number(in, 1)));
	else
		ring_submit(&ring[q], i);
}

static void peer_step(struct fuzz_in *in, uint32_t how)
{
	static uint8_t buf[70000];
	size_t n;

	if (how & 1) {
		while (recv(peer, buf, sizeof(buf), MSG_DONTWAIT) > 0)
			;
		return;
	}
	n = fuzz_number(in, 1);
	if (how & 2) {
		/* A frame of an honest length; most of it zeros. */
		n = how & 4 ? fuzz_number(in, 2) : n;
		buf[0] = buf[1] = 0;
		buf[2] = (uint8_t)(n >> 8);
		buf[3] = (uint8_t)n;
		fuzz_take(in, buf + 4, n < 32 ? n : 32);
		n += 4;
	} else {
		fuzz_take(in, buf, n);
	}
	if (send(peer, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		errno = 0;
}

static void turn(void)
{
	for (int i = 0; i < 20; i++) {
		events();
		if (!ofl_dev_poll(dev))
			break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	static bool ready;

	if (!ready) {
		MUST(mkdtemp(dir));
		signal(SIGPIPE, SIG_IGN);
		set_up();
		ready = true;
	} else if (net->wire.fd < 0) {
		/* It was lost, by a length that cannot be. */
		tear_down();
		set_up();
	} else {
		struct ofl_dev *devs[1] = { dev };

		MUST(!ofl_window_layout(&mem, devs, 1, true));
		bring_rings_up();
	}
	for (int i = 0; in.left && i < 100 && dev->vq[NET_TX].size; i++) {
		uint32_t what = fuzz_number(&in, 1);

		switch (what & 3) {
		case 0:
			image_step(&in, what >> 2 & 1 ? NET_RX : NET_TX);
			break;
		case 1:
			peer_step(&in, what >> 2);
			break;
		default:
			turn();
			break;
		}
		MUST(net->wire.in_len <= 4 + NET_FRAME_MAX || !net->wire.in);
		MUST(net->wire.out_len <= NET_OUT_MAX || !net->wire.out);
	}
	turn();
	ofl_dev_forget(dev);
	return 0;
}
