// SPDX-License-Identifier: BSD-2-Clause
/* The loader's configuration file, and its own snprintf against this machine's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "boot/config.c"

#define snprintf boot_snprintf
#define vsnprintf boot_vsnprintf
int boot_snprintf(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int boot_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
#include "boot/libc/stdio.c"
#undef snprintf
#undef vsnprintf

static struct ofl_config config;
static char msg[256];

static int read_text(const char *text)
{
	size_t len = strlen(text);
	char *copy = malloc(len ? len : 1); /* no NUL behind it */
	int err;

	memcpy(copy, text, len);
	msg[0] = '\0';
	err = ofl_config_read(copy, len, &config, msg, sizeof(msg));
	free(copy);
	return err;
}

static void test_defaults(void **state)
{
	(void)state;
	assert_int_equal(read_text("image=rt.bin"), 0);
	assert_string_equal(config.image[0].name, "rt.bin");
	assert_string_equal(config.image[0].args, "");
	assert_false(config.other_core);
	assert_int_equal(config.mem, 16 << 20);
	assert_int_equal(config.window, 0);
	assert_true(config.serial_auto);
	assert_int_equal(config.debug_exit, 0);
	assert_int_equal(read_text("image=a\ncore=other\n"), 0);
	assert_int_equal(config.window, 4 << 20);
	assert_int_equal(read_text("image=a\ncore=other\nwindow=0\n"), 0);
	assert_int_equal(config.window, 0);
}

static void test_values(void **state)
{
	(void)state;
	assert_int_equal(read_text("# a comment\r\n\r\n  image =  dir/rt.elf \r\n"
				   "args='a b'  c=d \r\ncore=other\r\nmem=32M\r\n"
				   "window=2048K\r\nnet=on\r\nserial=mmio:0xFE001000\r\n"
				   "debug-exit=0x501"),
			 0);
	assert_string_equal(config.image[0].name, "dir/rt.elf");
	assert_string_equal(config.image[0].args, "'a b'  c=d");
	assert_true(config.other_core);
	assert_int_equal(config.mem, 32 << 20);
	assert_int_equal(config.window, 2 << 20);
	assert_true(config.net);
	assert_false(config.serial_auto);
	assert_int_equal(config.serial, OFL_SERIAL_16550_MMIO);
	assert_int_equal(config.serial_pa, 0xfe001000);
	assert_int_equal(config.debug_exit, 0x501);
	assert_int_equal(read_text("image=a\nserial=none"), 0);
	assert_int_equal(config.serial, OFL_SERIAL_NONE);
	assert_int_equal(read_text("image=a\nserial=io:1016"), 0);
	assert_int_equal(config.serial, OFL_SERIAL_16550_IO);
	assert_int_equal(config.serial_pa, 0x3f8);
	assert_int_equal(read_text("image=a\nserial=pl011:0x9000000"), 0);
	assert_int_equal(config.serial, OFL_SERIAL_PL011);
}

static void test_images(void **state)
{
	char text[64 * OFL_CONFIG_IMAGES] = "core=other\n";

	(void)state;
	assert_int_equal(read_text("image=a\nargs=1 2\ncore=other\nimage=b\nimage=c\nargs=3"), 0);
	assert_int_equal(config.nr_images, 3);
	assert_string_equal(config.image[0].args, "1 2");
	assert_string_equal(config.image[1].name, "b");
	assert_string_equal(config.image[1].args, "");
	assert_string_equal(config.image[2].args, "3");
	for (unsigned int i = 0; i < OFL_CONFIG_IMAGES; i++)
		strcat(text, "image=x\n");
	assert_int_equal(read_text(text), 0);
	strcat(text, "image=x\n");
	assert_int_equal(read_text(text), -EINVAL);
	assert_non_null(strstr(msg, "more than 48 images"));
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *word;
	} bad[] = {
		{ "", "image= is missing" },
		{ "image=", "line 1: image= has no name" },
		{ "args=x\nimage=a", "line 1: args= comes before" },
		{ "image=a\nimage=b", "more than one image= needs core=other" },
		{ "image=a\nargs=x\nargs=y", "line 3: args= was given in line 2" },
		{ "core=self\nimage=a\ncore=self", "line 3: core= was given in line 1" },
		{ "image=a\nimag=b", "line 2: there is no key \"imag\"" },
		{ "image=a\n\nrubbish", "line 3: \"rubbish\"" },
		{ "a-very-long-key-that-is-none=1", "line 1: there is no key" },
		{ "image=a\x01", "control character (code 1)" },
		{ "image=a\ncore=both", "core=both" },
		{ "image=a\nmem=16G", "mem=16G is not a size" },
		{ "image=a\nmem=", "mem= is not a size" },
		{ "image=a\nmem=0", "not a multiple of 2048 KiB" },
		{ "image=a\nmem=3000000", "not a multiple of 2048 KiB" },
		{ "image=a\nmem=99999999999999999999", "is not a size" },
		{ "image=a\nmem=99999999999999M", "is not a size" },
		{ "image=a\nwindow=2M", "window= needs core=other" },
		{ "image=a\ncore=other\nwindow=16M", "leaves nothing" },
		{ "image=a\nnet=on", "net=on needs core=other and a window" },
		{ "image=a\ncore=other\nwindow=0\nnet=on", "net=on needs" },
		{ "image=a\ncore=other\nnet=yes", "net=yes is neither on nor off" },
		{ "image=a\nserial=com1", "serial=com1 is none of" },
		{ "image=a\nserial=io:0x10000", "is none of" },
		{ "image=a\nserial=io:", "is none of" },
		{ "image=a\ndebug-exit=0", "not an I/O port" },
		{ "image=a\ndebug-exit=65536", "not an I/O port" },
	};
	char text[2000];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(read_text(bad[i].text), -EINVAL);
		if (!strstr(msg, bad[i].word))
			fail_msg("\"%s\" gives \"%s\"", bad[i].text, msg);
		assert_null(strchr(msg, '\n'));
	}
	snprintf(text, sizeof(text), "image=%0300d", 1);
	assert_int_equal(read_text(text), -EINVAL);
	assert_non_null(strstr(msg, "image= is too long: at most 255"));
	snprintf(text, sizeof(text), "image=a\nargs=%01500d", 1);
	assert_int_equal(read_text(text), -EINVAL);
	assert_non_null(strstr(msg, "args= is too long"));
}

/* Whatever the bytes: no fault, and a sentence if it is refused. */
static void test_fuzz(void **state)
{
	static const char seed_text[] = "image=rt.bin\nargs='a b' c\ncore=other\nmem=32M\n"
					"window=4M\nnet=on\nserial=io:0x3f8\ndebug-exit=0x501\n";
	unsigned int seed = 1;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		char text[sizeof(seed_text)];

		memcpy(text, seed_text, sizeof(text));
		for (int n = rand_r(&seed) % 6; n >= 0; n--)
			text[(unsigned int)rand_r(&seed) % (sizeof(text) - 1)] =
				rand_r(&seed) % 3 ? "=\n #0xKM'"[rand_r(&seed) % 9] :
						    (char)(rand_r(&seed) % 255 + 1);
		if (read_text(text))
			assert_true(msg[0]);
		else
			assert_true(config.nr_images && config.image[0].name[0] &&
				    config.window < config.mem);
	}
}

#define SAME(...)                                                              \
	do {                                                                   \
		char ours[64], theirs[64];                                     \
		int n = boot_snprintf(ours, sizeof(ours), __VA_ARGS__);        \
		int m = snprintf(theirs, sizeof(theirs), __VA_ARGS__);         \
									       \
		assert_string_equal(ours, theirs);                             \
		assert_int_equal(n, m);                                        \
	} while (0)

static void test_snprintf(void **state)
{
	char buf[8];

	(void)state;
	SAME("%d %i %u %x %X", -5, 0, 5u, 0xabcu, 0xabcu);
	SAME("%#x %#x %#llx", 0u, 255u, 0xffffffffffffffffull);
	SAME("%llu %lld", 18446744073709551615ull, (long long)INT64_MIN);
	SAME("%ld %lu %zu", -1L, ~0ul, (size_t)7);
	SAME("%08x|%8x|%-8x|%08d|%+d", 0x12u, 0x12u, 0x12u, -12, 3);
	SAME("%.3u|%6.3u|%*d", 7u, 7u, 6, 42);
	SAME("%s|%5s|%-5s|%.2s|%c|%%", "abc", "ab", "ab", "abc", 'x');
	SAME("%.*s", 3, "abcdef");
	assert_int_equal(boot_snprintf(buf, sizeof(buf), "%s", "0123456789"), 10);
	assert_string_equal(buf, "0123456");
	assert_int_equal(boot_snprintf(NULL, 0, "%u", 1234u), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_values),
		cmocka_unit_test(test_images),	 cmocka_unit_test(test_refused),
		cmocka_unit_test(test_fuzz),
		cmocka_unit_test(test_snprintf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
