# SPDX-License-Identifier: BSD-2-Clause
# libfdt, from its sources: the packaged library is a hosted build.
# Only what reads; the runtime never writes a tree.

LIBFDT_TAR := $(O)/cache/device-tree-compiler_1.7.2.orig.tar.xz
LIBFDT_SRC := $(A)/libfdt/src
LIBFDT_OBJ := $(addprefix $(B)/libfdt/,fdt.o fdt_ro.o fdt_check.o fdt_strerror.o)

$(LIBFDT_SRC)/.ready: | $(LIBFDT_TAR)
	@mkdir -p $(@D)
	$(call note,UNPACK,$(LIBFDT_SRC))
	$(Q)tar -xJf $(LIBFDT_TAR) -C $(@D) --strip-components=2 \
		--wildcards '*/libfdt/*.[ch]'
	$(Q)touch $@

$(LIBFDT_OBJ): $(B)/libfdt/%.o: $(LIBFDT_SRC)/.ready | $(B)/$(LIBC)/.ready
	@mkdir -p $(@D)
	$(call note,CC,$@)
	$(Q)$(CC) $(RT_CFLAGS) -Wno-error -w -I$(LIBFDT_SRC) -c -o $@ \
		$(LIBFDT_SRC)/$*.c

$(B)/libfdt/libfdt.a: $(LIBFDT_OBJ)
	$(call note,AR,$@)
	$(Q)rm -f $@ && $(AR) rcsD $@ $^
