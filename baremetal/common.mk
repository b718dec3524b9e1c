# SPDX-License-Identifier: BSD-2-Clause
# Sources of the runtime above platform.h, for build.mk and native.mk.

RT_UPPER := $(addprefix baremetal/,args.c console.c devices.c devtree.c dir.c \
	files.c libc.c p9.c p9_ops.c path.c start.c virtio.c vq.c wait.c) \
	baremetal/$(LIBC)/hooks.c
RT_COMMON += $(RT_UPPER)

# <dirent.h> of the C library wants a <sys/dirent.h> of the system; images get
# it beside the runtime's own headers.
LIBC_CFLAGS += -isystem $(LIBFDT_SRC)
RT_SYS_HEADERS := $(B)/rt/include/sys/dirent.h
$(RT_SYS_HEADERS): $(B)/rt/include/%: baremetal/libc-include/%
	@mkdir -p $(@D)
	$(Q)cp $< $@

$(B)/rt/obj/devtree.c.o: | $(LIBFDT_SRC)/.ready
RT_EXTRA_LIBS += $(B)/libfdt/libfdt.a $(RT_SYS_HEADERS)
