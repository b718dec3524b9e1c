// SPDX-License-Identifier: BSD-2-Clause
/*
 * The PMM's rings, split and packed, under a hostile driver.  Input: the queue's lines as offsets,
 * then pieces of the window: where, how much, what.  Chains are popped and both
 * their halves copied until the ring is empty or broken.
 */
#include "tests/unit/pmm_driver.h"
#include "fuzz.h"

#define SIZE 0x8000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ofl_mem mem;
	struct fuzz_in in = { data, size };
	struct ofl_vq_driver line = { 0 };
	struct ofl_vq_chain chain;
	static uint8_t copy[SIZE];
	struct ofl_vq vq;
	uint32_t choice;
	int ret;

	if (!mem.base)
		mem = window_new(SIZE);
	memset(mem.base, 0, SIZE);
	choice = fuzz_number(&in, 1);
	line.size = choice & 1 ? fuzz_number(&in, 4) : 8;
	line.desc = WINDOW_PA + (choice & 2 ? fuzz_number(&in, 4) : 0);
	line.driver = WINDOW_PA + (choice & 4 ? fuzz_number(&in, 4) : 128);
	line.device = WINDOW_PA + (choice & 8 ? fuzz_number(&in, 4) : 192);
	while (in.left) {
		uint32_t where = fuzz_number(&in, 2) % SIZE, n = fuzz_number(&in, 1);

		if (n > SIZE - where)
			n = SIZE - where;
		fuzz_take(&in, mem.base + where, n);
	}
	if (ofl_vq_setup(&vq, &mem, &line, OFL_VQ_SIZE_MAX, choice >> 4 & 7)) {
		MUST(vq.why && !vq.size);
		return 0;
	}
	/* Copies may write to the ring itself: bound what it makes of it. */
	for (unsigned int i = 0; i < 64 && (ret = ofl_vq_pop(&vq, &chain)); i++) {
		if (ret < 0) {
			MUST(ret == -EPROTO && vq.why);
			return 0;
		}
		MUST(chain.nr_out + chain.nr_in <= vq.size && chain.head < vq.size);
		MUST(chain.out_len + chain.in_len <= SIZE);
		MUST(ofl_vq_copy_out(&vq, &chain, choice, copy, SIZE) <= chain.out_len);
		MUST(ofl_vq_copy_in(&vq, &chain, 3, copy, SIZE) <= chain.in_len);
		ofl_vq_push(&vq, chain.head, (uint32_t)chain.in_len);
		ofl_vq_should_call(&vq);
		ofl_vq_arm(&vq);
		ofl_vq_pending(&vq);
	}
	return 0;
}
