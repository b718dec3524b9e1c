# SPDX-License-Identifier: BSD-2-Clause
# Broken images, $(A)/broken/*, and what is to be said of each, $(A)/broken/words.

$(O)/host/broken: tests/broken/broken.c kernel-module/image.c \
		$(wildcard kernel-module/*.h include/offload/*.h)
	@mkdir -p $(@D)
	$(call note,HOSTCC,$@)
	$(Q)$(HOSTCC) $(UNIT_CFLAGS) -o $@ $<

$(A)/broken/words: $(O)/host/broken
	@rm -rf $(@D) && mkdir -p $(@D)
	$(call note,IMAGES,$(@D))
	$(Q)$< $(ARCH) $(@D) >$@

ALL += $(A)/broken/words
