// SPDX-License-Identifier: BSD-2-Clause
/* What the runtime works with, and faults while it reports one. */
#include <string.h>

#include "faults.h"

FAULT fault_window_write(void)
{
	for (uint64_t i = 0; i < ofl_boot->info.window_size; i++)
		ofl_window_va[i] = 0xa5;
	return 0;
}

/* Each line of the boot page that is not the image's to write. */
FAULT fault_boot_page_write(void)
{
	memset(&ofl_boot->host, 0xa5, sizeof(ofl_boot->host) - 48);
	memset(ofl_boot->args, 0xa5, sizeof(ofl_boot->args));
	return 0;
}

/* The crash is reported with nothing but garbage to do it with. */
FAULT fault_no_globals(void)
{
	uint64_t *volatile p = (uint64_t *)(uintptr_t)NOWHERE;

	ofl_log = (void *)p;
	ofl_crash = (void *)p;
	ofl_boot = (void *)p;
	*p = 0;
	return MINDED;
}

static void mirror(const char *text, size_t len)
{
	(void)text;
	sink = (uint32_t)len / null[4];
}

/* A fault in the reporting of a fault, in one of two ways. */
FAULT fault_in_report(void)
{
	ofl_log_mirror = mirror;
	null[4] = 0;
	return MINDED;
}

FAULT fault_in_report_call(void)
{
	ofl_log_mirror = (void (*)(const char *, size_t))NOWHERE;
	null[4] = 0;
	return MINDED;
}

const struct fault faults_runtime[] = {
	F(window_write), F(boot_page_write), F(no_globals), F(in_report),
	F(in_report_call),
	{ 0 },
};
