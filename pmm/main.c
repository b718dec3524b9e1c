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
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "console.h"
#include "log.h"
#include "net.h"
#include "p9.h"
#include "p9sock.h"
#include "pmm.h"
#include "priv.h"
#include "rng.h"
#include "sandbox.h"
#include "schedule.h"
#include "vsock.h"
#include "work.h"

/* Work that hangs is waited for this long at the end, and then left behind. */
#define LEAVE_MS 500

struct shares {
	struct share {
		struct ofl_p9 *p9;
		struct ofl_p9fs *fs;
		struct ofl_pool *pool;
		struct ofl_source source; /* of the pool */
	} share[OFL_SHARES_MAX];
};

static void main_stats(const struct ofl_pmm *pmm)
{
	unsigned int i;

	ofl_console_stats(pmm->console);
	for (i = 0; i < pmm->nr_p9; i++)
		ofl_p9_stats(pmm->p9[i], pmm->opt->share[i].tag);
	ofl_net_stats(pmm->net);
	ofl_spin_stats(&pmm->loop.spin);
}

/*
 * Signals that have come, and the bell for them.  Not a signalfd: what that has
 * to read depends on who asks, and for ready.c the kernel may ask from a thread of its
 * own, find nothing, and not ask again.
 */
static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGWINCH };
static volatile sig_atomic_t signal_come[NSIG];
static int signal_bell = -1;

#define NR_SIGNALS (sizeof(signals) / sizeof(*signals))

static void signal_handler(int nr)
{
	const uint64_t one = 1;
	int saved = errno;

	signal_come[nr] = 1;
	if (write(signal_bell, &one, sizeof(one)) < 0)
		errno = saved; /* full: it rings already */
}

static void main_signal(void *arg, uint32_t events)
{
	struct ofl_pmm *pmm = arg;
	uint64_t rings;
	unsigned int i;

	(void)events;
	if (read(signal_bell, &rings, sizeof(rings)) < 0)
		return;
	for (i = 0; i < NR_SIGNALS; i++) {
		if (!signal_come[signals[i]])
			continue;
		signal_come[signals[i]] = 0;
		switch (signals[i]) {
		case SIGUSR1:
			main_stats(pmm);
			break;
		case SIGWINCH:
			ofl_console_resized(pmm->console);
			break;
		default:
			ofl_log("stopped by a signal");
			/* --once promises the image's status, and there is none. */
			pmm->exit_status = pmm->opt->once ? OFL_EXIT_FAILURE : 0;
			pmm->stop = true;
		}
	}
}

/* SIG_UNBLOCK while serving, SIG_BLOCK before and after: they wait, but are not lost. */
static void main_hear(int how)
{
	sigset_t set;
	unsigned int i;

	sigemptyset(&set);
	for (i = 0; i < NR_SIGNALS; i++)
		sigaddset(&set, signals[i]);
	sigprocmask(how, &set, NULL);
}

static int main_signals(struct ofl_pmm *pmm, struct ofl_source *source)
{
	const struct sigaction action = { .sa_handler = signal_handler,
					  .sa_flags = SA_RESTART };
	unsigned int i;

	main_hear(SIG_BLOCK);
	signal(SIGPIPE, SIG_IGN);
	/* Under ulimit -f, an image's write too far is EFBIG, not our end. */
	signal(SIGXFSZ, SIG_IGN);
	/* In the background of a terminal: no input, but no standstill. */
	signal(SIGTTIN, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	*source = (struct ofl_source){ .fn = main_signal, .arg = pmm };
	source->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (source->fd < 0)
		return -errno;
	signal_bell = source->fd;
	for (i = 0; i < NR_SIGNALS; i++)
		sigaction(signals[i], &action, NULL);
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

static void main_work_ended(void *arg, uint32_t events)
{
	(void)events;
	ofl_pool_collect(arg);
}

static int main_open_share(struct ofl_pmm *pmm, const struct ofl_share *opt,
			   struct share *share)
{
	share->fs = ofl_p9fs_open(opt->dir, opt->mode);
	if (!share->fs)
		return -EIO;
	share->pool = ofl_pool_new(opt->workers);
	if (!share->pool)
		return -ENOMEM;
	share->source = (struct ofl_source){ .fd = ofl_pool_fd(share->pool),
					     .fn = main_work_ended,
					     .arg = share->pool };
	share->p9 = ofl_p9_new(opt->tag, opt->mem_size, opt->ro, &ofl_p9fs_ops,
			       share->fs);
	if (!share->p9)
		return -ENOMEM;
	if (opt->mode != OFL_P9FS_INLINE)
		ofl_p9_workers(share->p9, share->pool);
	pmm->devs[pmm->nr_devs++] = ofl_p9_dev(share->p9);
	pmm->p9[pmm->nr_p9++] = share->p9;
	return 0;
}

static int main_open_devices(struct ofl_pmm *pmm, struct shares *shares)
{
	const struct ofl_options *opt = pmm->opt;
	unsigned int i;
	int err;

	pmm->console = ofl_console_open(opt->port, opt->nr_ports, opt->log,
					opt->log_max);
	if (!pmm->console)
		return -EIO;
	pmm->devs[pmm->nr_devs++] = ofl_console_dev(pmm->console);
	for (i = 0; i < opt->nr_shares; i++) {
		err = main_open_share(pmm, &opt->share[i], &shares->share[i]);
		if (err)
			return err;
	}
	for (i = 0; i < opt->nr_serve; i++) {
		const struct ofl_serve *serve = &opt->serve[i];
		const struct share *share = &shares->share[serve->share];

		pmm->serving[i] = ofl_p9sock_open(serve->where,
						  opt->share[serve->share].ro,
						  &ofl_p9fs_ops, share->fs,
						  opt->share[serve->share].mode ==
								  OFL_P9FS_INLINE ?
							  NULL :
							  share->pool);
		if (!pmm->serving[i])
			return -EIO;
		pmm->nr_serving++;
	}
	/* Before vsock: the image's driver wants a random first port. */
	pmm->devs[pmm->nr_devs++] = ofl_rng_dev();
	if (opt->vsock.on) {
		pmm->vsock = ofl_vsock_open(opt);
		if (!pmm->vsock)
			return -EIO;
		pmm->devs[pmm->nr_devs++] = ofl_vsock_dev(pmm->vsock);
	}
	if (opt->net.tap || opt->net.passt) {
		pmm->net = ofl_net_open(opt);
		if (!pmm->net)
			return -EIO;
		pmm->devs[pmm->nr_devs++] = ofl_net_dev(pmm->net);
	}
	return 0;
}

static int main_watch(struct ofl_pmm *pmm, struct shares *shares)
{
	unsigned int i;
	int err = 0;

	ofl_console_watch(pmm->console, &pmm->loop);
	for (i = 0; !err && i < pmm->opt->nr_shares; i++)
		err = ofl_loop_watch(&pmm->loop, &shares->share[i].source, EPOLLIN);
	for (i = 0; !err && i < pmm->nr_serving; i++)
		err = ofl_p9sock_watch(pmm->serving[i], &pmm->loop);
	if (!err && pmm->vsock)
		err = ofl_vsock_watch(pmm->vsock, &pmm->loop);
	if (!err && pmm->net)
		err = ofl_net_watch(pmm->net, &pmm->loop);
	if (err)
		ofl_log("epoll: %s", strerror(-err));
	return err;
}

static void main_close_share(struct share *share, const char *tag)
{
	if (share->p9)
		ofl_p9_forget(share->p9);
	if (!ofl_pool_free(share->pool, LEAVE_MS)) {
		ofl_log("9p %s: the host's file system hangs in %u operation(s), which are left behind",
			tag, share->p9 ? ofl_p9_busy(share->p9) : 1);
		return; /* they still use all of it */
	}
	ofl_p9_free(share->p9);
	ofl_p9fs_close(share->fs);
}

static void main_close_devices(struct ofl_pmm *pmm, struct shares *shares)
{
	unsigned int i;

	for (i = 0; i < pmm->nr_serving; i++)
		ofl_p9sock_close(pmm->serving[i]);
	for (i = 0; i < pmm->opt->nr_shares; i++)
		main_close_share(&shares->share[i], pmm->opt->share[i].tag);
	ofl_vsock_close(pmm->vsock);
	ofl_net_close(pmm->net);
	ofl_console_close(pmm->console);
}

int main(int argc, char **argv)
{
	struct shares shares = { 0 };
	struct ofl_source signal_source = { .fd = -1 };
	struct ofl_options opt;
	struct ofl_pmm pmm = { .opt = &opt };
	int err;

	err = ofl_options_parse(&opt, argc, argv);
	if (err)
		return err - 1;
	pmm.host = opt.socket ? &ofl_host_native :
		   opt.device ? &ofl_host_module :
				&ofl_host_none;
	main_raise_limit();
	err = ofl_loop_open(&pmm.loop);
	if (err) {
		ofl_log("epoll: %s", strerror(-err));
		goto out_options;
	}
	err = main_signals(&pmm, &signal_source);
	if (err) {
		ofl_log("eventfd: %s", strerror(-err));
		goto out_loop;
	}
	/* The share before the device: a refusal here leaves the module alone. */
	err = main_open_devices(&pmm, &shares);
	if (err)
		goto out_devices;
	err = pmm.host->open(&pmm);
	if (err)
		goto out_host;
	err = ofl_sched_apply(&opt);
	if (err)
		goto out_host;
	err = ofl_sandbox_prepare(&opt, pmm.vsock);
	if (!err)
		err = ofl_priv_drop(&opt);
	if (!err)
		err = ofl_sandbox_enter();
	if (err)
		goto out_host;
	err = pmm.host->start(&pmm);
	if (!err)
		err = main_watch(&pmm, &shares);
	if (!err) {
		main_hear(SIG_UNBLOCK);
		ofl_loop_run(&pmm);
		main_hear(SIG_BLOCK);
	}
out_host:
	pmm.host->close(&pmm);
out_devices:
	main_close_devices(&pmm, &shares);
	if (signal_source.fd >= 0)
		close(signal_source.fd);
out_loop:
	ofl_loop_close(&pmm.loop);
out_options:
	ofl_options_free(&opt);
	return err ? OFL_EXIT_FAILURE : pmm.exit_status;
}
