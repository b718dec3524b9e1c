# SPDX-License-Identifier: BSD-2-Clause
# What the laboratory fetches.

# Source archives, by the SHA-256 in tests/lab/pins.
$(O)/cache/%.orig.tar.gz $(O)/cache/%.orig.tar.xz:
	@tests/lab/fetch $(@F)

# Stock kernels with header trees: $(O)/kernels/6.12-aarch64/.ready.
$(O)/kernels/%/.ready:
	@v="$*" && tests/lab/kernel "$${v%-*}" "$${v##*-}"

$(O)/kernels/6.1-debug-%/.ready: $(addprefix tests/lab/debug-kernel/,common.config %.config)
	@tests/lab/kernel 6.1-debug $*

.PRECIOUS: $(O)/cache/%.orig.tar.gz $(O)/cache/%.orig.tar.xz $(O)/kernels/%/.ready

# --- run ---

MODULE_KO = $(A)/module/$(KVER)/offload.ko
PMM_BIN = $(A)/pmm/offload-pmm
export IMAGE SHARE ARGS TESTS MACHINES

.PHONY: run run-native
run: $(MODULE_KO) $(PMM_BIN) $(B)/images/wc.bin $(KREADY)
	@ARCH=$(ARCH) SUFFIX=$(SUFFIX) KVER=$(KVER) tests/lab/run

run-native: $(PMM_BIN) $(B)/native/wc
	@ARCH=$(ARCH) SUFFIX=$(SUFFIX) tests/lab/run --native

# --- check ---

# One line for each product that guest tests need, both architectures and kernels.
JOBS ?= 3
export JOBS
.PHONY: check check-build check-unit check-host check-guest unit
check-build:
	@$(MAKE) -j$(JOBS) --no-print-directory ARCH=x86_64 KVER=6.1 all guest-modules
	@$(MAKE) -j$(JOBS) --no-print-directory ARCH=x86_64 KVER=6.12 guest-modules \
		$(O)/x86_64/module/6.12/offload.ko
	@$(MAKE) -j$(JOBS) --no-print-directory ARCH=aarch64 KVER=6.1 all guest-modules
	@$(MAKE) -j$(JOBS) --no-print-directory ARCH=x86_64 LIBC=newlib images native bare-images
	@$(MAKE) -j$(JOBS) --no-print-directory ARCH=aarch64 LIBC=newlib images native bare-images

check: check-build
	@$(MAKE) -j$(JOBS) --no-print-directory ARCH=x86_64 unit
	@tests/lab/check unit guest host bare

check-unit: unit
	@tests/lab/check unit
check-host: check-build
	@tests/lab/check host
check-guest: check-build
	@tests/lab/check guest

# Guest tests on kernels that look closely (tests/lab/debug-kernel): they are built first.
.PHONY: check-debug-kernel
check-debug-kernel: check-build
	@for arch in x86_64 aarch64; do \
		$(MAKE) -j$(JOBS) --no-print-directory ARCH=$$arch KVER=6.1-debug guest-modules \
			$(O)/$$arch/module/6.1-debug/offload.ko \
			$(O)/$$arch/module-faults/6.1-debug/offload.ko || exit; \
	done
	@tests/lab/debug-kernel/proof hlt-6.1-debug gicv3-6.1-debug
	@ON="hlt-6.1-debug gicv3-6.1-debug" tests/lab/check guest

# --- models, and what takes hours ---

.PHONY: check-doorbell-model check-kernels soak
check-doorbell-model:
	@O=$(O) tests/model/doorbell.sh

check-kernels: check-build
	@tests/lab/kernels $(CELLS)

soak: check-build
	@tests/lab/soak $(PARTS)

# --- lint, size, install ---

.PHONY: lint lint-flags size install

# Headers of the runtime want its flags, and a C library, of either architecture.
lint-flags: $(LIBC_READY)
	@echo $(RT_CFLAGS)

lint:
	@$(MAKE) -s ARCH=x86_64 lint-flags >$(O)/lint-flags-x86_64
	@$(MAKE) -s ARCH=aarch64 lint-flags >$(O)/lint-flags-aarch64
	@RT_CFLAGS_x86_64="$$(tail -n 1 $(O)/lint-flags-x86_64)" \
		RT_CFLAGS_aarch64="$$(tail -n 1 $(O)/lint-flags-aarch64)" tests/lab/lint

size:
	@$(MAKE) --no-print-directory ARCH=x86_64 all
	@$(MAKE) --no-print-directory ARCH=aarch64 all
	@tests/lab/size

install: all
	install -D -m 755 $(PMM_BIN) $(DESTDIR)$(PREFIX)/sbin/offload-pmm
	install -D -m 644 $(MODULE_KO) $(DESTDIR)$(PREFIX)/lib/offload/$(KVER)/offload.ko
	install -D -m 644 kernel-module/70-offload.rules $(DESTDIR)$(PREFIX)/lib/udev/rules.d/70-offload.rules
	install -d $(DESTDIR)$(PREFIX)/lib/offload/images $(DESTDIR)$(PREFIX)/include/offload
	install -m 644 $(B)/images/*.bin $(DESTDIR)$(PREFIX)/lib/offload/images/
	install -m 644 include/offload/*.h $(DESTDIR)$(PREFIX)/include/offload/
