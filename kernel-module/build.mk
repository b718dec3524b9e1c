# SPDX-License-Identifier: BSD-2-Clause
# offload.ko for one kernel: kbuild runs on copies under $(A), so that the
# source folder stays clean and several kernels can be built for.  Two makes in
# one tree wait for each other: kbuild's dependency files would not.
#
#   make $(A)/module/$(KVER)/offload.ko [KVER=6.12] [KDIR=headers]

# and with faults on purpose (fault.h), for tests:
#
#   make $(A)/module-faults/$(KVER)/offload.ko

OFL_KO_SRC := $(wildcard kernel-module/*.[ch] kernel-module/*/*.[chS]) \
	kernel-module/Kbuild

# $(call ofl_ko,FOLDER,OFL_FAULTS)
define ofl_ko
$(1)/%: kernel-module/%
	@mkdir -p $$(@D)
	$$(Q)cp $$< $$@

$(1)/offload.ko: $(OFL_KO_SRC:kernel-module/%=$(1)/%) include/offload/abi.h \
		include/offload/uapi.h | $$(KREADY)
	$$(call note,KMOD,$$@)
	$$(Q)flock $$(@D)/.lock $$(MAKE) -s -C $$(KDIR) M=$$(abspath $$(@D)) ARCH=$$(KARCH) \
		CROSS_COMPILE=$$(CROSS) OFL_INCLUDE=$$(TOP)/include OFL_FAULTS=$(2) \
		CONFIG_DEBUG_INFO_BTF_MODULES= KCFLAGS=-Werror modules
	$$(Q)touch $$@

ALL += $(1)/offload.ko
endef

$(eval $(call ofl_ko,$(A)/module/$(KVER),))
$(eval $(call ofl_ko,$(A)/module-faults/$(KVER),1))
