# SPDX-License-Identifier: BSD-2-Clause
# The runtime: $(B)/rt (library, start object, linker script, headers),
# $(B)/$(LIBC), and the images $(B)/images/NAME.{elf,bin}.

# --- the C library: one version and one set of options everywhere ---

LIBC_READY := $(B)/$(LIBC)/.ready
LIBC_SRC_picolibc := $(O)/cache/picolibc_1.8.10.orig.tar.gz
# Of the package newlib-source.
LIBC_SRC_newlib := /usr/src/newlib/newlib-3.3.0.tar.xz

$(LIBC_READY): $(wildcard baremetal/$(LIBC)/build.sh baremetal/$(LIBC)/*.in) \
		| $(LIBC_SRC_$(LIBC))
	$(call note,LIBC,$(@D))
	$(Q)baremetal/$(LIBC)/build.sh $(ARCH) "$(CROSS)" $(LIBC_SRC_$(LIBC)) \
		$(B)/$(LIBC).work $(@D)
	$(Q)touch $@

# What code on top of it needs, bare or native: its headers and the
# compiler's, nothing of the build machine's.  The macros make it declare
# the POSIX clocks.  One library declares a pointer where the other, and
# POSIX, have an array of two.
LIBC_CFLAGS = -Wno-array-parameter -nostdinc -isystem baremetal/libc-include -isystem $(B)/$(LIBC)/include \
	-isystem $(shell $(CC) -print-file-name=include) \
	-D_POSIX_TIMERS=1 -D_POSIX_MONOTONIC_CLOCK=200112L \
	-D_POSIX_CLOCK_SELECTION=200112L

# --- the runtime's sources ---

# Common to both bare architectures (some of them to the native build too).
RT_COMMON := baremetal/bell.c baremetal/clock.c baremetal/fault.c baremetal/irq.c \
	baremetal/line.c baremetal/log.c baremetal/mmu.c baremetal/serial.c \
	baremetal/timer.c

# Devices, files and the C library's hooks add themselves here:
# RT_COMMON += ..., and RT_EXTRA_LIBS += libraries that images are linked with.
RT_EXTRA_LIBS :=
-include baremetal/common.mk

RT_ARCH_x86_64 := $(addprefix baremetal/x86_64/,lapic.c start.c string.S tls.c \
	trap.c vectors.S)
RT_ARCH_aarch64 := $(addprefix baremetal/aarch64/,early.c gic.c psci.S start.c \
	tls.c trap.c vectors.S)
RT_SRC = $(sort $(RT_COMMON) $(RT_ARCH_$(ARCH)))

# x86_64: no red zone, RIP-relative (the image is linked high).  aarch64: plain
# small-model code is position independent as long as it has no GOT, which
# early code before the MMU needs.
RT_MACHINE_x86_64 := -mno-red-zone -fPIE -fcf-protection=none
RT_MACHINE_aarch64 := -mno-outline-atomics -fno-pie -mno-omit-leaf-frame-pointer
RT_CFLAGS = -std=gnu11 -g -Os $(WARN) -ffreestanding -fno-stack-protector \
	-fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fno-common \
	-ffunction-sections -fdata-sections -fno-strict-aliasing \
	-ffile-prefix-map=$(TOP)=. $(RT_MACHINE_$(ARCH)) $(LIBC_CFLAGS) \
	-Iinclude -Ibaremetal -Ibaremetal/$(ARCH)

RT_OBJ = $(patsubst baremetal/%,$(B)/rt/obj/%.o,$(RT_SRC))

# Before the MMU is on: aligned accesses only, and no call of memset or memcpy.
$(B)/rt/obj/aarch64/early.c.o $(B)/rt/obj/mmu.c.o: RT_CFLAGS += \
	$(if $(filter aarch64,$(ARCH)),-mstrict-align -fno-tree-loop-distribute-patterns)

# What an interrupt goes through before its handler: few and straight, not small.
$(addprefix $(B)/rt/obj/,$(addsuffix .c.o,clock irq timer $(ARCH)/trap $(ARCH)/lapic \
	$(ARCH)/gic)): RT_CFLAGS += -O2

$(B)/rt/obj/%.c.o: baremetal/%.c | $(LIBC_READY)
	@mkdir -p $(@D)
	$(call note,CC,$@)
	$(Q)$(CC) $(RT_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/rt/obj/%.S.o: baremetal/%.S | $(LIBC_READY)
	@mkdir -p $(@D)
	$(call note,AS,$@)
	$(Q)$(CC) $(RT_CFLAGS) -D__ASSEMBLY__ -MMD -MP -c -o $@ $<

$(B)/rt/crt0.o: $(B)/rt/obj/$(ARCH)/start.S.o
	@mkdir -p $(@D)
	$(Q)cp $< $@

# The list of members decides too: a source taken out must leave the library.
$(B)/rt/liboffload-rt.a: $(RT_OBJ) $(B)/rt/obj/members
	$(call note,AR,$@)
	$(Q)rm -f $@ && $(AR) rcsD $@ $(RT_OBJ)

$(B)/rt/obj/members: FORCE
	@mkdir -p $(@D)
	@echo '$(RT_OBJ)' | cmp -s - $@ || echo '$(RT_OBJ)' >$@

$(B)/rt/offload.lds: linker/offload.lds
	@mkdir -p $(@D)
	$(Q)cp $< $@

RT_HEADERS := $(patsubst include/%,$(B)/rt/include/%,$(wildcard include/offload/*.h))
$(B)/rt/include/%: include/%
	@mkdir -p $(@D)
	$(Q)cp $< $@

-include $(RT_OBJ:.o=.d) $(B)/rt/obj/$(ARCH)/start.S.d

# All that offload-cc needs to make an image.
RT := $(B)/rt/liboffload-rt.a $(B)/rt/crt0.o $(B)/rt/offload.lds $(RT_HEADERS) \
	$(LIBC_READY) $(RT_EXTRA_LIBS) $(B)/offload-cc $(O)/host/offload-pack

# --- images ---

IMAGE_SRC := $(wildcard baremetal/images/*.c examples/*.c tests/images/*.c)
IMAGES := $(patsubst %.c,$(B)/images/%.elf,$(notdir $(IMAGE_SRC)))

$(B)/images/%.elf $(B)/images/%.bin: baremetal/images/%.c $(RT)
	@mkdir -p $(@D)
	$(call note,IMAGE,$(B)/images/$*)
	$(Q)$(B)/offload-cc -g $(WARN) -o $(B)/images/$* $<

$(B)/images/%.elf $(B)/images/%.bin: examples/%.c examples/address.h $(RT)
	@mkdir -p $(@D)
	$(call note,IMAGE,$(B)/images/$*)
	$(Q)$(B)/offload-cc -g $(WARN) -o $(B)/images/$* $<

# A large one has more files in a folder of its name.
$(B)/images/faults.elf $(B)/images/faults.bin: $(wildcard tests/images/faults/*.[ch])
$(B)/images/%.elf $(B)/images/%.bin: tests/images/%.c $(RT)
	@mkdir -p $(@D)
	$(call note,IMAGE,$(B)/images/$*)
	$(Q)$(B)/offload-cc -g $(WARN) -I. -o $(B)/images/$* $(filter tests/%.c,$^)

.PHONY: images FORCE
images: $(IMAGES)
ALL += $(IMAGES)

# --- unit tests of this folder ---

$(O)/test/unit/test_mmu: UNIT_CFLAGS += -Ibaremetal -Ibaremetal/x86_64 -no-pie
$(O)/test/unit/test_mmu_aarch64: UNIT_CFLAGS += -Ibaremetal -Ibaremetal/aarch64 -no-pie
