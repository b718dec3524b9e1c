// SPDX-License-Identifier: BSD-2-Clause
/*
 * The platform of the native build: an image as a static Linux process on raw
 * system calls, which shares a window with the PMM.
 *
 *	NAME [--pmm SOCKET] [--wait SECONDS] [--no-pmm] [--] [argument ...]
 *
 * The boot page is a private one of the process's own making; the log goes to
 * standard error.  The counter is CLOCK_MONOTONIC in ns.
 */
#include "native.h"

#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "linux.h"
#include "wait.h"

#define HEAP_SIZE (64u << 20)
#define WAIT_DEFAULT 30u
#define LOOKS_PER_HANGUP 4096u
#define REJOIN_NS (20 * OFL_MS)

extern const char __ofl_image_flags[]; /* a number in the place of an address */

static struct ofl_boot boot_page;
static struct ofl_crash crash_record;
static struct ofl_log log_ring;

struct ofl_boot *ofl_boot = &boot_page;
struct ofl_crash *ofl_crash = &crash_record;
struct ofl_log *ofl_log = &log_ring;
uint8_t *ofl_window_va;
uint8_t *ofl_heap_start;
uint8_t *ofl_heap_end;

void ofl_platform_used(const uint8_t *end)
{
	(void)end; /* a process leaves nothing behind */
}

static uint64_t log_shown; /* bytes of the log already on standard error */
static bool pmm_gone;
static bool asleep;

void ofl_native_start(long *stack);

static void write_all(int fd, const char *text, size_t len)
{
	while (len) {
		long n = ofl_syscall(NR_WRITE, fd, (long)text, (long)len, 0, 0,
				     0);

		if (n == -LINUX_EINTR)
			continue;
		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

void ofl_native_say(const char *text)
{
	write_all(2, text, strlen(text));
}

void ofl_native_die(int status, const char *what, const char *detail)
{
	ofl_native_say("offload: ");
	ofl_native_say(what);
	if (detail)
		ofl_native_say(detail);
	ofl_native_say("\n");
	ofl_syscall(NR_EXIT_GROUP, status, 0, 0, 0, 0, 0);
	__builtin_trap();
}

static void show_log(void)
{
	uint64_t head = log_ring.head;

	if (head - log_shown > sizeof(log_ring.text))
		log_shown = head - sizeof(log_ring.text);
	while (log_shown < head) {
		size_t at = log_shown % sizeof(log_ring.text);
		size_t n = sizeof(log_ring.text) - at;

		if (n > head - log_shown)
			n = (size_t)(head - log_shown);
		write_all(2, log_ring.text + at, n);
		log_shown += n;
	}
}

void ofl_platform_leave(enum ofl_image_state state, int status)
{
	__atomic_store_n(&boot_page.image.exit_status, status, __ATOMIC_RELAXED);
	__atomic_store_n(&boot_page.image.state, state, __ATOMIC_RELAXED);
	show_log();
	if (state != OFL_STATE_EXITED)
		status = OFL_NATIVE_EXIT_CRASHED;
	ofl_syscall(NR_EXIT_GROUP, status, 0, 0, 0, 0, 0);
	__builtin_trap();
}

/* --- the PMM --- */

/* The PMM says nothing more on the socket: anything but "not yet" is its end. */
static void look_for_hangup(void)
{
	uint8_t byte;
	struct linux_iovec iov = { &byte, sizeof(byte) };
	struct linux_msghdr msg = { .iov = &iov, .iovlen = 1 };
	long ret = ofl_syscall(NR_RECVMSG, ofl_native_link.sock, (long)&msg,
			       LINUX_MSG_DONTWAIT, 0, 0, 0);

	if (ret != -LINUX_EAGAIN && ret != -LINUX_EINTR)
		pmm_gone = true;
}

static void use_window(void)
{
	ofl_window_va = ofl_native_link.window;
	boot_page.info.window_pa = ofl_native_link.window_pa;
	boot_page.info.window_size = ofl_native_link.window_size;
}

bool ofl_platform_rejoin(void)
{
	static uint64_t next;
	uint64_t now = ofl_now_ns();

	if (!pmm_gone || now < next)
		return false;
	next = now + REJOIN_NS;
	if (!ofl_native_reconnect())
		return false;
	use_window();
	pmm_gone = false;
	asleep = false; /* says the new window */
	return true;
}

uint32_t ofl_platform_pmm_epoch(void)
{
	static unsigned int looks;
	struct ofl_window *win;

	/* For an image that never waits: waiting would notice. */
	if (!(++looks % LOOKS_PER_HANGUP) && !pmm_gone && ofl_window_va)
		look_for_hangup();
	if (pmm_gone || !ofl_window_va)
		return 0;
	win = (void *)(ofl_window_va + OFL_WIN_CTRL_OFF);
	return __atomic_load_n(&win->pmm.epoch, __ATOMIC_ACQUIRE);
}

void ofl_platform_ring(void)
{
	uint64_t one = 1;

	ofl_syscall(NR_WRITE, ofl_native_link.ring_fd, (long)&one, sizeof(one),
		    0, 0, 0);
}

void ofl_platform_state(enum ofl_image_state state)
{
	__atomic_store_n(&boot_page.image.state, state, __ATOMIC_RELAXED);
}

static void set_asleep(bool on)
{
	struct ofl_window *win;

	asleep = on;
	if (!ofl_window_va)
		return;
	win = (void *)(ofl_window_va + OFL_WIN_CTRL_OFF);
	__atomic_store_n(&win->image_bell.asleep, on, __ATOMIC_RELAXED);
	/* Before the last look for work; who wakes up looks anyway. */
	if (on)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Does the PMM ring?  Its end comes as an event, too. */
static bool pmm_rings(void)
{
	struct ofl_window *win;

	if (pmm_gone || !ofl_window_va)
		return false;
	win = (void *)(ofl_window_va + OFL_WIN_CTRL_OFF);
	return __atomic_load_n(&win->pmm_bell.rings, __ATOMIC_RELAXED);
}

/* Until the PMM rings, or the deadline, or a signal; notices the PMM's end. */
static void doze(uint64_t deadline)
{
	struct linux_pollfd polls[2] = {
		{ .fd = ofl_native_link.wake_fd, .events = LINUX_POLLIN },
		{ .fd = ofl_native_link.sock, .events = LINUX_POLLIN },
	};
	uint64_t left = pmm_gone ? REJOIN_NS : OFL_MS;
	struct linux_timespec ts;
	uint64_t count;

	if (deadline) {
		uint64_t now = ofl_now_ns();
		uint64_t until = deadline > now ? deadline - now : 0;

		if (until < left || pmm_rings())
			left = until;
	}
	ts.sec = (int64_t)(left / OFL_SEC);
	ts.nsec = (int64_t)(left % OFL_SEC);
	boot_page.image.sleeps++;
	show_log();
	if (ofl_syscall(NR_PPOLL, (long)polls, pmm_gone ? 1 : 2, (long)&ts, 0, 0,
			0) <= 0)
		return;
	if (polls[0].revents & LINUX_POLLIN) {
		boot_page.image.bells++;
		ofl_syscall(NR_READ, polls[0].fd, (long)&count, sizeof(count), 0,
			    0, 0);
	}
	/* The PMM says nothing more on the socket: readable means closed. */
	if (polls[1].revents)
		pmm_gone = true;
}

/*
 * The eventfd remembers a ring between the caller's look and the sleep.  A ring
 * that was for an earlier sleep costs one look.
 */
void ofl_platform_wait_until(unsigned int spins, uint64_t deadline)
{
	if (!ofl_wait_may_sleep(spins)) {
		ofl_platform_relax();
	} else if (!asleep) {
		set_asleep(true);
	} else {
		doze(deadline);
		set_asleep(false);
	}
}

/* --- clock and place --- */

uint64_t ofl_counter(void)
{
	return linux_now(LINUX_CLOCK_MONOTONIC);
}

void ofl_where(struct ofl_where *where)
{
	uint32_t cpu = 0;

	ofl_syscall(NR_GETCPU, (long)&cpu, 0, 0, 0, 0, 0);
#if defined(__x86_64__)
	where->arch = "x86_64";
#else
	where->arch = "aarch64";
#endif
	where->mode = "process";
	where->irqchip = "signal";
	where->cpu = cpu;
	where->hwid = 0;
	where->timer_hz = 1000000000u;
	where->boot_to_main_ns =
		boot_page.image.main_counter - boot_page.info.start_counter;
}

/* --- start --- */

/* One argument as a shell's word at the end of the boot page's text. */
static void add_arg(const char *arg)
{
	struct ofl_boot_info *info = &boot_page.info;
	size_t len = info->args_len;
	/* Worst case: four bytes each, quotes, a blank, the NUL. */
	size_t room = sizeof(boot_page.args);

	if (strlen(arg) * 4 + 4 > room - len)
		ofl_native_die(OFL_NATIVE_EXIT_USAGE, "arguments are too long: ",
			       arg);
	if (len)
		boot_page.args[len++] = ' ';
	boot_page.args[len++] = '\'';
	for (; *arg; arg++) {
		if (*arg == '\'') {
			memcpy(boot_page.args + len, "'\\''", 4);
			len += 4;
		} else {
			boot_page.args[len++] = *arg;
		}
	}
	boot_page.args[len++] = '\'';
	boot_page.args[len] = '\0';
	info->args_len = (uint32_t)len;
}

static const char *get_env(char **env, const char *name)
{
	size_t len = strlen(name);

	for (; *env; env++)
		if (!strncmp(*env, name, len) && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

static unsigned int number(const char *text)
{
	unsigned int n = 0;

	if (!*text)
		ofl_native_die(OFL_NATIVE_EXIT_USAGE, "--wait wants seconds", NULL);
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || n > 100000)
			ofl_native_die(OFL_NATIVE_EXIT_USAGE,
				       "--wait wants seconds, not ", text);
		n = n * 10 + (unsigned int)(*text - '0');
	}
	return n;
}

struct options {
	const char *pmm;
	unsigned int wait;
	bool no_pmm;
};

/* Options in front; the first other word begins the image's arguments. */
static char **parse(char **arg, struct options *opt)
{
	for (; *arg; arg++) {
		if (!strcmp(*arg, "--no-pmm")) {
			opt->no_pmm = true;
		} else if (!strcmp(*arg, "--pmm") && arg[1]) {
			opt->pmm = *++arg;
		} else if (!strcmp(*arg, "--wait") && arg[1]) {
			opt->wait = number(*++arg);
		} else if (!strcmp(*arg, "--")) {
			return arg + 1;
		} else {
			break;
		}
	}
	return arg;
}

static void make_boot_page(const char *name)
{
	struct ofl_boot_info *info = &boot_page.info;

	info->magic = OFL_BOOT_MAGIC;
	info->abi = OFL_ABI_VERSION;
#if defined(__x86_64__)
	info->machine = OFL_MACHINE_X86_64;
#else
	info->machine = OFL_MACHINE_AARCH64;
#endif
	info->size = sizeof(boot_page);
	info->counter_hz = 1000000000u;
	info->start_counter = linux_now(LINUX_CLOCK_MONOTONIC);
	boot_page.image.entry_counter = info->start_counter;
	boot_page.image.state = OFL_STATE_ENTERED;
	info->wall_offset_ns = (int64_t)(linux_now(LINUX_CLOCK_REALTIME) -
					 linux_now(LINUX_CLOCK_MONOTONIC));
	info->flags = (uint32_t)(uintptr_t)__ofl_image_flags;
	strncpy(boot_page.image_name, name, sizeof(boot_page.image_name) - 1);
}

static void make_heap(void)
{
	long at = ofl_syscall(NR_MMAP, 0, HEAP_SIZE, LINUX_PROT_READ_WRITE,
			      LINUX_MAP_PRIVATE | LINUX_MAP_ANONYMOUS |
				      LINUX_MAP_NORESERVE,
			      -1, 0);

	if (linux_failed(at))
		ofl_native_die(OFL_NATIVE_EXIT_CRASHED, "no memory for a heap",
			       NULL);
	ofl_heap_start = (uint8_t *)at;
	ofl_heap_end = ofl_heap_start + HEAP_SIZE;
}

void ofl_native_start(long *stack)
{
	char **argv = (char **)(stack + 1);
	char **env = argv + stack[0] + 1;
	struct options opt = { .pmm = get_env(env, "OFFLOAD_PMM"),
			       .wait = WAIT_DEFAULT };
	char **arg;

	arg = parse(*argv ? argv + 1 : argv, &opt);
	make_boot_page(*argv ? argv[0] : "image");
	make_heap();
	for (; *arg; arg++)
		add_arg(*arg);
	if (opt.no_pmm)
		boot_page.info.flags |= OFL_IMAGE_NO_PMM;
	else if (opt.pmm)
		ofl_native_connect(opt.pmm, opt.wait);
	else if (!(boot_page.info.flags & OFL_IMAGE_NO_PMM))
		ofl_native_die(OFL_NATIVE_EXIT_USAGE,
			       "where is the PMM?  Say --pmm SOCKET or set OFFLOAD_PMM, or --no-pmm to run without",
			       NULL);
	use_window();
	ofl_clock_init();
	ofl_native_signals();
	ofl_main();
}
