// SPDX-License-Identifier: BSD-2-Clause
/*
 * The serial line of a machine without Linux, if the boot page names one: it
 * carries the log, the console unless there is a better one, and at the end one
 * line for who watches.
 */
#include "core.h"
#include "serial.h"
#include "tty.h"

void ofl_line_init(bool mapped)
{
	const struct ofl_boot_info *info = &ofl_boot->info;

	if (ofl_log_mirror || (!mapped && info->serial != OFL_SERIAL_16550_IO))
		return;
	if (!ofl_serial_init(info->serial, info->serial_pa))
		return;
	ofl_log_mirror = ofl_serial_write;
	ofl_tty_getc = ofl_serial_read;
}

void ofl_line_end(enum ofl_image_state state, int status)
{
	static bool said;

	/* Twice: writing to the line is what faulted. */
	if (!ofl_log_mirror || said)
		return;
	said = true;
	if (ofl_tty_midline ||
	    (ofl_log->head && ofl_log->text[(ofl_log->head - 1) % sizeof(ofl_log->text)] != '\n'))
		ofl_log_write("\n", 1);
	switch (state) {
	case OFL_STATE_EXITED:
		ofl_log_printf("offload: exit status %d\n", status);
		break;
	case OFL_STATE_STOPPED:
		ofl_log_printf("offload: stopped\n");
		break;
	default:
		ofl_log_printf("offload: crashed\n");
		break;
	}
}
