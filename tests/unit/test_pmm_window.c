/* SPDX-License-Identifier: BSD-2-Clause */
#include "pmm_device.h"

#define SIZE 0x40000ull

static void no_reset(struct ofl_dev *dev)
{
	(void)dev;
}

static bool no_serve(struct ofl_dev *dev)
{
	(void)dev;
	return false;
}

static const struct ofl_dev_ops ops = { .reset = no_reset, .serve = no_serve };

static struct ofl_dev dev[16];
static struct ofl_dev *devs[16];

static int setup(void **state)
{
	unsigned int i;

	(void)state;
	memset(dev, 0, sizeof(dev));
	for (i = 0; i < 16; i++) {
		dev[i].ops = &ops;
		dev[i].device_id = i ? OFL_ID_9P : OFL_ID_CONSOLE;
		dev[i].nr_queues = 1;
		dev[i].mem_size = 24 * 1024;
		devs[i] = &dev[i];
	}
	return 0;
}

static void tree_is_what_abi_h_says(void **state)
{
	struct ofl_mem mem = window_new(SIZE);
	struct ofl_window *win = at(&mem, WINDOW_PA + OFL_WIN_CTRL_OFF);
	uint64_t last = WINDOW_PA + OFL_WIN_DEVICES_OFF;
	const void *fdt = mem.base;
	const fdt64_t *reg;
	const char *names;
	int node, len, n = 0, pools = 0;

	(void)state;
	memset(mem.base, 0xa5, SIZE);
	win->pmm.epoch = UINT32_MAX; /* the next is not 0 */
	assert_int_equal(ofl_window_layout(&mem, devs, 3, true), 0);
	assert_int_equal(win->pmm.epoch, 1);
	assert_true(win->pmm.magic == OFL_WIN_MAGIC);
	assert_int_equal(win->pmm.abi, OFL_ABI_VERSION);
	assert_int_equal(win->pmm.fdt_size, fdt_totalsize(fdt));
	assert_int_equal(win->image.epoch, 0);
	assert_int_equal(mem.base[SIZE - 1], 0);

	assert_int_equal(fdt_check_full(fdt, OFL_WIN_FDT_MAX), 0);
	assert_int_equal(fdt_node_check_compatible(fdt, 0, OFL_FDT_WINDOW), 0);
	assert_int_equal(fdt_address_cells(fdt, 0), 2);
	assert_int_equal(fdt_size_cells(fdt, 0), 2);
	fdt_for_each_subnode(node, fdt, 0) {
		if (!fdt_node_check_compatible(fdt, node, OFL_FDT_POOL)) {
			/* What is left, and behind all devices. */
			reg = fdt_getprop(fdt, node, "reg", &len);
			assert_int_equal(len, 16);
			assert_true(fdt64_to_cpu(reg[0]) == last);
			assert_true(fdt64_to_cpu(reg[1]) == WINDOW_PA + SIZE - last);
			assert_non_null(fdt_getprop(fdt, node, "dma-coherent", &len));
			pools++;
			continue;
		}
		assert_int_equal(fdt_node_check_compatible(fdt, node,
							   OFL_FDT_DEVICE),
				 0);
		reg = fdt_getprop(fdt, node, "reg", &len);
		assert_int_equal(len, 32);
		assert_true(fdt64_to_cpu(reg[0]) == last);
		assert_true(fdt64_to_cpu(reg[1]) == OFL_VDEV_SIZE);
		assert_true(fdt64_to_cpu(reg[2]) == last + OFL_VDEV_SIZE);
		assert_true(fdt64_to_cpu(reg[3]) == 24 * 1024);
		last = fdt64_to_cpu(reg[2]) + fdt64_to_cpu(reg[3]);
		assert_true(dev[n].header == fdt64_to_cpu(reg[0]));
		names = fdt_getprop(fdt, node, "reg-names", &len);
		assert_int_equal(len, 14);
		assert_memory_equal(names, "header\0memory", 14);
		assert_non_null(fdt_getprop(fdt, node, "dma-coherent", &len));
		n++;
	}
	assert_int_equal(n, 3);
	assert_int_equal(pools, 1);
	/* They fill it to the last page: no pool. */
	mem.size = last - WINDOW_PA;
	assert_int_equal(ofl_window_layout(&mem, devs, 3, true), 0);
	fdt_for_each_subnode(node, fdt, 0)
		assert_int_not_equal(fdt_node_check_compatible(fdt, node, OFL_FDT_POOL), 0);
	mem.size = SIZE;
	window_free(&mem);
}

static void dtc_has_nothing_to_say(void **state)
{
	struct ofl_mem mem = window_new(SIZE * 4);
	char path[] = "/tmp/test-pmm-XXXXXX", command[128], said[256] = "";
	FILE *pipe;
	int fd;

	(void)state;
	if (system("command -v dtc >/dev/null 2>&1")) {
		print_message("# dtc is not installed\n");
		skip();
	}
	assert_int_equal(ofl_window_layout(&mem, devs, 16, true), 0);
	fd = mkstemp(path);
	assert_int_equal(write(fd, mem.base, fdt_totalsize(mem.base)),
			 fdt_totalsize(mem.base));
	close(fd);
	/* What it says is on stderr, the tree itself goes away. */
	snprintf(command, sizeof(command),
		 "dtc -I dtb -O dts -o /dev/null %s 2>&1", path);
	pipe = popen(command, "r");
	if (fgets(said, sizeof(said), pipe))
		fail_msg("dtc: %s", said);
	assert_int_equal(pclose(pipe), 0);
	unlink(path);
	window_free(&mem);
}

static void too_small_or_crooked(void **state)
{
	struct ofl_mem mem = window_new(SIZE);

	(void)state;
	assert_int_equal(ofl_window_need(devs, 2), OFL_WIN_SIZE_MIN);
	assert_int_equal(ofl_window_need(devs, 16), 0x10000 + 16 * 28 * 1024);
	assert_int_equal(ofl_window_layout(&mem, devs, 16, true), -ENOSPC);
	mem.size = OFL_WIN_SIZE_MIN - OFL_PAGE;
	assert_int_equal(ofl_window_layout(&mem, devs, 1, true), -ENOSPC);
	mem.size = SIZE - 1;
	assert_int_equal(ofl_window_layout(&mem, devs, 1, true), -EINVAL);
	mem.size = SIZE;
	mem.pa += 16;
	assert_int_equal(ofl_window_layout(&mem, devs, 1, true), -EINVAL);
	window_free(&mem);
}

static void doorbells(void **state)
{
	struct ofl_mem mem = window_new(SIZE);
	struct ofl_window *win = at(&mem, WINDOW_PA + OFL_WIN_CTRL_OFF);

	(void)state;
	assert_int_equal(ofl_window_layout(&mem, devs, 1, true), 0);
	ofl_window_sleep(&mem, true);
	assert_int_equal(win->pmm_bell.asleep, 1);
	ofl_window_sleep(&mem, false);
	assert_int_equal(win->pmm_bell.asleep, 0);
	assert_false(ofl_window_image_asleep(&mem));
	win->image_bell.asleep = 1;
	assert_true(ofl_window_image_asleep(&mem));
	window_free(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(tree_is_what_abi_h_says, setup),
		cmocka_unit_test_setup(dtc_has_nothing_to_say, setup),
		cmocka_unit_test_setup(too_small_or_crooked, setup),
		cmocka_unit_test_setup(doorbells, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
