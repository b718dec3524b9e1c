// SPDX-License-Identifier: BSD-2-Clause
#if defined(__aarch64__)
/* The second clock is the physical counter, which ours is an offset from. */
#include "timer/timer.h"

#include "core.h"
#include "cpu.h"
#include "ktap.h"

/* The offset lies between low and high: three reads in a row. */
static void offset(int64_t *low, int64_t *high)
{
	uint64_t v1, p, v2;

	isb();
	v1 = read_sysreg("cntvct_el0");
	isb();
	p = read_sysreg("cntpct_el0");
	isb();
	v2 = read_sysreg("cntvct_el0");
	*low = (int64_t)(p - v2);
	*high = (int64_t)(p - v1);
}

void timer_machine(bool exact)
{
	int64_t low1, high1, low2, high2;
	uint64_t start, end, v;

	offset(&low1, &high1);
	ok(low1 <= high1, "the virtual counter goes forward around the physical one");
	start = read_sysreg("cntpct_el0");
	v = ofl_now_ns();
	while (ofl_now_ns() - v < 4000000)
		;
	isb();
	end = read_sysreg("cntpct_el0");
	offset(&low2, &high2);
	ok(low1 <= high2 && low2 <= high1, "their distance does not change");
	ok(ofl_counter_to_ns(end - start) >= 3999000, "4 ms of ours are not less of the other's");
	if (current_el() == 2)
		ok(low1 <= 0 && high1 >= 0, "EL2: it is nothing");
	else
		ktap_skip("EL1", "EL2: it is nothing");
	if (exact)
		is_between(ofl_counter_to_ns(end - start), 3990000, 4040000,
			   "4 ms of ours are 4 ms of the physical counter");
	else
		ktap_skip("time is not exact here",
			  "4 ms of ours are 4 ms of the physical counter");
	is(read_sysreg("cntv_ctl_el0") & 1, 0, "with no timer armed the hardware is off");
	is(read_sysreg("cntp_ctl_el0") & 1, 0, "the physical timer is not used");
}
#endif
