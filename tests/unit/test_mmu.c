// SPDX-License-Identifier: BSD-2-Clause
/*
 * The page table builder: a walker of the test's own translates addresses in
 * the tables it made.  Built twice, with x86_64's entries and (as
 * test_mmu_aarch64.c) with aarch64's.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "baremetal/mmu.c"

#define POOL_PAGES 40u
#define POOL_PA 0x40010000ull

/* What the linker script provides: an image of 5 + 2 + 3 pages, and a stack. */
__asm__(".globl __ofl_text_start, __ofl_text_end, __ofl_rodata_start\n"
	".globl __ofl_rodata_end, __ofl_data_start, __ofl_guard\n"
	".globl __ofl_sealed_start, __ofl_sealed_end\n"
	".globl __ofl_stack_bottom, __ofl_stack_top, __ofl_image_end\n"
	"__ofl_text_start = image\n"
	"__ofl_text_end = image + 0x5000\n"
	"__ofl_rodata_start = image + 0x5000\n"
	"__ofl_rodata_end = image + 0x7000\n"
	"__ofl_data_start = image + 0x7000\n"
	"__ofl_sealed_start = image + 0x8000\n"
	"__ofl_sealed_end = image + 0x9000\n"
	"__ofl_guard = image + 0xa000\n"
	"__ofl_stack_bottom = image + 0xb000\n"
	"__ofl_stack_top = image + 0x1b000\n"
	"__ofl_image_end = image + 0x1b000\n");
uint8_t image[0x1b000] __asm__("image");

static uint8_t pool[POOL_PAGES * OFL_PAGE] __attribute__((aligned(4096)));
static struct ofl_mmu mmu;

enum { NONE = -1 };

struct hit {
	uint64_t pa;
	int prot; /* enum ofl_prot, or NONE: not mapped */
	uint64_t size;
};

static int prot_of(uint64_t e)
{
#ifdef TEST_AARCH64
	bool write = !(e >> 7 & 1);
	bool exec = !(e >> 53 & 1);

	if ((e >> 2 & 7) == 1)
		return write && !exec && e >> 54 & 1 ? OFL_PROT_DEVICE : 100;
	assert_int_equal(e >> 2 & 7, 0);     /* MAIR 0 */
	assert_int_equal(e >> 8 & 3, 3);     /* inner shareable */
	assert_true(e >> 10 & 1);	     /* access flag */
	assert_false(e >> 6 & 1);	     /* not for EL0 */
	assert_true(exec || e >> 54 & 1);    /* no UXN without PXN */
#else
	bool write = e >> 1 & 1;
	bool exec = !(e >> 63);

	assert_false(e >> 2 & 1); /* not for user mode */
	assert_true(e >> 5 & 1);  /* accessed: tables are read-only */
	assert_true(!write || e >> 6 & 1);
	if (e >> 3 & 3)
		return (e >> 3 & 3) == 3 && write && !exec ? OFL_PROT_DEVICE : 100;
#endif
	if (write)
		return exec ? 101 : OFL_PROT_RW;
	return exec ? OFL_PROT_RX : OFL_PROT_R;
}

static struct hit walk(uint64_t va)
{
	struct hit hit = { 0, NONE, 0 };
	uint64_t table = ofl_mmu_root(&mmu);

	for (int level = (int)mmu.levels - 1; level >= 0; level--) {
		uint64_t e, page = (table - POOL_PA) / OFL_PAGE;
		bool leaf;

		assert_true(table >= POOL_PA && page < mmu.used);
		memcpy(&e, pool + page * OFL_PAGE + (va >> (12 + 9 * level) & 511) * 8, 8);
		if (!(e & 1))
			return hit;
#ifdef TEST_AARCH64
		leaf = level == 0 || !(e & 2);
		if (level == 0)
			assert_true(e & 2); /* else reserved */
#else
		leaf = level == 0 || e >> 7 & 1;
#endif
		if (leaf) {
			assert_true(level < 2);
			hit.size = 1ull << (12 + 9 * level);
			hit.pa = (e & 0x0000fffffffff000ull & ~(hit.size - 1)) |
				 (va & (hit.size - 1));
			hit.prot = prot_of(e);
			return hit;
		}
		table = e & 0x0000fffffffff000ull;
	}
	return hit;
}

static int setup(void **state)
{
	(void)state;
	memset(pool, 0xff, sizeof(pool)); /* the builder clears what it takes */
	return ofl_mmu_init(&mmu, pool, POOL_PA, POOL_PAGES, 4);
}

static void expect(uint64_t va, uint64_t pa, int prot)
{
	struct hit hit = walk(va);

	assert_int_equal(hit.prot, prot);
	if (prot != NONE)
		assert_int_equal(hit.pa, pa);
}

static void test_pages_and_blocks(void **state)
{
	(void)state;
	/* 2 MiB aligned both ways, but ends with one page more */
	assert_int_equal(ofl_mmu_map(&mmu, 0x700000200000, 0x80200000, 0x401000,
				     OFL_PROT_RW), 0);
	expect(0x700000200000, 0x80200000, OFL_PROT_RW);
	expect(0x7000005fffff, 0x805fffff, OFL_PROT_RW);
	expect(0x700000600fff, 0x80600fff, OFL_PROT_RW);
	expect(0x700000601000, 0, NONE);
	expect(0x7000001fffff, 0, NONE);
	assert_int_equal(walk(0x700000200000).size, 0x200000);
	assert_int_equal(walk(0x700000600000).size, 0x1000);

	/* aligned differently: pages only */
	assert_int_equal(ofl_mmu_map(&mmu, 0x100000, 0x80001000, 0x200000, OFL_PROT_R), 0);
	assert_int_equal(walk(0x200000).size, 0x1000);
	expect(0x200123, 0x80101123, OFL_PROT_R);
}

static void test_protections(void **state)
{
	const enum ofl_prot all[] = { OFL_PROT_R, OFL_PROT_RX, OFL_PROT_RW,
				      OFL_PROT_DEVICE };

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		uint64_t va = 0x40000000ull * (i + 1);

		assert_int_equal(ofl_mmu_map(&mmu, va, va, 0x1000, all[i]), 0);
		expect(va, va, (int)all[i]);
		assert_int_equal(ofl_mmu_map(&mmu, va + 0x200000, va, 0x200000, all[i]), 0);
		expect(va + 0x200000, va, (int)all[i]);
	}
}

static void test_refusals(void **state)
{
	(void)state;
	assert_int_equal(ofl_mmu_map(&mmu, 0x1000, 0x1000, 0, OFL_PROT_R), -EINVAL);
	assert_int_equal(ofl_mmu_map(&mmu, 0x1001, 0x1000, 0x1000, OFL_PROT_R), -EINVAL);
	assert_int_equal(ofl_mmu_map(&mmu, 0x1000, 0x1010, 0x1000, OFL_PROT_R), -EINVAL);
	assert_int_equal(ofl_mmu_map(&mmu, 0x1000, 0x1000, 0x1100, OFL_PROT_R), -EINVAL);
	assert_int_equal(ofl_mmu_map(&mmu, 0x1000, 1ull << 52, 0x1000, OFL_PROT_R), -EINVAL);
	assert_int_equal(ofl_mmu_map(&mmu, 1ull << 48, 0, 0x1000, OFL_PROT_R), -EINVAL);
	assert_int_equal(ofl_mmu_map(&mmu, 0x1000, -0x1000ull, 0x2000, OFL_PROT_R), -EINVAL);

	assert_int_equal(ofl_mmu_map(&mmu, 0x5000, 0x1000, 0x1000, OFL_PROT_R), 0);
	assert_int_equal(ofl_mmu_map(&mmu, 0x4000, 0x1000, 0x2000, OFL_PROT_R), -EEXIST);
	/* a block where there is a table, a page where there is a block */
	assert_int_equal(ofl_mmu_map(&mmu, 0, 0, 0x200000, OFL_PROT_R), -EEXIST);
	assert_int_equal(ofl_mmu_map(&mmu, 0x200000, 0, 0x200000, OFL_PROT_R), 0);
	assert_int_equal(ofl_mmu_map(&mmu, 0x201000, 0, 0x1000, OFL_PROT_R), -EEXIST);
}

static void test_pool_used_up(void **state)
{
	int err = 0;

	(void)state;
	for (uint64_t i = 1; i < 100 && !err; i++)
		err = ofl_mmu_map(&mmu, i << 39, 0, 0x1000, OFL_PROT_R);
	assert_int_equal(err, -ENOMEM);
	assert_true(mmu.used <= POOL_PAGES);
}

static void test_region(void **state)
{
	struct ofl_boot boot = {
		.info = {
			.region_pa = 0x40000000,
			.private_size = 0xc00000,
			.window_pa = 0x40c00000,
			.window_size = 0x400000,
			.serial = OFL_SERIAL_PL011,
			.serial_pa = 0x09000040,
		},
		.device = {
			{ .name = "one", .pa = 0x0a001000, .size = 0x3000 },
			{ .name = "two", .pa = 0x10000000, .size = 0x400000 },
		},
	};
	const uint64_t va = OFL_REGION_VA, pa = 0x40000000, im = OFL_IMAGE_OFF;

	(void)state;
	assert_int_equal(ofl_mmu_map_region(&mmu, &boot), 0);
	expect(va, pa, OFL_PROT_RW);
	expect(va + OFL_LOG_OFF + 5, pa + OFL_LOG_OFF + 5, OFL_PROT_RW);
	expect(va + OFL_PGTABLE_OFF, pa + OFL_PGTABLE_OFF, OFL_PROT_R);
	expect(va + im - 1, pa + im - 1, OFL_PROT_R);
	expect(va + im, pa + im, OFL_PROT_RX);
	expect(va + im + 0x4fff, pa + im + 0x4fff, OFL_PROT_RX);
	expect(va + im + 0x5000, pa + im + 0x5000, OFL_PROT_R);
	expect(va + im + 0x7000, pa + im + 0x7000, OFL_PROT_RW);
	expect(va + im + 0x7fff, pa + im + 0x7fff, OFL_PROT_RW);
	expect(va + im + 0x8000, pa + im + 0x8000, OFL_PROT_R);
	expect(va + im + 0x8fff, pa + im + 0x8fff, OFL_PROT_R);
	expect(va + im + 0x9000, pa + im + 0x9000, OFL_PROT_RW);
	expect(va + im + 0x9fff, pa + im + 0x9fff, OFL_PROT_RW);
	expect(va + im + 0xa000, 0, NONE); /* the guard */
	expect(va + im + 0xafff, 0, NONE);
	expect(va + im + 0xb000, pa + im + 0xb000, OFL_PROT_RW);
	expect(va + 0xbfffff, pa + 0xbfffff, OFL_PROT_RW);
	expect(va + 0xc00000, 0, NONE); /* the window is at its address only */
	expect(0x40c00000, 0x40c00000, OFL_PROT_RW);
	expect(0x40ffffff, 0x40ffffff, OFL_PROT_RW);
	expect(0x41000000, 0, NONE);
	expect(pa, 0, NONE); /* the private part is at its own only */
	assert_int_equal(walk(va + 0x400000).size, 0x200000);
	assert_int_equal(walk(0x40c00000).size, 0x200000);
	expect(0x09000040, 0x09000040, OFL_PROT_DEVICE);
	expect(0x0a000fff, 0, NONE);
	expect(0x0a001000, 0x0a001000, OFL_PROT_DEVICE);
	expect(0x0a003fff, 0x0a003fff, OFL_PROT_DEVICE);
	expect(0x0a004000, 0, NONE);
	expect(0x10000000, 0x10000000, OFL_PROT_DEVICE);
	expect(0x103fffff, 0x103fffff, OFL_PROT_DEVICE);
	expect(0x10400000, 0, NONE);
	assert_true(mmu.used <= 11);

	/* one that lies on something else is refused */
	boot.device[2] = (struct ofl_boot_device){ .name = "three",
						   .pa = 0x09000000,
						   .size = 0x1000 };
	setup(NULL);
	assert_int_equal(ofl_mmu_map_region(&mmu, &boot), -EEXIST);
}

/* As many devices as there may be, each where it costs most: tables for all. */
static void test_most_devices(void **state)
{
	struct ofl_boot boot = {
		.info = {
			.region_pa = 0x40000000,
			.private_size = 0xc10000,
			.window_pa = 0x40c10000,
			.window_size = 0x3f0000,
		},
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < OFL_BOOT_DEVICES; i++)
		boot.device[i] = (struct ofl_boot_device){
			.name = "x",
			.pa = ((uint64_t)(3 * i + 1) << 39) - 0x1000,
			.size = 1ull << 30,
		};
	assert_int_equal(ofl_mmu_map_region(&mmu, &boot), 0);
	for (i = 0; i < OFL_BOOT_DEVICES; i++)
		expect(boot.device[i].pa + (1ull << 30) - 1,
		       boot.device[i].pa + (1ull << 30) - 1, OFL_PROT_DEVICE);
	/* what the aarch64 entry code keeps for itself, and a serial line or a GIC */
	assert_true(mmu.used <= OFL_PGTABLE_SIZE / OFL_PAGE - 8 - 4);
}

static void test_five_levels(void **state)
{
	(void)state;
	assert_int_equal(ofl_mmu_init(&mmu, pool, POOL_PA, POOL_PAGES, 5), 0);
	assert_int_equal(ofl_mmu_map(&mmu, OFL_REGION_VA, 0x1000, 0x1000, OFL_PROT_RX), 0);
	expect(OFL_REGION_VA, 0x1000, OFL_PROT_RX);
	assert_int_equal(mmu.used, 5);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_pages_and_blocks, setup),
		cmocka_unit_test_setup(test_protections, setup),
		cmocka_unit_test_setup(test_refusals, setup),
		cmocka_unit_test_setup(test_pool_used_up, setup),
		cmocka_unit_test_setup(test_region, setup),
		cmocka_unit_test_setup(test_most_devices, setup),
		cmocka_unit_test_setup(test_five_levels, setup),
	};

	(void)argc;
	(void)argv;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
