/* SPDX-License-Identifier: BSD-2-Clause */
/* Put between the real sources and the compiler: see model.h. */
#ifndef OFFLOAD_TESTS_MODEL_HOOK_H
#define OFFLOAD_TESTS_MODEL_HOOK_H

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model.h"

#define MODEL_POINT(order, what, kind) ({ \
	static struct model_point point_ __attribute__((section("model_points"), used)) = { \
		__FILE__, __LINE__, order, what, kind, __builtin_FUNCTION(), 0 }; \
	&point_; })

#define __atomic_load_n(p, order) \
	((__typeof__(*(p) + 0))model_load(p, sizeof(*(p)), order, \
					  MODEL_POINT(order, #p, "load")))
#define __atomic_store_n(p, value, order) \
	model_store(p, sizeof(*(p)), (uint64_t)(value), order, \
		    MODEL_POINT(order, #p, "store"))
#define __atomic_thread_fence(order) \
	model_fence(order, MODEL_POINT(order, "", "fence"))
#define __builtin_ia32_pause() model_relax()
/* The model sees copies by memcpy(), not what goes around the caches. */
#undef __SSE2__
#undef memcpy
#undef memset
#define memcpy(to, from, len) model_memcpy(to, from, len)
#define memset(to, byte, len) model_memset(to, byte, len)

#endif
