// SPDX-License-Identifier: BSD-2-Clause
/*
 * A plugin of QEMU's TCG: how many instructions a virtual CPU executes between two
 * addresses of the program.
 *
 *   out=FILE             where the results go, one line each, when QEMU ends
 *   range=NAME:FROM:TO   from an instruction at FROM to the next one at TO on the same
 *                        CPU, both of them counted; FROM may be several, with '+'.
 *                        A second FROM begins anew.
 *   text=LOW:HIGH        the image's code; instructions elsewhere are "outside"
 *   span=FROM:TO         as a range, named "span"; and only within it are ranges
 *                        and windows taken
 *   off=LOW:HIGH         look for windows with interrupts masked in the code of `text`;
 *                        [LOW, HIGH) is where interrupts enter it
 *
 * Addresses are virtual, hexadecimal.
 *
 * How it counts: each instruction has an addition of one inlined before it, to a single
 * counter.  So CPUs must run in turns (-accel tcg,thread=single or -icount); at the
 * first instruction of each block the counter is booked on the CPU whose turn it was.
 * A device access in the middle of a block makes -icount leave the block and execute
 * that instruction alone: it was counted already, and is not again.
 *
 * What is counted is what is executed; an instruction that faults counts each time, a
 * `rep` once for each repetition, waiting (hlt, wfi) not at all.
 *
 * Windows: masked by cli or daifset, and by the entry of an interrupt, until sti,
 * iretq, daifclr, eret.  This version of the interface cannot read registers, so `msr
 * daif, x` is taken for the end of the masking that began with the last `mrs x, daif`
 * that is still open: right where the two are paired, as in ofl_irq_save() and
 * ofl_irq_restore().  popfq is not understood, and told of ("unjudged").  Not seen: FIQ and
 * NMI, priorities (GICC_PMR, TPR), the instruction behind sti.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

#define CPUS 16
#define RANGES 16
#define FROMS 4
#define BINS 64
#define DEPTH 16

struct pair {
	uint64_t all, outside;
};

/* Of one range: whole lengths, and how often each was seen, of the first BINS. */
struct stats {
	uint64_t n, min, max, sum;
	struct pair total;
	struct {
		uint64_t length, n;
	} bins[BINS];
	unsigned int nr_bins;
	uint64_t other; /* in no bin */
};

struct range {
	char name[32];
	uint64_t from[FROMS];
	unsigned int nr_from;
	uint64_t to;
	bool is_span;
	struct {
		bool open;
		struct pair at;
	} cpu[CPUS];
	struct stats stats;
};

struct window {
	bool masked;
	uint64_t at, from;
	bool stack[DEPTH]; /* masked, when it was saved */
	unsigned int depth;
};

static struct range ranges[RANGES];
static unsigned int nr_ranges;
static struct range *span;
static uint64_t text[2], entry[2];
static bool windows, arm;
static const char *out;

static struct pair now;		/* by inlined additions: of whose turn it is */
static struct pair began;	/* when that turn began */
static unsigned int turn;	/* whose it is */
static struct pair booked[CPUS]; /* of earlier turns */

static struct window window[CPUS];
static struct stats off;
static uint64_t longest[2]; /* its first instruction, and the one behind it */
static uint64_t unjudged;

static bool in(const uint64_t *bounds, uint64_t at)
{
	return at >= bounds[0] && at < bounds[1];
}

/* How many this CPU has executed; the one at hand is not among them. */
static struct pair count_of(unsigned int cpu)
{
	struct pair p = booked[cpu];

	if (cpu == turn) {
		p.all += now.all - began.all;
		p.outside += now.outside - began.outside;
	}
	return p;
}

static void on_block(unsigned int cpu, void *unused)
{
	(void)unused;
	if (cpu == turn || cpu >= CPUS)
		return;
	booked[turn] = count_of(turn);
	turn = cpu;
	began = now;
}

static void add(struct stats *s, uint64_t length)
{
	unsigned int i = 0;

	if (!s->n || length < s->min)
		s->min = length;
	if (length > s->max)
		s->max = length;
	s->n++;
	s->sum += length;
	while (i < s->nr_bins && s->bins[i].length != length)
		i++;
	if (i == BINS) {
		s->other++;
		return;
	}
	if (i == s->nr_bins)
		s->bins[s->nr_bins++].length = length;
	s->bins[i].n++;
}

static bool taken(unsigned int cpu)
{
	return cpu < CPUS && (!span || span->cpu[cpu].open);
}

static void on_from(unsigned int cpu, void *arg)
{
	struct range *r = arg;

	if (cpu >= CPUS || !(r->is_span || taken(cpu)))
		return;
	r->cpu[cpu].open = true;
	r->cpu[cpu].at = count_of(cpu);
}

static void on_to(unsigned int cpu, void *arg)
{
	struct range *r = arg;
	struct pair p;

	if (cpu >= CPUS || !r->cpu[cpu].open || !(r->is_span || taken(cpu)))
		return;
	r->cpu[cpu].open = false;
	p = count_of(cpu);
	p.all -= r->cpu[cpu].at.all - 1; /* this one, too */
	p.outside -= r->cpu[cpu].at.outside;
	r->stats.total.all += p.all;
	r->stats.total.outside += p.outside;
	add(&r->stats, p.all);
}

/* --- windows --- */

static void mask(unsigned int cpu, uint64_t pc)
{
	struct window *w = &window[cpu];

	if (w->masked)
		return;
	w->masked = true;
	w->at = taken(cpu) ? count_of(cpu).all : UINT64_MAX;
	w->from = pc;
}

/* The instruction at pc is the last of the window. */
static void unmask(unsigned int cpu, uint64_t pc)
{
	struct window *w = &window[cpu];
	uint64_t length;

	if (!w->masked)
		return;
	w->masked = false;
	if (w->at == UINT64_MAX || !taken(cpu))
		return;
	length = count_of(cpu).all - w->at + 1;
	if (length > off.max) {
		longest[0] = w->from;
		longest[1] = pc;
	}
	add(&off, length);
}

enum masking { NOTHING, MASK, UNMASK, SAVE, RESTORE, UNJUDGED };

static enum masking masking_x86(const uint8_t *code, size_t size)
{
	if (size == 1 && code[0] == 0xfa)
		return MASK; /* cli */
	if (size == 1 && code[0] == 0xfb)
		return UNMASK; /* sti */
	if (size == 2 && code[0] == 0x48 && code[1] == 0xcf)
		return UNMASK; /* iretq */
	if (size == 1 && code[0] == 0x9d)
		return UNJUDGED; /* popfq */
	return NOTHING;
}

static enum masking masking_arm(const uint8_t *code)
{
	uint32_t insn;

	memcpy(&insn, code, sizeof(insn));
	if ((insn & 0xfffff2ff) == 0xd50342df) /* daifset with bit 1: I */
		return MASK;
	if ((insn & 0xfffff2ff) == 0xd50342ff)
		return UNMASK;
	if (insn == 0xd69f03e0)
		return UNMASK; /* eret */
	if ((insn & 0xffffffe0) == 0xd53b4220)
		return SAVE;
	if ((insn & 0xffffffe0) == 0xd51b4220)
		return RESTORE;
	return NOTHING;
}

static void on_entry(unsigned int cpu, void *pc)
{
	if (cpu < CPUS)
		mask(cpu, (uintptr_t)pc);
}

static void on_mask(unsigned int cpu, void *pc)
{
	if (cpu < CPUS)
		mask(cpu, (uintptr_t)pc);
}

static void on_unmask(unsigned int cpu, void *pc)
{
	if (cpu < CPUS)
		unmask(cpu, (uintptr_t)pc);
}

static void on_save(unsigned int cpu, void *pc)
{
	struct window *w = &window[cpu % CPUS];

	(void)pc;
	if (w->depth < DEPTH)
		w->stack[w->depth] = w->masked;
	w->depth++;
}

static void on_restore(unsigned int cpu, void *pc)
{
	struct window *w = &window[cpu % CPUS];
	bool masked = false;

	if (w->depth && --w->depth < DEPTH)
		masked = w->stack[w->depth];
	if (masked)
		mask(cpu % CPUS, (uintptr_t)pc);
	else
		unmask(cpu % CPUS, (uintptr_t)pc);
}

static void on_unjudged(unsigned int cpu, void *pc)
{
	(void)pc;
	if (taken(cpu))
		unjudged++;
}

/* --- translation --- */

static void watch_windows(struct qemu_plugin_insn *insn, uint64_t pc)
{
	static const qemu_plugin_vcpu_udata_cb_t calls[] = {
		[MASK] = on_mask, [UNMASK] = on_unmask, [SAVE] = on_save,
		[RESTORE] = on_restore, [UNJUDGED] = on_unjudged,
	};
	const uint8_t *code = qemu_plugin_insn_data(insn);
	enum masking what = arm ? masking_arm(code) :
				  masking_x86(code, qemu_plugin_insn_size(insn));

	if (in(entry, pc))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_entry, QEMU_PLUGIN_CB_NO_REGS,
						       (void *)(uintptr_t)pc);
	if (what != NOTHING)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, calls[what],
						       QEMU_PLUGIN_CB_NO_REGS,
						       (void *)(uintptr_t)pc);
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, NULL);
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t pc = qemu_plugin_insn_vaddr(insn);

		/* calls come before additions: they do not see this instruction yet */
		for (unsigned int j = 0; j < nr_ranges; j++) {
			struct range *r = &ranges[j];

			for (unsigned int k = 0; k < r->nr_from; k++)
				if (r->from[k] == pc)
					qemu_plugin_register_vcpu_insn_exec_cb(
						insn, on_from, QEMU_PLUGIN_CB_NO_REGS, r);
			if (r->to == pc)
				qemu_plugin_register_vcpu_insn_exec_cb(
					insn, on_to, QEMU_PLUGIN_CB_NO_REGS, r);
		}
		if (windows && in(text, pc))
			watch_windows(insn, pc);
		qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
							   &now.all, 1);
		if (text[1] && !in(text, pc))
			qemu_plugin_register_vcpu_insn_exec_inline(
				insn, QEMU_PLUGIN_INLINE_ADD_U64, &now.outside, 1);
	}
}

/* --- results --- */

static int by_length(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void print_stats(FILE *f, const char *what, struct stats *s)
{
	fprintf(f, "%s n=%" PRIu64 " min=%" PRIu64 " max=%" PRIu64 " sum=%" PRIu64
		" outside=%" PRIu64 " lengths=", what, s->n, s->min, s->max, s->sum,
		s->total.outside);
	qsort(s->bins, s->nr_bins, sizeof(s->bins[0]), by_length);
	for (unsigned int i = 0; i < s->nr_bins; i++)
		fprintf(f, "%s%" PRIu64 "x%" PRIu64, i ? "," : "", s->bins[i].length,
			s->bins[i].n);
	fprintf(f, " other=%" PRIu64, s->other);
}

static void on_exit_of_qemu(qemu_plugin_id_t id, void *unused)
{
	FILE *f = fopen(out, "w");

	(void)id;
	(void)unused;
	if (!f) {
		perror(out);
		return;
	}
	for (unsigned int i = 0; i < nr_ranges; i++) {
		print_stats(f, ranges[i].name, &ranges[i].stats);
		fputc('\n', f);
	}
	if (windows) {
		print_stats(f, "off", &off);
		fprintf(f, " from=%" PRIx64 " to=%" PRIx64 " unjudged=%" PRIu64 "\n",
			longest[0], longest[1], unjudged);
	}
	for (unsigned int i = 0; i < CPUS; i++) {
		struct pair p = count_of(i);

		if (p.all)
			fprintf(f, "cpu%u all=%" PRIu64 "\n", i, p.all);
	}
	fclose(f);
}

/* --- options --- */

static bool hex(const char **s, char end, uint64_t *value)
{
	char *rest;

	*value = strtoull(*s, &rest, 16);
	if (rest == *s || *rest != end)
		return false;
	*s = rest + (end != '\0');
	return true;
}

static bool bounds(const char *s, uint64_t *pair)
{
	return hex(&s, ':', &pair[0]) && hex(&s, '\0', &pair[1]) && pair[0] < pair[1];
}

static bool add_range(const char *s, bool is_span)
{
	struct range *r = &ranges[nr_ranges];
	size_t len = strcspn(s, ":");

	if (nr_ranges == RANGES)
		return false;
	r->is_span = is_span;
	if (is_span) {
		strcpy(r->name, "span");
		span = r;
	} else {
		if (!len || len >= sizeof(r->name) || s[len] != ':')
			return false;
		memcpy(r->name, s, len);
		s += len + 1;
	}
	while (r->nr_from < FROMS && hex(&s, '+', &r->from[r->nr_from]))
		r->nr_from++;
	if (r->nr_from == FROMS || !hex(&s, ':', &r->from[r->nr_from]))
		return false;
	r->nr_from++;
	nr_ranges++;
	return hex(&s, '\0', &r->to);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
					   int argc, char **argv)
{
	arm = !strcmp(info->target_name, "aarch64");
	for (int i = 0; i < argc; i++) {
		const char *value = strchr(argv[i], '=');
		bool good = value;

		value = value ? value + 1 : "";
		if (!strncmp(argv[i], "out=", 4))
			out = value;
		else if (!strncmp(argv[i], "range=", 6))
			good = add_range(value, false);
		else if (!strncmp(argv[i], "span=", 5))
			good = !span && add_range(value, true);
		else if (!strncmp(argv[i], "text=", 5))
			good = bounds(value, text);
		else if (!strncmp(argv[i], "off=", 4))
			windows = good = bounds(value, entry);
		else
			good = false;
		if (!good) {
			fprintf(stderr, "count: '%s' is no option (see tests/bench/qemu/count.c)\n",
				argv[i]);
			return -1;
		}
	}
	if (!out) {
		fprintf(stderr, "count: out=FILE is missing\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
	return 0;
}
