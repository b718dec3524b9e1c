// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=long-long */
/* machines: hlt mwait gicv3 el2 */
/*
 * Who may do what to which memory: each area is tried at its first and last
 * byte, then the live page tables are walked and compared with the same list.
 */
#include <stdlib.h>
#include <string.h>

#include "caught.h"
#include "core.h"
#include "ktap.h"
#include "memory/memory.h"

static uint8_t in_data[4096] = { 1 };
static uint8_t in_bss[4096];
static const uint8_t in_rodata[64] = { 1 };

const struct area memory_none = { .name = "nothing" };

static struct area areas[24];
static unsigned int nr_areas;

void memory_add(const char *name, uint64_t start, uint64_t end, uint64_t pa, unsigned int may)
{
	areas[nr_areas++] = (struct area){ name, start, end, pa, may };
}

/* Of the private region, by its address in the image. */
static void add_private(const char *name, const uint8_t *start, const uint8_t *end,
			unsigned int may)
{
	uint64_t va = (uintptr_t)start;

	memory_add(name, va, (uintptr_t)end, va - OFL_REGION_VA + ofl_boot->info.region_pa,
		   may);
}

static void list_areas(void)
{
	const struct ofl_boot_info *info = &ofl_boot->info;
	uint8_t *region = (uint8_t *)OFL_REGION_VA;
	uint64_t serial = info->serial_pa & ~(OFL_PAGE - 1ull);

	add_private("boot page", region, region + OFL_CRASH_OFF, MAY_READ | MAY_WRITE);
	add_private("crash record", region + OFL_CRASH_OFF, region + OFL_LOG_OFF,
		    MAY_READ | MAY_WRITE);
	add_private("log", region + OFL_LOG_OFF, region + OFL_PGTABLE_OFF,
		    MAY_READ | MAY_WRITE);
	add_private("page tables", region + OFL_PGTABLE_OFF, region + OFL_IMAGE_OFF, MAY_READ);
	add_private("text", __ofl_text_start, __ofl_text_end, MAY_READ | MAY_EXEC);
	add_private("rodata", __ofl_rodata_start, __ofl_rodata_end, MAY_READ);
	add_private("data", __ofl_data_start, __ofl_sealed_start, MAY_READ | MAY_WRITE);
	add_private("sealed", __ofl_sealed_start, __ofl_sealed_end, MAY_READ);
	add_private("bss", __ofl_sealed_end, __ofl_guard, MAY_READ | MAY_WRITE);
	add_private("stack", __ofl_stack_bottom, __ofl_stack_top, MAY_READ | MAY_WRITE);
	add_private("heap", ofl_heap_start, ofl_heap_end, MAY_READ | MAY_WRITE);
	if (info->window_size)
		memory_add("shared window", info->window_pa,
			   info->window_pa + info->window_size, info->window_pa,
			   MAY_READ | MAY_WRITE);
	if (info->serial == OFL_SERIAL_PL011 || info->serial == OFL_SERIAL_16550_MMIO)
		memory_add("serial line", serial, serial + OFL_PAGE, serial,
			   MAY_READ | MAY_WRITE | IS_DEVICE);
	memory_list_machine();
}

const struct area *memory_area(uint64_t va)
{
	for (unsigned int i = 0; i < nr_areas; i++)
		if (va >= areas[i].start && va < areas[i].end)
			return &areas[i];
	return &memory_none;
}

/* --- tries --- */

static void try_read(const struct area *area, uint64_t addr, const char *where)
{
	ok(!caught_read(addr), "%s: its %s byte can be read", area->name, where);
}

/* Writes what is there already. */
static void try_write(const struct area *area, uint64_t addr, const char *where)
{
	bool stopped = caught_write(addr, *(volatile uint8_t *)addr);

	if (area->may & MAY_WRITE)
		ok(!stopped, "%s: its %s byte can be written", area->name, where);
	else
		ok(stopped && caught_kind() == CAUGHT_WRITE,
		   "%s: a write to its %s byte is caught", area->name, where);
}

/* Instructions begin at multiples of four on one of the architectures. */
static void try_exec(const struct area *area, uint64_t addr, const char *where)
{
	ok(caught_exec(addr) && caught_kind() == CAUGHT_EXEC,
	   "%s: execution of its %s word is caught", area->name, where);
}

static void test_areas(void)
{
	for (unsigned int i = 0; i < nr_areas; i++) {
		const struct area *area = &areas[i];

		/* Reading a register may do something. */
		if (!(area->may & IS_DEVICE)) {
			try_read(area, area->start, "first");
			try_read(area, area->end - 1, "last");
			try_write(area, area->start, "first");
			try_write(area, area->end - 1, "last");
		}
		if (!(area->may & MAY_EXEC)) {
			try_exec(area, area->start, "first");
			try_exec(area, area->end - 4, "last");
		}
	}
	ok(!caught_exec((uintptr_t)caught_return), "text: a function in it can be called");
}

/* Real code where no code may be: nothing but the protection stops it. */
static void test_code(void)
{
	uint8_t on_stack[64] __attribute__((aligned(16)));
	uint8_t *on_heap = malloc(64);

	memcpy(on_stack, caught_return, 4);
	memcpy(on_heap, caught_return, 4);
	memcpy(in_data, caught_return, 4);
	memcpy(in_bss, caught_return, 4);
	memory_sync_code(on_stack);
	memory_sync_code(on_heap);
	memory_sync_code(in_data);
	memory_sync_code(in_bss);
	ok(caught_exec((uintptr_t)on_stack) && caught_kind() == CAUGHT_EXEC,
	   "code on the stack does not run");
	ok(caught_exec((uintptr_t)on_heap) && caught_kind() == CAUGHT_EXEC,
	   "code in the heap does not run");
	ok(caught_exec((uintptr_t)in_data) && caught_kind() == CAUGHT_EXEC,
	   "code in data does not run");
	ok(caught_exec((uintptr_t)in_bss) && caught_kind() == CAUGHT_EXEC,
	   "code in bss does not run");
	free(on_heap);

	ok(caught_write((uintptr_t)in_rodata, 2) && in_rodata[0] == 1,
	   "a const array keeps its content");
	ok(caught_write((uintptr_t)caught_return, 0) && *caught_return != 0,
	   "a function keeps its content");
}

/* --- where nothing is mapped --- */

static void test_hole(const char *name, uint64_t addr)
{
	ok(caught_read(addr) && caught_kind() == CAUGHT_UNMAPPED,
	   "%s: a read is caught", name);
	ok(caught_write(addr, 0) && caught_kind() == CAUGHT_UNMAPPED,
	   "%s: a write is caught", name);
	ok(caught_exec(addr & ~3ull) && caught_kind() == CAUGHT_UNMAPPED,
	   "%s: execution is caught", name);
}

static void test_holes(void)
{
	const struct ofl_boot_info *info = &ofl_boot->info;

	test_hole("null pointer", 0);
	test_hole("last byte of the null page", OFL_PAGE - 1);
	test_hole("guard page, first byte", (uintptr_t)__ofl_guard);
	test_hole("guard page, last byte", (uintptr_t)__ofl_stack_bottom - 1);
	test_hole("below the region", OFL_REGION_VA - 1);
	test_hole("behind the heap", OFL_REGION_VA + info->private_size);
	test_hole("the region at its physical address", info->region_pa);
	test_hole("private memory under the window", info->window_pa - 1);
	test_hole("behind the window", info->window_pa + info->window_size);
	test_hole("the middle of nowhere", 0x123456789000ull);
}

/* --- the stack --- */

static volatile unsigned int depth;

static __attribute__((noinline)) unsigned int deeper(unsigned int n)
{
	volatile uint8_t block[256];

	block[0] = (uint8_t)n;
	depth++;
	if (!n)
		return 0;
	return deeper(n - 1) + block[0];
}

static void recurse(uintptr_t n, uintptr_t unused)
{
	(void)unused;
	deeper((unsigned int)n);
}

static void test_stack(void)
{
	uint64_t address;

	depth = 0;
	ok(!caught(recurse, 50, 0), "50 deep fits on the stack");
	is(depth, 51, "and is done");
	depth = 0;
	ok(caught(recurse, 1000000, 0), "without an end it is caught");
	address = ofl_fault_probe.fault_address;
	is(caught_kind(), CAUGHT_UNMAPPED, "by an unmapped page");
	ok(address >= (uintptr_t)__ofl_guard && address < (uintptr_t)__ofl_stack_bottom,
	   "which is the guard page");
	ok(depth > 51 && depth < ((uintptr_t)__ofl_stack_top -
				  (uintptr_t)__ofl_stack_bottom) / 256,
	   "after as many calls as fit");
	ok(ofl_fault_probe.sp < (uintptr_t)__ofl_stack_bottom + 512,
	   "with the stack pointer at the stack's end");
	depth = 0;
	ok(!caught(recurse, 50, 0) && depth == 51, "the stack is usable behind it");
}

/* --- names for people --- */

static void test_places(void)
{
	is_string(ofl_fault_place(8), "null pointer", "ofl_fault_place: null");
	is_string(ofl_fault_place((uintptr_t)caught_return), "text", "ofl_fault_place: text");
	is_string(ofl_fault_place((uintptr_t)in_rodata), "read-only data",
		  "ofl_fault_place: rodata");
	is_string(ofl_fault_place((uintptr_t)in_bss), "data", "ofl_fault_place: data");
	is_string(ofl_fault_place((uintptr_t)__ofl_guard),
		  "guard page: the stack has overflowed", "ofl_fault_place: guard page");
	is_string(ofl_fault_place((uintptr_t)__builtin_frame_address(0)), "stack",
		  "ofl_fault_place: stack");
	is_string(ofl_fault_place((uintptr_t)ofl_heap_end - 1), "heap",
		  "ofl_fault_place: heap");
	is_string(ofl_fault_place(OFL_REGION_VA + OFL_PGTABLE_OFF),
		  "boot page, log or page tables", "ofl_fault_place: page tables");
	is_string(ofl_fault_place(OFL_REGION_VA - 1), "outside the image's memory",
		  "ofl_fault_place: outside");
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	ktap_begin();
	list_areas();
	test_areas();
	test_code();
	test_holes();
	test_stack();
	test_places();
	memory_walk(areas, nr_areas);
	memory_machine();
	return ktap_end();
}
