// SPDX-License-Identifier: BSD-2-Clause
/* From entry to main and out: arguments, the wait for a PMM, log and panic. */
#include "rt_mock.h"

#include <unistd.h>

/* This program has constructors, exit and main of its own. */
#define exit mock_exit
#define _exit mock__exit
#define main ofl_image_main
_Noreturn static void mock_exit(int status);
_Noreturn void mock__exit(int status);
#include "baremetal/args.c"
#include "baremetal/start.c"
#undef main
#undef exit

static unsigned int attached, drained, constructed;
static uint32_t attach_fails_up_to; /* epochs that cannot be used */
static int image_argc;
static char **image_argv;
static volatile int exit_status;

void ofl_libc_init(void)
{
	constructed++;
}

_Noreturn static void mock_exit(int status)
{
	exit_status = status;
	mock__exit(status);
}

int ofl_image_main(int argc, char **argv)
{
	assert_int_equal(boot_page.image.state, OFL_STATE_RUNNING);
	assert_int_equal(constructed, 1);
	image_argc = argc;
	image_argv = argv;
	return 5;
}

void ofl_tls_init(void)
{
}

uint64_t ofl_counter(void)
{
	return 12345;
}

int ofl_devices_attach(uint32_t epoch)
{
	attached++;
	return epoch <= attach_fails_up_to ? -EPROTONOSUPPORT : 0;
}

void ofl_devices_drain(void)
{
	drained++;
}

static void prepare(const char *args)
{
	sim_reset(3, 1);
	attached = 0;
	drained = 0;
	constructed = 0;
	attach_fails_up_to = 0;
	image_argc = -1;
	exit_status = -1;
	left_state = OFL_STATE_NONE;
	ofl_window_va = window_mem;
	strcpy(boot_page.image_name, "rt.bin");
	boot_page.info.args_len = (uint32_t)strlen(args);
	strcpy(boot_page.args, args);
}

static void start(void)
{
	if (!setjmp(mock_left))
		ofl_main();
}

static void test_main(void **state)
{
	(void)state;
	prepare("input.txt 'a b'");
	start();
	assert_int_equal(image_argc, 3);
	assert_string_equal(image_argv[0], "rt.bin");
	assert_string_equal(image_argv[1], "input.txt");
	assert_string_equal(image_argv[2], "a b");
	assert_null(image_argv[3]);
	assert_int_equal(attached, 1);
	assert_int_equal(left_state, OFL_STATE_EXITED);
	assert_int_equal(exit_status, 5);
	assert_int_equal(drained, 1);
	assert_int_equal(boot_page.image.main_counter, 12345);
	assert_int_equal(boot_page.image.abi, OFL_ABI_VERSION);
}

static void test_bad_arguments(void **state)
{
	(void)state;
	prepare("a 'b");
	start();
	assert_int_equal(image_argc, -1);
	assert_int_equal(left_state, OFL_STATE_EXITED);
	assert_true(log_has("byte 2 is not closed"));
	prepare("");
	for (int i = 0; i < OFL_ARGC_MAX; i++)
		strcat(boot_page.args, "x ");
	boot_page.info.args_len = 2 * OFL_ARGC_MAX;
	start();
	assert_int_equal(image_argc, -1);
	assert_true(log_has("more than 63 arguments"));
	/* A length above the page's is cut. */
	prepare("");
	memset(boot_page.args, 'x', sizeof(boot_page.args));
	boot_page.info.args_len = 0xffffffff;
	start();
	assert_int_equal(image_argc, 2);
	assert_int_equal(strlen(image_argv[1]), OFL_ARGS_MAX - 1);
}

static void step_pmm_comes(void)
{
	assert_int_equal(boot_page.image.state, OFL_STATE_WAITING);
	if (mock_steps == 5000)
		mock_epoch = 1;
	if (mock_steps == 9000)
		mock_epoch = 2;
}

static void test_wait(void **state)
{
	(void)state;
	prepare("");
	mock_epoch = 0;
	pmm_step = step_pmm_comes;
	start();
	assert_int_equal(attached, 1);
	assert_int_equal(image_argc, 1);
	assert_true(mock_steps >= 5000);
	/* nobody beats on the image's behalf */
	assert_int_equal(boot_page.image.heartbeat, 0);
	ofl_heartbeat();
	ofl_heartbeat();
	assert_int_equal(boot_page.image.heartbeat, 2);
	/* The first PMM is of another ABI: asked once, then the next one. */
	prepare("");
	mock_epoch = 0;
	attach_fails_up_to = 1;
	pmm_step = step_pmm_comes;
	start();
	assert_int_equal(attached, 2);
	assert_int_equal(image_argc, 1);
}

static void step_none(void)
{
	assert_true(false);
}

static void test_no_pmm(void **state)
{
	(void)state;
	prepare("");
	mock_epoch = 0;
	pmm_step = step_none;
	boot_page.info.flags = OFL_IMAGE_NO_PMM;
	start();
	assert_int_equal(attached, 0);
	assert_int_equal(image_argc, 1);
	prepare(""); /* one that is there is used all the same */
	boot_page.info.flags = OFL_IMAGE_NO_PMM;
	start();
	assert_int_equal(attached, 1);
	prepare(""); /* nor can one come without a window */
	mock_epoch = 0;
	ofl_window_va = NULL;
	pmm_step = step_none;
	start();
	assert_int_equal(image_argc, 1);
	assert_true(log_has("no shared window"));
}

static void test_log(void **state)
{
	(void)state;
	prepare("");
	ofl_log_printf("[%s|%c|%d|%u|%x|%lx|%llx|%5u|%03x|%p|%%|%zu]", "text",
		       'c', -42, 42u, 0xabcu, 0x123456789abcul, ~0ull, 7u, 10u,
		       (void *)0x1000, (size_t)9);
	assert_true(log_has("[text|c|-42|42|abc|123456789abc|ffffffffffffffff|    7|00a|0x1000|%|9]"));
	ofl_log_printf("%lld %i", (long long)INT64_MIN, 0);
	assert_true(log_has("-9223372036854775808 0"));
	/* It is a ring. */
	for (unsigned int i = 0; i < sizeof(log_ring.text); i++)
		ofl_log_write("abcdefg", 7);
	assert_true(log_ring.head > sizeof(log_ring.text));
	assert_int_equal(log_ring.text[(log_ring.head - 1) %
				       sizeof(log_ring.text)], 'g');
}

static void test_panic(void **state)
{
	static char big[600];

	(void)state;
	prepare("");
	if (!setjmp(mock_left))
		ofl_panic("number %d of %s", 3, "three");
	assert_int_equal(left_state, OFL_STATE_CRASHED);
	assert_string_equal(crash_record.text, "number 3 of three");
	assert_true(crash_record.pc != 0);
	assert_true(log_has("panic: number 3 of three (at "));
	memset(big, 'x', sizeof(big) - 1);
	if (!setjmp(mock_left))
		ofl_panic("%s", big);
	assert_int_equal(strlen(crash_record.text),
			 sizeof(crash_record.text) - 1);

	prepare("");
	memset(&crash_record, 0xff, sizeof(crash_record)); /* counts too large */
	strcpy(crash_record.text, "page fault");
	if (!setjmp(mock_left))
		ofl_crashed();
	assert_int_equal(left_state, OFL_STATE_CRASHED);
	assert_true(log_has("crash: page fault"));
	assert_true(log_has("called from: ffffffffffffffff"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_main),
		cmocka_unit_test(test_bad_arguments),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_no_pmm),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_panic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
