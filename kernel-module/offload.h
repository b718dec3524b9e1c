/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An instance: one core, one region of memory, one image.
 *
 * Files: main.c (parameters, life of the module), table.c (all instances),
 * manage.c (adding and removing them at run time), spec.c (what a user wants),
 * instance.c (the state machine), fill.c (what an image finds in memory),
 * guard.c (keeps Linux's hands off lent cores), memory.c, device.c (devices for
 * images), source.c (finding an image file), watch.c (what the image says of
 * itself), bell.c (doorbells), timing.c (how long it all takes), sysfs.c,
 * chardev.c, and per architecture what is behind arch.h.
 *
 * Locking: instance->lock is held by whoever changes phase, image or boot page
 * (sysfs stores, the watcher, reboot, exit).  Fields that others read without
 * it are marked; they are single words, written with WRITE_ONCE.  See table.c
 * for the locks above it.
 */
#ifndef OFFLOAD_OFFLOAD_H
#define OFFLOAD_OFFLOAD_H

#include <linux/device.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <offload/abi.h>
#include <offload/uapi.h>

#include "device.h"
#include "image.h"
#include "memspec.h"
#include "timing.h"

enum ofl_phase {
	OFL_PHASE_LINUX,   /* the core belongs to Linux */
	OFL_PHASE_HELD,	   /* parked (x86_64) or off (aarch64), ours */
	OFL_PHASE_RUNNING, /* the image has it */
	OFL_PHASE_CRASHED, /* as HELD or RUNNING, after a crash */
	OFL_PHASE_STUCK,   /* the image does not give it back */
};

/* One piece of physical memory, see memory.c. */
struct ofl_region {
	enum ofl_mem_kind kind;
	phys_addr_t pa;
	u64 size;
	u64 private_size;
	u64 window_size;
	void *va; /* all of it, cached; NULL: there is none */
	u64 dirty; /* from its start: behind that all of the private part is zero */
	bool in_use; /* under a core that is not known to have left: never free */
};

/* An image file in memory, kept for restarts. */
struct ofl_source {
	void *blob; /* vmalloc; NULL: none loaded */
	size_t size;
	struct ofl_image image;
	char name[256]; /* as given */
};

struct ofl_arch_core; /* arch.h */
struct eventfd_ctx;
struct irq_domain;

/* See bell.c. */
struct ofl_bell {
	unsigned int irq; /* Linux's number; 0: the image cannot ring */
	char name[16];	  /* in /proc/interrupts */
	raw_spinlock_t place_lock; /* stores to boot->host.bell */
	/* the architecture's */
	struct irq_domain *domain; /* x86_64 */
	u32 intid;		   /* arm64; also the last one tried */
	int mapping;		   /* irq as it was mapped */

	spinlock_t lock; /* of the following; taken in the interrupt */
	struct eventfd_ctx *eventfd; /* the PMM's, or NULL */
	bool core; /* inst->core is there and may be rung */
	u64 rung;    /* by the image; read without lock */
	u64 ringing; /* at the image; read without lock */
};

/* See supervise.c; words are read without lock. */
struct ofl_supervise {
	u32 heartbeat_ms; /* 0: the image need not beat */
	bool recovery;
	u32 recovery_limit, recovery_delay_ms;
	u64 beats; /* as last seen */
	ktime_t beat_at;
	bool away; /* the image has crashed, and Linux has its core */
	unsigned int attempts; /* recoveries in a row */
	struct delayed_work again;
	u32 crashes, heartbeats_lost, recoveries;
};

struct ofl_instance {
	struct list_head node; /* see table.c */
	unsigned int number;
	unsigned int cpu;
	unsigned int spi; /* aarch64: wanted for the doorbell; 0: any */
	atomic_t users;	  /* open descriptors of the device, and files being read */
	struct mutex lock;

	enum ofl_phase phase; /* read without lock */
	struct ofl_region region;
	struct ofl_source source;
	char args[OFL_ARGS_MAX];
	struct ofl_arch_core *core;
	struct ofl_device devices[OFL_BOOT_DEVICES];
	unsigned int nr_devices;
	bool devices_lent; /* their interrupts go to the core */

	struct ofl_bell bell;
	struct delayed_work watch;
	u32 image_state;  /* last seen; read without lock */
	bool odd_state;	  /* a message about an unknown one was printed */
	bool late_told;	  /* ... about a core that does not come back */
	bool crash_told;  /* ... about the crash of this run */
	bool asleep;	  /* the machine is about to sleep: take no core */
	bool going;	  /* being removed: no start, no new user */
	bool kept_module; /* a stuck image: the module must stay */
	unsigned long ended_at; /* jiffies of EXITED, CRASHED or STOPPED */
	ktime_t started;
	u64 timings[OFL_TIMING_NR]; /* ns; read without lock */
	u64 dead_counter; /* when the core was last known to be nobody's */
	u32 starts;	  /* read without lock */
	bool has_exited;  /* exit_status is valid; read without lock */
	s32 exit_status;  /* read without lock */
	char *crash_text; /* PAGE_SIZE; "" before the first crash */
	bool no_dump;	  /* no core file of a crash; read without lock */
	bool dump_due;	  /* of a crash before the instance was published */
	struct ofl_supervise super;

	struct device *dev; /* NULL: not yet published */
	wait_queue_head_t poll_wait;
	u32 change; /* counts what poll() reports; read without lock */
	struct file *pmm_file; /* the attached PMM; read without lock */
	u32 pmm_epoch;	       /* of the ready PMM, 0: none; read without lock */
	u32 last_epoch;
	u32 cid; /* of its vsock device, 0: it has none; read without lock */
};

static inline struct ofl_boot *ofl_instance_boot(struct ofl_instance *inst)
{
	return inst->region.va + OFL_BOOT_OFF;
}

/* Does the core belong to us (and not to Linux)? */
static inline bool ofl_instance_holds_core(const struct ofl_instance *inst)
{
	return READ_ONCE(inst->phase) != OFL_PHASE_LINUX;
}

/* --- instance.c; all with inst->lock held --- */
int ofl_instance_check(struct ofl_instance *inst);
int ofl_instance_take(struct ofl_instance *inst);
int ofl_instance_return(struct ofl_instance *inst);
int ofl_instance_start(struct ofl_instance *inst);
/* Stop the image; the core stays held (or, by force, goes back to Linux). */
int ofl_instance_stop(struct ofl_instance *inst);
/* Ask the image to stop, and wait for nothing; without the lock: from a panic. */
void ofl_instance_ask(struct ofl_instance *inst);
/* Stop the image and give the core to Linux, if that can be. */
int ofl_instance_release(struct ofl_instance *inst);
void ofl_instance_set_phase(struct ofl_instance *inst, enum ofl_phase phase);
enum ofl_instance_state ofl_instance_state(const struct ofl_instance *inst);

/* --- fill.c --- */
/* All but the boot page: clear what is left, copy the image.  The core may be Linux's. */
void ofl_fill_private(struct ofl_instance *inst);
/* The boot page, right before a start. */
void ofl_fill_boot(struct ofl_instance *inst);

/* --- source.c --- */
/*
 * Find and read an image; an ERR_PTR if not, and messages are printed.  A file may take
 * for ever (a server that is gone): with no lock, least of all one that a reboot takes.
 */
struct ofl_source *ofl_source_read(const char *name);
/* Check it; if it is one it changes places with inst->source. */
int ofl_source_use(struct ofl_instance *inst, struct ofl_source *source);
void ofl_source_free(struct ofl_source *source);
/* What ofl_source_read() returned, whatever it was, or NULL. */
void ofl_source_drop(struct ofl_source *source);

/* --- memory.c --- */
/* spec was checked; on failure a message was printed. */
int ofl_region_get(struct ofl_region *region, const struct ofl_memspec *spec,
		   u64 window);
void ofl_region_put(struct ofl_region *region);
/* Is it System RAM that a core which has not come back may use? */
bool ofl_region_is_lost(const struct ofl_region *region);
/* One that was put was left allocated, as it is. */
extern bool ofl_region_left;
const char *ofl_region_kind(const struct ofl_region *region);

/* --- watch.c --- */
void ofl_watch_init(struct ofl_instance *inst);
/* Look at the boot page now.  inst->lock held. */
void ofl_watch_look(struct ofl_instance *inst);
void ofl_watch_start(struct ofl_instance *inst);
/* Have a look soon; from any context. */
void ofl_watch_now(struct ofl_instance *inst);
/* inst->lock not held */
void ofl_watch_end(struct ofl_instance *inst);
/* One acquire load of the image's line. */
u32 ofl_watch_state(struct ofl_instance *inst);

/* --- bell.c --- */
void ofl_bell_init(struct ofl_instance *inst);
int ofl_bell_open(struct ofl_instance *inst);
void ofl_bell_close(struct ofl_instance *inst);
/* Tell the image where to ring now; from any context. */
void ofl_bell_publish(struct ofl_instance *inst);
/* The PMM's eventfd; -1: none. */
int ofl_bell_listen(struct ofl_instance *inst, int fd);
/* Is there a core to ring?  Before inst->core goes away it is told that not. */
void ofl_bell_core(struct ofl_instance *inst, bool there);
void ofl_bell_ring(struct ofl_instance *inst);

/* --- guard.c --- */
int ofl_guard_init(void);
void ofl_guard_exit(void);

/* --- manage.c --- */
/* /sys/class/offload/add and remove.  ofl_table_lock not held. */
int ofl_manage_init(void);
/* Waits for whoever is in one of them. */
void ofl_manage_exit(void);

/* --- sysfs.c, chardev.c --- */
extern const struct attribute_group *ofl_sysfs_groups[];
/* Parent of all instances' devices, from ofl_chardev_init() on. */
extern struct device *ofl_root;
extern struct class *ofl_class;
int ofl_chardev_init(void);
void ofl_chardev_exit(void);
/* Devices can be opened from here on, to here. */
int ofl_chardev_open_up(void);
void ofl_chardev_close_down(void);
/* Device node and sysfs folder of an instance. */
int ofl_chardev_add(struct ofl_instance *inst);
void ofl_chardev_del(struct ofl_instance *inst);
/* State or starts changed: wake poll(). */
void ofl_chardev_changed(struct ofl_instance *inst);
/* Store the PMM's epoch into the boot page.  inst->lock held. */
void ofl_chardev_publish_epoch(struct ofl_instance *inst);

#endif
