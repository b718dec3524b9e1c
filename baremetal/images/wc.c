// SPDX-License-Identifier: BSD-2-Clause
/*
 * The default image: says where it runs, counts lines, words and bytes of a
 * file like wc(1) in the C locale, and takes a thousand interrupts of its own
 * core's timer.
 *
 *	wc INPUT OUTPUT
 *
 * OUTPUT gets the line that `LC_ALL=C wc INPUT` prints.  Exit status: 0; 1 a
 * file or the timer failed; 2 usage.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <offload/rt.h>

#define TICKS 1000u
#define TICK_NS 1000000u
#define TICKS_TIMEOUT_NS 120000000000u

struct counts {
	uint64_t lines, words, bytes;
	bool in_word;
};

static char block[16384];

static void count(struct counts *c, const char *text, size_t len)
{
	c->bytes += len;
	for (size_t i = 0; i < len; i++) {
		unsigned char ch = (unsigned char)text[i];

		if (ch == '\n')
			c->lines++;
		if (ch == ' ' || (ch >= '\t' && ch <= '\r')) {
			c->words += c->in_word;
			c->in_word = false;
		} else if (ch > ' ' && ch <= '~') {
			/* What cannot be printed neither begins nor ends a word. */
			c->in_word = true;
		}
	}
}

/* 0 or -1 after a message. */
static int count_file(const char *name, struct counts *c, int *width)
{
	struct stat st;
	FILE *file;
	size_t n;

	file = fopen(name, "r");
	if (!file) {
		fprintf(stderr, "wc: cannot open %s: %s\n", name,
			strerror(errno));
		return -1;
	}
	/* As wide as the size of a regular file is long; else 7. */
	*width = 7;
	if (!stat(name, &st) && S_ISREG(st.st_mode))
		*width = snprintf(NULL, 0, "%" PRIu64, (uint64_t)st.st_size);

	while ((n = fread(block, 1, sizeof(block), file)) > 0)
		count(c, block, n);
	c->words += c->in_word;
	if (ferror(file)) {
		fprintf(stderr, "wc: cannot read %s: %s\n", name,
			strerror(errno));
		fclose(file);
		return -1;
	}
	fclose(file);
	return 0;
}

static int write_counts(const char *output, const char *input,
			const struct counts *c, int width)
{
	FILE *file = fopen(output, "w");
	bool failed;

	if (!file) {
		fprintf(stderr, "wc: cannot create %s: %s\n", output,
			strerror(errno));
		return -1;
	}
	failed = fprintf(file, "%*" PRIu64 " %*" PRIu64 " %*" PRIu64 " %s\n",
			 width, c->lines, width, c->words, width, c->bytes,
			 input) < 0;
	failed |= fclose(file) != 0;
	if (failed) {
		fprintf(stderr, "wc: cannot write %s: %s\n", output,
			strerror(errno));
		return -1;
	}
	return 0;
}

static void on_tick(struct ofl_timer *timer, void *arg)
{
	(void)arg;
	if (timer->expirations >= TICKS)
		ofl_timer_stop(timer);
}

static int take_ticks(void)
{
	static struct ofl_timer timer;
	uint64_t start = ofl_now_ns();
	int err;

	err = ofl_timer_start(&timer, start + TICK_NS, TICK_NS, on_tick, NULL);
	if (err) {
		fprintf(stderr, "wc: cannot start the timer: %s\n",
			strerror(-err));
		return -1;
	}
	while (timer.expirations < TICKS) {
		ofl_idle();
		if (ofl_now_ns() - start > TICKS_TIMEOUT_NS) {
			fprintf(stderr, "wc: only %" PRIu64 " of %u timer interrupts came\n",
				timer.expirations, TICKS);
			return -1;
		}
	}
	printf("timer: %" PRIu64 " interrupts, %" PRIu64 " overruns, %" PRIu64 " ms\n",
	       timer.expirations, timer.overruns,
	       (ofl_now_ns() - start) / 1000000u);
	return 0;
}

int main(int argc, char **argv)
{
	struct counts c = { 0 };
	struct ofl_where where;
	int width;

	ofl_where(&where);
	printf("%s: %s, %s, %s, core %u (id 0x%" PRIx64 "), timer %" PRIu64 " Hz, boot to main %" PRIu64 " us\n",
	       argv[0], where.arch, where.mode, where.irqchip, where.cpu,
	       where.hwid, where.timer_hz, where.boot_to_main_ns / 1000u);
	if (argc != 3) {
		fprintf(stderr, "usage: wc INPUT OUTPUT (files of the share)\n");
		return 2;
	}
	if (count_file(argv[1], &c, &width) ||
	    write_counts(argv[2], argv[1], &c, width))
		return EXIT_FAILURE;
	printf("%s: %" PRIu64 " lines, %" PRIu64 " words, %" PRIu64 " bytes, written to %s\n",
	       argv[1], c.lines, c.words, c.bytes, argv[2]);
	return take_ticks() ? EXIT_FAILURE : EXIT_SUCCESS;
}
