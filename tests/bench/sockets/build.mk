# SPDX-License-Identifier: BSD-2-Clause
# The benchmarks of sockets, console and entropy, native: images, the daemon's device code
# with other ends in memory, and what they are compared with.

SOCKETS := $(O)/test/bench/sockets
SOCKETS_CFLAGS := -std=gnu11 -O2 -g $(WARN) -Iinclude -I. -Itests/bench/sockets

# All of the daemon but its main, and what the endpoint has in the place of Linux.
SOCKETS_PMM_OBJ := $(filter-out $(addprefix $(A)/pmm/,main.o net_open.o vsock_fd.o \
	vsock_unix.o vsock_place.o vsock_options.o),$(PMM_OBJ)) $(PMM_FDT_OBJ)

$(SOCKETS)/libpmm.a: $(SOCKETS_PMM_OBJ)
	@mkdir -p $(@D)
	$(call note,AR,$@)
	$(Q)rm -f $@ && $(AR) rcsD $@ $^

$(SOCKETS)/endpoint: $(addprefix tests/bench/sockets/,endpoint.c endpoint_vsock.c \
		endpoint_net.c endpoint.h bench.h) $(SOCKETS)/libpmm.a
	$(call note,HOSTCC,$@)
	$(Q)$(HOSTCC) $(SOCKETS_CFLAGS) -o $@ $(filter %.c %.a,$^)

$(SOCKETS)/ipc: tests/bench/sockets/ipc.c tests/bench/sockets/bench.h
	@mkdir -p $(@D)
	$(call note,HOSTCC,$@)
	$(Q)$(HOSTCC) $(SOCKETS_CFLAGS) -o $@ $< -lutil

$(SOCKETS)/transport: NATIVE_CFLAGS += -Itests/bench/sockets -DBENCH_WHO='"ours"'
$(SOCKETS)/transport: tests/bench/sockets/transport.c tests/bench/sockets/bench.h $(NATIVE_DEPS)
	$(native_link)

.PHONY: bench-sockets
bench-sockets: $(SOCKETS)/endpoint $(SOCKETS)/transport
