/* SPDX-License-Identifier: BSD-2-Clause */
/* A session of the 9p client with the mock server. */
#ifndef OFL_TEST_P9_CLIENT_H
#define OFL_TEST_P9_CLIENT_H

#include "rt_mock.h"

#include "baremetal/p9.c"
#include "baremetal/p9_many.c"
#include "baremetal/p9_names.c"
#include "baremetal/p9_ops.c"
#include "baremetal/p9_virtio.c"
#include "baremetal/virtio.c"
#include "baremetal/vq.c"

#include "p9_mock.h"

static struct ofl_virtio dev;
static struct ofl_p9 p9;

static inline void start_session(void)
{
	srv_prepare(&dev, 24 * 1024);
	assert_int_equal(ofl_p9_start(&p9, &dev), 0);
}

static inline void end_session(void)
{
	free(p9.reply);
	p9.reply = NULL;
}

#endif
