// SPDX-License-Identifier: BSD-2-Clause
/*
 * The daemon's console with several ports: control messages and output of an image that
 * lies.  Input: steps.
 */
#define main unit_main
#include "tests/unit/test_pmm_console.c"
#undef main
#include "fuzz.h"

static void step(struct multi *m, struct fuzz_in *in)
{
	uint32_t how = fuzz_number(in, 1), q = how & 7;
	uint64_t pa = BUF_PA + 0x1000 * q;
	uint16_t flags = q & 1 ? 0 : WRITE, next = 0;
	uint32_t len = fuzz_number(in, 1);

	/* The control queues most of the time. */
	if (how & 8)
		q = how & 16 ? 2 : 3, flags = how & 16 ? WRITE : 0;
	if (how & 32)
		pa = WINDOW_PA + fuzz_number(in, 3);
	else
		fuzz_take(in, at(&m->mem, pa), len < 16 ? len : 16);
	if (how & 64) {
		flags = (uint16_t)fuzz_number(in, 1);
		next = (uint16_t)fuzz_number(in, 1);
	}
	ring_desc(&m->ring[q], how >> 5, pa, len, flags, next);
	if ((how & 0xc0) == 0xc0)
		ring_set_avail(&m->ring[q],
			       (uint16_t)(m->ring[q].avail_idx + fuzz_number(in, 1)));
	else
		ring_submit(&m->ring[q], (uint16_t)(how >> 5));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	static struct multi m;
	static bool ready;
	uint64_t pa;

	if (!ready) {
		signal(SIGPIPE, SIG_IGN);
		open_multi(&m, M_ALL);
		/* Nothing of it has a name that stays. */
		unlink(m.path + strlen("unix:"));
		rmdir(m.dir);
		ready = true;
	} else {
		MUST(!ofl_window_layout(&m.mem, m.devs, 1, true));
		pa = m.devs[0]->memory;
		for (unsigned int q = 0; q < 8; q++)
			pa = ring_init(&m.ring[q], &m.mem, pa, 8);
		bring_up(m.devs[0], m.ring, 8, M_ALL);
	}
	for (int i = 0; in.left && i < 100 && m.devs[0]->vq[3].size; i++) {
		step(&m, &in);
		for (int k = 0; k < 8 && ofl_dev_poll(m.devs[0]); k++)
			;
	}
	ofl_dev_forget(m.devs[0]);
	return 0;
}
