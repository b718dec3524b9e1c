// SPDX-License-Identifier: BSD-2-Clause
/* One instance or several from the module's parameters, or from a line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "kernel-module/memspec.c"
#undef SAY
#undef MAX64
#include "kernel-module/args.c"
#undef SAY
#include "kernel-module/devspec.c"
#undef SAY
#include "kernel-module/spec.c"

#define MAX 4

static struct ofl_spec specs[MAX];
static unsigned int nr;
static char msg[OFL_MSG_MAX];

static int lists(struct ofl_spec_words w)
{
	memset(specs, 0xee, sizeof(specs));
	msg[0] = 0;
	return ofl_spec_lists(&w, specs, MAX, &nr, msg);
}

#define LISTS(...) lists((struct ofl_spec_words){ __VA_ARGS__ })
/* Refused, with this text in the sentence. */
#define BAD(err, text, ...)                                     \
	do {                                                    \
		assert_int_equal(LISTS(__VA_ARGS__), err);      \
		if (!strstr(msg, text))                         \
			fail_msg("'%s' lacks '%s'", msg, text); \
	} while (0)

static void one(void **state)
{
	(void)state;
	assert_int_equal(LISTS(.cpu = "3", .image = "rt.bin"), 0);
	assert_int_equal(nr, 1);
	assert_int_equal(specs[0].cpu, 3);
	assert_string_equal(specs[0].image, "rt.bin");
	assert_string_equal(specs[0].args, "");
	assert_int_equal(specs[0].mem.kind, OFL_MEM_AUTO);
	assert_int_equal(specs[0].mem.size, OFL_MEM_AUTO_SIZE);
	assert_int_equal(specs[0].window, OFL_WINDOW_SIZE);
	assert_true(specs[0].start);
	assert_int_equal(specs[0].spi, 0);
	/* later, with no image yet */
	assert_int_equal(LISTS(.cpu = "3", .start = "0"), 0);
	assert_false(specs[0].start);
	assert_string_equal(specs[0].image, "");
}

static void several(void **state)
{
	(void)state;
	assert_int_equal(LISTS(.cpu = "2,3,7", .image = "a,/b/c.bin,d"), 0);
	assert_int_equal(nr, 3);
	assert_int_equal(specs[0].cpu, 2);
	assert_int_equal(specs[2].cpu, 7);
	assert_string_equal(specs[1].image, "/b/c.bin");
	assert_string_equal(specs[2].image, "d");

	/* one for all */
	assert_int_equal(LISTS(.cpu = "2,3", .image = "a,b", .mem = "auto:8M",
			       .window = "1M", .args = "x y"), 0);
	assert_int_equal(specs[1].mem.size, 8 << 20);
	assert_int_equal(specs[1].window, 1 << 20);
	assert_string_equal(specs[0].args, "x y");
	assert_string_equal(specs[1].args, "x y");

	/* one for each */
	assert_int_equal(LISTS(.cpu = "2,3", .image = "a,b",
			       .mem = "16M@1G,auto", .window = "1M,0",
			       .args = "x 'y;z' \\; \"a;\\\";b\"; --port 7",
			       .spi = "40,41"), 0);
	assert_int_equal(specs[0].mem.kind, OFL_MEM_RANGE);
	assert_int_equal(specs[1].mem.kind, OFL_MEM_AUTO);
	assert_int_equal(specs[1].window, 0);
	assert_string_equal(specs[0].args, "x 'y;z' \\; \"a;\\\";b\"");
	assert_string_equal(specs[1].args, "--port 7");
	assert_int_equal(specs[1].spi, 41);
	assert_int_equal(LISTS(.cpu = "2,3", .image = "a,b", .args = ";x"), 0);
	assert_string_equal(specs[0].args, "");
	assert_string_equal(specs[1].args, "x");
	assert_int_equal(LISTS(.cpu = "2,3", .image = "a,b", .spi = "40"), 0);
	assert_int_equal(specs[0].spi, 40);
	assert_int_equal(specs[1].spi, 0);

	/* an image may be missing if it is not to be started */
	assert_int_equal(LISTS(.cpu = "2,3", .image = "a,", .start = "0"), 0);
	assert_string_equal(specs[1].image, "");

	assert_int_equal(LISTS(.cpu = "none"), 0);
	assert_int_equal(nr, 0);
}

static void counts(void **state)
{
	(void)state;
	BAD(-EINVAL, "cpu= is missing", .image = "a");
	BAD(-EINVAL, "none", .cpu = "none", .image = "a");
	BAD(-EINVAL, "image= is missing", .cpu = "3");
	BAD(-EINVAL, "image= is missing: which file is to run on CPU 2", .cpu = "3,2",
	    .image = "a,");
	BAD(-EINVAL, "2 CPUs, but image= has 1 element;", .cpu = "2,3",
	    .image = "a");
	BAD(-EINVAL, "1 CPU, but image= has 2 elements;", .cpu = "2",
	    .image = "a,b");
	BAD(-EINVAL, "mem= has 2", .cpu = "2,3,4", .image = "a,b,c",
	    .mem = "auto,auto");
	BAD(-EINVAL, "window= has 2", .cpu = "2", .image = "a",
	    .window = "1M,1M");
	BAD(-EINVAL, "args= has 2", .cpu = "2", .image = "a", .args = "x;y");
	BAD(-EINVAL, "spi= has 2", .cpu = "2", .image = "a", .spi = "40,41");
	BAD(-EINVAL, "5 CPUs, more than the 4", .cpu = "1,2,3,4,5",
	    .image = "a,b,c,d,e");
}

static void together(void **state)
{
	(void)state;
	BAD(-EINVAL, "CPU 2 twice", .cpu = "2,2", .image = "a,b");
	BAD(-EINVAL, "CPU 2 twice", .cpu = "2,3,2", .image = "a,b,c");
	BAD(-EINVAL, "overlaps that for CPU 3", .cpu = "2,3", .image = "a,b",
	    .mem = "16M@1G,16M@1032M");
	BAD(-EINVAL, "overlaps", .cpu = "2,3", .image = "a,b",
	    .mem = "4M@1032M,16M@1G");
	BAD(-EINVAL, "overlaps", .cpu = "2,3", .image = "a,b", .mem = "16M@1G");
	assert_int_equal(LISTS(.cpu = "2,3", .image = "a,b",
			       .mem = "16M@1G,16M@1040M"), 0);
	BAD(-EINVAL, "interrupt 40 twice", .cpu = "2,3", .image = "a,b",
	    .spi = "40,40");
	BAD(-EINVAL, "cpu=", .cpu = "2,", .image = "a,b");
	BAD(-EINVAL, "cpu=", .cpu = "2-3", .image = "a");
	BAD(-EINVAL, "mem=lots", .cpu = "2,3", .image = "a,b",
	    .mem = "auto,lots");
	BAD(-EINVAL, "quote", .cpu = "2,3", .image = "a,b", .args = "x;'y");
}

static void too_long(void **state)
{
	static char text[3000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	BAD(-EINVAL, "too long", .cpu = text, .image = "a");
	BAD(-ENAMETOOLONG, "at most 255", .cpu = "2", .image = text);
	BAD(-EINVAL, "too long", .cpu = "2", .image = "a", .mem = text);
	BAD(-EINVAL, "too long", .cpu = "2", .image = "a", .window = text);
	BAD(-EINVAL, "too long", .cpu = "2", .image = "a", .spi = text);
	BAD(-E2BIG, "too long", .cpu = "2", .image = "a", .args = text);
	/* the longest that fit */
	text[sizeof(specs[0].image)] = 0;
	BAD(-ENAMETOOLONG, "at most 255", .cpu = "2", .image = text);
	text[sizeof(specs[0].image) - 1] = 0;
	assert_int_equal(LISTS(.cpu = "2", .image = text), 0);
	assert_string_equal(specs[0].image, text);
	memset(text, 'x', OFL_ARGS_MAX);
	text[OFL_ARGS_MAX - 1] = 0;
	assert_int_equal(LISTS(.cpu = "2", .image = "a", .args = text), 0);
}

/* --- a line --- */

static int line(const char *text)
{
	/* exactly as long as it is, for the sanitizer */
	char *copy = strdup(text);
	int err;

	memset(specs, 0xee, sizeof(specs));
	msg[0] = 0;
	err = ofl_spec_line(copy, &specs[0], msg);
	free(copy);
	return err;
}

static void line_good(void **state)
{
	(void)state;
	assert_int_equal(line("cpu=2 image=b.bin\n"), 0);
	assert_int_equal(specs[0].cpu, 2);
	assert_string_equal(specs[0].image, "b.bin");
	assert_int_equal(specs[0].mem.kind, OFL_MEM_AUTO);
	assert_true(specs[0].start);
	assert_int_equal(line("  mem=auto:64M\twindow=0 start=0  cpu=15"), 0);
	assert_int_equal(specs[0].mem.size, 64 << 20);
	assert_int_equal(specs[0].window, 0);
	assert_false(specs[0].start);
	assert_int_equal(line("cpu=2 image='a b,c;d' args=\"one 'two words' \\\"3\\\" \\\\ \\n\" spi=77"),
			 0);
	assert_string_equal(specs[0].image, "a b,c;d");
	assert_string_equal(specs[0].args, "one 'two words' \"3\" \\ \\n");
	assert_int_equal(specs[0].spi, 77);
	assert_int_equal(line("cpu=\"2\" image=a args=''"), 0);
	assert_string_equal(specs[0].args, "");
	/* one instance: commas and semicolons are what they are */
	assert_int_equal(line("cpu=2 image=a,b args='x;y'"), 0);
	assert_string_equal(specs[0].image, "a,b");
}

static void line_bad(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "cpu= is missing" },
		{ "\n", "cpu= is missing" },
		{ "image=a", "cpu= is missing" },
		{ "cpu=2", "image= is missing" },
		{ "cpu=2,3 image=a", "cpu=2,3" },
		{ "cpu 2", "'cpu' is not KEY=VALUE" },
		{ "cpu=2 image", "'image' is not KEY=VALUE" },
		{ "=2", "no '='" },
		{ "cpu=2 imgae=a", "no 'imgae='" },
		{ "cpu=2 cpu=2", "cpu= is there twice" },
		{ "cpu=2 image=\"a", "image= has a quote" },
		{ "cpu=2 image='", "image= has a quote" },
		{ "cpu=2 image=\"a\"b", "image= has a quote" },
		{ "cpu=2 image=\"a\\", "image= has a quote" },
		{ "cpu=2 image=a args=\"'x\"", "open quote" },
		{ "cpu=2 image=a mem=lots", "mem=lots" },
		{ "cpu=2 image=a window=1", "window=1" },
		{ "cpu=2 image=a start=maybe", "start=maybe" },
		{ "cpu=2 image=a start=", "start=" },
		{ "cpu=2 image=a spi=x", "spi=x" },
		{ "cpu= image=a", "cpu=" },
	};
	char text[600] = "cpu=2 image=";
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (line(bad[i].text) != -EINVAL)
			fail_msg("'%s' was taken", bad[i].text);
		if (!strstr(msg, bad[i].says))
			fail_msg("'%s': '%s' lacks '%s'", bad[i].text, msg,
				 bad[i].says);
	}
	memset(text + 12, 'x', 300);
	assert_int_equal(line(text), -ENAMETOOLONG);
	memset(text, 'x', 500);
	assert_int_equal(line(text), -EINVAL);
}

/* --- devices --- */

static struct ofl_devspec dev[OFL_BOOT_DEVICES];

static int devices(const char *text)
{
	memset(dev, 0xee, sizeof(dev));
	msg[0] = 0;
	return ofl_devspec_parse(text, dev, &nr, msg);
}

static void devices_good(void **state)
{
	(void)state;
	assert_int_equal(devices(""), 0);
	assert_int_equal(nr, 0);
	assert_int_equal(devices("gpio:4K@0x9030000:irq=39"), 0);
	assert_int_equal(nr, 1);
	assert_string_equal(dev[0].name, "gpio");
	assert_int_equal(dev[0].size, 0x1000);
	assert_int_equal(dev[0].pa, 0x9030000);
	assert_int_equal(dev[0].irq, 39);
	assert_false(dev[0].edge);
	assert_int_equal(devices("a:1M@4G,b_2.c-D@3456789:0x1000@0x1000:edge=1019"), 0);
	assert_int_equal(nr, 2);
	assert_int_equal(dev[0].pa, 4ull << 30);
	assert_int_equal(dev[0].irq, 0);
	assert_string_equal(dev[1].name, "b_2.c-D@3456789");
	assert_true(dev[1].edge);
	assert_int_equal(dev[1].irq, 1019);
	assert_int_equal(devices("a:4K@0,b:4K@4K,c:4K@8K,d:1G@1G"), 0);
	assert_int_equal(nr, 4);

	/* for each of two instances, or for the second alone */
	assert_int_equal(LISTS(.cpu = "2,3", .image = "x,y",
			       .device = "a:4K@1G,b:4K@2G; a:4K@3G"), 0);
	assert_int_equal(specs[0].nr_devices, 2);
	assert_int_equal(specs[1].nr_devices, 1);
	assert_int_equal(specs[1].devices[0].pa, 3ull << 30);
	assert_int_equal(LISTS(.cpu = "2,3", .image = "x,y", .device = ";a:4K@3G"),
			 0);
	assert_int_equal(specs[0].nr_devices, 0);
	assert_int_equal(specs[1].nr_devices, 1);
	assert_int_equal(line("cpu=2 image=a device=a:4K@1G,b:4K@2G"), 0);
	assert_int_equal(specs[0].nr_devices, 2);
}

static void devices_bad(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "4K@1G", "begins with a name" },
		{ ":4K@1G", "begins with a name" },
		{ "a", "begins with a name" },
		{ "a b:4K@1G", "begins with a name" },
		{ "a234567890123456:4K@1G", "name is too long" },
		{ "a:", "SIZE@ADDRESS" },
		{ "a:4K", "SIZE@ADDRESS" },
		{ "a:4K@", "SIZE@ADDRESS" },
		{ "a:@1G", "SIZE@ADDRESS" },
		{ "a:4K@1Gx", "something is behind" },
		{ "a:4K@1G,", "begins with a name" },
		{ "a:4K@1G:", "irq=N" },
		{ "a:4K@1G:irq", "irq=N" },
		{ "a:4K@1G:irq=", "irq=N" },
		{ "a:4K@1G:irq=x", "irq=N" },
		{ "a:4K@1G:irq=31", "32 to 1019" },
		{ "a:4K@1G:edge=1020", "32 to 1019" },
		{ "a:4K@1G:irq=40:irq=41", "something is behind" },
		{ "a:0@1G", "whole pages" },
		{ "a:2K@1G", "whole pages" },
		{ "a:4K@1025", "whole pages" },
		{ "a:4K@65536G", "64 TiB" },
		{ "a:2G@1G", "1 GiB" },
		{ "a:4K@1G,a:4K@2G", "a and a have the same" },
		{ "a:8K@1G,b:4K@0x40001000", "a and b have the same" },
		{ "a:4K@1G:irq=40,b:4K@2G:edge=40", "a and b have the same" },
		{ "a:4K@1G,b:4K@2G,c:4K@3G,d:4K@4G,e:4K@5G", "more than 4" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *copy = strdup(bad[i].text);

		if (devices(copy) != -EINVAL)
			fail_msg("'%s' was taken", bad[i].text);
		if (!strstr(msg, bad[i].says) || !strstr(msg, "device="))
			fail_msg("'%s': '%s' lacks '%s'", bad[i].text, msg,
				 bad[i].says);
		free(copy);
	}
	BAD(-EINVAL, "device= has 2", .cpu = "2", .image = "a",
	    .device = "a:4K@1G;b:4K@2G");
	BAD(-EINVAL, "a for CPU 2 and b for CPU 3", .cpu = "2,3", .image = "x,y",
	    .device = "a:4K@1G;c:4K@2G,b:4K@1G");
	BAD(-EINVAL, "a for CPU 2 and b for CPU 3", .cpu = "2,3", .image = "x,y",
	    .device = "a:4K@1G:irq=40;b:4K@2G:irq=40");
	BAD(-EINVAL, "begins with a name", .cpu = "2,3", .image = "x,y",
	    .device = ";4K@1G");
}

static void overlap(void **state)
{
	const uint64_t top = ~(uint64_t)0;

	(void)state;
	assert_true(ofl_memspec_overlap(0x1000, 0x1000, 0x1000, 0x1000));
	assert_true(ofl_memspec_overlap(0x1000, 0x1001, 0x2000, 1));
	assert_true(ofl_memspec_overlap(0x2000, 1, 0x1000, 0x1001));
	assert_false(ofl_memspec_overlap(0x1000, 0x1000, 0x2000, 0x1000));
	assert_false(ofl_memspec_overlap(0x2000, 0x1000, 0x1000, 0x1000));
	assert_true(ofl_memspec_overlap(top - 1, 2, top, 1));
	assert_false(ofl_memspec_overlap(0, 0, 0, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one),	     cmocka_unit_test(several),
		cmocka_unit_test(counts),    cmocka_unit_test(together),
		cmocka_unit_test(too_long),  cmocka_unit_test(line_good),
		cmocka_unit_test(line_bad),  cmocka_unit_test(devices_good),
		cmocka_unit_test(devices_bad), cmocka_unit_test(overlap),
	};

	return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
