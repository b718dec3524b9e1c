// SPDX-License-Identifier: BSD-2-Clause
/* poll(), over descriptors of all kinds. */
#include <errno.h>
#include <poll.h>

#include "files.h"
#include "wait.h"
#include "waiter.h"

static int look_at_all(struct pollfd *fds, nfds_t nr)
{
	int found = 0;

	for (nfds_t i = 0; i < nr; i++) {
		int bits;

		fds[i].revents = 0;
		if (fds[i].fd < 0)
			continue;
		bits = ofl_files_poll(fds[i].fd);
		bits &= fds[i].events | POLLERR | POLLHUP | POLLNVAL;
		fds[i].revents = (short)bits;
		found += bits != 0;
	}
	return found;
}

int poll(struct pollfd *fds, nfds_t nr, int timeout)
{
	struct ofl_waiter w;
	int found;

	if (nr && !fds) {
		errno = EFAULT;
		return -1;
	}
	ofl_progress_all();
	ofl_waiter_start(&w, timeout > 0 ? (uint64_t)timeout * OFL_MS : 0);
	while (!(found = look_at_all(fds, nr)) && timeout)
		if (!ofl_waiter_step(&w))
			break;
	ofl_waiter_end(&w);
	return found;
}
