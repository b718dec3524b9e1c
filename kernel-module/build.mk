# SPDX-License-Identifier: BSD-2-Clause
# offload.ko for one kernel: kbuild runs on copies under $(A), so that the
# source folder stays clean and several kernels can be built for.  Two makes in
# one tree wait for each other: kbuild's dependency files would not.
#
#   make $(A)/module/$(KVER)/offload.ko [KVER=6.12] [KDIR=headers]

OFL_KO_DIR := $(A)/module/$(KVER)
OFL_KO_SRC := $(wildcard kernel-module/*.[ch] kernel-module/*/*.[chS]) \
	kernel-module/Kbuild
OFL_KO_COPY := $(OFL_KO_SRC:kernel-module/%=$(OFL_KO_DIR)/%)
ALL += $(OFL_KO_DIR)/offload.ko

$(OFL_KO_COPY): $(OFL_KO_DIR)/%: kernel-module/%
	@mkdir -p $(@D)
	$(Q)cp $< $@

$(OFL_KO_DIR)/offload.ko: $(OFL_KO_COPY) include/offload/abi.h \
		include/offload/uapi.h | $(KREADY)
	$(call note,KMOD,$@)
	$(Q)flock $(@D)/.lock $(MAKE) -s -C $(KDIR) M=$(abspath $(@D)) ARCH=$(KARCH) \
		CROSS_COMPILE=$(CROSS) OFL_INCLUDE=$(TOP)/include \
		CONFIG_DEBUG_INFO_BTF_MODULES= KCFLAGS=-Werror modules
	$(Q)touch $@
