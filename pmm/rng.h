/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-entropy (VIRTIO 1.2, 5.4): Linux's random bytes for the image. */
#ifndef OFL_PMM_RNG_H
#define OFL_PMM_RNG_H

#include "vdev.h"

struct ofl_dev *ofl_rng_dev(void);

#endif
