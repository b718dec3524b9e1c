// SPDX-License-Identifier: BSD-2-Clause
/*
 * Several ports of a virtio-console (VIRTIO_CONSOLE_F_MULTIPORT).
 *
 * The PMM tells of ports, names and sizes by messages in a control queue.  They
 * are facts about the outside that anybody may get wrong: a message that makes no
 * sense is skipped, and a port that is not announced in time is there all the
 * same, without a name.  The control queue is looked at when somebody asks for a
 * name or a size; no message is ever waited for twice.
 */
#include "conports.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "devices.h"
#include "files.h"
#include "wait.h"

#define CTRL_RX 2u
#define CTRL_TX 3u
#define CTRL_SIZE 64u /* of a message */
#define CTRL_BUFS 4u
#define CTRL_TIMEOUT OFL_SEC
#define NAME_MAX_LEN 31u

enum {
	DEVICE_READY = 0,
	DEVICE_ADD = 1,
	PORT_READY = 3,
	RESIZE = 5,
	PORT_OPEN = 6,
	PORT_NAME = 7,
};

struct port {
	struct ofl_console *con;
	char name[NAME_MAX_LEN + 1];
	uint16_t cols, rows;
	bool open;
};

static struct {
	struct ofl_virtio *dev;
	bool multi;
	unsigned int nr;
	struct port port[OFL_CONPORTS];
	struct ofl_console *others; /* ports 1 and up, once allocated */
	struct ofl_vq rx, tx;
	uint8_t *tx_buf, *rx_buf[CTRL_BUFS];
	uint64_t tx_pa, rx_pa[CTRL_BUFS];
} con;

static void post(unsigned int i)
{
	struct ofl_vq_buf in = { con.rx_pa[i], CTRL_SIZE };

	/* Without it the PMM cannot say more, and that is all. */
	if (!ofl_vq_add(&con.rx, &in, 0, 1, con.rx_buf[i]))
		ofl_vq_kick(&con.rx);
}

/* Send a message, bounded; what is not taken is not said. */
static void tell(unsigned int id, unsigned int event, unsigned int value)
{
	struct ofl_vq_buf out = { con.tx_pa, 8 };
	uint8_t m[8] = { (uint8_t)id, 0, 0, 0, (uint8_t)event, 0, (uint8_t)value,
			 0 };
	void *cookie;
	uint32_t len;

	memcpy(con.tx_buf, m, sizeof(m));
	if (ofl_vq_add(&con.tx, &out, 1, 0, con.tx_buf))
		return;
	ofl_vq_kick(&con.tx);
	if (ofl_vq_get_wait(&con.tx, &cookie, &len, CTRL_TIMEOUT) < 0)
		ofl_virtio_fail(con.dev, "console control messages are not taken");
}

/* A private copy of a message. */
static void take(const uint8_t *m, uint32_t len)
{
	struct port *port;
	uint32_t id;

	if (len < 8)
		return;
	id = m[0] | (uint32_t)m[1] << 8 | (uint32_t)m[2] << 16 |
	     (uint32_t)m[3] << 24;
	if (id >= con.nr || m[5])
		return;
	port = &con.port[id];
	switch (m[4]) {
	case DEVICE_ADD:
		tell(id, PORT_READY, 1);
		tell(id, PORT_OPEN, 1);
		break;
	case RESIZE:
		if (len < 12)
			break;
		port->cols = (uint16_t)(m[8] | m[9] << 8);
		port->rows = (uint16_t)(m[10] | m[11] << 8);
		break;
	case PORT_OPEN:
		port->open = m[6];
		break;
	case PORT_NAME:
		len -= 8;
		if (!len || len > NAME_MAX_LEN || memchr(m + 8, 0, len) ||
		    memchr(m + 8, '/', len))
			break;
		memcpy(port->name, m + 8, len);
		port->name[len] = '\0';
		break;
	}
}

/* Whatever the PMM has said meanwhile. */
static void hear(void)
{
	uint8_t m[CTRL_SIZE];
	void *cookie;
	uint32_t len;

	/* A PMM that never stops talking does not get more than this at a time. */
	for (unsigned int n = 0; n < 64 && con.multi; n++) {
		if (ofl_vq_get(&con.rx, &cookie, &len) <= 0)
			return;
		memcpy(m, cookie, len); /* at most CTRL_SIZE: ofl_vq_get() checked */
		for (unsigned int i = 0; i < CTRL_BUFS; i++)
			if (con.rx_buf[i] == cookie)
				post(i);
		take(m, len);
	}
}

static bool all_open(void)
{
	for (unsigned int p = 0; p < con.nr; p++)
		if (!con.port[p].open)
			return false;
	return true;
}

static int control_queues(struct ofl_virtio *dev)
{
	int err;

	err = ofl_virtio_queue(dev, &con.rx, CTRL_RX, CTRL_BUFS);
	if (!err)
		err = ofl_virtio_queue(dev, &con.tx, CTRL_TX, CTRL_BUFS);
	if (err)
		return err;
	if (con.rx.size < CTRL_BUFS)
		return -ENOSPC;
	con.tx_buf = ofl_devmem_alloc(&dev->mem, CTRL_SIZE, &con.tx_pa);
	if (!con.tx_buf)
		return -ENOMEM;
	for (unsigned int i = 0; i < CTRL_BUFS; i++) {
		con.rx_buf[i] = ofl_devmem_alloc(&dev->mem, CTRL_SIZE,
						 &con.rx_pa[i]);
		if (!con.rx_buf[i])
			return -ENOMEM;
	}
	return 0;
}

static int start_ports(struct ofl_console *first, struct ofl_virtio *dev)
{
	size_t left;
	int err;

	if (con.nr > 1 && !con.others)
		con.others = calloc(OFL_CONPORTS - 1, sizeof(*con.others));
	if (con.nr > 1 && !con.others)
		return -ENOMEM;
	err = control_queues(dev);
	/* Each port an equal part of what is left. */
	left = ofl_devmem_left(&dev->mem);
	for (unsigned int p = 0; !err && p < con.nr; p++) {
		con.port[p].con = p ? &con.others[p - 1] : first;
		err = ofl_console_queues(con.port[p].con, dev, p ? 2 + 2 * p : 0,
					 left / con.nr * (con.nr - 1 - p));
	}
	if (!err)
		err = ofl_virtio_ready(dev);
	for (unsigned int p = 0; !err && p < con.nr; p++)
		err = ofl_console_use(con.port[p].con, dev);
	return err;
}

static int ports_start(struct ofl_console *first, struct ofl_virtio *dev)
{
	struct ofl_console *others = con.others;
	struct ofl_wait wait = OFL_WAIT(CTRL_TIMEOUT);
	uint8_t nr[4] = { 1 };
	int err;

	memset(&con, 0, sizeof(con));
	con.others = others;
	con.dev = dev;
	con.nr = 1;
	con.port[0].con = first;
	if (!(dev->offered & OFL_CONSOLE_F_MULTIPORT))
		return ofl_console_start(first, dev);
	err = ofl_virtio_start(dev, OFL_VIRTIO_F_EVENT_IDX | OFL_CONSOLE_F_SIZE |
					    OFL_CONSOLE_F_MULTIPORT);
	if (!err)
		err = ofl_virtio_config(dev, 4, nr, sizeof(nr));
	if (err)
		return err;
	con.nr = nr[0] && !nr[1] && !nr[2] && !nr[3] ? nr[0] : 1;
	if (con.nr > OFL_CONPORTS)
		con.nr = OFL_CONPORTS;
	while (con.nr > 1 && 2 + 2 * con.nr > dev->nr_queues)
		con.nr--;
	err = start_ports(first, dev);
	if (err) {
		con.nr = 0;
		first->dev = NULL;
		return err;
	}
	con.multi = true;
	for (unsigned int i = 0; i < CTRL_BUFS; i++)
		post(i);
	tell(0, DEVICE_READY, 1);
	while (hear(), !all_open() && ofl_virtio_alive(dev) &&
	       !ofl_wait_step(&wait))
		;
	return 0;
}

static void ports_lost(void)
{
	for (unsigned int p = 0; p < con.nr; p++)
		ofl_console_lost(con.port[p].con);
	con.multi = false;
	con.nr = 0;
}

static struct ofl_console *find(const char *name)
{
	for (unsigned int p = 0; p < con.nr; p++) {
		char hvc[] = "hvc0";

		hvc[3] = (char)('0' + p);
		if (!strcmp(name, hvc) ||
		    (con.port[p].name[0] && !strcmp(name, con.port[p].name)))
			return con.port[p].con;
	}
	return NULL;
}

struct ofl_console *ofl_conports_find(const char *name)
{
	if (!name || strncmp(name, "/dev/", 5))
		return NULL;
	ofl_devices_check();
	hear();
	return find(name + 5);
}

void ofl_conports_size(const struct ofl_console *port, uint16_t *cols,
		       uint16_t *rows)
{
	uint8_t size[4];

	*cols = 0;
	*rows = 0;
	hear();
	for (unsigned int p = 0; p < con.nr; p++) {
		if (con.port[p].con != port)
			continue;
		*cols = con.port[p].cols;
		*rows = con.port[p].rows;
		/* Without control messages port 0 has it in the configuration. */
		if (p || con.multi || !(con.dev->features & OFL_CONSOLE_F_SIZE) ||
		    ofl_virtio_config(con.dev, 0, size, sizeof(size)))
			continue;
		*cols = (uint16_t)(size[0] | size[1] << 8);
		*rows = (uint16_t)(size[2] | size[3] << 8);
	}
}

static void ports_drain(void)
{
	for (unsigned int p = 1; p < con.nr; p++)
		ofl_console_drain(con.port[p].con);
}

const struct ofl_conports ofl_conports = {
	.start = ports_start,
	.lost = ports_lost,
	.drain = ports_drain,
};

/* What ioctl() (socket.c) does with consoles. */
int ofl_tty_ioctl(int fd, unsigned long request, void *arg)
{
	struct ofl_console *port;
	struct winsize *ws = arg;
	int err;

	err = ofl_files_console_of(fd, &port);
	if (err)
		return err;
	if (request != TIOCGWINSZ)
		return -ENOTTY;
	memset(ws, 0, sizeof(*ws));
	if (port)
		ofl_conports_size(port, &ws->ws_col, &ws->ws_row);
	return 0;
}
