// SPDX-License-Identifier: BSD-2-Clause
/*
 * Arguments of ioctl and mmap on /dev/offloadN, and a debugger's accesses to a
 * mapping.  What is let through must lie in what is the caller's.
 */
#include "fuzz.h"

#include "kernel-module/request.c"

static void one_ioctl(struct fuzz_in *in)
{
	unsigned int cmd = fuzz_number(in, 4);
	union ofl_asked *r, any;
	int size, err;

	if (fuzz_number(in, 1) & 1) /* of ours, else nearly none is */
		cmd = _IOC(cmd & 3, OFL_IOC_TYPE, cmd >> 2 & 15, sizeof(any));
	size = ofl_request_size(cmd);
	MUST(size == -ENOTTY || (size >= 0 && (size_t)size <= sizeof(any)));
	fuzz_take(in, &any, sizeof(any));
	err = ofl_request_check(cmd, &any);
	MUST(size >= 0 || err == size);
	if (size < 0 || !size)
		return;
	/* no more is looked at than was copied in */
	r = malloc((size_t)size);
	memcpy(r, &any, (size_t)size);
	MUST(ofl_request_check(cmd, r) == err);
	if (!err && _IOC_NR(cmd) == _IOC_NR(OFL_IOC_INFO)) {
		uint32_t back = ofl_request_info_size(r);

		/* not more than the caller has room for, nor than there is */
		MUST(back >= sizeof(uint32_t) && back <= any.size &&
		     back <= sizeof(struct ofl_ioc_info));
	}
	if (!err && _IOC_NR(cmd) == _IOC_NR(OFL_IOC_BELL))
		MUST(any.bell.fd >= -1);
	if (!err && _IOC_NR(cmd) == _IOC_NR(OFL_IOC_ON_CLOSE))
		MUST(!(any.on_close.flags & ~OFL_ON_CLOSE_STOP));
	free(r);
}

static uint64_t number(struct fuzz_in *in)
{
	uint64_t low = fuzz_number(in, 4);

	return low | (uint64_t)fuzz_number(in, 4) << 32;
}

static void one_mapping(struct fuzz_in *in)
{
	uint64_t window = number(in) >> 1, page = number(in), size = number(in);
	uint8_t how = (uint8_t)fuzz_number(in, 1);

	if (how & 4)
		page = 0;
	if (how & 8)
		size = window + (how >> 6) - 1;
	if (ofl_request_mmap(page, size, window, how & 1, how & 2))
		return;
	MUST(!page && size && size <= window && (how & 1) && !(how & 2));
}

static void one_access(struct fuzz_in *in)
{
	uint64_t window = number(in) >> 1, off = number(in);
	int len = (int)fuzz_number(in, 4);

	if (!ofl_request_inside(off, len, window))
		return;
	MUST(len >= 0 && off <= window && off + (uint64_t)len <= window);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };

	while (in.left) {
		switch (fuzz_number(&in, 1) % 3) {
		case 0:
			one_ioctl(&in);
			break;
		case 1:
			one_mapping(&in);
			break;
		default:
			one_access(&in);
			break;
		}
	}
	return 0;
}
