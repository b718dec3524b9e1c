# SPDX-License-Identifier: BSD-2-Clause
# Fuzzers: $(O)/test/fuzz/fuzz_NAME from tests/fuzz/fuzz_NAME.c.

FUZZ_CC ?= clang-14
FUZZ_SANITIZE ?= -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_CFLAGS := -std=gnu11 -g -O1 -Wall -Wextra -Werror -Wno-unused-function \
	-Wno-unused-variable -fno-omit-frame-pointer -D_GNU_SOURCE \
	-Iinclude -I. -Itests/fuzz $(FUZZ_SANITIZE)
FUZZERS := $(patsubst tests/fuzz/%.c,$(O)/test/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

$(O)/test/fuzz/%: tests/fuzz/%.c
	@mkdir -p $(@D)
	$(call note,FUZZCC,$@)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -MMD -MP -MF $@.d -o $@ $< $(FUZZ_MAIN) $(filter %.o,$^) -lcmocka -lfdt

-include $(FUZZERS:%=%.d)

# Host tests run them for a while, so they are built with the unit tests.
unit: $(FUZZERS)

# For as long as one likes: FUZZ=pattern, FUZZ_SECONDS each.
.PHONY: fuzz
fuzz: $(FUZZERS)
	@FUZZ_SECONDS=$${FUZZ_SECONDS:-600} tests/fuzz/run
