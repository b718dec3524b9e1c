// SPDX-License-Identifier: BSD-2-Clause
/* Exceptions and interrupts; vectors.S is where they arrive. */
#include "core.h"
#include "cpu.h"
#include "gic.h"

/* As vectors.S stores it. */
struct regs {
	uint64_t x[31];
	uint64_t sp, pc, pstate;
};
_Static_assert(sizeof(struct regs) == 272, "vectors.S");

void ofl_arm_fault(unsigned int slot, const struct regs *regs);
void ofl_arm_irq(const uint64_t *frame);

/* ESR_ELx.EC, Arm ARM D17.2.37 */
#define EC_INSN_ABORT 0x21u
#define EC_DATA_ABORT 0x25u
#define ESR_WNR (1u << 6)

#define SPSR_IL (1ull << 20)
#define SPSR_SS (1ull << 21)

static const char *exception_name(unsigned int slot, unsigned int class)
{
	switch (slot % 4) {
	case 1:
		return "interrupt in a handler";
	case 2:
		return "FIQ";
	case 3:
		return "SError";
	}
	switch (class) {
	case 0x00:
		return "undefined instruction";
	case 0x07:
		return "FP or SIMD trap";
	case 0x0e:
		return "illegal execution state";
	case 0x15:
		return "system call";
	case 0x18:
		return "trapped system register";
	case EC_INSN_ABORT:
		return "instruction abort";
	case 0x22:
		return "misaligned pc";
	case EC_DATA_ABORT:
		return "data abort";
	case 0x26:
		return "misaligned stack pointer";
	case 0x3c:
		return "breakpoint instruction";
	}
	return "exception";
}

/* Where vectors.S goes on behind an exception that was expected. */
static void resume(uint64_t pstate, bool el2)
{
	uint64_t pc = (uintptr_t)ofl_fault_probe.resume;

	pstate &= ~(SPSR_SS | SPSR_IL);
	if (el2) {
		write_sysreg("elr_el2", pc);
		write_sysreg("spsr_el2", pstate);
	} else {
		write_sysreg("elr_el1", pc);
		write_sysreg("spsr_el1", pstate);
	}
	write_sysreg("sp_el0", (uintptr_t)ofl_fault_probe.stack);
}

void ofl_arm_fault(unsigned int slot, const struct regs *regs)
{
	bool el2 = current_el() == 2;
	uint64_t esr = el2 ? read_sysreg("esr_el2") : read_sysreg("esr_el1");
	uint64_t far = el2 ? read_sysreg("far_el2") : read_sysreg("far_el1");
	unsigned int class = esr >> 26 & 0x3f;
	bool sync = slot % 4 == 0;
	bool is_abort = sync && (class == EC_DATA_ABORT || class == EC_INSN_ABORT);
	const char *access = "read of";
	struct ofl_crash *crash;

	if (slot == 0 &&
	    ofl_fault_expected(slot, esr, regs->pc, regs->sp, is_abort ? far : 0)) {
		resume(regs->pstate, el2);
		return;
	}
	crash = ofl_fault_begin();
	crash->vector = slot;
	crash->error = esr;
	crash->pc = regs->pc;
	crash->sp = regs->sp;
	crash->fault_address = is_abort ? far : 0;
	for (unsigned int i = 0; i < 31; i++)
		crash->regs[i] = regs->x[i];
	crash->regs[31] = regs->sp;
	crash->regs[32] = regs->pc;
	crash->regs[33] = regs->pstate;
	crash->regs[34] = esr;
	crash->regs[35] = far;
	crash->nr_regs = 36;
	ofl_fault_trace(crash, regs->x[29]);
	if (class == EC_INSN_ABORT)
		access = "execution of";
	else if (esr & ESR_WNR)
		access = "write to";
	ofl_fault_text(crash, exception_name(slot, class), access, is_abort);
	ofl_crashed();
}

/*
 * The host asks where we are.  frame, as vectors.S stores it: x19..x28 below it, then x29
 * and pc, x29 and x30, x0..x18.
 */
static void sample(const uint64_t *frame)
{
	struct ofl_crash *s = (struct ofl_crash *)(OFL_REGION_VA + OFL_SAMPLE_OFF);
	uint32_t seq = __atomic_load_n(&ofl_boot->host.sample_seq, __ATOMIC_ACQUIRE);

	if (seq == s->sampled_seq)
		return;
	for (unsigned int i = 0; i < 31; i++)
		s->regs[i] = i < 19 ? frame[4 + i] : i < 29 ? frame[(int)i - 29] :
							      frame[i - 29 + 2];
	s->pc = frame[1];
	s->sp = read_sysreg("sp_el0");
	s->regs[31] = s->sp;
	s->regs[32] = s->pc;
	s->regs[33] = current_el() == 2 ? read_sysreg("spsr_el2") : read_sysreg("spsr_el1");
	s->nr_regs = 34;
	s->vector = OFL_VECTOR_NONE;
	__atomic_store_n(&s->sampled_seq, seq, __ATOMIC_RELEASE);
}

static void stop_sgi(const uint64_t *frame)
{
	sample(frame);
	if (__atomic_load_n(&ofl_boot->host.request, __ATOMIC_ACQUIRE) == OFL_REQUEST_STOP)
		ofl_platform_leave(OFL_STATE_STOPPED, 0);
}

void ofl_arm_irq(const uint64_t *frame)
{
	unsigned int id;
	uint32_t token = gic_ack(&id);

	if (id >= GIC_SPECIAL_FIRST && id <= GIC_SPECIAL_LAST) {
		ofl_boot->image.irqs++;
		ofl_boot->image.spurious++;
		return;
	}
	if (id == GIC_PPI_CNTV) {
		ofl_boot->image.irqs++;
		ofl_timer_interrupt();
	} else if (id == ofl_boot->arch.arm64.stop_sgi) {
		ofl_boot->image.irqs++;
		gic_eoi(token);
		stop_sgi(frame);
		return;
	} else if (id == ofl_bell_irq()) {
		ofl_bell_interrupt();
	} else {
		ofl_irq_dispatch(id);
	}
	gic_eoi(token);
}
