/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One port of the console, without virtio: what the image prints goes to a
 * reader that may be slow or absent, what somebody types comes from it.  Nothing
 * here ever waits.
 */
#ifndef OFL_PMM_CONPORT_H
#define OFL_PMM_CONPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop.h"

#define CON_OUT_SIZE (256u * 1024) /* a power of two */
#define CON_IN_SIZE 4096u
#define CON_LINE_MAX 1024u
#define CON_NAME_MAX 31u

struct ofl_port_options {
	const char *mode; /* stdio, pty, none, file:PATH, unix:PATH; checked */
	char name[CON_NAME_MAX + 1]; /* "": none */
	uint16_t cols, rows;	     /* 0: as the terminal has it */
	bool line;		     /* echo, and whole lines only */
	uint64_t max;		     /* of file:PATH; 0: no limit */
};

/* A file that is renamed to FILE.1 when it is full, and begun anew. */
struct con_file {
	const char *path;
	int fd;
	uint64_t len, max; /* max 0: no limit, or not a regular file */
	bool told;
};

struct con_port {
	char name[CON_NAME_MAX + 1];
	struct ofl_loop *loop;
	struct ofl_source in;
	struct ofl_source out;
	struct ofl_source listener; /* unix:PATH */
	char *path;
	struct con_file file;
	int pty_slave;	 /* kept open so that a missing reader is no hang-up */
	int restore_in;	 /* status flags to put back at close, or -1 */
	int restore_out;
	int size_fd; /* a terminal whose size is ours, or -1 */
	uint16_t cols, rows;
	bool eof;     /* there will be no more input */
	bool eof_now; /* the end was typed */
	bool line;
	/* counters */
	uint64_t printed, typed, dropped, dropped_told;
	uint32_t out_head, out_tail; /* free running; head - tail bytes are kept */
	uint32_t in_pos, in_len;
	uint32_t line_len;
	char line_buf[CON_LINE_MAX];
	uint8_t in_buf[CON_IN_SIZE];
	uint8_t out_buf[CON_OUT_SIZE];
};

/* --- conopen.c --- */

/* Open what the options say; logs what is wrong.  0 or -errno. */
int ofl_port_open(struct con_port *port, const struct ofl_port_options *opt);
void ofl_port_watch(struct con_port *port, struct ofl_loop *loop);
void ofl_port_close(struct con_port *port);
/* Ask the terminal; true: its size has changed. */
bool ofl_port_resized(struct con_port *port);

/* Open (and empty) a bounded file; logs with `option`.  0 or -errno. */
int ofl_con_file_open(struct con_file *file, const char *option,
		      const char *path, uint64_t max);

/* --- conport.c --- */

void ofl_port_put(struct con_port *port, const uint8_t *data, uint32_t len);
/* Write until the buffer is empty or the reader is slow. */
void ofl_port_flush(struct con_port *port);
/* Read if what was read is used up. */
void ofl_port_fill(struct con_port *port);
void ofl_port_watch_input(struct con_port *port);
/* Is there input, or its end? */
bool ofl_port_has_input(const struct con_port *port);
/* Bring out what is buffered, for at most timeout_ms. */
void ofl_port_drain(struct con_port *port, int timeout_ms);
/* Log how much was dropped since it was said last. */
void ofl_port_tell_dropped(struct con_port *port);

/* All of data, or an error that is logged, and then the file is closed. */
void ofl_con_file_write(struct con_file *file, const uint8_t *data, uint32_t len);
/* Make room for len bytes (at most max). */
void ofl_con_file_turn(struct con_file *file, uint32_t len);

#endif
