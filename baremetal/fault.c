// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the trap code of both architectures shares: the globals of a bare core
 * and the crash record.
 *
 * Nothing here may fault or recurse: a fault while a crash is being reported
 * gives the core back with whatever the record holds by then.
 */
#include "core.h"

struct ofl_boot *ofl_boot;
struct ofl_log *ofl_log;
struct ofl_crash *ofl_crash;
uint8_t *ofl_window_va;
uint8_t *ofl_heap_start;
uint8_t *ofl_heap_end;

static void find_region(void)
{
	uint8_t *region = (uint8_t *)OFL_REGION_VA;

	ofl_boot = (struct ofl_boot *)(region + OFL_BOOT_OFF);
	ofl_log = (struct ofl_log *)(region + OFL_LOG_OFF);
	ofl_crash = (struct ofl_crash *)(region + OFL_CRASH_OFF);
}

void ofl_core_init(void)
{
	uint8_t *region = (uint8_t *)OFL_REGION_VA;

	find_region();
	ofl_window_va = ofl_boot->info.window_size ?
				(uint8_t *)ofl_boot->info.window_pa : NULL;
	ofl_heap_start = __ofl_image_end;
	ofl_heap_end = region + ofl_boot->info.private_size;
	ofl_platform_used(ofl_heap_start);
}

void ofl_platform_used(const uint8_t *end)
{
	uint64_t used = (uintptr_t)end - OFL_REGION_VA;

	/* the heap may shrink; what was there is still there */
	if (used > ofl_boot->extent.used)
		ofl_boot->extent.used = used;
}

uint32_t ofl_platform_pmm_epoch(void)
{
	return __atomic_load_n(&ofl_boot->host.pmm_epoch, __ATOMIC_ACQUIRE);
}

struct ofl_fault_probe ofl_fault_probe;

bool ofl_fault_expected(uint32_t vector, uint64_t error, uint64_t pc, uint64_t sp,
			uint64_t fault_address)
{
	struct ofl_fault_probe *probe = &ofl_fault_probe;

	if (!probe->armed || pc < probe->from || pc >= probe->to)
		return false;
	probe->armed = false;
	probe->vector = vector;
	probe->error = error;
	probe->pc = pc;
	probe->sp = sp;
	probe->fault_address = fault_address;
	return true;
}

struct ofl_crash *ofl_fault_begin(void)
{
	static volatile bool begun;
	uint8_t *p = (uint8_t *)(OFL_REGION_VA + OFL_CRASH_OFF);

	if (begun)
		ofl_platform_abandon();
	begun = true;
	/* a wild write may have hit these, too */
	find_region();
	for (size_t i = 0; i < sizeof(struct ofl_crash); i++)
		((volatile uint8_t *)p)[i] = 0;
	return (struct ofl_crash *)p;
}

/* [addr, addr + 16) lies in mapped, writable memory of the image? */
static bool is_frame(uint64_t addr)
{
	uint64_t end = OFL_REGION_VA + ofl_boot->info.private_size - 16;

	if (addr & 7 || addr > end)
		return false;
	if (addr >= (uintptr_t)__ofl_stack_bottom)
		return true;
	return addr >= (uintptr_t)__ofl_data_start && addr <= (uintptr_t)__ofl_guard - 16;
}

/*
 * A frame is {caller's frame pointer, return address} on both architectures.
 * Code without frames (assembly, foreign objects) ends the walk early or skips
 * a caller; it never makes it fault or loop.
 */
void ofl_fault_trace(struct ofl_crash *crash, uint64_t fp)
{
	while (crash->nr_trace < OFL_CRASH_TRACE && is_frame(fp)) {
		const uint64_t *frame = (const uint64_t *)fp;
		uint64_t ret = frame[1];

		if (ret < (uintptr_t)__ofl_text_start || ret >= (uintptr_t)__ofl_text_end)
			break;
		crash->trace[crash->nr_trace++] = ret;
		if (frame[0] <= fp)
			break;
		fp = frame[0];
	}
}

const char *ofl_fault_place(uint64_t addr)
{
	const struct ofl_boot_info *info = &ofl_boot->info;

	if (addr < OFL_PAGE)
		return "null pointer";
	if (addr >= info->window_pa && addr - info->window_pa < info->window_size)
		return "shared window";
#if defined(__x86_64__)
	if (addr >= ofl_boot->arch.x86.park_pa &&
	    addr - ofl_boot->arch.x86.park_pa < OFL_PARK_SIZE)
		return "host's park area";
#endif
	if (addr < OFL_REGION_VA || addr - OFL_REGION_VA >= info->private_size)
		return "outside the image's memory";
	if (addr < OFL_IMAGE_VA)
		return "boot page, log or page tables";
	if (addr < (uintptr_t)__ofl_text_end)
		return "text";
	if (addr < (uintptr_t)__ofl_rodata_end)
		return "read-only data";
	if (addr >= (uintptr_t)__ofl_sealed_start && addr < (uintptr_t)__ofl_sealed_end)
		return "sealed page: tables, or the interrupts' stack has overflowed";
	if (addr < (uintptr_t)__ofl_guard)
		return "data";
	if (addr < (uintptr_t)__ofl_stack_bottom)
		return "guard page: the stack has overflowed";
	if (addr < (uintptr_t)__ofl_stack_top)
		return "stack";
	return "heap";
}

struct text {
	char *p, *end;
};

static void put(struct text *text, const char *s)
{
	while (*s && text->p < text->end)
		*text->p++ = *s++;
	*text->p = '\0';
}

static void put_hex(struct text *text, uint64_t x)
{
	char buf[19] = "0x";
	unsigned int digits = 1;

	while (digits < 16 && x >> (4 * digits))
		digits++;
	for (unsigned int i = 0; i < digits; i++)
		buf[2 + i] = "0123456789abcdef"[x >> (4 * (digits - 1 - i)) & 15];
	buf[2 + digits] = '\0';
	put(text, buf);
}

void ofl_fault_text(struct ofl_crash *crash, const char *what, const char *access,
		    bool has_address)
{
	struct text text = { crash->text, crash->text + sizeof(crash->text) - 1 };

	put(&text, what);
	if (has_address) {
		put(&text, ": ");
		put(&text, access);
		put(&text, " ");
		put_hex(&text, crash->fault_address);
		put(&text, " (");
		put(&text, ofl_fault_place(crash->fault_address));
		put(&text, ")");
	}
	put(&text, ", pc ");
	put_hex(&text, crash->pc);
}
