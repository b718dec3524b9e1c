/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line. */
#ifndef OFL_PMM_OPTIONS_H
#define OFL_PMM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "net.h"
#include "vsock.h"
#include "conport.h"
#include "p9fs.h"

#define OFL_SHARES_MAX 16
#define OFL_DEVS_MAX (OFL_SHARES_MAX + 4) /* console, entropy, vsock, net */

#define OFL_PORTS_MAX 7u /* see console.h */
#define OFL_SERVE_MAX 4
#define OFL_WORKERS_DEFAULT 4

#define OFL_TAG_MAX 31
#define OFL_MEM_DEFAULT (24u * 1024) /* per device, as in 9p and console */
#define OFL_MEM_MAX (64u * 1024 * 1024)

struct ofl_share {
	char *dir;
	char tag[OFL_TAG_MAX + 1];
	bool ro;
	bool whole; /* even the machine's root folder */
	uint64_t mem_size; /* a multiple of OFL_PAGE; 0: as the window allows */
	enum ofl_p9fs_mode mode;
	unsigned int workers;
};

/* --serve-9p unix:PATH or fd:N */
struct ofl_serve {
	char *where;
	char tag[OFL_TAG_MAX + 1]; /* "": the first share */
	unsigned int share;
};

struct ofl_options {
	const char *device; /* one of device and socket is set, unless nr_serve */
	const char *socket;
	struct ofl_port_options port[OFL_PORTS_MAX]; /* of the console */
	unsigned int nr_ports;
	char *port_text[OFL_PORTS_MAX]; /* what their modes point into */
	char *log; /* console transcript, or NULL */
	uint64_t log_max;
	struct ofl_share share[OFL_SHARES_MAX];
	unsigned int nr_shares;
	struct ofl_vsock_options vsock;
	struct ofl_net_options net;
	struct ofl_serve serve[OFL_SERVE_MAX];
	unsigned int nr_serve;
	int cpu; /* -1: wherever */
	bool sched_given;
	int sched_policy;
	int sched_priority;
	bool mlockall;
	uint64_t window_size; /* of --socket */
	uint32_t spin_us;
	uint32_t abi; /* what to claim */
	bool once;
	bool stop_on_close; /* of --device */
	bool switch_user;
	uid_t uid;
	gid_t gid;
};

/*
 * 0: *opt is set; else what to exit with, plus 1 (so 1 is "success, and done",
 * as after --help).  Logs one line for what is wrong.
 */
int ofl_options_parse(struct ofl_options *opt, int argc, char **argv);
void ofl_options_free(struct ofl_options *opt);

/* "24K", "2M", "65536": 0, or -EINVAL; the value is rounded up to pages. */
int ofl_options_size(const char *text, uint64_t *size);

#endif
