// SPDX-License-Identifier: BSD-2-Clause
/* Discovery of devices through the blob in the window. */
#include "rt_mock.h"

#include <libfdt.h>

#include "baremetal/devtree.c"
#include "baremetal/virtio.c"
#include "baremetal/vq.c"

static struct ofl_virtio devs[OFL_DEVICES_MAX];
static uint8_t blob[OFL_WIN_FDT_MAX];

struct node {
	const char *name;
	uint64_t header, header_size, memory, memory_size;
};

static void put_header(uint64_t off)
{
	struct ofl_vdev *hdr = (void *)(window_mem + off);

	hdr->id.magic = OFL_VDEV_MAGIC;
	hdr->id.version = OFL_VDEV_VERSION;
	hdr->id.nr_queues = 1;
}

static void begin(uint32_t abi)
{
	sim_reset(3, 1);
	assert_int_equal(fdt_create(blob, sizeof(blob)), 0);
	fdt_finish_reservemap(blob);
	fdt_begin_node(blob, "");
	fdt_property_u32(blob, "#address-cells", 2);
	fdt_property_u32(blob, "#size-cells", 2);
	fdt_property_string(blob, "compatible", OFL_FDT_WINDOW);
	fdt_property_u32(blob, "offload,abi", abi);
}

static void add_node(const struct node *node)
{
	fdt64_t reg[4] = {
		cpu_to_fdt64(node->header), cpu_to_fdt64(node->header_size),
		cpu_to_fdt64(node->memory), cpu_to_fdt64(node->memory_size),
	};

	fdt_begin_node(blob, node->name);
	fdt_property_string(blob, "compatible", OFL_FDT_DEVICE);
	fdt_property(blob, "reg", reg, sizeof(reg));
	fdt_property(blob, "reg-names", "header\0memory", 14);
	fdt_property(blob, "dma-coherent", NULL, 0);
	fdt_end_node(blob);
}

static void publish(void)
{
	struct ofl_window *win = ofl_window();

	memcpy(window_mem, blob, sizeof(blob));
	win->pmm.magic = OFL_WIN_MAGIC;
	win->pmm.abi = OFL_ABI_VERSION;
	win->pmm.epoch = 1;
	win->pmm.fdt_size = fdt_totalsize(blob);
}

static int finish(void)
{
	fdt_end_node(blob);
	assert_int_equal(fdt_finish(blob), 0);
	publish();
	return ofl_devtree_read(devs, OFL_DEVICES_MAX, 1);
}

static const struct node good[] = {
	{ "virtio@40010000", WIN_PA + 0x10000, 0x1000, WIN_PA + 0x11000, 0x6000 },
	{ "virtio@40017000", WIN_PA + 0x17000, 0x1000, WIN_PA + 0x18000, 0x6000 },
};

static void test_good(void **state)
{
	(void)state;
	begin(OFL_ABI_VERSION);
	add_node(&good[0]);
	add_node(&good[1]);
	put_header(0x10000);
	put_header(0x17000);
	assert_int_equal(finish(), 2);
	assert_ptr_equal(devs[1].hdr, window_mem + 0x17000);
	assert_ptr_equal(devs[1].mem.va, window_mem + 0x18000);
	assert_int_equal(devs[1].mem.pa, WIN_PA + 0x18000);
	assert_int_equal(devs[1].mem.size, 0x6000);
	assert_int_equal(devs[1].epoch, 1);
	assert_string_equal(devs[1].name, "virtio@40017000");
	/* Fewer than there are. */
	assert_int_equal(ofl_devtree_read(devs, 1, 1), 1);
	assert_true(log_has("more than 1 devices"));
	begin(OFL_ABI_VERSION);
	assert_int_equal(finish(), 0);
}

static void add_pool(const char *name, uint64_t pa, uint64_t size, const char *skip)
{
	fdt64_t reg[2] = { cpu_to_fdt64(pa), cpu_to_fdt64(size) };

	fdt_begin_node(blob, name);
	fdt_property_string(blob, "compatible", OFL_FDT_POOL);
	fdt_property(blob, "reg", reg, strcmp(skip, "reg") ? sizeof(reg) : 8);
	if (strcmp(skip, "dma-coherent"))
		fdt_property(blob, "dma-coherent", NULL, 0);
	fdt_end_node(blob);
}

static void test_pool(void **state)
{
	static const struct {
		uint64_t pa, size;
		const char *skip, *why;
	} bad[] = {
		{ WIN_PA + 0x20000, 0x1000, "reg", "pool@bad refused: reg must be" },
		{ WIN_PA + 0x20000, 0x1000, "dma-coherent", "pool@bad refused: not dma-coherent" },
		{ WIN_PA + 0x20000, 0, "", "pool@bad refused: is empty" },
		{ WIN_PA + 0x20010, 0x1000, "", "page aligned" },
		{ WIN_PA + WIN_SIZE, 0x1000, "", "not whole in the window" },
		{ WIN_PA, 0x1000, "", "not whole in the window" },
		{ WIN_PA + 0x20000, 0xfffffffffffff000, "", "not whole in the window" },
		{ WIN_PA + 0x18000, 0x1000, "", "pool@bad refused: it overlaps virtio@40017000" },
	};

	(void)state;
	/* In front of the devices, and as many of these as there may be. */
	begin(OFL_ABI_VERSION);
	add_pool("pool@40020000", WIN_PA + 0x20000, 0x30000, "");
	add_node(&good[0]);
	put_header(0x10000);
	assert_int_equal(finish(), 1);
	assert_ptr_equal(ofl_pool_range.va, window_mem + 0x20000);
	assert_true(ofl_pool_range.pa == WIN_PA + 0x20000);
	assert_int_equal(ofl_pool_range.size, 0x30000);
	assert_int_equal(ofl_pool_range.epoch, 1);
	assert_int_equal(ofl_devtree_read(devs, 1, 2), 1);
	assert_int_equal(ofl_pool_range.epoch, 2);
	assert_false(log_has("more than 1 devices"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin(OFL_ABI_VERSION);
		add_pool("pool@bad", bad[i].pa, bad[i].size, bad[i].skip);
		add_node(&good[1]);
		put_header(0x17000);
		assert_int_equal(finish(), 1);
		assert_null(ofl_pool_range.va);
		if (!log_has(bad[i].why))
			print_error("wanted: %s, log: %s\n", bad[i].why, log_ring.text);
		assert_true(log_has(bad[i].why));
	}
	begin(OFL_ABI_VERSION);
	add_pool("pool@1", WIN_PA + 0x20000, 0x1000, "");
	add_pool("pool@2", WIN_PA + 0x21000, 0x1000, "");
	assert_int_equal(finish(), 0);
	assert_true(ofl_pool_range.pa == WIN_PA + 0x20000);
	assert_true(log_has("pool@2 refused: there is one already"));
}

static void test_abi(void **state)
{
	(void)state;
	begin(7);
	assert_int_equal(finish(), -EPROTONOSUPPORT);
	assert_true(log_has("ABI version 7, this image 1"));
	begin(OFL_ABI_VERSION);
	fdt_end_node(blob);
	fdt_finish(blob);
	publish();
	ofl_window()->pmm.abi = 42;
	assert_int_equal(ofl_devtree_read(devs, 4, 1), -EPROTONOSUPPORT);
	assert_true(log_has("ABI version 42, this image 1"));
	ofl_window()->pmm.magic = 1;
	assert_int_equal(ofl_devtree_read(devs, 4, 1), -EINVAL);
	assert_true(log_has("did not lay out"));
}

/* One bad node beside a good one: refused by name, the other is used. */
static void refused(struct node node, const char *why)
{
	node.name = "virtio@bad";
	begin(OFL_ABI_VERSION);
	add_node(&good[1]);
	add_node(&node);
	put_header(0x17000);
	put_header(0x10000);
	assert_int_equal(finish(), 1);
	assert_string_equal(devs[0].name, "virtio@40017000");
	if (!log_has("virtio@bad refused") || !log_has(why))
		print_error("log: %s\n", log_ring.text);
	assert_true(log_has("virtio@bad refused"));
	assert_true(log_has(why));
}

static void test_ranges(void **state)
{
	const uint64_t h = WIN_PA + 0x10000, m = WIN_PA + 0x11000;

	(void)state;
	refused((struct node){ "", h + 8, 0x1000, m, 0x1000 }, "page aligned");
	refused((struct node){ "", h, 0x1000, m, 0x1008 }, "page aligned");
	refused((struct node){ "", h, 0, m, 0x1000 }, "header, 0 bytes");
	refused((struct node){ "", h, 0x1000, m, 0 }, "is empty");
	refused((struct node){ "", WIN_PA, 0x1000, m, 0x1000 }, "window");
	refused((struct node){ "", WIN_PA + 0xf000, 0x1000, m, 0x1000 }, "window");
	refused((struct node){ "", h, 0x1000, WIN_PA + WIN_SIZE, 0x1000 },
		"memory, 1000 bytes");
	refused((struct node){ "", h, 0x1000, m, WIN_SIZE }, "not whole");
	refused((struct node){ "", h, 0x1000, m, 0xfffffffffffff000 }, "not whole");
	refused((struct node){ "", 0xfffffffffffff000, 0x1000, m, 0x1000 },
		"not whole");
	refused((struct node){ "", 0, 0x1000, m, 0x1000 }, "not whole");
	refused((struct node){ "", h, 0x2000, m, 0x1000 },
		"header and memory overlap");
	refused((struct node){ "", h, 0x1000, m, 0x7000 },
		"overlaps virtio@40017000");
	refused((struct node){ "", WIN_PA + 0x17000, 0x1000, m, 0x1000 },
		"overlaps virtio@40017000");
}

static void bad_property(const char *skip, const char *name, const void *value,
			 int len, const char *why)
{
	fdt64_t reg[4] = {
		cpu_to_fdt64(WIN_PA + 0x10000), cpu_to_fdt64(0x1000),
		cpu_to_fdt64(WIN_PA + 0x11000), cpu_to_fdt64(0x1000),
	};

	begin(OFL_ABI_VERSION);
	fdt_begin_node(blob, "virtio@bad");
	if (strcmp(skip, "compatible"))
		fdt_property_string(blob, "compatible", OFL_FDT_DEVICE);
	if (strcmp(skip, "reg"))
		fdt_property(blob, "reg", reg, sizeof(reg));
	if (strcmp(skip, "reg-names"))
		fdt_property(blob, "reg-names", "header\0memory", 14);
	if (strcmp(skip, "dma-coherent"))
		fdt_property(blob, "dma-coherent", NULL, 0);
	if (name)
		fdt_property(blob, name, value, len);
	fdt_end_node(blob);
	put_header(0x10000);
	assert_int_equal(finish(), 0);
	assert_true(log_has("virtio@bad"));
	assert_true(log_has(why));
}

static void test_properties(void **state)
{
	(void)state;
	bad_property("reg", NULL, NULL, 0, "reg must be");
	bad_property("reg", "reg", "abcd", 4, "reg must be");
	bad_property("reg", "reg", blob, 33, "reg must be");
	bad_property("reg-names", NULL, NULL, 0, "reg-names must be");
	bad_property("reg-names", "reg-names", "memory\0header", 14, "reg-names");
	bad_property("dma-coherent", NULL, NULL, 0, "not dma-coherent");
	bad_property("compatible", "compatible", "foo", 4, "ignored");
	bad_property("compatible", NULL, NULL, 0, "ignored");
}

/* One in version 2, whose root has no '/' in its name, makes libfdt 1.6 read at address 0. */
static void test_old_version(void **state)
{
	(void)state;
	begin(OFL_ABI_VERSION);
	add_node(&good[0]);
	put_header(0x10000);
	assert_int_equal(finish(), 1);
	fdt_set_version(window_mem, 2);
	fdt_set_last_comp_version(window_mem, 2);
	memcpy(window_mem + fdt_off_dt_struct(window_mem) + 4, "top", 4);
	assert_int_equal(ofl_devtree_read(devs, OFL_DEVICES_MAX, 1), -EINVAL);
	assert_true(log_has("malformed: FDT_ERR_BADVERSION"));
}

static void test_bad_header(void **state)
{
	(void)state;
	begin(OFL_ABI_VERSION);
	add_node(&good[0]);
	add_node(&good[1]);
	put_header(0x17000);
	memset(window_mem + 0x10000, 0xff, 0x1000);
	assert_int_equal(finish(), 1);
	assert_true(log_has("virtio@40010000: no device header"));
}

static void test_sizes(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 27, 39, 40, OFL_WIN_FDT_MAX + 1,
					  0x80000000, 0xffffffff };

	(void)state;
	begin(OFL_ABI_VERSION);
	add_node(&good[0]);
	put_header(0x10000);
	assert_int_equal(finish(), 1);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ofl_window()->pmm.fdt_size = sizes[i];
		assert_int_equal(ofl_devtree_read(devs, 4, 1), -EINVAL);
	}
	/* More than the blob needs is no harm. */
	ofl_window()->pmm.fdt_size = OFL_WIN_FDT_MAX;
	assert_int_equal(ofl_devtree_read(devs, 4, 1), 1);
	/* The blob claims more than the control page. */
	ofl_window()->pmm.fdt_size = fdt_totalsize(blob) - 1;
	assert_int_equal(ofl_devtree_read(devs, 4, 1), -EINVAL);
	boot_page.info.window_size = OFL_WIN_SIZE_MIN - OFL_PAGE;
	assert_int_equal(ofl_devtree_read(devs, 4, 1), -EINVAL);
	ofl_window_va = NULL;
	assert_int_equal(ofl_devtree_read(devs, 4, 1), -EINVAL);
	ofl_window_va = window_mem;
}

static void test_many(void **state)
{
	char names[OFL_DEVICES_MAX + 4][24];

	(void)state;
	begin(OFL_ABI_VERSION);
	for (uint64_t i = 0; i < OFL_DEVICES_MAX + 4; i++) {
		struct node node = { names[i], WIN_PA + 0x10000 + i * 0x2000,
				     0x1000, WIN_PA + 0x11000 + i * 0x2000,
				     0x1000 };

		snprintf(names[i], sizeof(names[i]), "virtio@%d", (int)i);
		add_node(&node);
		put_header(0x10000 + i * 0x2000);
	}
	assert_int_equal(finish(), OFL_DEVICES_MAX);
	assert_true(log_has("more than 32 devices"));
}

/* Bytes flipped all over: an answer, and whatever is accepted is in bounds. */
static void test_mutations(void **state)
{
	uint32_t seed = 5, size;

	(void)state;
	begin(OFL_ABI_VERSION);
	add_node(&good[0]);
	add_node(&good[1]);
	assert_int_equal(finish(), 1); /* the mock has one header */
	size = fdt_totalsize(blob);
	for (int round = 0; round < 20000; round++) {
		int n;

		memset(&log_ring, 0, sizeof(log_ring));
		memcpy(window_mem, blob, size);
		put_header(0x10000);
		put_header(0x17000);
		for (uint32_t i = random_next(&seed) % 6; i--;)
			window_mem[random_next(&seed) % size] =
				(uint8_t)random_next(&seed);
		n = ofl_devtree_read(devs, OFL_DEVICES_MAX, 1);
		assert_true(n >= 0 ? n <= 2 : n == -EINVAL ||
						      n == -EPROTONOSUPPORT);
		for (int i = 0; i < n; i++) {
			assert_in_range((uint8_t *)devs[i].hdr - window_mem,
					OFL_WIN_DEVICES_OFF,
					WIN_SIZE - OFL_VDEV_SIZE);
			assert_in_range(devs[i].mem.va - window_mem,
					OFL_WIN_DEVICES_OFF, WIN_SIZE);
			assert_true(devs[i].mem.va + devs[i].mem.size <=
				    window_mem + WIN_SIZE);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_abi),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_properties),
		cmocka_unit_test(test_old_version),
		cmocka_unit_test(test_bad_header),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
