// SPDX-License-Identifier: GPL-2.0-only
/* See request.h. */
#include "request.h"

int ofl_request_size(unsigned int cmd)
{
	if (_IOC_TYPE(cmd) != OFL_IOC_TYPE)
		return -ENOTTY;
	switch (_IOC_NR(cmd)) {
	case _IOC_NR(OFL_IOC_INFO):
		return sizeof(uint32_t);
	case _IOC_NR(OFL_IOC_ATTACH):
		return sizeof(struct ofl_ioc_attach);
	case _IOC_NR(OFL_IOC_BELL):
		return sizeof(struct ofl_ioc_bell);
	case _IOC_NR(OFL_IOC_CID):
		return sizeof(struct ofl_ioc_cid);
	case _IOC_NR(OFL_IOC_ON_CLOSE):
		return sizeof(struct ofl_ioc_on_close);
	case _IOC_NR(OFL_IOC_READY):
	case _IOC_NR(OFL_IOC_RING):
		return 0;
	default:
		return -ENOTTY;
	}
}

int ofl_request_check(unsigned int cmd, const union ofl_asked *r)
{
	int size = ofl_request_size(cmd);

	if (size < 0)
		return size;
	if (size && r->size < (uint32_t)size)
		return -EINVAL;
	switch (_IOC_NR(cmd)) {
	case _IOC_NR(OFL_IOC_BELL):
		return r->bell.fd < -1 ? -EINVAL : 0;
	case _IOC_NR(OFL_IOC_ON_CLOSE):
		return r->on_close.flags & ~OFL_ON_CLOSE_STOP ? -EINVAL : 0;
	default:
		return 0;
	}
}

uint32_t ofl_request_info_size(const union ofl_asked *r)
{
	return r->size < sizeof(r->info) ? r->size : sizeof(r->info);
}

int ofl_request_mmap(uint64_t page, uint64_t size, uint64_t window, bool shared,
		     bool exec)
{
	return page || !size || size > window || !shared || exec ? -EINVAL : 0;
}

bool ofl_request_inside(uint64_t off, int len, uint64_t window)
{
	return len >= 0 && off <= window && (uint64_t)len <= window - off;
}
