// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=long-long stack=96K heap-min=256K */
/* args: 'two words' three\ more */
/* What main finds: processor state, memory sections, boot page, arguments. */
#include <errno.h>
#include <string.h>

#include "core.h"
#include "entry/entry.h"
#include "ktap.h"

static uint8_t zeroed[70000];
static uint32_t initialised[3] = { 0x11223344, 0x55667788, 0x99aabbcc };
static const uint8_t constant[] = "constant";
static const uint8_t *pointer = constant + 3;
static _Thread_local unsigned int tls_initialised = 4711;
static _Thread_local uint64_t tls_zeroed[4];
static uint8_t line_aligned __attribute__((aligned(64))) = 1;
static uint8_t page_aligned[16] __attribute__((aligned(4096)));

static unsigned int constructed[3], nr_constructed;

__attribute__((constructor(201))) static void second(void)
{
	constructed[nr_constructed++] = 2;
}

__attribute__((constructor(200))) static void first(void)
{
	constructed[nr_constructed++] = 1;
}

__attribute__((constructor)) static void last(void)
{
	constructed[nr_constructed++] = 3;
}

static bool lies_in(const void *p, size_t len, const uint8_t *start, const uint8_t *end)
{
	return (uintptr_t)p >= (uintptr_t)start && (uintptr_t)p + len <= (uintptr_t)end;
}

static size_t nonzero(const uint8_t *p, size_t len)
{
	size_t n = 0;

	while (len--)
		n += *p++ != 0;
	return n;
}

static void test_sections(void)
{
	uintptr_t stack = (uintptr_t)__builtin_frame_address(0);

	is(nonzero(zeroed, sizeof(zeroed)), 0, "bss is zero");
	ok(lies_in(zeroed, sizeof(zeroed), __ofl_data_start, __ofl_guard),
	   "bss lies between data and the guard page");
	is(initialised[0], 0x11223344, "data: first word");
	is(initialised[2], 0x99aabbcc, "data: last word");
	initialised[1]++;
	is(initialised[1], 0x55667789, "data can be written");
	is(pointer - constant, 3, "data: a pointer into rodata");
	is(*pointer, 's', "rodata through it");
	ok(lies_in(constant, sizeof(constant), __ofl_rodata_start, __ofl_rodata_end),
	   "a const array lies in rodata");
	is((uintptr_t)&line_aligned % 64, 0, "alignment of 64 is kept");
	is((uintptr_t)page_aligned % 4096, 0, "alignment of a page is kept");

	is((uintptr_t)__ofl_text_start, OFL_IMAGE_VA, "text is where the contract says");
	is((uintptr_t)__ofl_text_end % OFL_PAGE, 0, "text ends with a page");
	is((uintptr_t)__ofl_rodata_start - (uintptr_t)__ofl_text_end, 0,
	   "rodata follows text");
	is((uintptr_t)__ofl_data_start % OFL_PAGE, 0, "data begins a page");
	is((uintptr_t)__ofl_stack_bottom - (uintptr_t)__ofl_guard, OFL_PAGE,
	   "the guard page lies under the stack");
	is((uintptr_t)__ofl_stack_top - (uintptr_t)__ofl_stack_bottom, 96 << 10,
	   "the stack is as large as asked for");
	ok(stack > (uintptr_t)__ofl_stack_bottom && stack < (uintptr_t)__ofl_stack_top,
	   "main runs on it");
	is(stack % 16, 0, "the stack is aligned");
	is((uintptr_t)ofl_heap_start, (uintptr_t)__ofl_image_end, "the heap follows the stack");
	is((uintptr_t)ofl_heap_end, OFL_REGION_VA + ofl_boot->info.private_size,
	   "the heap ends with the private part");
	ok(ofl_heap_end - ofl_heap_start >= 256 << 10, "the heap is not less than asked for");

	is(tls_initialised, 4711, "TLS: initialised variable");
	is(nonzero((uint8_t *)tls_zeroed, sizeof(tls_zeroed)), 0, "TLS: zeroed variable");
	is((uintptr_t)&tls_zeroed % _Alignof(uint64_t), 0, "TLS: alignment");
	is(errno, 0, "errno is 0");
	is(nr_constructed, 3, "all constructors ran, once");
	is(constructed[0], 1, "constructors: lowest priority number first");
	is(constructed[1], 2, "constructors: then the next");
	is(constructed[2], 3, "constructors: then those without one");
}

static void test_boot_page(void)
{
	const struct ofl_boot_info *info = &ofl_boot->info;
	const struct ofl_boot_image *image = &ofl_boot->image;
	uint64_t now = ofl_counter();

	is((uintptr_t)ofl_boot, OFL_REGION_VA, "the boot page is where the contract says");
	is(info->magic, OFL_BOOT_MAGIC, "boot page: magic");
	is(info->abi, OFL_ABI_VERSION, "boot page: ABI");
	is(info->size, sizeof(struct ofl_boot), "boot page: size");
	is(info->machine, ENTRY_MACHINE, "boot page: machine");
	is(info->region_pa % OFL_REGION_ALIGN, 0, "boot page: alignment of the region");
	is(info->private_size % OFL_PAGE, 0, "boot page: whole pages of private memory");
	is(info->window_pa, info->region_pa + info->private_size,
	   "boot page: the window follows the private part");
	is(info->window_size % OFL_PAGE, 0, "boot page: whole pages of window");
	is(info->entry, OFL_IMAGE_VA, "boot page: entry");
	is(info->image_size, (uint64_t)(__ofl_image_end - __ofl_text_start),
	   "boot page: size of the image");
	ok(info->counter_hz >= 1000000, "boot page: frequency of the counter");
	is(info->flags, OFL_IMAGE_NO_PMM, "boot page: flags of the image");
	ok(info->serial <= OFL_SERIAL_PL011, "boot page: kind of serial line");
	is(info->args_len, strlen(ofl_boot->args), "boot page: length of the arguments");
	ok(memchr(ofl_boot->image_name, 0, sizeof(ofl_boot->image_name)) != NULL,
	   "boot page: the name ends");

	is(image->state, OFL_STATE_RUNNING, "state: running");
	is(image->abi, OFL_ABI_VERSION, "the runtime's ABI is written");
	is(image->exit_status, 0, "exit status: 0 so far");
	ok(info->start_counter <= image->entry_counter, "counter: entry is not before start");
	ok(image->entry_counter < image->main_counter, "counter: main is behind entry");
	ok(image->main_counter < now, "counter: now is behind main");
	is(ofl_boot->host.request, OFL_REQUEST_NONE, "nothing is requested");
	is(nonzero(ofl_boot->host.reserved, sizeof(ofl_boot->host.reserved)), 0,
	   "reserved bytes of the host are zero");
	is(nonzero((uint8_t *)ofl_crash, sizeof(*ofl_crash)), 0, "the crash record is empty");
}

static void test_where(int argc, char **argv)
{
	struct ofl_where where;

	ok(argc >= 1, "there is a name");
	is_string(argv[0], ofl_boot->image_name, "argv[0] is the image's name");
	ok(argv[argc] == NULL, "argv ends with NULL");
	ok(lies_in(argv[0], 1, __ofl_data_start, __ofl_guard),
	   "argv is a copy in memory of our own");
	if (argc == 3) {
		is_string(argv[1], "two words", "an argument with a blank");
		is_string(argv[2], "three more", "an argument with a quoted blank");
	} else {
		ktap_skip("started without arguments", "an argument with a blank");
		ktap_skip("started without arguments", "an argument with a quoted blank");
	}
	ofl_where(&where);
	is_string(where.arch, ENTRY_ARCH, "ofl_where: architecture");
	is(where.cpu, ofl_boot->info.cpu, "ofl_where: number of the core");
	is(where.hwid, ofl_boot->info.hwid, "ofl_where: hardware id");
	ok(where.timer_hz > 0, "ofl_where: frequency of the timer");
	is(where.boot_to_main_ns, ofl_counter_to_ns(ofl_boot->image.main_counter -
						    ofl_boot->info.start_counter),
	   "ofl_where: time from start to main");
	entry_where(&where);
}

int main(int argc, char **argv)
{
	ktap_begin();
	entry_registers();
	test_sections();
	test_boot_page();
	test_where(argc, argv);
	return ktap_end();
}
