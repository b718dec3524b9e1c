// SPDX-License-Identifier: BSD-2-Clause
/*
 * From the platform's entry code to main and out again.
 *
 * ofl_main() sets up the C library (TLS, constructors), splits the arguments
 * of the boot page, waits for a PMM unless the image needs none, attaches its
 * devices and calls main.  exit() ends up in _exit(): what the console still
 * holds is given time to leave, then the core goes back.
 *
 * The wait for the PMM has no end of its own (somebody starts it when he
 * likes), but it is made of bounded steps, and a stop request is obeyed by the
 * platform in the middle of it.
 */
#include "platform.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "devices.h"
#include "hooks.h"
#include "tls.h"
#include "wait.h"

/* The host rings when a PMM comes; this is how often it is looked for anyway. */
#define PMM_LOOK (1 * OFL_SEC)

#define EXIT_BAD_ARGS 126

void ofl_heartbeat(void)
{
	__atomic_fetch_add(&ofl_boot->image.heartbeat, 1, __ATOMIC_RELAXED);
}

/* argv out of the boot page; does not return if the arguments are malformed. */
static int make_argv(char **argv)
{
	static char words[OFL_ARGS_MAX];
	static char name[sizeof(ofl_boot->image_name)];
	size_t len = ofl_boot->info.args_len, where = 0;
	int n;

	memcpy(name, ofl_boot->image_name, sizeof(name) - 1);
	argv[0] = name;
	if (len > OFL_ARGS_MAX - 1)
		len = OFL_ARGS_MAX - 1;
	n = ofl_args_split(ofl_boot->args, len, words, sizeof(words), argv + 1,
			   OFL_ARGC_MAX, &where);
	if (n < 0) {
		if (n == -E2BIG)
			ofl_log_printf("offload: more than %d arguments\n",
				       OFL_ARGC_MAX - 1);
		else
			ofl_log_printf("offload: arguments: quote or backslash at byte %u is not closed: %s\n",
				       (unsigned int)where, ofl_boot->args);
		ofl_platform_leave(OFL_STATE_EXITED, EXIT_BAD_ARGS);
	}
	return n + 1;
}

/* A PMM whose window cannot be used is left alone; the next one may be better. */
static void wait_for_pmm(void)
{
	uint32_t refused = 0;
	unsigned int spins = 0;

	ofl_platform_state(OFL_STATE_WAITING);
	for (;;) {
		uint32_t epoch = ofl_platform_pmm_epoch();

		if (epoch && epoch != refused) {
			if (!ofl_devices_attach(epoch))
				return;
			refused = epoch;
		}
		ofl_platform_wait_until(spins, ofl_wait_may_sleep(spins) ?
						       ofl_now_ns() + PMM_LOOK : 0);
		if (spins < ~0u)
			spins++;
	}
}

static void attach(void)
{
	bool needed = !(ofl_boot->info.flags & OFL_IMAGE_NO_PMM);
	uint32_t epoch;

	if (!ofl_window_va) {
		if (needed)
			ofl_log_printf("offload: no shared window, so no PMM; main starts without\n");
		return;
	}
	if (needed) {
		wait_for_pmm();
		return;
	}
	epoch = ofl_platform_pmm_epoch();
	if (epoch)
		ofl_devices_attach(epoch);
}

void ofl_main(void)
{
	static char *argv[1 + OFL_ARGC_MAX];
	int argc;

	ofl_tls_init();
	ofl_boot->image.abi = OFL_ABI_VERSION;
	argc = make_argv(argv);
	attach();
	ofl_libc_init();
	ofl_boot->image.main_counter = ofl_counter();
	ofl_platform_state(OFL_STATE_RUNNING);
	exit(main(argc, argv));
}

/* After atexit handlers and the flush of stdio. */
void _exit(int status)
{
	ofl_devices_drain();
	ofl_platform_leave(OFL_STATE_EXITED, status);
}
