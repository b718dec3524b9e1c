// SPDX-License-Identifier: BSD-2-Clause
/*
 * The image's vsock driver and sockets under a device that lies.  Input: steps; a
 * packet is honest but for the fields that its first byte names.
 */
#undef _GNU_SOURCE
#include "tests/unit/vsock_mock.h"
#include "fuzz_vsock.h"

static void hostile(struct fuzz_in *in, uint32_t port)
{
	struct ofl_vsock_hdr hdr = header(80, port, 0);
	uint8_t data[FUZZ_VSOCK_DATA];
	uint32_t said, len = fuzz_vsock_packet(in, &hdr, data, &said);

	inject_raw(&hdr, data, len, said == len ? 0 : said);
}

/* So that a packet can be more than there is room for. */
static void small_buffer(int fd)
{
	uint64_t room = 300;

	MUST(!t_setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, &room, sizeof(room)));
}

static void program(struct fuzz_in *in, uint32_t what, int listener)
{
	int fd = 3 + (int)(what >> 3) % 12;
	uint8_t buf[300];
	ssize_t n = 0;

	switch (what & 7) {
	case 0:
		n = t_socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (n >= 3) {
			small_buffer((int)n);
			t_connect((int)n, vm(HOST, 80), LEN);
		}
		return;
	case 1:
		t_accept4(listener, NULL, NULL, SOCK_NONBLOCK);
		return;
	case 2:
		n = t_recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		break;
	case 3:
		n = t_send(fd, buf, fuzz_number(in, 1), MSG_DONTWAIT);
		break;
	case 4:
		t_shutdown(fd, (int)(what >> 6) % 3);
		return;
	case 5:
		if (fd != listener && ofl_file_of(fd))
			t_close(fd);
		return;
	case 6:
		ofl_files_poll(fd);
		return;
	case 7:
		mock_now += 20 * OFL_SEC;
		return;
	}
	MUST(n <= (ssize_t)sizeof(buf));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	uint32_t port = 1024;
	int listener;

	set_up();
	peer_fwd_cnt = 0;
	listener = listening(7, 4);
	small_buffer(listener);
	for (unsigned int i = 0; in.left && i < 150; i++) {
		uint32_t what = fuzz_number(&in, 1);

		mock_steps = 0;
		switch (what & 3) {
		case 0:
			program(&in, what >> 2, listener);
			break;
		case 1:
			hostile(&in, port);
			break;
		case 2:
			while (next_packet())
				if (seen.op == OFL_VSOCK_OP_REQUEST)
					port = seen.src_port;
			break;
		case 3:
			ofl_vsock_progress();
			break;
		}
		for (const struct ofl_vsock *vs = ofl_vsock_all; vs; vs = vs->next)
			MUST(vs->rx_len <= vs->rx_size);
		MUST(nr_sockets <= OFL_VSOCK_MAX && nr_refusals <= REFUSALS);
	}
	mock_steps = 0;
	end();
	return 0;
}
