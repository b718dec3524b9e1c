# SPDX-License-Identifier: BSD-2-Clause
# VARIANT=NAME: the daemon, unit tests and fuzzers once more, built to be watched,
# under $(O)/NAME; all else there is a link to what $(O) has, so that the host tests
# run with O=$(O)/NAME.
#
#   coverage   counts how often each line runs, by gcov (make coverage)
#   asan       the daemon with AddressSanitizer and UBSan, static neither; images as
#              processes with UBSan (make check-asan)

ifeq ($(VARIANT),coverage)
# Every call is left as it is written, for the list of system calls.
VARIANT_CFLAGS := -O0 --coverage -fprofile-update=atomic -U_FORTIFY_SOURCE
# The daemon is killed, and may write no file by then: tests/coverage/dump.c.
PMM_VARIANT_CFLAGS := $(VARIANT_CFLAGS) -fprofile-info-section=ofl_gcov
PMM_VARIANT_OBJ := $(A)/pmm/dump.o
PMM_LINK := -static
FUZZ_CC := gcc
FUZZ_SANITIZE := $(VARIANT_CFLAGS) -Wno-error
FUZZ_MAIN := tests/coverage/replay.c

NATIVE_VARIANT_CFLAGS := $(PMM_VARIANT_CFLAGS)
NATIVE_VARIANT_OBJ := $(A)/native/dump.o
NATIVE_VARIANT_LINK := -Wl,--wrap=ofl_platform_leave,--wrap=ofl_platform_wait_until
NATIVE_VARIANT_LIBS := -lgcov
DUMP_RUNS := -DRUNS='"$(abspath $(A))/runs"'

$(A)/pmm/dump.o: tests/coverage/dump.c tests/coverage/dump.h
	@mkdir -p $(@D)
	$(call note,CC,$@)
	$(Q)$(CC) -std=gnu11 -g -O2 $(WARN) $(DUMP_RUNS) -c -o $@ $<

$(A)/native/dump.o: tests/coverage/dump_native.c tests/coverage/dump.h
	@mkdir -p $(@D)
	$(call note,CC,$@)
	$(Q)$(CC) $(filter-out $(VARIANT_CFLAGS) -fprofile%,$(NATIVE_CFLAGS)) -O2 $(DUMP_RUNS) \
		-I. -c -o $@ $<
else ifeq ($(VARIANT),asan)
PMM_VARIANT_CFLAGS := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -U_FORTIFY_SOURCE
# What the sanitizers' own threads and allocator ask for.
PMM_VARIANT_CALLS := sched_yield sigaltstack prctl readlink readlinkat
PMM_LINK := -fsanitize=address,undefined -ldl
PMM_VARIANT_OBJ := $(A)/pmm/report.o

$(A)/pmm/report.o: tests/asan/report.c
	@mkdir -p $(@D)
	$(call note,CC,$@)
	$(Q)$(CC) -std=gnu11 -g -O1 $(WARN) -DREPORTS='"$(abspath $(O))/reports"' -c -o $@ $<
else ifneq ($(VARIANT),)
$(error VARIANT=$(VARIANT): there are coverage and asan)
endif

.PHONY: coverage check-asan
coverage: check-build
	@O=$(O) tests/coverage/run

check-asan: check-build
	@$(MAKE) -j$(JOBS) --no-print-directory SAN=1 native
	@O=$(O) tests/asan/run

.PHONY: coverage-files
coverage-files:
	@printf '%s\n' $(sort $(PMM_SRC) pmm/seccomp.c $(RT_UPPER) \
		$(addprefix baremetal/,clock.c log.c timer.c) $(NET_FILES:%=baremetal/net/%))
