// SPDX-License-Identifier: BSD-2-Clause
/*
 * outsider UID:GID ROUNDS SEED: throws system calls with random and with boundary
 * arguments at /dev/offload0, and text at its files in sysfs, as that user.
 *
 * Prints one line, "opened=N attached=N mapped=N written=N": how many opens,
 * attaches, mappings and writes to sysfs were let through.  What must not be let
 * through, whoever asks, is a line of its own, and exit status 1.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include <offload/abi.h>
#include <offload/uapi.h>

#define DEVICE "/dev/offload0"
#define CLASS "/sys/class/offload"
#define FDS 8
#define WRITES_MAX 400 /* each has a line in the kernel log */

static uint64_t state;
static int fds[FDS];
static unsigned long opened, attached, mapped, written;
static unsigned int writes, wrong;
static uint64_t window = 4u << 20; /* until INFO has said */
static uint8_t *edge; /* the last byte before nothing is mapped, plus 1 */
static sigjmp_buf faulted;
static int memory; /* /proc/self/mem */

static uint32_t rnd(uint32_t n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(state >> 33) % n;
}

#define WRONG(...)                           \
	do {                                 \
		wrong++;                     \
		printf("wrong: " __VA_ARGS__); \
		putchar('\n');               \
	} while (0)

static uint64_t boundary(void)
{
	static const uint64_t some[] = {
		0, 1, 3, 4, 7, 8, 47, 48, 49, 4095, 4096, 4097, 0x7fffffff,
		0x80000000, 0xffffffff, 0x100000000, 1ull << 46, 1ull << 47,
		INT64_MAX, 1ull << 63, UINT64_MAX - 4095, UINT64_MAX,
	};

	switch (rnd(4)) {
	case 0:
		return window + rnd(3) * 4096 - 4096;
	case 1:
		return window + rnd(3) - 1;
	case 2:
		return (uint64_t)rnd(1u << 31) << rnd(33);
	default:
		return some[rnd(sizeof(some) / sizeof(some[0]))];
	}
}

static int any_fd(void)
{
	return fds[rnd(FDS)];
}

static void do_open(void)
{
	static const int flags[] = { O_RDWR, O_RDONLY, O_WRONLY, O_RDWR | O_NONBLOCK,
				     O_RDWR | O_APPEND | O_DIRECT, O_RDWR | O_TRUNC,
				     O_RDWR | O_ASYNC, O_PATH };
	unsigned int i = rnd(FDS);

	if (fds[i] >= 0)
		close(fds[i]);
	fds[i] = open(DEVICE, flags[rnd(sizeof(flags) / sizeof(flags[0]))] | O_CLOEXEC);
	opened += fds[i] >= 0 && !(fcntl(fds[i], F_GETFL) & O_PATH);
}

/* Somewhere to point to; what is in it says how long it is. */
static void *pointer(size_t size)
{
	uint32_t first = rnd(2) ? (uint32_t)size : (uint32_t)boundary();
	uint8_t *p;

	switch (rnd(8)) {
	case 0:
		return NULL;
	case 1:
		return (void *)(uintptr_t)boundary();
	case 2:
		p = edge - rnd(64); /* ends too early */
		break;
	default:
		p = edge - size;
		break;
	}
	for (uint8_t *at = p; at < edge; at++)
		*at = rnd(4) ? 0 : (uint8_t)rnd(256);
	if (edge - p >= 4)
		memcpy(p, &first, sizeof(first));
	if (edge - p >= 8 && rnd(2)) {
		uint32_t second = rnd(2) ? OFL_ABI_VERSION : (uint32_t)rnd(20);

		memcpy(p + 4, &second, sizeof(second));
	}
	return p;
}

static void do_ioctl(void)
{
	unsigned int nr = rnd(10), size = rnd(3) ? rnd(65) : rnd(1u << 14);
	unsigned long cmd = _IOC(rnd(4), OFL_IOC_TYPE, nr, size);
	void *p = pointer(nr == 1 ? sizeof(struct ofl_ioc_info) : 8);
	struct ofl_ioc_info info = { .size = sizeof(info) };
	int fd = any_fd(), err;

	if (!rnd(20))
		cmd = boundary();
	err = ioctl(fd, cmd, p);
	attached += !err && _IOC_TYPE(cmd) == OFL_IOC_TYPE && nr == 2;
	/* a pointer that nothing is behind cannot have been read */
	if (!err && nr && nr <= 7 && nr != 3 && nr != 5 && !p && _IOC_TYPE(cmd) == OFL_IOC_TYPE)
		WRONG("ioctl %u took a null pointer", nr);
	if (!ioctl(fd, OFL_IOC_INFO, &info)) {
		if (info.size != sizeof(info) || info.abi != OFL_ABI_VERSION)
			WRONG("INFO says size %u, ABI %u", info.size, info.abi);
		window = info.window_size;
	}
}

static void on_fault(int nr)
{
	(void)nr;
	siglongjmp(faulted, 1);
}

static void touch(volatile uint8_t *p, int prot)
{
	if (sigsetjmp(faulted, 1))
		return;
	if (prot & PROT_READ)
		(void)*p;
	if (prot & PROT_WRITE)
		*p = (uint8_t)rnd(256);
}

static void do_mmap(void)
{
	static const int kinds[] = { MAP_SHARED, MAP_SHARED, MAP_SHARED, MAP_PRIVATE,
				     MAP_SHARED_VALIDATE, MAP_SHARED | MAP_POPULATE,
				     MAP_SHARED | MAP_LOCKED };
	int prot = (int)rnd(8), kind = kinds[rnd(7)];
	uint64_t len = rnd(2) ? (rnd(window / 4096 + 2) + 1) * 4096 : boundary();
	uint64_t off = rnd(3) ? 0 : boundary() & ~4095ull;
	uint8_t *p = mmap(NULL, len, prot, kind, any_fd(), (off_t)off);
	void *more;

	if (p == MAP_FAILED)
		return;
	mapped++;
	len = (len + 4095) & ~4095ull;
	if (off || len > window || (prot & PROT_EXEC) || kind == MAP_PRIVATE)
		WRONG("mmap of %#llx at %#llx, prot %d, flags %#x", (unsigned long long)len,
		      (unsigned long long)off, prot, kind);
	touch(p, prot);
	touch(p + len - 1, prot);
	/* as a debugger does, across the end, too */
	pread(memory, edge - 64, 64, (off_t)((uintptr_t)p + len - rnd(65)));
	pwrite(memory, edge - 64, rnd(65), (off_t)((uintptr_t)p + rnd((uint32_t)len)));
	if (!mprotect(p, len, PROT_READ | PROT_EXEC))
		WRONG("mprotect made it executable");
	more = mremap(p, len, len + 4096, MREMAP_MAYMOVE);
	if (more != MAP_FAILED) {
		WRONG("mremap made it longer");
		p = more;
	}
	madvise(p, len, (int)rnd(26));
	if (len > 4096 && rnd(2)) {
		munmap(p, 4096);
		touch(p + len - 1, prot);
	}
	munmap(p, len);
}

static void do_file(void)
{
	uint8_t *buf = edge - 64;
	struct iovec iov = { buf, 64 };
	struct pollfd poll_fd = { any_fd(), (short)rnd(0x10000), 0 };
	int fd = any_fd();

	switch (rnd(11)) {
	case 0:
		if (read(fd, buf, rnd(65)) > 0)
			WRONG("read gave something");
		return;
	case 1:
		if (write(fd, buf, rnd(65)) > 0)
			WRONG("write took something");
		return;
	case 2:
		if (preadv(fd, &iov, 1, (off_t)boundary()) > 0)
			WRONG("preadv gave something");
		return;
	case 3:
		lseek(fd, (off_t)boundary(), (int)rnd(6));
		return;
	case 4:
		if (!ftruncate(fd, (off_t)boundary()))
			WRONG("ftruncate worked");
		return;
	case 5:
		fallocate(fd, (int)rnd(64), (off_t)boundary(), (off_t)boundary());
		return;
	case 6:
		fcntl(fd, rnd(2) ? F_SETFL : F_SETLEASE, (long)boundary());
		return;
	case 7:
		sendfile(fd, any_fd(), NULL, boundary());
		return;
	case 8:
		fsync(fd);
		return;
	case 9:
		close(dup(fd));
		return;
	default:
		poll(&poll_fd, 1, 0);
		return;
	}
}

/* Nothing here is a core or an image that could be had. */
static size_t text(char *to, size_t max)
{
	static const char *const words[] = {
		"cpu=0", "cpu=99", "cpu=", "cpu=0,0", "image=/dev/zero", "image=/proc/kmsg",
		"image=/", "image=../../etc/passwd", "args=\"", "args='a b'", "mem=auto:1G",
		"mem=auto:0", "mem=16M@0x100000", "mem=dt", "window=64M", "window=1", "start=0",
		"start=7", "device=x:4K@0", "spi=31", "stop", "start", "offload0", "offload",
		"15", "-1", "4294967296", "=", "\"", "\\", "\n", "\t", " ", "%s%n", "\x80\xff",
	};
	size_t len = 0, n;

	if (!rnd(4)) { /* noise */
		len = rnd(2) ? rnd((uint32_t)max) : rnd(16);
		for (n = 0; n < len; n++)
			to[n] = (char)rnd(256);
		return len;
	}
	for (n = rnd(6); n; n--)
		len += (size_t)snprintf(to + len, max - len, "%s%s",
					words[rnd(sizeof(words) / sizeof(words[0]))],
					rnd(4) ? " " : "");
	return len;
}

static void do_sysfs(void)
{
	static char buf[4096];
	char path[512], name[256] = "../add";
	struct dirent *entry;
	unsigned int n = 0;
	DIR *dir;
	int fd;

	if (writes == WRITES_MAX)
		return;
	if (rnd(3)) {
		dir = opendir(CLASS "/offload0");
		while (dir && (entry = readdir(dir)))
			if (entry->d_type == DT_REG && !rnd(++n))
				snprintf(name, sizeof(name), "%s", entry->d_name);
		if (dir)
			closedir(dir);
	}
	snprintf(path, sizeof(path), CLASS "/offload0/%s", name);
	if (!strncmp(name, "../", 3))
		snprintf(path, sizeof(path), CLASS "/%s", rnd(2) ? "add" : "remove");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		pread(fd, buf, rnd(2) ? sizeof(buf) : rnd(64), (off_t)(rnd(3) ? 0 : boundary()));
		close(fd);
	}
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	writes++;
	written += pwrite(fd, buf, text(buf, sizeof(buf)), (off_t)(rnd(8) ? 0 : boundary())) >= 0;
	close(fd);
}

static void become(const char *who)
{
	unsigned int uid = 0, gid = 0;

	if (sscanf(who, "%u:%u", &uid, &gid) != 2 || setgroups(0, NULL) ||
	    setresgid(gid, gid, gid) || setresuid(uid, uid, uid)) {
		fprintf(stderr, "outsider: cannot become %s: %s\n", who, strerror(errno));
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_fault };
	unsigned long rounds;
	uint8_t *page;
	int bell;

	if (argc != 4) {
		fprintf(stderr, "usage: outsider UID:GID ROUNDS SEED\n");
		return 2;
	}
	rounds = strtoul(argv[2], NULL, 0);
	state = strtoul(argv[3], NULL, 0);
	become(argv[1]);
	prctl(PR_SET_DUMPABLE, 1); /* without it /proc/self/mem is root's */
	memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	signal(SIGIO, SIG_IGN);
	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED || mprotect(page + 4096, 4096, PROT_NONE))
		return 2;
	edge = page + 4096;
	/* small numbers, as BELL may name one of them */
	bell = eventfd(0, EFD_NONBLOCK);
	for (unsigned int i = 0; i < FDS; i++)
		fds[i] = -1;
	for (unsigned long n = 0; n < rounds; n++) {
		switch (rnd(16)) {
		case 0:
			do_open();
			break;
		case 1 ... 6:
			do_ioctl();
			break;
		case 7 ... 10:
			do_mmap();
			break;
		case 11:
			do_sysfs();
			break;
		default:
			do_file();
			break;
		}
	}
	close(bell);
	printf("opened=%lu attached=%lu mapped=%lu written=%lu\n", opened, attached, mapped,
	       written);
	return wrong ? 1 : 0;
}
