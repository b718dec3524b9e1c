/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * offload-pmm: serves console, files and sockets to the image on a borrowed core.
 *
 * The life of the daemon: options; open all that needs privileges (device or
 * socket, console, shares); give the privileges up; lay out the window and let
 * the image start; serve until a signal, or with --once until the image ends.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "console.h"
#include "log.h"
#include "p9.h"
#include "pmm.h"
#include "priv.h"
#include "rng.h"
#include "vsock.h"

struct shares {
	struct ofl_p9 *p9[OFL_SHARES_MAX];
	struct ofl_p9fs *fs[OFL_SHARES_MAX];
};

static void main_signal(void *arg, uint32_t events)
{
	struct ofl_pmm *pmm = arg;

	(void)events;
	ofl_log("stopped by a signal");
	/* --once promises the image's status, and there is none. */
	pmm->exit_status = pmm->opt->once ? OFL_EXIT_FAILURE : 0;
	pmm->stop = true;
}

static int main_signals(struct ofl_pmm *pmm, struct ofl_source *source)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* In the background of a terminal: no input, but no standstill. */
	signal(SIGTTIN, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	*source = (struct ofl_source){ .fn = main_signal, .arg = pmm };
	source->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (source->fd < 0)
		return -errno;
	return ofl_loop_watch(&pmm->loop, source, EPOLLIN);
}

/* Each share may hold a few hundred descriptors. */
static void main_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int main_open_devices(struct ofl_pmm *pmm, struct shares *shares)
{
	const struct ofl_options *opt = pmm->opt;
	unsigned int i;

	pmm->console = ofl_console_open(opt->console, opt->log);
	if (!pmm->console)
		return -EIO;
	pmm->devs[pmm->nr_devs++] = ofl_console_dev(pmm->console);
	for (i = 0; i < opt->nr_shares; i++) {
		const struct ofl_share *share = &opt->share[i];

		shares->fs[i] = ofl_p9fs_open(share->dir);
		if (!shares->fs[i])
			return -EIO;
		shares->p9[i] = ofl_p9_new(share->tag, share->mem_size,
					   share->ro, &ofl_p9fs_ops,
					   shares->fs[i]);
		if (!shares->p9[i])
			return -ENOMEM;
		pmm->devs[pmm->nr_devs++] = ofl_p9_dev(shares->p9[i]);
	}
	/* Before vsock: the image's driver wants a random first port. */
	pmm->devs[pmm->nr_devs++] = ofl_rng_dev();
	if (opt->vsock.on) {
		pmm->vsock = ofl_vsock_open(opt);
		if (!pmm->vsock)
			return -EIO;
		pmm->devs[pmm->nr_devs++] = ofl_vsock_dev(pmm->vsock);
	}
	return 0;
}

static void main_close_devices(struct ofl_pmm *pmm, struct shares *shares)
{
	unsigned int i;

	for (i = 0; i < OFL_SHARES_MAX; i++) {
		ofl_p9_free(shares->p9[i]);
		ofl_p9fs_close(shares->fs[i]);
	}
	ofl_vsock_close(pmm->vsock);
	ofl_console_close(pmm->console);
}

int main(int argc, char **argv)
{
	struct shares shares = { 0 };
	struct ofl_source signals = { .fd = -1 };
	struct ofl_options opt;
	struct ofl_pmm pmm = { .opt = &opt };
	int err;

	err = ofl_options_parse(&opt, argc, argv);
	if (err)
		return err - 1;
	pmm.host = opt.socket ? &ofl_host_native : &ofl_host_module;
	main_raise_limit();
	err = ofl_loop_open(&pmm.loop);
	if (err) {
		ofl_log("epoll: %s", strerror(-err));
		goto out_options;
	}
	err = main_signals(&pmm, &signals);
	if (err) {
		ofl_log("signalfd: %s", strerror(-err));
		goto out_loop;
	}
	/* The share before the device: a refusal here leaves the module alone. */
	err = main_open_devices(&pmm, &shares);
	if (err)
		goto out_devices;
	err = pmm.host->open(&pmm);
	if (err)
		goto out_host;
	err = ofl_priv_drop(&opt);
	if (err)
		goto out_host;
	err = pmm.host->start(&pmm);
	if (err)
		goto out_host;
	ofl_console_watch(pmm.console, &pmm.loop);
	err = pmm.vsock ? ofl_vsock_watch(pmm.vsock, &pmm.loop) : 0;
	if (err) {
		ofl_log("vsock: %s", strerror(-err));
		goto out_host;
	}
	ofl_loop_run(&pmm);
out_host:
	pmm.host->close(&pmm);
out_devices:
	main_close_devices(&pmm, &shares);
	if (signals.fd >= 0)
		close(signals.fd);
out_loop:
	ofl_loop_close(&pmm.loop);
out_options:
	ofl_options_free(&opt);
	return err ? OFL_EXIT_FAILURE : pmm.exit_status;
}
