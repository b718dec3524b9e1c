# SPDX-License-Identifier: BSD-2-Clause
# offload-pack (ELF to flat image, runs on the build machine) and offload-cc.

$(O)/host/offload-pack: linker/offload-pack.c include/offload/abi.h
	@mkdir -p $(@D)
	$(call note,HOSTCC,$@)
	$(Q)$(HOSTCC) -std=gnu11 -O2 -g $(WARN) -Iinclude -o $@ $<

$(B)/offload-cc: linker/offload-cc.in
	@mkdir -p $(@D)
	$(call note,GEN,$@)
	$(Q)sed -e 's|@ARCH@|$(ARCH)|' -e 's|@CROSS@|$(CROSS)|' \
		-e 's|@LIBC@|$(LIBC)|' $< >$@.tmp
	$(Q)chmod +x $@.tmp && mv $@.tmp $@

ALL += $(O)/host/offload-pack $(B)/offload-cc
