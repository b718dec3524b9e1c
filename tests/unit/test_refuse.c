// SPDX-License-Identifier: BSD-2-Clause
/* Each fact that forbids to take a core: its errno, its message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel-module/refuse.c"

static const struct ofl_refuse_facts good = {
	.cpu = 3,
	.nr_cpu_ids = 4,
	.nr_online = 4,
	.borrowed_by = -1,
	.possible = true,
	.present = true,
	.online = true,
};

static void refused(const struct ofl_refuse_facts *f, int err, const char *part)
{
	char msg[OFL_MSG_MAX] = "";

	assert_int_equal(ofl_refuse(f, msg), err);
	if (!strstr(msg, part))
		fail_msg("wanted \"%s\" in \"%s\"", part, msg);
	/* a whole sentence, not one that was cut */
	assert_true(strlen(msg) < OFL_MSG_MAX - 1);
}

#define REFUSED(change, err, part)                                             \
	do {                                                                   \
		struct ofl_refuse_facts f = good;                              \
		change;                                                        \
		refused(&f, err, part);                                        \
	} while (0)

static void nothing_forbids(void **state)
{
	char msg[OFL_MSG_MAX];

	(void)state;
	assert_int_equal(ofl_refuse(&good, msg), 0);
}

static void machine(void **state)
{
	(void)state;
	REFUSED(f.xen_pv = true, -EOPNOTSUPP, "Xen PV");
	REFUSED(f.encrypted_state = true, -EOPNOTSUPP, "SEV-ES");
	REFUSED(f.encrypted_memory = true, -EOPNOTSUPP, "mem_encrypt=off");
	REFUSED(f.five_levels = true, -EOPNOTSUPP, "no5lvl");
	REFUSED(f.no_lapic = true, -EOPNOTSUPP, "APIC");
	REFUSED(f.spin_table = true, -EOPNOTSUPP, "spin table");
	REFUSED(f.no_psci = true, -EOPNOTSUPP, "PSCI");
	REFUSED(f.old_psci = true, -EOPNOTSUPP, "PSCI 0.1");
	REFUSED(f.no_gic = true, -EOPNOTSUPP, "GICv2");
	REFUSED(f.no_counter_hz = true, -EOPNOTSUPP, "frequency");
}

static void cpu(void **state)
{
	(void)state;
	REFUSED(f.cpu = 0, -EPERM, "CPU 0");
	REFUSED(f.cpu = 4, -ENODEV, "no CPU 4");
	REFUSED(f.cpu = 0xffffffff, -ENODEV, "no CPU 4294967295");
	REFUSED(f.possible = false, -ENODEV, "present");
	REFUSED(f.present = false, -ENODEV, "no CPU 3");
	REFUSED(f.online = false, -ENXIO, "CPU 3 is offline");
	REFUSED(f.borrowed_by = 0; f.online = false, -EBUSY,
		"already lent to offload0");
	REFUSED(f.nr_online = 1, -EPERM, "last one online");
	REFUSED(f.no_hotplug = true, -EOPNOTSUPP, "hotplug");
}

/* What cannot be helped by another cpu= is said first. */
static void order(void **state)
{
	(void)state;
	REFUSED(f.xen_pv = true; f.cpu = 0, -EOPNOTSUPP, "Xen");
	REFUSED(f.cpu = 0; f.nr_online = 1, -EPERM, "CPU 0");
	REFUSED(f.online = false; f.nr_online = 1, -ENXIO, "offline");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_forbids),
		cmocka_unit_test(machine),
		cmocka_unit_test(cpu),
		cmocka_unit_test(order),
	};

	return cmocka_run_group_tests_name("refuse", tests, NULL, NULL);
}
