// SPDX-License-Identifier: BSD-2-Clause
/*
 * A virtio console (VIRTIO 1.2, 5.3) whose other end is the serial line: queue
 * 0 brings what is typed to the image, queue 1 its output to the line.
 */
#include "console.h"


#include <baremetal/serial.h>

#define CON_RX 0u
#define CON_TX 1u
#define CON_CHAINS 16 /* per turn */
#define CON_CONFIG_SIZE 12

static uint8_t in_buf[256];
static uint32_t in_len;

static bool serve_tx(struct ofl_dev *dev)
{
	struct ofl_vq *vq = &dev->vq[CON_TX];
	struct ofl_vq_chain chain;
	char piece[256];
	int i, got;

	for (i = 0; i < CON_CHAINS; i++) {
		uint64_t off;
		uint32_t n;

		got = ofl_vq_pop(vq, &chain);
		if (!got)
			break;
		if (got < 0 || chain.nr_in) {
			ofl_dev_break(dev, "transmit queue: %s",
				      got < 0 ? vq->why : "writable buffer");
			return true;
		}
		for (off = 0; off < chain.out_len; off += n) {
			n = ofl_vq_copy_out(vq, &chain, off, piece, sizeof(piece));
			if (!n)
				break;
			ofl_serial_write(piece, n);
		}
		ofl_vq_push(vq, chain.head, 0);
	}
	if (i)
		ofl_dev_call(dev, CON_TX);
	return i > 0;
}

static bool serve_rx(struct ofl_dev *dev)
{
	struct ofl_vq *vq = &dev->vq[CON_RX];
	struct ofl_vq_chain chain;
	int c, got;

	while (in_len < sizeof(in_buf) && (c = ofl_serial_read()) >= 0)
		in_buf[in_len++] = c == '\r' ? '\n' : (uint8_t)c;
	if (!in_len)
		return false;
	got = ofl_vq_pop(vq, &chain);
	if (!got)
		return false;
	if (got < 0 || chain.nr_out || chain.in_len < in_len) {
		ofl_dev_break(dev, "receive queue: %s",
			      got < 0 ? vq->why : "readable buffer, or a short one");
		return true;
	}
	ofl_vq_push(vq, chain.head, ofl_vq_copy_in(vq, &chain, 0, in_buf, in_len));
	in_len = 0;
	ofl_dev_call(dev, CON_RX);
	return true;
}

static bool console_serve(struct ofl_dev *dev)
{
	bool work = false;

	if (ofl_dev_live(dev, CON_TX))
		work = serve_tx(dev);
	if (ofl_dev_live(dev, CON_RX))
		work |= serve_rx(dev);
	return work;
}

static void console_reset(struct ofl_dev *dev)
{
	(void)dev;
	in_len = 0;
}

static const struct ofl_dev_ops console_ops = {
	.reset = console_reset,
	.serve = console_serve,
};

struct ofl_dev *ofl_boot_console(uint64_t mem_size)
{
	static struct ofl_dev dev = {
		.ops = &console_ops,
		.name = "console",
		.device_id = OFL_ID_CONSOLE,
		.nr_queues = 2,
		.config_size = CON_CONFIG_SIZE,
	};

	dev.mem_size = mem_size;
	return &dev;
}
