# SPDX-License-Identifier: BSD-2-Clause
# AF_INET and AF_INET6: lwIP, from Debian's source, and what is ours around it, as
# one object in a library of its own.  An image that includes <netinet/in.h> refers
# to it, others do not grow.  Only the names below can be seen from outside.

LWIP_TAR := $(O)/cache/lwip_2.2.1+dfsg1.orig.tar.xz
LWIP_SRC := $(A)/lwip/src

LWIP_FILES := $(addprefix core/,def.c dns.c inet_chksum.c init.c ip.c mem.c \
	memp.c netif.c pbuf.c tcp.c tcp_in.c tcp_out.c timeouts.c udp.c) \
	$(addprefix core/ipv4/,dhcp.c etharp.c icmp.c ip4.c ip4_addr.c ip4_frag.c) \
	$(addprefix core/ipv6/,ethip6.c icmp6.c inet6.c ip6.c ip6_addr.c ip6_frag.c \
	mld6.c nd6.c) netif/ethernet.c
NET_FILES := addr.c netdev.c random.c resolve.c stack.c tcp.c tcp_socket.c \
	text.c timers.c udp.c

NET_NAMES := ofl_net in6addr_any in6addr_loopback inet_pton inet_ntop inet_addr \
	inet_aton inet_ntoa getaddrinfo freeaddrinfo gai_strerror gethostbyname \
	h_errno

NET_CFLAGS = -DOFL_NO_NET -Ibaremetal/net -Ibaremetal/net/lwip \
	-isystem $(LWIP_SRC)/include

$(LWIP_SRC)/.ready: | $(LWIP_TAR)
	@mkdir -p $(@D)
	$(call note,UNPACK,$(LWIP_SRC))
	$(Q)tar -xJf $(LWIP_TAR) -C $(@D) --strip-components=2 --wildcards \
		'*/src/core/*' '*/src/include/*' '*/src/netif/ethernet.c'
	$(Q)touch $@

# net_rules FOLDER FLAGS: FOLDER/net.o and FOLDER/liboffload-net.a
define net_rules
$(1)/net/%.c.o: baremetal/net/%.c $(LWIP_SRC)/.ready | $$(B)/$$(LIBC)/.ready
	@mkdir -p $$(@D)
	$$(call note,CC,$$@)
	$$(Q)$$(CC) $$($(2)) $$(NET_CFLAGS) -MD -MP -c -o $$@ $$<

$(1)/lwip/%.c.o: $(LWIP_SRC)/.ready $(wildcard baremetal/net/lwip/*.h \
		baremetal/net/lwip/*/*.h) | $$(B)/$$(LIBC)/.ready
	@mkdir -p $$(@D)
	$$(call note,CC,$$@)
	$$(Q)$$(CC) $$($(2)) -w $$(NET_CFLAGS) -c -o $$@ $(LWIP_SRC)/$$*.c

$(1)/net.o: $(NET_FILES:%=$(1)/net/%.o) $(LWIP_FILES:%=$(1)/lwip/%.o) baremetal/net.mk
	$$(call note,LD,$$@)
	$$(Q)$$(LD) -r -o $$@.all $$(filter %.o,$$^)
	$$(Q)$$(OBJCOPY) $(NET_NAMES:%=--keep-global-symbol=%) $$@.all $$@
	$$(Q)rm -f $$@.all

-include $(NET_FILES:%.c=$(1)/net/%.c.d)
endef

$(eval $(call net_rules,$(B)/rt/net.work,RT_CFLAGS))
$(B)/rt/liboffload-net.a: $(B)/rt/net.work/net.o
	$(call note,AR,$@)
	$(Q)rm -f $@ && $(AR) rcsD $@ $^

# Its unit tests; they name files of the runtime as it does itself.
$(O)/test/unit/test_netdev: UNIT_CFLAGS += -Ibaremetal

# Those of sockets have lwIP itself, with memory that a test can make end.
UNIT_LWIP := $(LWIP_FILES:%.c=$(O)/test/unit/lwip/%.o)
UNIT_NET_TESTS := $(addprefix $(O)/test/unit/test_net_,names memory resolve stack tcp udp)
UNIT_NET = -Ibaremetal -Ibaremetal/net -Ibaremetal/net/lwip -isystem $(LWIP_SRC)/include
UNIT_NET_SEAMS := -Dmalloc=net_malloc -Dcalloc=net_calloc -Dfree=net_free \
	-Dofl_panic=net_panic

$(UNIT_LWIP): $(O)/test/unit/lwip/%.o: $(LWIP_SRC)/.ready baremetal/net/lwip/lwipopts.h
	@mkdir -p $(@D)
	$(call note,UNITCC,$@)
	$(Q)$(HOSTCC) $(UNIT_CFLAGS) -w $(UNIT_NET) $(UNIT_NET_SEAMS) -c -o $@ \
		$(LWIP_SRC)/$*.c

$(UNIT_NET_TESTS): UNIT_CFLAGS += $(UNIT_NET)
$(UNIT_NET_TESTS): UNIT_LIBS += $(UNIT_LWIP)
$(UNIT_NET_TESTS): $(UNIT_LWIP)

# The fuzzer has lwIP itself, built as it is.
FUZZ_LWIP := $(LWIP_FILES:%.c=$(O)/test/fuzz/lwip/%.o)
FUZZ_NET = -DCHECKSUM_CHECK_IP=0 -DCHECKSUM_CHECK_UDP=0 -DCHECKSUM_CHECK_TCP=0 \
	-DCHECKSUM_CHECK_ICMP=0 -DCHECKSUM_CHECK_ICMP6=0 -Ibaremetal -Ibaremetal/net \
	-Ibaremetal/net/lwip -isystem $(LWIP_SRC)/include

$(FUZZ_LWIP): $(O)/test/fuzz/lwip/%.o: $(LWIP_SRC)/.ready baremetal/net/lwip/lwipopts.h
	@mkdir -p $(@D)
	$(call note,FUZZCC,$@)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -w $(FUZZ_NET) -c -o $@ $(LWIP_SRC)/$*.c

$(O)/test/fuzz/fuzz_net_stack: FUZZ_CFLAGS += $(FUZZ_NET)
$(O)/test/fuzz/fuzz_net_stack: $(FUZZ_LWIP)
