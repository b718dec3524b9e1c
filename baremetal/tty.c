// SPDX-License-Identifier: BSD-2-Clause
/*
 * The console of an image, as files see it.
 *
 * Standard input and output are a virtio console while there is a PMM that serves
 * one.  Without it output goes to the log, so that nothing an image prints is
 * lost silently and nothing ever waits for a PMM that has gone, and input comes
 * from a serial line if there is one.  Any other port is that port and nothing
 * else.
 */
#include "tty.h"

#include <errno.h>

#include "conports.h"
#include "devices.h"
#include "platform.h"

static struct ofl_console port0; /* port 0 of the PMM's console */
static struct ofl_console *console;

int (*ofl_tty_getc)(void);
bool ofl_tty_midline;

void ofl_tty_use(struct ofl_console *con)
{
	console = con;
}

struct ofl_console *ofl_tty_console(struct ofl_console *port)
{
	return port ? port : console;
}

/* The log takes what no console does. */
int64_t ofl_tty_write(struct ofl_console *port, const void *buf, size_t len)
{
	ssize_t done = 0;

	ofl_devices_check();
	/* Another port's text is not for the log. */
	if (port)
		return ofl_console_write(port, buf, len);
	if (len)
		ofl_tty_midline = ((const char *)buf)[len - 1] != '\n';
	if (console)
		done = ofl_console_write(console, buf, len);
	if (done < 0)
		done = 0;
	ofl_log_write((const char *)buf + done, len - (size_t)done);
	return (int64_t)len;
}

/* What a serial line has, at least one byte; Enter is a newline. */
static int64_t serial_read(char *buf, size_t len, bool nonblock)
{
	unsigned int spins = 0;
	size_t done = 0;
	int c;

	if (!ofl_tty_getc)
		return 0;
	while (done < len) {
		c = ofl_tty_getc();
		if (c >= 0) {
			buf[done++] = c == '\r' ? '\n' : (char)c;
			continue;
		}
		if (done)
			break;
		if (nonblock)
			return -EAGAIN;
		ofl_platform_wait(spins);
		if (spins < ~0u)
			spins++;
	}
	return (int64_t)done;
}

int64_t ofl_tty_read(struct ofl_console *port, void *buf, size_t len, bool nonblock)
{
	struct ofl_console *con;

	ofl_devices_check();
	con = ofl_tty_console(port);
	return con ? ofl_console_read(con, buf, len, nonblock) :
		     serial_read(buf, len, nonblock);
}

bool ofl_tty_readable(struct ofl_console *port)
{
	struct ofl_console *con = ofl_tty_console(port);

	return !con || ofl_console_readable(con);
}

/* --- the driver --- */

static int tty_start(struct ofl_virtio *dev)
{
	int err;

	if (port0.dev)
		return -ENOTSUP;
	err = &ofl_conports ? ofl_conports.start(&port0, dev) :
			      ofl_console_start(&port0, dev);
	if (!err)
		ofl_tty_use(&port0);
	return err;
}

static void tty_lost(void)
{
	if (&ofl_conports)
		ofl_conports.lost();
	ofl_console_lost(&port0);
}

static void tty_forget(void)
{
	ofl_tty_use(NULL);
}

static void tty_drain(void)
{
	ofl_console_drain(&port0);
	if (&ofl_conports)
		ofl_conports.drain();
}

static void tty_arm(bool on)
{
	if (console && ofl_console_works(console))
		ofl_vq_want_call(&console->rx, on);
}

OFL_DRIVER(console_driver) = {
	.device_id = OFL_VIRTIO_ID_CONSOLE,
	.start = tty_start,
	.lost = tty_lost,
	.forget = tty_forget,
	.drain = tty_drain,
	.arm = tty_arm,
};
