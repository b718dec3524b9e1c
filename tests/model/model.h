/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shared window under a weak memory model: what driver.c and device.c, which
 * include the real sources, and the checker (model.cc) know of each other.
 *
 * Every atomic access, fence, memcpy and memset of the sources comes here.
 * Accesses to the fields of the window that the protocol uses ("cells")
 * become accesses of the checker's; all others are done as they are.  Each
 * place in the sources that asks for an order is a point; the linker makes the
 * list of them, so it is the list of the sources.
 */
#ifndef OFFLOAD_TESTS_MODEL_H
#define OFFLOAD_TESTS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Aligned as large as it is: the linker puts them one behind the other. */
struct model_point {
	const char *file;
	int line;
	int order; /* __ATOMIC_*; relaxed ones are no points */
	const char *what;
	const char *kind; /* "load", "store", "fence" */
	const char *function;
	unsigned long reached;
} __attribute__((aligned(64)));

#define MODEL_WINDOW_PA 0x40000000ull
#define MODEL_WINDOW_SIZE 0x20000u
#define MODEL_REQUESTS 5u

extern uint8_t model_window[MODEL_WINDOW_SIZE];

/* What is being played. */
struct model_play {
	const char *name;
	bool event_idx;
	bool packed;
	bool one_way; /* nothing is written back; given back in order */
	unsigned int driver_spins; /* looks before the driver sleeps */
	unsigned int device_spins; /* us, at most, before the device does */
};

extern const struct model_play *model_play;

/* --- of model.cc --- */

uint64_t model_load(const volatile void *p, size_t size, int order,
		    struct model_point *point);
void model_store(volatile void *p, size_t size, uint64_t value, int order,
		 struct model_point *point);
void model_fence(int order, struct model_point *point);
void *model_memcpy(void *to, const void *from, size_t len);
void *model_memset(void *to, int byte, size_t len);
/* A turn of a loop that waits for the other side. */
void model_relax(void);
/* Doorbells: eventfds. */
void model_ring_device(void);
void model_ring_driver(void);
void model_wait_device(void);
void model_wait_driver(void);
/* The property that is checked. */
void model_assert_at(bool good, const char *what, const char *file, int line);
#define model_assert(good) model_assert_at(good, #good, __FILE__, __LINE__)

/* --- of driver.c and device.c --- */

void model_driver_reset(void);
void model_driver_run(void);
void model_device_reset(void);
void model_device_run(void);

#ifdef __cplusplus
}
#endif
#endif
