# SPDX-License-Identifier: BSD-2-Clause
# Non-recursive: one build.mk per folder; one architecture per invocation.

.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.SUFFIXES:
.DELETE_ON_ERROR:
# Nothing is intermediate: what was built stays.
.SECONDARY:

# --- what a user may set ---

O ?= build
ARCH ?= x86_64
KVER ?= 6.1
LIBC ?= picolibc
DESTDIR ?=
PREFIX ?= /usr/local
V ?=
VARIANT ?=

# --- what the fragments use ---

ifeq ($(ARCH),x86_64)
CROSS ?=
KARCH := x86_64
DEBARCH := amd64
else ifeq ($(ARCH),aarch64)
CROSS ?= aarch64-linux-gnu-
KARCH := arm64
DEBARCH := arm64
else
$(error ARCH=$(ARCH): not an architecture of this project; use x86_64 or aarch64)
endif

# The same sources, built to be watched, in a folder of their own: tests/variant.mk.
ifneq ($(VARIANT),)
override O := $(O)/$(VARIANT)
endif

SHELL := /bin/bash
TOP := $(CURDIR)

ifeq ($(LIBC),picolibc)
SUFFIX :=
else ifeq ($(LIBC),newlib)
SUFFIX := -newlib
else
$(error LIBC=$(LIBC): not a C library of this project; use picolibc or newlib)
endif

# A: what no C library of images changes (module, daemon).  B: the others, so
# that objects of two C libraries never meet.
A := $(O)/$(ARCH)
B := $(A)$(SUFFIX)

CC = $(CROSS)gcc
AR = $(CROSS)ar
LD = $(CROSS)ld
NM = $(CROSS)nm
OBJCOPY = $(CROSS)objcopy
READELF = $(CROSS)readelf
SIZE = $(CROSS)size
STRIP = $(CROSS)strip
HOSTCC = gcc
WARN = -Wall -Wextra -Wshadow -Werror

# $(Q)command: shown in full with V=1; $(call note,CC,$@) otherwise.
Q := $(if $(V),,@)
note = $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$(2)')

# The stock kernel's header tree: depend on $(KREADY), build with -C $(KDIR).
KDIR = $(abspath $(O))/kernels/$(KVER)-$(ARCH)/build
KREADY = $(O)/kernels/$(KVER)-$(ARCH)/.ready

# tests/lab writes under O only.  The kernel's makefiles take O= and V= from a
# command line for their own: sub-makes get ours in the environment alone.
export O MIRROR
MAKEOVERRIDES :=

# Fragments add what `make all` builds for ARCH, in any order.
ALL :=

# Before anything else is built, the packages it needs are there: this is an
# included makefile, so make makes it first.
ifneq ($(filter-out help clean distclean deps,$(or $(MAKECMDGOALS),all)),)
include $(O)/deps.mk
endif
$(O)/deps.mk: tests/lab/packages tests/lab/deps
	@tests/lab/deps $@

FRAGMENTS := tests/variant.mk baremetal/libfdt.mk baremetal/net.mk baremetal/build.mk baremetal/native.mk \
	linker/build.mk kernel-module/build.mk pmm/build.mk boot/build.mk \
	tests/build.mk tests/broken/build.mk tests/lab/build.mk tests/bare/build.mk \
	tests/model/build.mk tests/fuzz/build.mk tests/bench/sockets/build.mk \
	tests/bench/qemu/build.mk
-include $(wildcard $(FRAGMENTS))

.PHONY: all rt deps help clean distclean
all: $(ALL)

# What an image is made with: offload-cc, library, headers.
rt: $(RT)

deps:
	@tests/lab/deps

help:
	@cat tests/lab/help.txt

# What was fetched stays for `make clean`: kernels, sources, packages.
clean:
	rm -rf $(O)/x86_64* $(O)/aarch64* $(O)/host $(O)/test $(O)/log $(O)/run \
		$(O)/guest $(O)/fuzz $(O)/coverage $(O)/asan $(O)/stage.* $(O)/lint $(O)/deps.mk

distclean:
	rm -rf $(O)
