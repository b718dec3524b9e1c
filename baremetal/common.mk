# SPDX-License-Identifier: BSD-2-Clause
# Sources of the runtime above platform.h, for build.mk and native.mk.

RT_UPPER := $(addprefix baremetal/,args.c attr.c conports.c console.c \
	devices.c devtree.c dir.c mmio.c \
	files.c files_io.c libc.c mount.c open.c p9.c p9_many.c p9_names.c p9_ops.c p9_stream.c p9_virtio.c path.c poll.c pool.c rng.c socket.c start.c tty.c \
	virtio.c vq.c vsock.c vsock_conn.c vsock_socket.c wait.c waiter.c) \
	$(wildcard baremetal/$(LIBC)/*.c)
RT_COMMON += $(RT_UPPER)

# Headers that the C library lacks, or wants of the system (<sys/dirent.h>); images
# get them beside the runtime's own.
LIBC_CFLAGS += -isystem $(LIBFDT_SRC)
RT_SYS_HEADERS := $(patsubst baremetal/libc-include/%,$(B)/rt/include/%,\
	$(wildcard baremetal/libc-include/*.h baremetal/libc-include/*/*.h))
$(RT_SYS_HEADERS): $(B)/rt/include/%: baremetal/libc-include/%
	@mkdir -p $(@D)
	$(Q)cp $< $@

$(B)/rt/obj/devtree.c.o: | $(LIBFDT_SRC)/.ready
RT_EXTRA_LIBS += $(B)/libfdt/libfdt.a $(B)/rt/liboffload-net.a $(RT_SYS_HEADERS)
