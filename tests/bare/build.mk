# SPDX-License-Identifier: BSD-2-Clause
# Test images for a bare core: $(B)/bare/NAME.{elf,bin} from tests/bare/NAME.c,
# with tests/bare/NAME/*.c if there are any, and the library tests/bare/lib.

BARE := $(patsubst tests/bare/%.c,%,$(wildcard tests/bare/*.c))
BARE_LIB := $(wildcard tests/bare/lib/*.c)
# The library is what is tested, not what the compiler knows of it.
BARE_CFLAGS := -g $(WARN) -fno-builtin -fno-optimize-sibling-calls -I. -Iinclude -Ibaremetal -Ibaremetal/$(ARCH) -Itests/bare -Itests/bare/lib

# An image may need more of the tree: BARE_SRC_NAME = files.
BARE_SRC_image := kernel-module/image.c

.SECONDEXPANSION:
$(B)/bare/%.elf $(B)/bare/%.bin: tests/bare/%.c $$(wildcard tests/bare/$$*/*.[ch]) \
		$(BARE_LIB) $(wildcard tests/bare/lib/*.h baremetal/*.h baremetal/$(ARCH)/*.h) \
		$$(BARE_SRC_$$*) $(RT)
	@mkdir -p $(@D)
	$(call note,IMAGE,$(B)/bare/$*)
	$(Q)$(B)/offload-cc $(BARE_CFLAGS) -o $(B)/bare/$* $(filter %.c,$^)

.PHONY: bare-images
bare-images: $(BARE:%=$(B)/bare/%.elf)
ALL += $(BARE:%=$(B)/bare/%.elf)

.PHONY: check-bare
check-bare:
	@$(MAKE) --no-print-directory ARCH=x86_64 bare-images loader
	@$(MAKE) --no-print-directory ARCH=aarch64 bare-images loader
	@$(MAKE) --no-print-directory ARCH=x86_64 LIBC=newlib bare-images
	@$(MAKE) --no-print-directory ARCH=aarch64 LIBC=newlib bare-images
	@tests/lab/check bare

# Minutes: outside of `make check`.  MUTANT= names some of them.
.PHONY: check-mutants
check-mutants:
	@$(MAKE) --no-print-directory ARCH=x86_64 bare-images loader
	@$(MAKE) --no-print-directory ARCH=aarch64 bare-images loader
	@tests/lab/mutants "$(MUTANT)"
