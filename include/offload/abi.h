/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR BSD-2-Clause */
/*
 * The contract between image, kernel module (or any other loader, "the host")
 * and Physical Machine Monitor (PMM).
 *
 * One physical region is lent with the core:
 *
 *   region_pa                                  2 MiB aligned
 *   + 0x00000  boot page      host and image   struct ofl_boot
 *   + 0x01000  crash record   image writes     struct ofl_crash
 *   + 0x02000  log            image writes     struct ofl_log, 56 KiB
 *   + 0x10000  page tables    image's own      192 KiB
 *   + 0x40000  image          text, rodata, data, bss, stack, heap
 *   + private_size            the shared window, to the end of the region
 *
 * Everything below private_size is private to host and image and is seen by
 * the image at OFL_REGION_VA + offset.  The shared window is also mapped by
 * the PMM; the image sees it at its physical address:
 *
 *   window_pa
 *   + 0x00000  device tree blob that describes the devices   PMM writes
 *   + 0x0f000  struct ofl_window: versions, epochs, doorbells
 *   + 0x10000  per device: one struct ofl_vdev, then its rings and buffers
 *
 * Rules:
 *  - every 64-byte line has a single writer, named beside it (host, image,
 *    PMM); nobody else ever stores to it once the image has been started;
 *  - all fields are little endian, as is every machine this runs on;
 *  - a field that publishes others is stored with release and loaded with
 *    acquire semantics;
 *  - every reader treats what it reads as hostile and still changing.
 */
#ifndef OFFLOAD_ABI_H
#define OFFLOAD_ABI_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/stddef.h>
#else
#include <stddef.h>
#include <stdint.h>
#endif

#define OFL_ABI_VERSION 1u

#define OFL_LINE 64
#define OFL_PAGE 4096u

/* ------------------------------------------------------------- region */

#define OFL_REGION_ALIGN 0x200000u
#define OFL_REGION_VA 0x700000000000ull /* private part, as the image sees it */

#define OFL_BOOT_OFF 0x0u
#define OFL_CRASH_OFF 0x1000u
#define OFL_LOG_OFF 0x2000u
#define OFL_LOG_SIZE 0xe000u
#define OFL_PGTABLE_OFF 0x10000u
#define OFL_PGTABLE_SIZE 0x30000u
#define OFL_IMAGE_OFF 0x40000u
#define OFL_IMAGE_VA (OFL_REGION_VA + OFL_IMAGE_OFF)

/* -------------------------------------------------------- image files */

/*
 * The flat format (rt.bin).  The file is this header, then text, rodata and
 * data, each as long as the header says; bss is not in the file.  text starts
 * at OFL_IMAGE_VA, each part follows the one before it directly; all four
 * sizes are multiples of OFL_PAGE so that a page has one protection.  The
 * part of the region behind bss, up to private_size, is heap.
 *
 * checksum: CRC-32 (IEEE 802.3, reflected, as zlib's crc32) of the whole file
 * with the checksum field taken as zero.
 */
#define OFL_IMAGE_MAGIC "OFFLOAD\x1a"
#define OFL_IMAGE_MAGIC_LEN 8

#define OFL_MACHINE_X86_64 62u	/* the ELF e_machine numbers */
#define OFL_MACHINE_AARCH64 183u

#define OFL_IMAGE_NO_PMM (1u << 0) /* start main without waiting for a PMM */
#define OFL_IMAGE_FLAGS_KNOWN OFL_IMAGE_NO_PMM

struct ofl_image_header {
	uint8_t magic[OFL_IMAGE_MAGIC_LEN];
	uint32_t header_size; /* sizeof(struct ofl_image_header) */
	uint32_t abi;	      /* OFL_ABI_VERSION of the runtime inside */
	uint32_t machine;
	uint32_t flags;
	uint32_t checksum;
	uint32_t reserved0;
	uint64_t entry; /* virtual address, inside text */
	uint64_t text_size;
	uint64_t rodata_size;
	uint64_t data_size;
	uint64_t bss_size;
	uint64_t heap_min; /* bytes needed behind bss */
	uint8_t reserved1[48];
};
_Static_assert(sizeof(struct ofl_image_header) == 128, "image header size");
_Static_assert(offsetof(struct ofl_image_header, entry) == 32, "image header");

/*
 * The ELF format: ET_EXEC, PT_LOAD segments at p_vaddr inside the private
 * region, none both writable and executable, and a PT_NOTE with this note
 * (name "offload", type 1) as description.
 */
#define OFL_NOTE_NAME "offload"
#define OFL_NOTE_TYPE 1u

struct ofl_image_note {
	uint32_t abi;
	uint32_t flags;
	uint64_t heap_min;
};
_Static_assert(sizeof(struct ofl_image_note) == 16, "image note size");

/* ---------------------------------------------------------- boot page */

#define OFL_BOOT_MAGIC 0x544f4f42444c464full /* "OFLDBOOT" */

/* What the image says of itself in ofl_boot.image.state. */
enum ofl_image_state {
	OFL_STATE_NONE = 0,    /* the host cleared it; nothing has run */
	OFL_STATE_ENTERED = 1, /* first store of the image's entry code */
	OFL_STATE_WAITING = 2, /* up, waiting for a PMM */
	OFL_STATE_RUNNING = 3, /* main has been called */
	OFL_STATE_EXITED = 4,  /* main returned or exit(): exit_status is set */
	OFL_STATE_CRASHED = 5, /* the crash record is filled in */
	OFL_STATE_STOPPED = 6, /* obeyed OFL_REQUEST_STOP */
};

enum ofl_request {
	OFL_REQUEST_NONE = 0,
	OFL_REQUEST_STOP = 1,
};

/* A serial line for an image that has no Linux beside it. */
enum ofl_serial {
	OFL_SERIAL_NONE = 0,
	OFL_SERIAL_16550_IO = 1,   /* x86 I/O port, registers one byte apart */
	OFL_SERIAL_16550_MMIO = 2, /* registers four bytes apart, 32-bit access */
	OFL_SERIAL_PL011 = 3,
};

/* To give the core back, the image (aarch64) calls PSCI SYSTEM_OFF in place of
 * CPU_OFF: there is nobody to come home to. */
#define OFL_BOOT_POWER_OFF (1u << 0)

enum ofl_conduit {
	OFL_CONDUIT_NONE = 0,
	OFL_CONDUIT_HVC = 1,
	OFL_CONDUIT_SMC = 2,
};

#define OFL_ARGS_MAX 1024 /* bytes, the terminating NUL included */
#define OFL_ARGC_MAX 64

/* Written by the host before the start, never after it. */
struct ofl_boot_info {
	uint64_t magic;
	uint32_t abi;
	uint32_t machine;
	uint32_t size; /* sizeof(struct ofl_boot) */
	uint32_t cpu;  /* Linux's number of the core */
	uint64_t hwid; /* APIC id, or MPIDR_EL1 affinity fields */
	uint64_t region_pa;
	uint64_t private_size;
	uint64_t window_pa; /* region_pa + private_size */
	uint64_t window_size; /* 0: no shared window, no PMM will ever come */

	uint64_t entry;		/* the image's entry, virtual */
	uint64_t image_size;	/* text to bss, from OFL_IMAGE_OFF */
	uint64_t counter_hz;	/* TSC, or generic timer (CNTFRQ_EL0) */
	int64_t wall_offset_ns; /* CLOCK_REALTIME - counter time, in ns */
	uint64_t start_counter; /* the counter just before the core was sent off */
	uint32_t flags;		/* OFL_IMAGE_* of the image */
	uint32_t args_len;	/* of args below, without the final NUL */
	uint32_t serial;	/* enum ofl_serial; Linux keeps its own: NONE */
	uint32_t boot_flags;	/* OFL_BOOT_* */
	uint64_t serial_pa;	/* port number or physical address */
};
_Static_assert(sizeof(struct ofl_boot_info) == 128, "boot info size");
_Static_assert(offsetof(struct ofl_boot_info, entry) == 64, "boot info");

/*
 * x86_64 hand-over: long mode, CPL 0, IF = 0, %rdi = OFL_REGION_VA (the boot
 * page), %rip = the image's entry, on the host's "park" tables, which map the
 * whole private region at OFL_REGION_VA (RWX), the park area at its physical
 * address, and nothing else the image may rely on.  The host's GDT, IDT and TSS
 * are loaded and catch all vectors until the image loads its own.  NMIs
 * are not blocked.  %rsp is a small valid stack of the host's.
 *
 * An NMI may come at any instruction.  So the image loads its GDT (code 0x08,
 * data 0x10, as the host's), TR (a stack in each of the seven ISTs) and IDT
 * while it is on the park tables, and its own CR3 after them: on its tables
 * the host's stacks cannot be written to.
 *
 * park_pa: the park area, OFL_PARK_SIZE bytes.  The image maps it at its
 * physical address: the first page read-only and executable, the others
 * read-only, no execute.  To give the core back, the image (after storing its
 * final state) jumps to park_entry with IF = 0, from any stack; if it is in
 * its NMI handler it stays in it and jumps all the same.  GDT, IDT, TSS
 * and IST stacks of the image must lie in its private region: the park code
 * switches to its own tables in steps, and an NMI may come between any two.
 *
 * Every NMI is the host's, for a stop or a sample (OFL_SAMPLE_OFF): if request is
 * OFL_REQUEST_STOP, store
 * OFL_STATE_STOPPED (unless the state is EXITED or CRASHED already: the image's
 * own last word stays) and go to park_entry; else return.
 */
#define OFL_PARK_SIZE 0x8000u

struct ofl_boot_x86 {
	uint64_t park_pa;
	uint64_t park_entry; /* inside the first page of the park area */
	uint64_t lapic_pa;   /* xAPIC registers; mode is read from IA32_APIC_BASE */
	uint32_t bell_vector; /* the host's doorbell to the image; 0: none */
	uint32_t reserved0;
	uint64_t reserved[4];
};
_Static_assert(sizeof(struct ofl_boot_x86) == OFL_LINE, "boot x86 size");

/*
 * aarch64 hand-over: EL1 or EL2, MMU and data cache off, DAIF masked,
 * x0 = physical address of the boot page, pc = physical address of the
 * image's entry.  Private region and boot page were cleaned to the point of
 * coherency.  To give the core back: store the final state, then PSCI
 * CPU_OFF by `conduit`.  Stop request: SGI stop_sgi, group 1 non-secure.
 */
struct ofl_boot_arm64 {
	uint32_t conduit;     /* enum ofl_conduit */
	uint32_t gic_version; /* 2 or 3 (4 counts as 3) */
	uint64_t gicd_pa;     /* never write GICD_CTLR */
	uint64_t gicc_pa;     /* GICv2 CPU interface */
	uint64_t gicr_pa;     /* GICv3: this core's own redistributor frame */
	uint32_t stop_sgi;    /* 0 to 7 */
	uint32_t bell_sgi;    /* the host's doorbell to the image, 1 to 7; 0: none */
	uint64_t reserved[3];
};
_Static_assert(sizeof(struct ofl_boot_arm64) == OFL_LINE, "boot arm64 size");

/*
 * Written by the host, while the image runs too.  A change of pmm_epoch comes
 * with a ring of the image's doorbell.
 *
 * bell: how the image rings the host, which wakes the PMM and looks at the
 * image's state.  0: not at all.  x86_64: a fixed interrupt, APIC id << 32 |
 * vector, physical destination; Linux may move it to another CPU: the image
 * loads bell, rings, orders the two, loads bell again and rings again if it has
 * changed.  aarch64: the INTID of an SPI, to be set pending in GICD_ISPENDR.
 */
struct ofl_boot_host {
	uint32_t request; /* enum ofl_request */
	uint32_t pmm_epoch; /* number of the attached, ready PMM; 0: none */
	uint64_t bell;
	uint32_t sample_seq; /* see OFL_SAMPLE_OFF */
	uint8_t reserved[44];
};
_Static_assert(sizeof(struct ofl_boot_host) == OFL_LINE, "boot host size");

/* Written by the image only. */
struct ofl_boot_image {
	uint32_t state; /* enum ofl_image_state, stored with release */
	int32_t exit_status;
	uint32_t abi; /* OFL_ABI_VERSION of the running runtime */
	uint32_t level; /* aarch64: exception level; x86_64: 0 */
	uint64_t entry_counter;
	uint64_t main_counter;
	uint64_t heartbeat; /* any change is a beat; ofl_heartbeat() */
	uint64_t irqs;	    /* interrupts taken */
	uint64_t spurious;  /* of them, without a handler */
	uint32_t sleeps;    /* for the PMM, not of nanosleep() */
	uint32_t bells;	    /* rings of its doorbell that it took */
};
_Static_assert(sizeof(struct ofl_boot_image) == OFL_LINE, "boot image size");

/*
 * How far the image has written into its private part: bytes from its start, the highest
 * so far.  0: it does not say.  Behind that the host need not clear for the next
 * image, if this one has ended well.
 */
struct ofl_boot_extent {
	uint64_t used;
	uint64_t reserved[7];
};
_Static_assert(sizeof(struct ofl_boot_extent) == OFL_LINE, "boot extent size");

/*
 * Device registers that are the image's, which maps them at their physical
 * address.  irq: aarch64, the INTID of an SPI that the host has routed to this
 * core and left disabled; enabling it is one bit of GICD_ISENABLER.
 */
#define OFL_BOOT_DEVICES 4
#define OFL_DEVICE_NAME 16

struct ofl_boot_device {
	char name[OFL_DEVICE_NAME]; /* NUL terminated; "": none, nor behind it */
	uint64_t pa;	   /* whole pages */
	uint64_t size;
	uint32_t irq; /* 0: none */
	uint32_t reserved[7];
};
_Static_assert(sizeof(struct ofl_boot_device) == OFL_LINE, "boot device size");

struct ofl_boot {
	struct ofl_boot_info info; /* host, before the start */
	union {
		struct ofl_boot_x86 x86;
		struct ofl_boot_arm64 arm64;
	} arch; /* host, before the start */
	struct ofl_boot_host host;   /* host */
	struct ofl_boot_image image; /* image */
	struct ofl_boot_extent extent; /* image */
	uint8_t reserved[640];
	/*
	 * The arguments behind argv[0], as one string in the syntax of a
	 * shell's words: blanks separate; '...', "..." and \ quote.  NUL
	 * terminated.  Host, before the start.
	 */
	char args[OFL_ARGS_MAX];
	char image_name[256]; /* argv[0], NUL terminated.  Host, before the start */
	struct ofl_boot_device device[OFL_BOOT_DEVICES]; /* host, before the start */
	uint8_t reserved1[1536];
};
_Static_assert(offsetof(struct ofl_boot, arch) == 128, "boot page");
_Static_assert(offsetof(struct ofl_boot, host) == 192, "boot page");
_Static_assert(offsetof(struct ofl_boot, image) == 256, "boot page");
_Static_assert(offsetof(struct ofl_boot, extent) == 320, "boot page");
_Static_assert(offsetof(struct ofl_boot, args) == 1024, "boot page");
_Static_assert(offsetof(struct ofl_boot, image_name) == 2048, "boot page");
_Static_assert(offsetof(struct ofl_boot, device) == 2304, "boot page");
_Static_assert(sizeof(struct ofl_boot) == OFL_PAGE, "boot page size");

/* ------------------------------------------------ crash record and log */

#define OFL_CRASH_REGS 40
#define OFL_CRASH_TRACE 16

/*
 * Image writes, then OFL_STATE_CRASHED.  regs:
 *   x86_64:  rax rbx rcx rdx rsi rdi rbp rsp r8..r15 rip rflags cr0 cr2 cr3 cr4
 *   aarch64: x0..x30 sp pc pstate esr far
 */
#define OFL_VECTOR_NONE 0xffffffffu

struct ofl_crash {
	uint32_t vector;    /* x86_64: vector; aarch64: VBAR slot 0..15; or
			     * OFL_VECTOR_NONE: no exception, text says what */
	uint32_t nr_regs;   /* used entries of regs */
	uint64_t error;	    /* x86_64: error code; aarch64: ESR_ELx */
	uint64_t pc;
	uint64_t sp;
	uint64_t fault_address; /* CR2 or FAR_ELx */
	uint32_t nr_trace; /* used entries of trace */
	uint32_t sampled_seq; /* of a sample; 0 in a crash */
	uint64_t regs[OFL_CRASH_REGS];
	uint64_t trace[OFL_CRASH_TRACE]; /* return addresses, innermost first */
	char text[256]; /* one line for people, NUL terminated */
	uint64_t fp; /* frame pointer where there are no regs; 0: not known */
};
_Static_assert(offsetof(struct ofl_crash, regs) == 48, "crash record");
/*
 * A second record: where the image was when the host asked.  The host stores a new
 * number into boot->host.sample_seq and sends its signal for a stop (NMI, stop_sgi); the
 * image fills in vector (OFL_VECTOR_NONE), nr_regs, pc, sp and regs, then the number
 * as sampled_seq (release), and goes on.
 */
#define OFL_SAMPLE_OFF (OFL_CRASH_OFF + 0x800u)
_Static_assert(sizeof(struct ofl_crash) <= OFL_SAMPLE_OFF - OFL_CRASH_OFF, "crash record size");

/*
 * A bounded text log: byte i of the stream is text[i % sizeof(text)], head is
 * the number of bytes ever written (stored with release after them).
 */
struct ofl_log {
	uint64_t head;
	uint8_t reserved[56];
	char text[OFL_LOG_SIZE - OFL_LINE];
};
_Static_assert(sizeof(struct ofl_log) == OFL_LOG_SIZE, "log size");

/* ------------------------------------------------------ shared window */

#define OFL_WIN_FDT_OFF 0x0u
#define OFL_WIN_FDT_MAX 0xf000u
#define OFL_WIN_CTRL_OFF 0xf000u
#define OFL_WIN_DEVICES_OFF 0x10000u
#define OFL_WIN_SIZE_MIN 0x20000u

#define OFL_WIN_MAGIC 0x4957444c464full /* "OFLDWI" */

/*
 * Doorbells: a side that wants to sleep stores asleep = 1, then a full fence,
 * then looks once more for work, then sleeps; a side that has published work
 * issues a full fence, then loads the other's asleep and rings if it is set.
 * A ring that comes between the look and the sleep must end the sleep.
 * (docs/doorbells.md; tests/model/doorbell.pml is the same as a model.)
 */
struct ofl_window {
	/* PMM */
	struct {
		uint64_t magic;
		uint32_t abi;
		uint32_t epoch; /* nonzero, stored last (release): window is laid out */
		uint32_t fdt_size;
		uint32_t reserved[11];
	} pmm;
	/* image */
	struct {
		uint32_t abi;
		uint32_t epoch; /* the PMM epoch that the image works with */
		uint32_t reserved[14];
	} image;
	/* PMM */
	struct {
		uint32_t asleep;
		uint32_t rings; /* 1: it rings a sleeping image; 0: it cannot */
		uint32_t reserved[14];
	} pmm_bell;
	/* image */
	struct {
		uint32_t asleep;
		uint32_t reserved[15];
	} image_bell;
	uint8_t reserved[3840];
};
_Static_assert(offsetof(struct ofl_window, image) == 64, "window");
_Static_assert(offsetof(struct ofl_window, pmm_bell) == 128, "window");
_Static_assert(offsetof(struct ofl_window, image_bell) == 192, "window");
_Static_assert(sizeof(struct ofl_window) == OFL_PAGE, "window size");

/*
 * The device tree blob: root with #address-cells = 2, #size-cells = 2,
 * compatible "offload,window", offload,abi = <OFL_ABI_VERSION>; one child per
 * device:
 *
 *   virtio@<header address, hex> {
 *       compatible = "offload,virtio-shm";
 *       reg = <header address, size>, <memory address, size>;
 *       reg-names = "header", "memory";
 *       dma-coherent;
 *   };
 *
 * and at most one of what they leave of the window, for buffers of the image's:
 *
 *   pool@<address, hex> {
 *       compatible = "offload,pool";
 *       reg = <address, size>;
 *       dma-coherent;
 *   };
 *
 * Addresses are physical.  All of it lies whole in the window, at or behind
 * OFL_WIN_DEVICES_OFF, page aligned, and nothing overlaps anything.  A device may be
 * given addresses of its memory and of the pool.
 */
#define OFL_FDT_WINDOW "offload,window"
#define OFL_FDT_DEVICE "offload,virtio-shm"
#define OFL_FDT_POOL "offload,pool"
/* Optional, of a device: text for its driver, at most 255 bytes. */
#define OFL_FDT_OPTIONS "offload,options"

/* -------------------------------------------------- device header */

/*
 * A virtio device (VIRTIO 1.2) without selectors.  Status, features and queues
 * change by transaction: the driver stores what it wants into its lines, then
 * req_seq + 1 (release); the device looks at all of it, stores what it
 * accepted into its lines, then ack_seq = req_seq (release).  Both waits are
 * bounded.  The rules:
 *
 *  - driver.status == 0: reset.  The device forgets queues and features,
 *    accepts status 0.
 *  - FEATURES_OK in driver.status: the device takes driver.features; if it
 *    cannot live with them, its own status lacks FEATURES_OK.
 *  - DRIVER_OK: the device takes every queue with size != 0; a queue it
 *    refuses has state OFL_VQ_REFUSED, and its own status lacks DRIVER_OK.
 *  - a device that breaks later stores DEVICE_NEEDS_RESET into its status on
 *    its own, without a request, and serves nothing until a reset.
 *
 * Ring and buffer addresses are physical and lie whole in the shared window.
 * Kicks and calls are per-queue counters; EVENT_IDX (VIRTIO 1.2, 2.7.10)
 * thins them out when negotiated.  A device offers RING_PACKED (2.8) unless somebody
 * else serves its rings, and IN_ORDER (2.8.7.1) if it uses chains in order.
 */
#define OFL_VDEV_MAGIC 0x74726976u /* "virt" */
#define OFL_VDEV_VERSION 1u
#define OFL_VDEV_QUEUES 16
#define OFL_VDEV_CONFIG 256
#define OFL_VDEV_SIZE OFL_PAGE

enum ofl_vq_state {
	OFL_VQ_OFF = 0,
	OFL_VQ_ON = 1,
	OFL_VQ_REFUSED = 2,
	OFL_VQ_BROKEN = 3,
};

struct ofl_vq_driver {
	uint64_t desc;	 /* descriptor table */
	uint64_t driver; /* available ring (split) */
	uint64_t device; /* used ring (split) */
	uint32_t size;	 /* entries; 0: queue not used */
	uint32_t reserved[9];
};
_Static_assert(sizeof(struct ofl_vq_driver) == OFL_LINE, "vq driver line");

struct ofl_vq_device {
	uint32_t size_max; /* 0: there is no such queue */
	uint32_t state;	   /* enum ofl_vq_state */
	uint32_t reserved[14];
};
_Static_assert(sizeof(struct ofl_vq_device) == OFL_LINE, "vq device line");

struct ofl_vdev {
	/* PMM, before the epoch is published */
	struct {
		uint32_t magic;
		uint32_t version;
		uint32_t device_id; /* VIRTIO 1.2, 5: 3 console, 4 entropy, 9 9p */
		uint32_t vendor_id;
		uint64_t features;
		uint32_t nr_queues;
		uint32_t config_size;
		uint32_t reserved[8];
	} id;
	/* PMM */
	struct {
		uint32_t ack_seq;
		uint32_t status; /* VIRTIO 1.2, 2.1 */
		uint32_t config_generation;
		uint32_t reserved[13];
	} device;
	/* image */
	struct {
		uint32_t req_seq;
		uint32_t status;
		uint64_t features;
		uint32_t reserved[12];
	} driver;
	uint32_t kick[OFL_VDEV_QUEUES]; /* image: queue q has new buffers */
	uint32_t call[OFL_VDEV_QUEUES]; /* PMM: queue q has used buffers */
	uint8_t reserved[192];
	uint8_t config[OFL_VDEV_CONFIG]; /* PMM */
	uint8_t reserved1[256];
	struct ofl_vq_driver vq_driver[OFL_VDEV_QUEUES]; /* image */
	struct ofl_vq_device vq_device[OFL_VDEV_QUEUES]; /* PMM */
	uint8_t reserved2[1024];
};
_Static_assert(offsetof(struct ofl_vdev, device) == 64, "vdev");
_Static_assert(offsetof(struct ofl_vdev, driver) == 128, "vdev");
_Static_assert(offsetof(struct ofl_vdev, kick) == 192, "vdev");
_Static_assert(offsetof(struct ofl_vdev, call) == 256, "vdev");
_Static_assert(offsetof(struct ofl_vdev, config) == 512, "vdev");
_Static_assert(offsetof(struct ofl_vdev, vq_driver) == 1024, "vdev");
_Static_assert(offsetof(struct ofl_vdev, vq_device) == 2048, "vdev");
_Static_assert(sizeof(struct ofl_vdev) == OFL_VDEV_SIZE, "vdev size");

/* ------------------------------------------------------- native build */

/*
 * Image and PMM as two processes: the image connects to the PMM's UNIX stream
 * socket and sends struct ofl_native_hello; the PMM answers with the same
 * structure (its own ABI and the window's size and address) and, if the
 * versions agree, three descriptors by SCM_RIGHTS: the window (memfd), the
 * eventfd that the image writes to wake the PMM, and the one that the PMM
 * writes to wake the image.  If they do not, it sends none and closes.
 */
#define OFL_NATIVE_MAGIC 0x5649544e44464f4cull

struct ofl_native_hello {
	uint64_t magic;
	uint32_t abi;
	uint32_t reserved;
	uint64_t window_pa; /* from the PMM */
	uint64_t window_size; /* from the PMM */
};
_Static_assert(sizeof(struct ofl_native_hello) == 32, "hello size");

#endif
