// SPDX-License-Identifier: BSD-2-Clause
/*
 * aarch64: what the image needs to know of the machine, and the way into it.
 *
 * An image on this core ends in PSCI SYSTEM_OFF by itself; one on another core in
 * CPU_OFF, and ofl_machine_end() is left to us.
 *
 * Caches: the image starts with the data cache off, on memory at the point of
 * coherency, so the private part is cleaned to it, and invalidated, so that
 * no line of ours is written back over what the image stores.
 */
#include <errno.h>
#include <stdbool.h>

#include "machine.h"

#include "../acpi.h"
#include "../loader.h"
#include "../say.h"

#define STOP_SGI 7u
#define BELL_SGI 5u

#define GICD_CTLR 0x0u
#define GICD_TYPER 0x4u
#define GICD_IGROUPR 0x80u
#define GICD_ISENABLER 0x100u
#define GICD_ICPENDR 0x280u
#define GICD_IPRIORITYR 0x400u
#define GICD_ITARGETSR 0x800u	/* GICv2: a byte each, the first are our own */
#define GICD_SGIR 0xf00u
#define GICD_IROUTER 0x6000u	/* GICv3: 8 bytes each */
#define SGIR_OTHERS (1u << 24)
#define SPI_END 1020u

#define GICC_CTLR 0x0u
#define GICC_PMR 0x4u
#define GICC_IAR 0xcu
#define GICC_EOIR 0x10u
#define ICC_PMR "s3_0_c4_c6_0"
#define ICC_IAR1 "s3_0_c12_c12_0"
#define ICC_EOIR1 "s3_0_c12_c12_1"
#define ICC_SGI1R "s3_0_c12_c11_5"
#define ICC_IGRPEN1 "s3_0_c12_c12_7"
#define GICD_CTLR_ENABLE 0x1u	/* GICv2 */
#define GICD_CTLR_GROUP1 0x2u	/* GICv3, group 1 as we see it */
#define GICD_CTLR_ARE 0x10u
#define GICD_CTLR_RWP (1u << 31)
#define RWP_LOOPS 1000000u

#define GICR_TYPER 0x8u
#define GICR_TYPER_VLPIS 2u
#define GICR_TYPER_LAST 0x10u
#define GICR_FRAME 0x20000u

#define PSCI_CPU_ON 0xc4000003u
#define PSCI_AFFINITY_INFO 0xc4000004u
#define PSCI_SYSTEM_OFF 0x84000008u
#define AFFINITY_OFF 1

#define START_MS 30000u /* a virtual core may get none of a busy machine */

const uint32_t ofl_machine_id = OFL_MACHINE_AARCH64;

static struct ofl_found found;

enum ofl_serial ofl_machine_serial(struct ofl_loader *l, uint64_t *where)
{
	return ofl_find_dt_serial(l->st, where);
}

uint64_t ofl_machine_counter(void)
{
	__asm__ volatile("isb" : : : "memory");
	return read_sysreg("cntvct_el0");
}

static uint64_t own_mpidr(void)
{
	return read_sysreg("mpidr_el1") & MPIDR_MASK;
}

/* The frame of a core in one range of redistributors, or 0. */
static uint64_t find_frame(uint64_t at, uint64_t size, uint64_t mpidr)
{
	uint64_t affinity = (mpidr >> 32 & 0xff) << 24 | (mpidr & 0xffffff);
	uint64_t end = at + size;

	while (at + GICR_FRAME <= end) {
		/* two halves: not every model of a GIC takes 64 bits at once */
		volatile uint32_t *typer = (volatile uint32_t *)(uintptr_t)(at + GICR_TYPER);
		uint32_t low = typer[0];

		if (typer[1] == affinity)
			return at;
		if (low & GICR_TYPER_LAST)
			break;
		at += low & GICR_TYPER_VLPIS ? 2 * GICR_FRAME : GICR_FRAME;
	}
	return 0;
}

static uint64_t find_gicr(uint64_t mpidr)
{
	uint64_t frame = 0;

	for (unsigned int i = 0; i < found.nr_gicr && !frame; i++)
		frame = find_frame(found.gicr[i].base, found.gicr[i].size, mpidr);
	if (frame)
		return frame;
	return mpidr == own_mpidr() ? found.gicr_self : found.gicr_other;
}

int ofl_machine_prepare(struct ofl_loader *l)
{
	struct ofl_boot_arm64 *arm = &l->boot->arch.arm64;
	struct ofl_boot_info *info = &l->boot->info;

	ofl_find_acpi(l->st, own_mpidr(), &found);
	if (!found.gic_version)
		ofl_find_dt(l->st, own_mpidr(), &found);
	if (!found.gic_version) {
		ofl_say("no interrupt controller that is known (ACPI MADT, device tree)");
		return -ENODEV;
	}
	if (found.conduit == OFL_CONDUIT_NONE) {
		ofl_say("the firmware has no PSCI (ACPI FADT, device tree)");
		return -ENODEV;
	}
	info->hwid = own_mpidr();
	if (l->config.other_core) {
		if (!found.have_other) {
			ofl_say("core=other: the firmware names no second core");
			return -ENODEV;
		}
		info->hwid = found.other;
		info->cpu = 1;
	}
	info->counter_hz = read_sysreg("cntfrq_el0");
	if (!info->counter_hz) {
		ofl_say("CNTFRQ_EL0 is 0: the firmware has not set the counter's frequency");
		return -ENODEV;
	}
	arm->conduit = found.conduit;
	arm->gic_version = found.gic_version;
	arm->gicd_pa = found.gicd;
	arm->gicc_pa = found.gicc;
	arm->stop_sgi = STOP_SGI;
	arm->bell_sgi = BELL_SGI;
	if (found.gic_version >= 3) {
		arm->gicr_pa = find_gicr(info->hwid);
		if (!arm->gicr_pa) {
			ofl_say("the firmware names no GICv3 redistributor of core %#llx",
				OFL_ULL(info->hwid));
			return -ENODEV;
		}
	}
	return 0;
}

static volatile uint32_t *gicd(uint32_t reg)
{
	return (volatile uint32_t *)(uintptr_t)(found.gicd + reg);
}

/* The firmware has switched it off again, as it found it. */
static void enable_gicd(void)
{
	volatile uint32_t *ctlr = gicd(GICD_CTLR);

	if (found.gic_version < 3) {
		*ctlr = GICD_CTLR_ENABLE;
		return;
	}
	*ctlr = GICD_CTLR_ARE;
	for (unsigned int i = 0; i < RWP_LOOPS && (*ctlr & GICD_CTLR_RWP); i++)
		;
	*ctlr = GICD_CTLR_ARE | GICD_CTLR_GROUP1;
	for (unsigned int i = 0; i < RWP_LOOPS && (*ctlr & GICD_CTLR_RWP); i++)
		;
}

static volatile uint32_t *gicc(uint32_t reg)
{
	return (volatile uint32_t *)(uintptr_t)(found.gicc + reg);
}

/* The highest shared interrupt that there is. */
uint64_t ofl_machine_bell(void)
{
	uint32_t end = 32 * ((*gicd(GICD_TYPER) & 31) + 1);

	return (end < SPI_END ? end : SPI_END) - 1;
}

/* It comes to this core, which keeps interrupts masked and asks for them. */
static void listen(void)
{
	uint32_t spi = (uint32_t)ofl_machine_bell(), at = spi / 32 * 4, bit = 1u << spi % 32;
	volatile uint8_t *bytes = (volatile uint8_t *)gicd(0);
	uint64_t self = own_mpidr();

	*gicd(GICD_ICPENDR + at) = bit;
	bytes[GICD_IPRIORITYR + spi] = 0;
	if (found.gic_version < 3) {
		bytes[GICD_ITARGETSR + spi] = bytes[GICD_ITARGETSR];
		*gicc(GICC_PMR) = 0xff;
		*gicc(GICC_CTLR) = 1;
	} else {
		*gicd(GICD_IGROUPR + at) |= bit;
		*gicd(GICD_IROUTER + 8 * spi) = (uint32_t)self;
		*gicd(GICD_IROUTER + 8 * spi + 4) = (uint32_t)(self >> 32);
		write_sysreg(ICC_PMR, 0xff);
		write_sysreg(ICC_IGRPEN1, 1);
	}
	*gicd(GICD_ISENABLER + at) = bit;
	__asm__ volatile("dsb sy\n\tisb" : : : "memory");
}

bool ofl_machine_rung(void)
{
	uint32_t token;

	if (found.gic_version < 3) {
		token = *gicc(GICC_IAR);
		if ((token & 0x3ff) < SPI_END)
			*gicc(GICC_EOIR) = token;
		return (token & 0x3ff) == ofl_machine_bell();
	}
	token = (uint32_t)read_sysreg(ICC_IAR1);
	if (token < SPI_END)
		write_sysreg(ICC_EOIR1, token);
	return token == ofl_machine_bell();
}

void ofl_machine_alone(struct ofl_loader *l)
{
	__asm__ volatile("msr daifset, #0xf" : : : "memory");
	enable_gicd();
	if (l->config.other_core)
		listen();
}

static void clean(const void *from, size_t len)
{
	uint64_t line = 4ull << (read_sysreg("ctr_el0") >> 16 & 0xf);
	uint64_t at = (uintptr_t)from & ~(line - 1);

	__asm__ volatile("dsb sy" : : : "memory");
	for (; at < (uintptr_t)from + len; at += line)
		__asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
	__asm__ volatile("dsb sy" : : : "memory");
}

static uint64_t entry_pa(const struct ofl_loader *l)
{
	return l->boot->info.region_pa + (l->boot->info.entry - OFL_REGION_VA);
}

void ofl_machine_enter(struct ofl_loader *l)
{
	clean(l->boot, l->boot->info.private_size);
	clean((const void *)(uintptr_t)ofl_enter,
	      (size_t)(ofl_enter_end - (const uint8_t *)(uintptr_t)ofl_enter));
	ofl_enter(entry_pa(l), l->boot->info.region_pa);
}

/*
 * Until the image's first store the core may still count as off.  Its line of the
 * boot page is written with caches off at first: each look has to be at memory.
 */
int ofl_machine_start_other(struct ofl_loader *l)
{
	uint64_t end = ofl_machine_counter() + l->boot->info.counter_hz / 1000 * START_MS;

	clean(l->boot, l->boot->info.private_size);
	if (ofl_psci(found.conduit, PSCI_CPU_ON, l->boot->info.hwid, entry_pa(l),
		     l->boot->info.region_pa))
		return -EIO;
	do {
		clean(&l->boot->image, sizeof(l->boot->image));
		if (__atomic_load_n(&l->boot->image.state, __ATOMIC_ACQUIRE))
			return 0;
	} while (ofl_machine_counter() < end);
	return -ETIMEDOUT;
}

bool ofl_machine_other_is_back(struct ofl_loader *l)
{
	if (ofl_psci(found.conduit, PSCI_AFFINITY_INFO, l->boot->info.hwid, 0, 0) !=
	    AFFINITY_OFF)
		return false;
	clean(l->boot, OFL_PGTABLE_OFF); /* boot page, crash record and log */
	return true;
}

void ofl_machine_ring(const struct ofl_loader *l)
{
	uint64_t mpidr = l->boot->info.hwid;

	__asm__ volatile("dsb sy" : : : "memory");
	if (found.gic_version < 3) {
		/* all but us; who is off or parked does not care */
		*gicd(GICD_SGIR) = SGIR_OTHERS | BELL_SGI;
		return;
	}
	/* affinities 3, 2, 1, and a bit for one of 16 cores */
	write_sysreg(ICC_SGI1R, (mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 |
		     (mpidr >> 8 & 0xff) << 16 | (mpidr >> 4 & 0xf) << 44 |
		     1ull << (mpidr & 0xf) | (uint64_t)BELL_SGI << 24);
	__asm__ volatile("isb");
}

void ofl_machine_end(struct ofl_loader *l)
{
	ofl_psci(found.conduit, PSCI_SYSTEM_OFF, 0, 0, 0);
	l->st->RuntimeServices->ResetSystem(EfiResetShutdown, EFI_SUCCESS, 0, NULL);
	for (;;)
		__asm__ volatile("wfi");
}
