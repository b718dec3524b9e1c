// SPDX-License-Identifier: BSD-2-Clause
/*
 * CONNECT lines of clients, and a neighbour's OK line.  Input: which, then pieces as
 * they arrive: a length, as many bytes.
 */
#define main unit_main
#include "tests/unit/test_pmm_vsock.c"
#undef main
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	bool client = fuzz_number(&in, 1) & 1;
	static bool ready;
	struct vsock_conn *c;
	uint8_t piece[64];
	int pair[2];

	if (!ready)
		set_up();
	ready = true;
	MUST(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
	c = ofl_vsock_conn_new(vs, pair[0]);
	MUST(c);
	c->wants_ok = client;
	c->host_port = 80;
	ofl_vsock_conn_state(c, client ? VSOCK_LINE_IN : VSOCK_LINE_OUT, 1000);
	while (in.left && (c->state == VSOCK_LINE_IN || c->state == VSOCK_LINE_OUT)) {
		uint32_t n = fuzz_number(&in, 1) % sizeof(piece);

		fuzz_take(&in, piece, n);
		if (write(pair[1], piece, n) < 0)
			break;
		ofl_vsock_progress(c);
		MUST(c->line_len < VSOCK_LINE);
	}
	/* Nothing, or a number, came of it; no byte behind the line was taken. */
	if (c->state == VSOCK_ASKED)
		MUST(c->image_port != OFL_VSOCK_CID_ANY && strchr(c->line, ' '));
	close(pair[1]);
	ofl_dev_forget(dev);
	bring_rings_up();
	MUST(!vs->nr_conns);
	return 0;
}
