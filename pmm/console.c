/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console device: queues, and the control messages of MULTIPORT.
 *
 * A core that does real-time work must not wait for a terminal.  So output is
 * taken from the queue at once, whoever reads it (conport.c).  Input is taken from
 * a port's descriptor only while the image has room for it.
 *
 * What the driver must be told by control messages is kept as a few bits for each
 * port, not as messages: a driver that gives no buffers costs nothing.  A driver
 * without MULTIPORT has port 0 only; a size that changes is in the
 * configuration for it, with a new generation.
 *
 * A pseudo-terminal does not tell its master of a new size: a timer looks.
 */
#define _GNU_SOURCE 1
#include "console.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "log.h"
#include "options.h"

/* Port 0 has queues 0 and 1, control 2 and 3, and the others two each behind. */
#define CON_RX 0u
#define CON_TX 1u
#define CON_CTRL_RX 2u /* from us to the driver */
#define CON_CTRL_TX 3u

#define CON_F_SIZE 1ull
#define CON_F_MULTIPORT 2ull

#define CON_CHAINS 16 /* per turn */
#define CON_CONFIG_SIZE 12
#define CON_SIZE_LOOK_MS 500

enum con_event {
	CON_DEVICE_READY = 0,
	CON_DEVICE_ADD = 1,
	CON_PORT_READY = 3,
	CON_CONSOLE_PORT = 4,
	CON_RESIZE = 5,
	CON_PORT_OPEN = 6,
	CON_PORT_NAME = 7,
};

/* Told in this order. */
#define CON_OWE(event) (1u << (event))

struct ofl_console {
	struct ofl_dev dev;
	struct ofl_source timer; /* for the size of pseudo-terminals */
	struct con_file transcript;
	unsigned int nr_ports;
	uint32_t owed[OFL_PORTS_MAX]; /* control messages */
	uint64_t odd_messages;	      /* control messages without a meaning */
	struct con_port port[];
};

static unsigned int con_queue(unsigned int port, unsigned int rx_or_tx)
{
	return (port ? 2 + 2 * port : 0) + rx_or_tx;
}

/* --- the driver's side of a port --- */

static bool con_serve_tx(struct ofl_console *con, unsigned int p)
{
	const unsigned int q = con_queue(p, CON_TX);
	struct ofl_dev *dev = &con->dev;
	struct ofl_vq *vq = &dev->vq[q];
	struct ofl_vq_chain chain;
	uint8_t piece[1024];
	uint64_t off;
	uint32_t n;
	int i, got;

	for (i = 0; i < CON_CHAINS; i++) {
		got = ofl_vq_pop(vq, &chain);
		if (got < 0) {
			ofl_dev_break(dev, "transmit queue: %s", vq->why);
			break;
		}
		if (!got)
			break;
		if (chain.nr_in) {
			ofl_dev_break(dev, "transmit queue: writable buffer");
			break;
		}
		for (off = 0; off < chain.out_len; off += n) {
			n = ofl_vq_copy_out(vq, &chain, off, piece, sizeof(piece));
			if (!n)
				break;
			con->port[p].printed += n;
			if (!p)
				ofl_con_file_write(&con->transcript, piece, n);
			ofl_port_put(&con->port[p], piece, n);
		}
		ofl_vq_push(vq, chain.head, 0);
	}
	if (!i)
		return false;
	ofl_dev_call(dev, q);
	ofl_port_flush(&con->port[p]);
	return true;
}

static bool con_serve_rx(struct ofl_console *con, unsigned int p)
{
	const unsigned int q = con_queue(p, CON_RX);
	struct con_port *port = &con->port[p];
	struct ofl_dev *dev = &con->dev;
	struct ofl_vq *vq = &dev->vq[q];
	struct ofl_vq_chain chain;
	bool work = false;
	unsigned int i;
	uint32_t n;
	int got;

	if (port->in.always && ofl_vq_pending(vq))
		ofl_port_fill(port);
	/* the end of input never runs out: no more than so many in a turn */
	for (i = 0; i < CON_CHAINS && ofl_port_has_input(port); i++) {
		got = ofl_vq_pop(vq, &chain);
		if (got < 0) {
			ofl_dev_break(dev, "receive queue: %s", vq->why);
			return true;
		}
		if (!got)
			break;
		if (chain.nr_out) {
			ofl_dev_break(dev, "receive queue: readable buffer");
			return true;
		}
		n = ofl_vq_copy_in(vq, &chain, 0, port->in_buf + port->in_pos,
				   port->in_len - port->in_pos);
		/* The end of input is a buffer with nothing in it. */
		if (port->in_pos == port->in_len)
			port->eof_now = false;
		port->in_pos += n;
		ofl_vq_push(vq, chain.head, n);
		work = true;
	}
	if (work) {
		ofl_dev_call(dev, q);
		ofl_port_watch_input(port);
	}
	return work;
}

/* --- control messages --- */

static void con_control(struct ofl_console *con, uint32_t id, uint16_t event,
			uint16_t value)
{
	unsigned int p;

	if (event == CON_DEVICE_READY) {
		for (p = 0; value == 1 && p < con->nr_ports; p++)
			con->owed[p] |= CON_OWE(CON_DEVICE_ADD);
		return;
	}
	if (id >= con->nr_ports ||
	    (event != CON_PORT_READY && event != CON_PORT_OPEN)) {
		con->odd_messages++;
		return;
	}
	if (event == CON_PORT_READY && value == 1)
		con->owed[id] |= CON_OWE(CON_CONSOLE_PORT) | CON_OWE(CON_RESIZE) |
				 CON_OWE(CON_PORT_OPEN) |
				 (*con->port[id].name ? CON_OWE(CON_PORT_NAME) : 0);
	/* Whether it opened its end does not matter to anybody here. */
}

static bool con_serve_ctrl_tx(struct ofl_console *con)
{
	struct ofl_dev *dev = &con->dev;
	struct ofl_vq *vq = &dev->vq[CON_CTRL_TX];
	struct ofl_vq_chain chain;
	uint8_t m[8];
	int i, got;

	for (i = 0; i < CON_CHAINS; i++) {
		got = ofl_vq_pop(vq, &chain);
		if (!got)
			break;
		if (got < 0 || chain.nr_in) {
			ofl_dev_break(dev, "control queue: %s",
				      got < 0 ? vq->why : "writable buffer");
			return true;
		}
		if (ofl_vq_copy_out(vq, &chain, 0, m, sizeof(m)) == sizeof(m))
			con_control(con,
				    m[0] | m[1] << 8 | m[2] << 16 |
					    (uint32_t)m[3] << 24,
				    (uint16_t)(m[4] | m[5] << 8),
				    (uint16_t)(m[6] | m[7] << 8));
		else
			con->odd_messages++;
		ofl_vq_push(vq, chain.head, 0);
	}
	if (i)
		ofl_dev_call(dev, CON_CTRL_TX);
	return i > 0;
}

/* The message for one event of a port; its length. */
static uint32_t con_compose(const struct con_port *port, unsigned int p,
			    unsigned int event, uint8_t *m)
{
	uint32_t len = 8;

	memset(m, 0, len);
	m[0] = (uint8_t)p;
	m[4] = (uint8_t)event;
	m[6] = 1;
	if (event == CON_RESIZE) {
		m[6] = 0;
		m[len++] = (uint8_t)port->cols;
		m[len++] = (uint8_t)(port->cols >> 8);
		m[len++] = (uint8_t)port->rows;
		m[len++] = (uint8_t)(port->rows >> 8);
	} else if (event == CON_PORT_NAME) {
		memcpy(m + len, port->name, strlen(port->name));
		len += (uint32_t)strlen(port->name);
	}
	return len;
}

static bool con_owes(const struct ofl_console *con)
{
	unsigned int p;

	for (p = 0; p < con->nr_ports; p++)
		if (con->owed[p])
			return true;
	return false;
}

static bool con_serve_ctrl_rx(struct ofl_console *con)
{
	struct ofl_dev *dev = &con->dev;
	struct ofl_vq *vq = &dev->vq[CON_CTRL_RX];
	uint8_t m[8 + CON_NAME_MAX];
	struct ofl_vq_chain chain;
	unsigned int p, event;
	bool work = false;
	uint32_t n;
	int got;

	for (p = 0; p < con->nr_ports;) {
		if (!con->owed[p]) {
			p++;
			continue;
		}
		got = ofl_vq_pop(vq, &chain);
		if (!got)
			break;
		if (got < 0 || chain.nr_out) {
			ofl_dev_break(dev, "control queue: %s",
				      got < 0 ? vq->why : "readable buffer");
			return true;
		}
		event = (unsigned int)__builtin_ctz(con->owed[p]);
		con->owed[p] &= ~CON_OWE(event);
		n = con_compose(&con->port[p], p, event, m);
		n = ofl_vq_copy_in(vq, &chain, 0, m, n);
		ofl_vq_push(vq, chain.head, n);
		work = true;
	}
	if (work)
		ofl_dev_call(dev, CON_CTRL_RX);
	return work;
}

/* --- the device --- */

static unsigned int con_ports(const struct ofl_console *con)
{
	return con->dev.features & CON_F_MULTIPORT ? con->nr_ports : 1;
}

static bool con_serve(struct ofl_dev *dev)
{
	struct ofl_console *con = dev->priv;
	bool work = false;
	unsigned int p;

	if (dev->features & CON_F_MULTIPORT) {
		if (ofl_dev_live(dev, CON_CTRL_TX))
			work |= con_serve_ctrl_tx(con);
		if (ofl_dev_live(dev, CON_CTRL_RX))
			work |= con_serve_ctrl_rx(con);
	}
	for (p = 0; p < con_ports(con); p++) {
		if (ofl_dev_live(dev, con_queue(p, CON_TX)))
			work |= con_serve_tx(con, p);
		if (ofl_dev_live(dev, con_queue(p, CON_RX)))
			work |= con_serve_rx(con, p);
	}
	return work;
}

static bool con_wants(const struct ofl_dev *dev, unsigned int q)
{
	const struct ofl_console *con = dev->priv;
	const struct con_port *port;
	unsigned int p = q < 2 ? 0 : q / 2 - 1;

	if (dev->nr_queues > 2 && (q == CON_CTRL_RX || q == CON_CTRL_TX))
		return (dev->features & CON_F_MULTIPORT) &&
		       (q == CON_CTRL_TX || con_owes(con));
	if (p >= con_ports(con))
		return false;
	port = &con->port[p];
	return (q & 1) == CON_TX || ofl_port_has_input(port) ||
	       (port->in.always && port->in.fd >= 0);
}

static void con_reset(struct ofl_dev *dev)
{
	struct ofl_console *con = dev->priv;
	unsigned int p;

	memset(con->owed, 0, sizeof(con->owed));
	for (p = 0; p < con->nr_ports; p++) {
		ofl_port_flush(&con->port[p]);
		ofl_port_tell_dropped(&con->port[p]);
	}
}

static const struct ofl_dev_ops con_ops = {
	.reset = con_reset,
	.serve = con_serve,
	.wants = con_wants,
};

static void con_set_size(struct ofl_console *con)
{
	const struct con_port *port = &con->port[0];
	uint8_t size[4] = { (uint8_t)port->cols, (uint8_t)(port->cols >> 8),
			    (uint8_t)port->rows, (uint8_t)(port->rows >> 8) };

	ofl_dev_set_config(&con->dev, 0, size, sizeof(size));
}

void ofl_console_resized(struct ofl_console *con)
{
	unsigned int p;

	for (p = 0; p < con->nr_ports; p++) {
		if (!ofl_port_resized(&con->port[p]))
			continue;
		con->owed[p] |= CON_OWE(CON_RESIZE);
		if (!p)
			con_set_size(con);
	}
}

static void con_look(void *arg, uint32_t events)
{
	struct ofl_console *con = arg;
	uint64_t times;

	(void)events;
	if (read(con->timer.fd, &times, sizeof(times)) == sizeof(times))
		ofl_console_resized(con);
}

static int con_start_timer(struct ofl_console *con)
{
	const struct timespec half = { 0, CON_SIZE_LOOK_MS * 1000000l };
	const struct itimerspec period = { half, half };

	con->timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (con->timer.fd < 0 ||
	    timerfd_settime(con->timer.fd, 0, &period, NULL)) {
		ofl_log("--console pty: timer: %s", strerror(errno));
		return -errno;
	}
	return 0;
}

struct ofl_console *ofl_console_open(const struct ofl_port_options *ports,
				     unsigned int nr, const char *transcript,
				     uint64_t max)
{
	struct ofl_console *con =
		calloc(1, sizeof(*con) + nr * sizeof(con->port[0]));
	unsigned int p;
	int err = 0;

	if (!con) {
		ofl_log("out of memory");
		return NULL;
	}
	con->timer = (struct ofl_source){ .fd = -1, .fn = con_look, .arg = con };
	con->transcript.fd = -1;
	con->dev.ops = &con_ops;
	con->dev.priv = con;
	strcpy(con->dev.name, "console");
	con->dev.device_id = OFL_ID_CONSOLE;
	con->dev.offered = CON_F_SIZE;
	con->dev.in_order = true;
	con->dev.nr_queues = 2;
	con->dev.config_size = CON_CONFIG_SIZE;
	con->dev.config[4] = (uint8_t)nr;
	con->dev.mem_size = OFL_MEM_DEFAULT * nr;
	if (nr > 1 || ports[0].name[0]) {
		con->dev.offered |= CON_F_MULTIPORT;
		con->dev.nr_queues = 2 + 2 * nr;
	}
	for (p = 0; !err && p < nr; p++) {
		err = ofl_port_open(&con->port[p], &ports[p]);
		con->nr_ports++;
		if (!err && con->timer.fd < 0 && con->port[p].pty_slave >= 0 &&
		    con->port[p].size_fd >= 0)
			err = con_start_timer(con);
	}
	if (!err && transcript)
		err = ofl_con_file_open(&con->transcript, "--log ", transcript,
					max);
	if (!err) {
		con_set_size(con);
		return con;
	}
	ofl_console_close(con);
	return NULL;
}

void ofl_console_watch(struct ofl_console *con, struct ofl_loop *loop)
{
	unsigned int p;

	ofl_loop_watch(loop, &con->timer, EPOLLIN);
	for (p = 0; p < con->nr_ports; p++)
		ofl_port_watch(&con->port[p], loop);
}

struct ofl_dev *ofl_console_dev(struct ofl_console *con)
{
	return &con->dev;
}

void ofl_console_drain(struct ofl_console *con, int timeout_ms)
{
	unsigned int p;

	for (p = 0; p < con->nr_ports; p++)
		ofl_port_drain(&con->port[p], timeout_ms);
}

void ofl_console_stats(const struct ofl_console *con)
{
	unsigned int p;

	for (p = 0; p < con->nr_ports; p++) {
		const struct con_port *port = &con->port[p];

		ofl_log("console %u%s%s: %llu bytes printed, %llu typed, %llu dropped",
			p, *port->name ? " " : "", port->name,
			(unsigned long long)port->printed,
			(unsigned long long)port->typed,
			(unsigned long long)port->dropped);
	}
	if (con->odd_messages)
		ofl_log("console: %llu control messages without a meaning",
			(unsigned long long)con->odd_messages);
}

void ofl_console_close(struct ofl_console *con)
{
	unsigned int p;

	if (!con)
		return;
	for (p = 0; p < con->nr_ports; p++)
		ofl_port_close(&con->port[p]);
	if (con->timer.fd >= 0)
		close(con->timer.fd);
	if (con->transcript.fd >= 0)
		close(con->transcript.fd);
	free(con);
}
