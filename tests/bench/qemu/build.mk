# SPDX-License-Identifier: BSD-2-Clause
# What tests/bench/qemu runs on emulated machines: images $(B)/bench/NAME.{elf,bin}.

BENCH_QEMU_IMAGES := path lend latency

$(B)/bench/%.elf $(B)/bench/%.bin: tests/bench/qemu/%.c \
		$(wildcard baremetal/*.h baremetal/$(ARCH)/*.h) $(RT)
	@mkdir -p $(@D)
	$(call note,IMAGE,$(B)/bench/$*)
	$(Q)$(B)/offload-cc -g $(WARN) -I. -Iinclude -Ibaremetal -Ibaremetal/$(ARCH) \
		-o $(B)/bench/$* $<

ALL += $(BENCH_QEMU_IMAGES:%=$(B)/bench/%.elf)

# Programs for the Linux beside them, at an address that no other program there has.
$(A)/bench/%: tests/bench/qemu/%.c
	@mkdir -p $(@D)
	$(call note,CC,$@)
	$(Q)$(CC) -std=gnu11 -g -O2 $(WARN) -static -no-pie -Wl,-Ttext-segment=0x10000000 -o $@ $<

ALL += $(A)/bench/wake $(A)/bench/borrow

# Both architectures, or the one that the command line names.
.PHONY: bench-qemu bench-qemu-build
bench-qemu-build: $(BENCH_QEMU_IMAGES:%=$(B)/bench/%.elf) $(A)/bench/wake $(A)/bench/borrow \
		$(LOADER) $(MODULE_KO)

BENCH_QEMU_ARCHES := $(if $(filter command environment,$(origin ARCH)),$(ARCH),x86_64 aarch64)
bench-qemu: | $(O)/bench/deps
	@for arch in $(BENCH_QEMU_ARCHES); do \
		$(MAKE) --no-print-directory ARCH=$$arch bench-qemu-build || exit; done
	@tests/bench/qemu/run $(BENCH_QEMU_ARCHES)
