/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the daemon share. */
#ifndef OFL_PMM_PMM_H
#define OFL_PMM_PMM_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"
#include "mem.h"
#include "options.h"
#include "vdev.h"

struct ofl_console;
struct ofl_vsock;
struct ofl_net;
struct ofl_p9;
struct ofl_p9sock;
struct ofl_pmm;

/* Exit statuses of the daemon itself; the image's own come with --once. */
#define OFL_EXIT_FAILURE 1
#define OFL_EXIT_USAGE 2
#define OFL_EXIT_CRASHED 125 /* --once: the image crashed or is stuck */

/*
 * Where the window and the image come from: /dev/offloadN (host_module.c), or a
 * process on a UNIX socket (host_native.c).
 */
struct ofl_host_ops {
	/* With all privileges: open what needs them.  Logs; 0 or -errno. */
	int (*open)(struct ofl_pmm *pmm);
	/* Unprivileged: attach, map, lay out, serve.  Logs; 0 or -errno. */
	int (*start)(struct ofl_pmm *pmm);
	/* Look at the image's state; cheap enough for every turn. */
	void (*check)(struct ofl_pmm *pmm);
	/* Wake the image.  NULL: it never sleeps. */
	void (*ring)(struct ofl_pmm *pmm);
	/* How long may we sleep, in ms; -1: until we are rung. */
	int (*sleep_ms)(struct ofl_pmm *pmm);
	void (*close)(struct ofl_pmm *pmm);
};

extern const struct ofl_host_ops ofl_host_module;
extern const struct ofl_host_ops ofl_host_native;
extern const struct ofl_host_ops ofl_host_none;

struct ofl_pmm {
	const struct ofl_options *opt;
	const struct ofl_host_ops *host;
	void *host_priv;
	struct ofl_loop loop;
	struct ofl_mem mem; /* size 0: no window is mapped now */
	struct ofl_dev *devs[OFL_DEVS_MAX];
	unsigned int nr_devs;
	struct ofl_console *console; /* NULL: none */
	struct ofl_vsock *vsock;     /* NULL: none */
	struct ofl_net *net;	     /* NULL: none */
	struct ofl_p9 *p9[OFL_SHARES_MAX]; /* for statistics */
	unsigned int nr_p9;
	struct ofl_p9sock *serving[OFL_SERVE_MAX];
	unsigned int nr_serving;
	bool stop;
	int exit_status;
};

/* Lay out pmm->mem; logs what is wrong.  0 or -errno. */
int ofl_pmm_layout(struct ofl_pmm *pmm, bool fresh);

/*
 * The image ended: serve what it left in the queues, bring its last words out
 * (bounded), forget it.  With --once: stop, with this exit status.
 */
void ofl_pmm_image_ended(struct ofl_pmm *pmm, int exit_status);

/* One turn over all devices, doorbell included.  True if there was work. */
bool ofl_pmm_poll(struct ofl_pmm *pmm);

#endif
