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
		endpoint_nonet.c endpoint.h bench.h) $(SOCKETS)/libpmm.a
	$(call note,HOSTCC,$@)
	$(Q)$(HOSTCC) $(SOCKETS_CFLAGS) -o $@ $(filter %.c %.a,$^)

# TCP's turn: lwIP on both sides, with windows and segments as large as they help, with
# checksums (tcp) and without (tcpns: a ring between two CPUs loses no bit).
SOCKETS_TCP := -DTCP_MSS=16000 -DTCP_WND=\(4*TCP_MSS\) -DTCP_RCV_SCALE=0 \
	-DLWIP_DISABLE_TCP_SANITY_CHECKS=1
SOCKETS_NS := -DCHECKSUM_GEN_IP=0 -DCHECKSUM_GEN_TCP=0 -DCHECKSUM_CHECK_IP=0 \
	-DCHECKSUM_CHECK_TCP=0
SOCKETS_IMAGE_tcp = $(NATIVE_CFLAGS) $(SOCKETS_TCP)
SOCKETS_IMAGE_tcpns = $(SOCKETS_IMAGE_tcp) $(SOCKETS_NS)
SOCKETS_HOST_tcp = $(SOCKETS_CFLAGS) $(SOCKETS_TCP) -DLWIP_TIMERS_CUSTOM=0 -Ibaremetal -Ibaremetal/net \
	-Ibaremetal/net/lwip -isystem $(LWIP_SRC)/include
SOCKETS_HOST_tcpns = $(SOCKETS_HOST_tcp) $(SOCKETS_NS)

define sockets_tcp
$$(eval $$(call net_rules,$(SOCKETS)/image-$(1),SOCKETS_IMAGE_$(1)))
$(SOCKETS)/transport-$(1): NATIVE_NET = $(SOCKETS)/image-$(1)/net.o
$(SOCKETS)/transport-$(1): NATIVE_CFLAGS += -Itests/bench/sockets -DBENCH_WHO='"$(1)"' -DBENCH_TCP
$(SOCKETS)/transport-$(1): tests/bench/sockets/transport.c tests/bench/sockets/bench.h \
		$$(NATIVE_DEPS) $(SOCKETS)/image-$(1)/net.o
	$$(native_link)

$(SOCKETS)/host-$(1)/%.o: $$(LWIP_SRC)/.ready baremetal/net/lwip/lwipopts.h \
		tests/bench/sockets/build.mk
	@mkdir -p $$(@D)
	$$(call note,HOSTCC,$$@)
	$$(Q)$$(HOSTCC) $$(SOCKETS_HOST_$(1)) -w -c -o $$@ $$(LWIP_SRC)/$$*.c

$(SOCKETS)/endpoint-$(1): $$(addprefix tests/bench/sockets/,endpoint.c endpoint_vsock.c \
		endpoint_net.c endpoint.h bench.h) $$(LWIP_FILES:%.c=$(SOCKETS)/host-$(1)/%.o) \
		$(SOCKETS)/libpmm.a
	$$(call note,HOSTCC,$$@)
	$$(Q)$$(HOSTCC) $$(SOCKETS_HOST_$(1)) -o $$@ $$(filter %.c %.o %.a,$$^)
endef
$(foreach v,tcp tcpns,$(eval $(call sockets_tcp,$(v))))

$(SOCKETS)/ipc: tests/bench/sockets/ipc.c tests/bench/sockets/bench.h
	@mkdir -p $(@D)
	$(call note,HOSTCC,$@)
	$(Q)$(HOSTCC) $(SOCKETS_CFLAGS) -o $@ $< -lutil

$(SOCKETS)/transport: NATIVE_CFLAGS += -Itests/bench/sockets -DBENCH_WHO='"ours"'
$(SOCKETS)/transport: tests/bench/sockets/transport.c tests/bench/sockets/bench.h $(NATIVE_DEPS)
	$(native_link)

.PHONY: bench-sockets
bench-sockets: $(SOCKETS)/endpoint $(SOCKETS)/transport $(SOCKETS)/ipc \
	$(foreach v,tcp tcpns,$(SOCKETS)/endpoint-$(v) $(SOCKETS)/transport-$(v))
bench-build: bench-sockets
