# SPDX-License-Identifier: BSD-2-Clause
# The daemon: static, small, for the host side of either architecture.

PMM_SRC := pmm/main.c pmm/options.c pmm/log.c pmm/user.c pmm/priv.c pmm/pmm.c pmm/loop.c \
	pmm/ready.c pmm/spin.c pmm/mem.c pmm/vq.c pmm/vdev.c pmm/window.c pmm/conopen.c pmm/conport.c pmm/console.c \
	pmm/p9.c pmm/p9_fid.c pmm/p9_flight.c pmm/p9_bulk.c pmm/p9_io.c pmm/p9_names.c \
	pmm/p9_xattr.c pmm/p9dev.c pmm/p9msg.c pmm/p9sock.c pmm/work.c \
	pmm/host_none.c pmm/listen.c pmm/schedule.c \
	pmm/p9fs.c pmm/p9fs_meta.c pmm/p9fs_xattr.c pmm/host_module.c pmm/host_native.c \
	pmm/rng.c pmm/vsock.c pmm/vsock_conn.c pmm/vsock_fd.c pmm/vsock_unix.c \
	pmm/vsock_place.c pmm/vsock_options.c pmm/forward.c \
	pmm/vhost.c pmm/net_vhost.c pmm/vsock_vhost.c \
	pmm/net.c pmm/net_open.c pmm/net_options.c pmm/net_passt.c pmm/net_tap.c \
	pmm/sandbox.c
PMM_OBJ := $(PMM_SRC:pmm/%.c=$(A)/pmm/%.o)
PMM_SECCOMP_OBJ := $(A)/pmm/seccomp.o

# libfdt's writing half, hosted, from the sources that the runtime reads with.
PMM_FDT_OBJ := $(addprefix $(A)/pmm/libfdt/,fdt.o fdt_ro.o fdt_sw.o)
PMM_FDT_SRC = $(A)/libfdt/src

PMM_CFLAGS := -std=gnu11 -Os -g $(WARN) -ffunction-sections -fdata-sections \
	-fstack-protector-strong -D_FORTIFY_SOURCE=2 \
	-ffile-prefix-map=$(TOP)=. -Iinclude $(PMM_VARIANT_CFLAGS)
# What runs for each message is made fast, the rest small.
PMM_HOT := loop.o mem.o net.o pmm.o ready.o rng.o spin.o vdev.o vq.o vsock.o vsock_conn.o vsock_fd.o
$(addprefix $(A)/pmm/,$(PMM_HOT)): PMM_CFLAGS += $(if $(VARIANT),,-O2)
PMM_LINK ?= -static
PMM_LDFLAGS := $(PMM_LINK) -Wl,--gc-sections -Wl,-z,noexecstack -Wl,-z,relro

$(A)/pmm/libfdt/%.o: $(A)/libfdt/src/.ready
	@mkdir -p $(@D)
	$(call note,CC,$@)
	$(Q)$(CC) $(PMM_CFLAGS) -w -I$(PMM_FDT_SRC) -c -o $@ $(PMM_FDT_SRC)/$*.c

$(A)/pmm/%.o: pmm/%.c $(A)/libfdt/src/.ready
	@mkdir -p $(@D)
	$(call note,CC,$@)
	$(Q)$(CC) $(PMM_CFLAGS) -isystem $(PMM_FDT_SRC) -MMD -MP -c -o $@ $<

# The system calls that are left to it: those of the functions that its objects call.
# sandbox.o, priv.o and user.o have done their work when the list comes into force.
$(A)/pmm/syscalls.h: $(PMM_OBJ) pmm/syscalls.txt pmm/syscalls.awk
	$(Q)$(CROSS)nm --defined-only $(PMM_OBJ) | awk 'NF == 3 { print $$3 }' >$@.defined
	$(Q)set -o pipefail; { \
		$(CROSS)nm -u $(filter-out %/sandbox.o %/priv.o %/user.o,$(PMM_OBJ)) | \
			awk '$$1 == "U" { print $$2 }' | grep -vxFf $@.defined; \
		sed -n 's/.*syscall(\(SYS_[a-z0-9_]*\),.*/\1/p' \
			$(filter-out %/sandbox.c %/priv.c %/user.c,$(PMM_SRC)); \
		$(if $(PMM_VARIANT_CALLS),printf 'SYS_%s\n' $(PMM_VARIANT_CALLS);) \
	} | sort -u | awk -f pmm/syscalls.awk pmm/syscalls.txt - >$@.new
	$(Q)mv $@.new $@

$(PMM_SECCOMP_OBJ): $(A)/pmm/syscalls.h
$(PMM_SECCOMP_OBJ): PMM_CFLAGS += -I$(A)/pmm

$(A)/pmm/offload-pmm: $(PMM_OBJ) $(PMM_SECCOMP_OBJ) $(PMM_FDT_OBJ) $(PMM_VARIANT_OBJ)
	$(call note,LD,$@)
	$(Q)$(CC) $(PMM_CFLAGS) $(PMM_LDFLAGS) -Wl,-Map=$@.map -o $@ $^

-include $(PMM_OBJ:.o=.d) $(PMM_SECCOMP_OBJ:.o=.d)

ALL += $(A)/pmm/offload-pmm

# This test runs the daemon itself.
ifeq ($(ARCH),x86_64)
$(O)/test/unit/test_pmm_socket $(O)/test/unit/test_pmm_process: | $(A)/pmm/offload-pmm
endif
