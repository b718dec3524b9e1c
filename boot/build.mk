# SPDX-License-Identifier: BSD-2-Clause
# The loader for UEFI machines: $(A)/boot/BOOTX64.EFI, $(A)/boot/BOOTAA64.EFI.

EFI_NAME_x86_64 := BOOTX64.EFI
EFI_NAME_aarch64 := BOOTAA64.EFI
LOADER := $(A)/boot/$(EFI_NAME_$(ARCH))

# Debian's gnu-efi of the target architecture, unpacked.
GNUEFI := $(O)/gnu-efi/$(ARCH)
GNUEFI_READY := $(GNUEFI)/.ready
$(GNUEFI_READY):
	@tests/lab/apt-fetch $(GNUEFI) gnu-efi:$(DEBARCH)
	@touch $@

# The image reader and the PMM's devices are the very files of module and daemon.
BOOT_SRC := $(addprefix boot/,acpi.c config.c console.c entropy.c heap.c host.c main.c \
	net.c pages.c ramfs.c ramnode.c say.c volume.c vsock.c work.c libc/stdio.c \
	libc/string.c) \
	$(addprefix pmm/,mem.c net.c p9.c p9_fid.c p9_flight.c p9_bulk.c p9_io.c p9_names.c p9_xattr.c \
	p9dev.c p9msg.c rng.c vdev.c vq.c vsock.c vsock_conn.c window.c) \
	baremetal/serial.c kernel-module/args.c kernel-module/image.c \
	$(wildcard boot/$(ARCH)/*.[cS])
BOOT_FDT_OBJ := $(addprefix $(A)/boot/obj/libfdt/,fdt.o fdt_ro.o fdt_sw.o)
BOOT_OBJ = $(patsubst %,$(A)/boot/obj/%.o,$(BOOT_SRC)) $(BOOT_FDT_OBJ)

BOOT_MACHINE_x86_64 := -mno-red-zone -maccumulate-outgoing-args -mno-avx \
	-fcf-protection=none
BOOT_MACHINE_aarch64 := -mno-outline-atomics -mstrict-align
BOOT_CFLAGS = -std=gnu11 -g -Os $(WARN) -ffreestanding -fpic -fshort-wchar \
	-fvisibility=hidden -fno-stack-protector -fno-asynchronous-unwind-tables \
	-fno-common -fno-strict-aliasing -fno-tree-loop-distribute-patterns \
	-ffile-prefix-map=$(TOP)=. $(BOOT_MACHINE_$(ARCH)) \
	-nostdinc -isystem $(shell $(CC) -print-file-name=include) -Iboot/libc \
	-isystem $(GNUEFI)/usr/include/efi -isystem $(GNUEFI)/usr/include/efi/$(ARCH) \
	-isystem $(LIBFDT_SRC) -DGNU_EFI_USE_MS_ABI -Iinclude -I.

$(A)/boot/obj/%.c.o: %.c | $(GNUEFI_READY) $(LIBFDT_SRC)/.ready
	@mkdir -p $(@D)
	$(call note,CC,$@)
	$(Q)$(CC) $(BOOT_CFLAGS) -MMD -MP -c -o $@ $<

$(A)/boot/obj/%.S.o: %.S | $(GNUEFI_READY)
	@mkdir -p $(@D)
	$(call note,AS,$@)
	$(Q)$(CC) $(BOOT_CFLAGS) -D__ASSEMBLY__ -MMD -MP -c -o $@ $<

$(BOOT_FDT_OBJ): $(A)/boot/obj/libfdt/%.o: $(LIBFDT_SRC)/.ready | $(GNUEFI_READY)
	@mkdir -p $(@D)
	$(call note,CC,$@)
	$(Q)$(CC) $(BOOT_CFLAGS) -w -c -o $@ $(LIBFDT_SRC)/$*.c

-include $(BOOT_OBJ:.o=.d)

$(A)/boot/loader.so: $(BOOT_OBJ)
	$(call note,LD,$@)
	$(Q)$(LD) -nostdlib -shared -Bsymbolic -znocombreloc -znoexecstack --no-undefined \
		--build-id=none --defsym=EFI_SUBSYSTEM=10 --no-warn-rwx-segments -T $(GNUEFI)/usr/lib/elf_$(ARCH)_efi.lds -o $@ \
		$(GNUEFI)/usr/lib/crt0-efi-$(ARCH).o $(BOOT_OBJ) \
		$(GNUEFI)/usr/lib/libgnuefi.a

# The aarch64 start object brings its own PE header, so there a plain binary is made.
BOOT_COPY_x86_64 := -j .text -j .sdata -j .data -j .dynamic -j .dynsym -j .rel \
	-j .rela -j .rel.* -j .rela.* -j .reloc --target efi-app-x86_64 --subsystem=10
BOOT_COPY_aarch64 := -j .text -j .sdata -j .data -j .dynamic -j .dynsym -j .rel \
	-j .rela -j .rel.* -j .rela.* -j .rel* -j .rela* -j .reloc -O binary
$(LOADER): $(A)/boot/loader.so
	$(call note,EFI,$@)
	$(Q)$(OBJCOPY) $(BOOT_COPY_$(ARCH)) $< $@

.PHONY: loader
loader: $(LOADER)
ALL += $(LOADER)

# --- run ---

.PHONY: run-uefi
run-uefi: $(LOADER) $(B)/images/wc.bin
	@ARCH=$(ARCH) tests/lab/run-uefi
