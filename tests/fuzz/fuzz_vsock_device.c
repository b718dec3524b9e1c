// SPDX-License-Identifier: BSD-2-Clause
/*
 * The daemon's vsock device between an image that lies and programs that do as they
 * like.  Input: steps; a packet is honest but for the fields that its first byte
 * names.
 */
#include "tests/unit/pmm_vsock.h"
#include "fuzz_vsock.h"

#define CLIENTS 4

static int clients[CLIENTS];

static void packet(struct fuzz_in *in)
{
	struct ofl_vsock_hdr hdr = header(7, host_port, 0);
	uint8_t data[FUZZ_VSOCK_DATA];
	uint32_t said, len = fuzz_vsock_packet(in, &hdr, data, &said);

	submit(&hdr, data, len, said + OFL_VSOCK_HDR);
}

static void client_step(struct fuzz_in *in, uint32_t what)
{
	int *fd = &clients[what % CLIENTS], pair[2];
	struct vsock_conn *c;
	uint8_t buf[256];

	if (*fd < 0) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair))
			return;
		c = ofl_vsock_conn_new(vs, pair[0]);
		MUST(c);
		*fd = pair[1];
		ofl_vsock_conn_ask(c, 7);
		return;
	}
	switch (what >> 4 & 3) {
	case 0:
		what = fuzz_number(in, 1);
		fuzz_take(in, buf, what);
		if (write(*fd, buf, what) < 0)
			errno = 0;
		break;
	case 1:
		if (read(*fd, buf, sizeof(buf)) < 0)
			errno = 0;
		break;
	case 2:
		shutdown(*fd, SHUT_WR);
		break;
	case 3:
		close(*fd);
		*fd = -1;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	static bool ready;
	unsigned int i;

	if (!ready) {
		signal(SIGPIPE, SIG_IGN);
		set_up();
	} else {
		struct ofl_dev *devs[1] = { dev };

		MUST(!ofl_window_layout(&mem, devs, 1, true));
		bring_rings_up();
	}
	ready = true;
	memset(clients, -1, sizeof(clients));
	host_port = 80;
	for (i = 0; in.left && i < 100 && dev->vq[OFL_VSOCK_TX].size; i++) {
		uint32_t what = fuzz_number(&in, 1);

		switch (what & 3) {
		case 0:
			client_step(&in, what >> 2);
			break;
		case 1:
			packet(&in);
			loop_turn();
			break;
		case 2:
			while (next_packet())
				if (seen.op == OFL_VSOCK_OP_REQUEST)
					host_port = seen.src_port;
			break;
		case 3:
			loop_turn();
			break;
		}
		MUST(vs->nr_conns <= OFL_VSOCK_CONNS_MAX);
		MUST(vs->nr_refusals <= VSOCK_REFUSALS);
	}
	for (i = 0; i < CLIENTS; i++)
		if (clients[i] >= 0)
			close(clients[i]);
	ofl_dev_forget(dev);
	for (i = 0; i < OFL_VSOCK_CONNS_MAX && vs->nr_conns; i++)
		if (vs->conn[i].state == VSOCK_LAST)
			ofl_vsock_conn_free(&vs->conn[i]);
	MUST(!vs->nr_conns && !vs->ready_first && !vs->nr_timed);
	return 0;
}
