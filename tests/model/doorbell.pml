/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The doorbells (docs/doorbells.md) as a model for spin: image and PMM send each
 * other work ROUNDS times, each sleeps whenever it finds none, and Linux moves
 * the image's interrupt to another CPU meanwhile.  A lost wake-up is a deadlock,
 * work that is seen before it is complete fails an assertion.
 *
 * Memory.  Each location has one writer.  A store goes to the writer's buffer
 * and from there to memory at any later time, in any order; a release store only
 * when all earlier ones of its writer are there.  A fence waits until the
 * writer's buffer is empty.  Loads come from memory; where nothing orders two
 * loads they are done in either order.  This is weaker than x86 (where buffers
 * are queues), and has all that Arm's model lets these programs do.
 *
 * Interrupts are not memory: one that was sent is under way for any time, may
 * overtake stores that no fence was waited for, and coalesces with one that
 * waits to be taken.
 *
 * doorbell.sh takes away one barrier after the other.
 */
#define ROUNDS 2

/* image's */
#define REQ_DATA 0
#define REQ_IDX 1
#define IMAGE_ASLEEP 2
/* PMM's */
#define REP_DATA 3
#define REP_IDX 4
#define PMM_ASLEEP 5
/* Linux's */
#define EPOCH 6
#define PLACE 7
#define LOCATIONS 8

byte mem[LOCATIONS];
byte newer[LOCATIONS]; /* what is in the buffer, if anything is */
bool buffered[LOCATIONS];
bool release[LOCATIONS];

#define STORE(at, value) \
	atomic { newer[at] = value; buffered[at] = true; release[at] = false }
#define STORE_RELEASE(at, value) \
	atomic { newer[at] = value; buffered[at] = true; release[at] = true }
#define EMPTY3(first) \
	(!buffered[first] && !buffered[first + 1] && !buffered[first + 2])
#define FENCE_IMAGE EMPTY3(REQ_DATA)
#define FENCE_PMM EMPTY3(REP_DATA)
#define FENCE_LINUX (!buffered[EPOCH] && !buffered[PLACE])

inline drain(at)
{
	mem[at] = newer[at];
	newer[at] = 0;
	buffered[at] = false;
	release[at] = false
}

/* The index is the only one that is released; the two others go before it. */
#define DRAIN3(first) \
end:	do \
	:: atomic { buffered[first] -> drain(first) } \
	:: atomic { buffered[first + 1] && (!release[first + 1] || \
		    (!buffered[first] && !buffered[first + 2])) -> drain(first + 1) } \
	:: atomic { buffered[first + 2] -> drain(first + 2) } \
	od

active proctype image_buffer() { DRAIN3(REQ_DATA) }
active proctype pmm_buffer() { DRAIN3(REP_DATA) }
active proctype linux_buffer()
{
end:	do
	:: atomic { buffered[EPOCH] -> drain(EPOCH) }
	:: atomic { buffered[PLACE] -> drain(PLACE) }
	od
}

/* --- Linux -> image: an interrupt of the core --- */

bool core_sent, core_pending; /* on its way; at the core's interrupt controller */
bool masked;		      /* the core's interrupts */
bool announced;		      /* the image's own: it is about to sleep */

active proctype core_wire()
{
end:	do
	:: atomic { core_sent -> core_sent = false; core_pending = true }
	od
}

/* ofl_bell_interrupt() */
active proctype core_handler()
{
end:	do
	:: atomic {
		core_pending && !masked ->
		core_pending = false;
		if
		:: announced -> announced = false; STORE(IMAGE_ASLEEP, 0)
		:: else
		fi
	}
	od
}

/* --- image -> Linux: an interrupt at one of two places --- */

bool alive[2];	/* does Linux take it there? */
bool sent[2];	/* on its way to there */
byte eventfd;

active proctype linux_wire()
{
	byte i;

end:	do
	:: atomic { sent[0] -> sent[0] = false; i = 0;
		if :: alive[i] -> eventfd = 1 :: else fi }
	:: atomic { sent[1] -> sent[1] = false; i = 1;
		if :: alive[i] -> eventfd = 1 :: else fi }
	od
}

/* ofl_platform_ring() */
inline ring_linux()
{
	place = mem[PLACE];
	sent[place] = true;
#ifndef WITHOUT_REREAD
#ifndef WITHOUT_RING_FENCE
	!sent[0] && !sent[1]; /* the ring has arrived */
#endif
	again = mem[PLACE];
	if
	:: again != place -> sent[again] = true
	:: else
	fi
#endif
}

/* The PMM attaches; the interrupt moves to another CPU. */
active proctype kernel()
{
	alive[0] = true;
	/* ofl_chardev_publish_epoch(), ofl_bell_ring() */
	STORE(EPOCH, 1);
#ifndef WITHOUT_EPOCH_BARRIER
	FENCE_LINUX;
#endif
	core_sent = true;

	/* set_affinity() in x86/bell.c */
	alive[1] = true;
	STORE(PLACE, 1);
#ifndef WITHOUT_PUBLISH_FIRST
	FENCE_LINUX;
#endif
	alive[0] = false
}

/* --- the image --- */

/* Look at the index, then at what it publishes. */
#define LOOK(idx_at, data_at, acquire) \
	if \
	:: idx = mem[idx_at]; data = mem[data_at] \
	:: !acquire -> data = mem[data_at]; idx = mem[idx_at] \
	fi

#ifdef WITHOUT_IMAGE_ACQUIRE
#define IMAGE_ACQUIRE false
#else
#define IMAGE_ACQUIRE true
#endif
#ifdef WITHOUT_PMM_ACQUIRE
#define PMM_ACQUIRE false
#else
#define PMM_ACQUIRE true
#endif

/* announce(true) */
inline announce()
{
	announced = true;
	STORE(IMAGE_ASLEEP, 1);
#ifndef WITHOUT_IMAGE_SLEEP_FENCE
	FENCE_IMAGE;
#endif
}

/* doze() */
inline doze()
{
#ifndef WITHOUT_MASK
	masked = true;
#endif
	if
	:: !announced /* rung since then */
	:: announced ->
#ifdef WITHOUT_MASK
		/* hlt behind the handler of what it should have waited for */
		skip;
#endif
		/* hlt or wfi: ends when an interrupt is pending, masked or not */
		atomic { core_pending -> masked = false };
		!core_pending; /* it is taken now */
#ifndef WITHOUT_MASK
		masked = true
#endif
	fi;
	announced = false;
	STORE(IMAGE_ASLEEP, 0);
	masked = false
}

active proctype image()
{
	byte round, idx, data, place, again;

	/* wait_for_pmm() */
	do
	:: mem[EPOCH] -> break
	:: else -> announce();
		if
		:: mem[EPOCH] -> break
		:: else -> doze()
		fi
	od;
	round = 1;
	do
	:: round > ROUNDS -> break
	:: else ->
		/* ofl_vq_add(), ofl_vq_kick() */
		STORE(REQ_DATA, round);
#ifdef WITHOUT_IMAGE_RELEASE
		STORE(REQ_IDX, round);
#else
		STORE_RELEASE(REQ_IDX, round);
#endif
#ifndef WITHOUT_IMAGE_KICK_FENCE
		FENCE_IMAGE;
#endif
		if
		:: mem[PMM_ASLEEP] -> ring_linux()
		:: else
		fi;
		/* ofl_vq_get_wait() */
		do
		:: LOOK(REP_IDX, REP_DATA, IMAGE_ACQUIRE);
			if
			:: idx == round -> assert(data == round); break
			:: else
			fi;
			announce();
#ifndef WITHOUT_IMAGE_RELOOK
			LOOK(REP_IDX, REP_DATA, IMAGE_ACQUIRE);
			if
			:: idx == round -> assert(data == round); break
			:: else
			fi;
#endif
			doze()
		od;
		round++
	od
}

/* --- the PMM --- */

/* loop_sleep(), up to epoll */
inline pmm_arm()
{
	STORE(PMM_ASLEEP, 1);
#ifndef WITHOUT_PMM_SLEEP_FENCE
	FENCE_PMM;
#endif
}

active proctype pmm()
{
	byte round = 1, idx, data;

	do
	:: round > ROUNDS -> break
	:: else ->
		do
		:: LOOK(REQ_IDX, REQ_DATA, PMM_ACQUIRE);
			if
			:: idx == round -> assert(data == round); break
			:: else
			fi;
			pmm_arm();
#ifndef WITHOUT_PMM_RELOOK
			LOOK(REQ_IDX, REQ_DATA, PMM_ACQUIRE);
			if
			:: idx == round -> assert(data == round); break
			:: else
			fi;
#endif
			/* epoll, then read() of the eventfd */
			atomic { eventfd -> eventfd = 0 };
			STORE(PMM_ASLEEP, 0)
		od;
		STORE(PMM_ASLEEP, 0);
		/* ofl_vq_push(), ofl_pmm_poll() */
		STORE(REP_DATA, round);
#ifdef WITHOUT_PMM_RELEASE
		STORE(REP_IDX, round);
#else
		STORE_RELEASE(REP_IDX, round);
#endif
#ifndef WITHOUT_PMM_CALL_FENCE
		FENCE_PMM;
#endif
		if
		:: mem[IMAGE_ASLEEP] -> core_sent = true
		:: else
		fi;
		round++
	od
}
