# SPDX-License-Identifier: BSD-2-Clause
# Images as Linux processes: $(B)/native/NAME from the same sources, the same
# runtime above platform.h and the same C library; no libc of this machine.
# SAN=1: undefined behaviour ends them as a crash, in $(B)/native-san/NAME.

SAN ?=
NATIVE := $(B)/native$(if $(SAN),-san)

NATIVE_SRC_x86_64 := baremetal/x86_64/string.S
NATIVE_SRC := $(RT_UPPER) $(addprefix baremetal/,clock.c log.c timer.c) \
	$(addprefix baremetal/native/,connect.c platform.c signal.c tls.c \
	start_$(ARCH).S) $(NATIVE_SRC_$(ARCH))
NATIVE_OBJ := $(patsubst baremetal/%,$(NATIVE)/obj/%.o,$(NATIVE_SRC))

NATIVE_MACHINE_x86_64 := -fcf-protection=none
NATIVE_MACHINE_aarch64 := -mno-outline-atomics
NATIVE_CFLAGS = -std=gnu11 -g -O2 $(WARN) -ffreestanding -fno-pie \
	-fno-stack-protector -fno-omit-frame-pointer \
	-fno-asynchronous-unwind-tables -fno-common -ffunction-sections \
	-fdata-sections -fno-strict-aliasing $(NATIVE_MACHINE_$(ARCH)) \
	$(if $(SAN),-fsanitize=undefined -fsanitize-undefined-trap-on-error) \
	$(LIBC_CFLAGS) -Iinclude -Ibaremetal -Ibaremetal/native $(NATIVE_VARIANT_CFLAGS)

$(NATIVE)/obj/%.c.o: baremetal/%.c | $(LIBC_READY) $(LIBFDT_SRC)/.ready
	@mkdir -p $(@D)
	$(call note,CC,$@)
	$(Q)$(CC) $(NATIVE_CFLAGS) -MMD -MP -c -o $@ $<

$(NATIVE)/obj/%.S.o: baremetal/%.S
	@mkdir -p $(@D)
	$(call note,AS,$@)
	$(Q)$(CC) $(NATIVE_CFLAGS) -c -o $@ $<

-include $(NATIVE_OBJ:.o=.d)
.SECONDARY: $(NATIVE_OBJ)

$(eval $(call net_rules,$(NATIVE)/net.work,NATIVE_CFLAGS))
$(NATIVE)/liboffload-net.a: $(NATIVE)/net.work/net.o
	$(call note,AR,$@)
	$(Q)rm -f $@ && $(AR) rcsD $@ $^

NATIVE_DEPS := $(NATIVE_OBJ) $(B)/libfdt/libfdt.a $(NATIVE)/liboffload-net.a \
	baremetal/native/native.lds $(wildcard include/offload/*.h) $(NATIVE_VARIANT_OBJ)

# A comment line "/* offload: no-pmm ... */" of the source means the same here
# as it does to offload-cc.
define native_link
	@mkdir -p $(@D)
	$(call note,NATIVE,$@)
	$(Q)flags=0; ! grep -q '^/\* offload:.*no-pmm' $< || flags=1; \
	$(CC) $(NATIVE_CFLAGS) -Wno-error -static -no-pie -nostdlib \
		-nostartfiles -Wl,-T,baremetal/native/native.lds -Wl,--gc-sections -Wl,--build-id=none \
		-Wl,-z,noexecstack -Wl,--defsym=__ofl_image_flags=$$flags \
		$(NATIVE_VARIANT_LINK) -o $@ $< $(NATIVE_OBJ) $(NATIVE_VARIANT_OBJ) -Wl,--start-group \
		$(B)/libfdt/libfdt.a $(or $(NATIVE_NET),$(NATIVE)/liboffload-net.a) \
		-L$(B)/$(LIBC)/lib -lc -lm -lgcc $(NATIVE_VARIANT_LIBS) -Wl,--end-group
endef

$(NATIVE)/%: baremetal/images/%.c $(NATIVE_DEPS)
	$(native_link)

$(NATIVE)/%: examples/%.c examples/address.h $(NATIVE_DEPS)
	$(native_link)

$(NATIVE)/%: NATIVE_CFLAGS += -I.
$(NATIVE)/%: tests/images/%.c $(NATIVE_DEPS)
	$(native_link)

$(NATIVE)/%: tests/bench/images/%.c $(NATIVE_DEPS)
	$(native_link)

# Images that need the interrupts or the traps of a real core say so with a
# line "/* native: no */".
NATIVE_IMAGES := $(patsubst %.c,$(NATIVE)/%,$(notdir $(shell \
	grep -L '^/\* native: no \*/' baremetal/images/*.c examples/*.c \
	tests/images/*.c tests/bench/images/*.c 2>/dev/null)))
.PHONY: native
native: $(NATIVE_IMAGES)
ALL += $(NATIVE_IMAGES)
