/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loader's configuration, \offload.cfg on the volume it was started from:
 * lines of
 *
 *	key=value
 *
 * Blanks around both are dropped, lines that are empty or begin with # ignored.
 *
 *	image=NAME         the image, .bin or .elf; \ or / between folders; with
 *	                   core=other there may be more, which run one after the other
 *	args=TEXT          arguments of the image named last, quoted as in a shell (none)
 *	core=self|other    where it runs: on the core that boots, or on a second
 *	                   one, for which the first plays host: console on the
 *	                   serial line, the files of \share over 9p, vsock, random bytes
 *	                   (self)
 *	mem=SIZE           memory of the image, with K or M behind it (16M)
 *	window=SIZE        of it, shared with the host (core=other: 4M; else none); 0:
 *	                   the image has no host, only the serial line
 *	net=on|off         core=other: a network of one neighbour, see net.h (off)
 *	serial=WHERE       auto, none, io:PORT, mmio:ADDRESS or pl011:ADDRESS; auto
 *	                   takes what the firmware's tables name (auto)
 *	debug-exit=PORT    x86_64: end the machine by a write to this I/O port, as
 *	                   QEMU's isa-debug-exit has it (by the firmware)
 *
 * Any other key may be given once.  What is not known is an error.
 */
#ifndef OFFLOAD_BOOT_CONFIG_H
#define OFFLOAD_BOOT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <offload/abi.h>

#define OFL_CONFIG_NAME_MAX 256
#define OFL_CONFIG_IMAGES 48u

struct ofl_config {
	struct {
		char name[OFL_CONFIG_NAME_MAX];
		char args[OFL_ARGS_MAX];
	} image[OFL_CONFIG_IMAGES];
	unsigned int nr_images; /* 1 or more */
	bool other_core;
	bool net;
	uint64_t mem;
	uint64_t window;
	bool serial_auto;
	enum ofl_serial serial; /* unless auto */
	uint64_t serial_pa;
	uint32_t debug_exit; /* 0: none */
};

/*
 * Read text of len bytes, any content.  0, or -EINVAL with a sentence without a newline in
 * msg (size bytes).
 */
int ofl_config_read(const char *text, size_t len, struct ofl_config *config, char *msg,
		    size_t size);

#endif
