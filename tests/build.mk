# SPDX-License-Identifier: BSD-2-Clause
# Unit tests: each tests/unit/test_*.c is one program for this machine that
# includes the .c files under test; KTAP (TAP) on stdout.

UNIT_CFLAGS := -std=gnu11 -g -O1 $(WARN) -Iinclude -I. \
	-fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer $(VARIANT_CFLAGS)
UNIT_LIBS := -lcmocka -lfdt -lpthread

UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
UNIT_BINS := $(UNIT_TESTS:%=$(O)/test/unit/%)

# Here, where the list is known: prerequisites are read at once.
unit: $(UNIT_BINS)

# A test that needs more says so in its fragment, target-specific:
#   $(O)/test/unit/test_x: UNIT_CFLAGS += -Ifoo
$(O)/test/unit/%: tests/unit/%.c
	@mkdir -p $(@D)
	$(call note,UNITCC,$@)
	$(Q)$(HOSTCC) $(UNIT_CFLAGS) -MMD -MP -MF $@.d -o $@ $< $(UNIT_LIBS)

-include $(UNIT_BINS:%=%.d)

# Here, where the list is known.
unit: $(UNIT_BINS)
# Host tests run some of it.
check-host: unit

# --- kernel modules that guest tests load: /offload/tests/NAME.ko ---

GUEST_KO := $(patsubst tests/guest/%.c,$(A)/guest-modules/$(KVER)/%.ko,$(wildcard tests/guest/*.c))

$(A)/guest-modules/$(KVER)/%.ko: tests/guest/%.c | $(KREADY)
	@mkdir -p $(@D)/$*
	$(call note,KMOD,$@)
	$(Q)cp $< $(@D)/$*/ && echo 'obj-m := $*.o' >$(@D)/$*/Kbuild
	$(Q)$(MAKE) -s -C $(KDIR) M=$(abspath $(@D)/$*) ARCH=$(KARCH) \
		CROSS_COMPILE=$(CROSS) CONFIG_DEBUG_INFO_BTF_MODULES= modules
	$(Q)mv $(@D)/$*/$*.ko $@ && rm -rf $(@D)/$*

.PHONY: guest-modules
guest-modules: $(GUEST_KO)

# --- programs that guest tests run: /offload/tests/NAME ---

GUEST_PROGRAMS := $(addprefix $(A)/guest-programs/,forbidden outsider victim)
ALL += $(GUEST_PROGRAMS)

$(A)/guest-programs/%: tests/outsider/%.c include/offload/abi.h include/offload/uapi.h
	@mkdir -p $(@D)
	$(call note,CC,$@)
	$(Q)$(CC) -std=gnu11 -g -O1 $(WARN) -Wno-unused-result -Iinclude -static -o $@ $<

# --- benchmarks, native: tests/bench/run, and its report ---

BENCH_CFLAGS := -std=gnu11 -O2 -g $(WARN) -Iinclude -I. -Itests/bench
BENCH_LIB := tests/bench/lib/bench.c tests/bench/lib/bench.h

# A program that needs more than the library says so in a rule without a recipe.
$(O)/test/bench/%: tests/bench/%.c $(BENCH_LIB)
	@mkdir -p $(@D)
	$(call note,HOSTCC,$@)
	$(Q)$(HOSTCC) $(BENCH_CFLAGS) -o $@ $(filter %.c,$^)

$(O)/test/bench/window: tests/bench/lib/window.c $(BENCH_LIB)
	@mkdir -p $(@D)
	$(call note,HOSTCC,$@)
	$(Q)$(HOSTCC) $(BENCH_CFLAGS) -o $@ $(filter %.c,$^)

$(O)/test/bench/ring: tests/bench/ring_device.c tests/bench/ring.h \
	tests/bench/lib/ringtest.c tests/bench/lib/ringtest.h \
	baremetal/vq.c baremetal/vq.h pmm/vq.c pmm/vq.h pmm/mem.c pmm/mem.h

$(O)/test/bench/diod_peer: tests/bench/lib/diod.c tests/bench/lib/diod.h

# The same source as the image that does it on a share.
$(O)/test/bench/files_bare: tests/bench/images/bench_files.c $(BENCH_LIB)
	@mkdir -p $(@D)
	$(call note,HOSTCC,$@)
	$(Q)$(HOSTCC) $(BENCH_CFLAGS) -DBENCH_BARE -o $@ $(filter %.c,$^)

BENCH_BINS := $(O)/test/bench/window $(O)/test/bench/files_bare \
	$(patsubst tests/bench/%.c,$(O)/test/bench/%,$(filter-out %_device.c,$(wildcard tests/bench/*.c)))

# Built by make check as well, so that they do not fall behind.
unit: $(BENCH_BINS)

# GROUPS="ring ...": only these.
.PHONY: bench bench-quick bench-build
$(O)/bench/deps: tests/bench/packages
	@tests/lab/deps $@ $<
bench-build: $(BENCH_BINS) all $(O)/bench/deps
bench: bench-build
	@O=$(O) tests/bench/run $(GROUPS)
bench-quick: bench-build
	@O=$(O) QUICK=y tests/bench/run $(GROUPS)

# --- a file system that hangs, and a client that looks at what that does ---

$(O)/test/%: tests/hangfs/%.c
	@mkdir -p $(@D)
	$(call note,HOSTCC,$@)
	$(Q)$(HOSTCC) -std=gnu11 -g -O1 $(WARN) -o $@ $<

ALL += $(O)/test/hangfs $(O)/test/p9hang
