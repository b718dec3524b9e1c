// SPDX-License-Identifier: BSD-2-Clause
/* The driver's packed virtqueue against an honest and a hostile device. */
#include "rt_mock.h"

#include "baremetal/virtio.c"
#include "baremetal/vq.c"

#define SIZE 8

#define LAP 0x8000u
#define DISABLE 0x10000u
#define DESC 0x20000u

static struct ofl_virtio dev;
static struct ofl_vq vq;

static void set_up_features(uint64_t features, bool event_idx)
{
	sim_reset(4, 1);
	memset(&dev, 0, sizeof(dev));
	dev.hdr = sim_hdr();
	dev.mem = (struct ofl_devmem){ window_mem + MEM_OFF, WIN_PA + MEM_OFF, 0x4000, 0 };
	dev.epoch = 1;
	strcpy(dev.name, "virtio@test");
	assert_int_equal(ofl_virtio_open(&dev), 0);
	dev.features = features;
	assert_int_equal(ofl_vq_init(&vq, &dev, 0, SIZE, event_idx), 0);
	assert_true(vq.packed);
}

static void set_up(bool event_idx)
{
	set_up_features(OFL_VIRTIO_F_RING_PACKED, event_idx);
}

static void set_up_in_order(void)
{
	set_up_features(OFL_VIRTIO_F_RING_PACKED | OFL_VIRTIO_F_IN_ORDER, true);
	assert_true(vq.in_order);
}

static struct ofl_vq_desc *desc(unsigned int i)
{
	return &((struct ofl_vq_desc *)sim_at(vq.desc_pa))[i % SIZE];
}

static uint32_t *driver_event(void)
{
	return sim_at(vq.avail_pa);
}

static uint32_t *device_event(void)
{
	return sim_at(vq.used_pa);
}

static int add(unsigned int out, unsigned int in, void *cookie)
{
	static const struct ofl_vq_buf bufs[SIZE + 1] = {
		{ WIN_PA + 0x80000, 16 }, { WIN_PA + 0x80100, 32 },
		{ WIN_PA + 0x80200, 64 }, { WIN_PA + 0x80300, 128 },
	};

	return ofl_vq_add(&vq, bufs, out, in, cookie);
}

/* The device, place by place; `lap` is 1 in the first. */
static void use(unsigned int place, unsigned int lap, uint16_t id, uint32_t len)
{
	desc(place)->len = len;
	desc(place)->packed.id = id;
	desc(place)->packed.flags = lap & 1 ? DESC_F_AVAIL | DESC_F_USED : 0;
}

static void test_round_trips(void **state)
{
	unsigned int place = 0;
	void *cookie;
	uint32_t len;

	(void)state;
	set_up(true);
	/* Chains of 3 in a ring of 8, long enough for every counter to wrap. */
	for (uintptr_t i = 0; i < 70000; i++) {
		unsigned int lap = 1 + place / SIZE;
		uint16_t mine = lap & 1 ? DESC_F_AVAIL : DESC_F_USED;
		unsigned int last = place + 2, last_lap = 1 + last / SIZE;

		assert_int_equal(add(2, 1, (void *)(i + 1)), 0);
		assert_int_equal(ofl_vq_get(&vq, &cookie, &len), 0);
		ofl_vq_kick(&vq);
		assert_int_equal(desc(place)->len, 16);
		assert_int_equal(desc(place)->packed.flags, mine | DESC_F_NEXT);
		assert_int_equal(desc(place + 1)->len, 32);
		assert_int_equal(desc(last)->packed.flags,
				 (last_lap & 1 ? DESC_F_AVAIL : DESC_F_USED) | DESC_F_WRITE);
		use(place, lap, desc(last)->packed.id, (uint32_t)(i % 65));
		assert_int_equal(ofl_vq_get(&vq, &cookie, &len), 1);
		assert_ptr_equal(cookie, (void *)(i + 1));
		assert_int_equal(len, i % 65);
		assert_int_equal(ofl_vq_get(&vq, &cookie, &len), 0);
		place += 3;
	}
	assert_int_equal(vq.nr_free, SIZE);
	assert_int_equal(vq.in_flight, 0);
}

static void test_full(void **state)
{
	uint16_t id[4];
	void *cookie;
	uint32_t len;

	(void)state;
	set_up(true);
	assert_int_equal(add(0, 0, NULL), -EINVAL);
	assert_int_equal(add(SIZE, 1, NULL), -ENOSPC);
	for (intptr_t i = 0; i < 4; i++)
		assert_int_equal(add(1, 1, (void *)i), 0);
	assert_int_equal(add(1, 0, NULL), -ENOSPC);
	ofl_vq_kick(&vq);
	for (unsigned int i = 0; i < 4; i++)
		id[i] = desc(2 * i + 1)->packed.id;
	/* Chains may be used in any order; used descriptors are in the ring's. */
	for (unsigned int i = 0; i < 4; i++) {
		use(2 * i, 1, id[3 - i], 0);
		assert_int_equal(ofl_vq_get(&vq, &cookie, &len), 1);
		assert_ptr_equal(cookie, (void *)(intptr_t)(3 - i));
	}
	assert_int_equal(add(4, 4, NULL), 0);
}

/* A chain is the device's with the flags of its first descriptor, not before. */
static void test_published_whole(void **state)
{
	(void)state;
	set_up(true);
	assert_int_equal(add(1, 1, &vq), 0);
	assert_int_equal(desc(0)->packed.flags, DESC_F_AVAIL | DESC_F_NEXT);
	assert_int_equal(desc(1)->packed.flags, DESC_F_AVAIL | DESC_F_WRITE);
	assert_true(desc(0)->addr == WIN_PA + 0x80000 && desc(1)->addr == WIN_PA + 0x80100);
	assert_int_equal(desc(2)->packed.flags, 0);
}

static void test_events(void **state)
{
	struct ofl_vdev *hdr;
	void *cookie;
	uint32_t len;

	(void)state;
	set_up(true);
	hdr = sim_hdr();
	assert_int_equal(*driver_event(), DISABLE);
	/* ENABLE: each; DISABLE: none; DESC: the one at this place of this lap. */
	*device_event() = 0;
	add(1, 0, NULL);
	ofl_vq_kick(&vq);
	assert_int_equal(hdr->kick[0], 1);
	*device_event() = DISABLE;
	add(1, 0, NULL);
	ofl_vq_kick(&vq);
	assert_int_equal(hdr->kick[0], 1);
	*device_event() = DESC | LAP | 3;
	add(1, 0, NULL);
	ofl_vq_kick(&vq);
	assert_int_equal(hdr->kick[0], 1);
	add(1, 0, NULL);
	ofl_vq_kick(&vq);
	assert_int_equal(hdr->kick[0], 2);
	*device_event() = DESC | 2; /* the next lap */
	for (unsigned int i = 0; i < 4; i++) {
		add(1, 0, NULL);
		ofl_vq_kick(&vq);
	}
	assert_int_equal(hdr->kick[0], 2);
	for (unsigned int i = 0; i < 4; i++) {
		use(i, 1, desc(i)->packed.id, 0);
		assert_int_equal(ofl_vq_get(&vq, &cookie, &len), 1);
	}
	add(1, 0, NULL);
	add(1, 0, NULL);
	add(1, 0, NULL);
	ofl_vq_kick(&vq); /* three at once pass it */
	assert_int_equal(hdr->kick[0], 3);
	/* Nonsense of the device's does no harm; asleep alone decides on the bell. */
	*device_event() = 0xffffffff;
	ofl_window()->pmm_bell.asleep = 1;
	add(1, 0, NULL);
	ofl_vq_kick(&vq);
	assert_int_equal(mock_rings, 1);

	/* What the driver asks for. */
	ofl_vq_want_call(&vq, true);
	assert_int_equal(*driver_event(), DESC | LAP | 4);
	use(4, 1, desc(4)->packed.id, 0);
	assert_int_equal(ofl_vq_get(&vq, &cookie, &len), 1);
	assert_int_equal(*driver_event(), DESC | LAP | 5);
	ofl_vq_want_call(&vq, false);
	assert_int_equal(*driver_event(), DISABLE);
	set_up(false);
	ofl_vq_want_call(&vq, true);
	assert_int_equal(*driver_event(), 0);
}

/* --- in order: ids are places, one used descriptor for a batch --- */

static void get(void *wanted, uint32_t wanted_len)
{
	void *cookie;
	uint32_t len;

	assert_int_equal(ofl_vq_get(&vq, &cookie, &len), 1);
	assert_ptr_equal(cookie, wanted);
	assert_int_equal(len, wanted_len);
}

static void test_in_order(void **state)
{
	char c[3];
	void *cookie;
	unsigned int place = 0;
	uint32_t len;

	(void)state;
	set_up_in_order();
	/* Batches of a chain of 1, of 2, of 3; every counter wraps. */
	for (unsigned int i = 0; i < 30000; i++) {
		unsigned int lap = 1 + place / SIZE;

		for (unsigned int n = 0; n < 3; n++)
			assert_int_equal(add(n + 1, 0, &c[n]), 0);
		assert_int_equal(add(2, 1, NULL), -ENOSPC);
		for (unsigned int n = 0, at = place; n < 3; at += ++n)
			assert_int_equal(desc(at + n)->packed.id, at % SIZE);
		assert_int_equal(ofl_vq_get(&vq, &cookie, &len), 0);
		if (i & 1) {
			/* One by one, then two. */
			use(place, lap, (uint16_t)(place % SIZE), 0);
			get(&c[0], 0);
			assert_int_equal(ofl_vq_get(&vq, &cookie, &len), 0);
			use(place + 1, 1 + (place + 1) / SIZE, (uint16_t)((place + 3) % SIZE), 0);
		} else {
			use(place, lap, (uint16_t)((place + 3) % SIZE), 0);
			get(&c[0], 0);
		}
		get(&c[1], 0);
		get(&c[2], 0);
		assert_int_equal(ofl_vq_get(&vq, &cookie, &len), 0);
		assert_int_equal(vq.nr_free, SIZE);
		place += 6;
	}
}

/* What the device may write to is used completely, but for the last. */
static void test_in_order_lengths(void **state)
{
	char c[3];
	void *cookie;
	uint32_t len;

	(void)state;
	set_up_in_order();
	for (unsigned int n = 0; n < 3; n++)
		assert_int_equal(add(1, 1, &c[n]), 0);
	use(0, 1, 4, 5);
	get(&c[0], 32);
	get(&c[1], 32);
	get(&c[2], 5);
	for (unsigned int n = 0; n < 2; n++)
		assert_int_equal(add(1, 1, &c[n]), 0);
	use(6, 1, 0, 33); /* the second's room is 32 */
	get(&c[0], 32);
	assert_int_equal(ofl_vq_get(&vq, &cookie, &len), -EIO);
	assert_true(log_has("used length"));
	/* No chain begins there; nothing is there. */
	set_up_in_order();
	assert_int_equal(add(1, 1, &c[0]), 0);
	use(0, 1, 1, 0);
	assert_int_equal(ofl_vq_get(&vq, &cookie, &len), -EIO);
	assert_true(log_has("used id"));
	set_up_in_order();
	assert_int_equal(add(1, 1, &c[0]), 0);
	use(0, 1, 0xffff, 0);
	assert_int_equal(ofl_vq_get(&vq, &cookie, &len), -EIO);
	/* Without packed rings nothing of it. */
	dev.broken = false;
	ofl_devmem_reset(&dev.mem);
	dev.features = OFL_VIRTIO_F_IN_ORDER;
	assert_int_equal(ofl_vq_init(&vq, &dev, 0, SIZE, true), 0);
	assert_false(vq.in_order);
}

/* --- hostile --- */

static void bad_used(uint16_t id, uint32_t len, const char *why)
{
	void *cookie;
	uint32_t got;

	set_up(true);
	assert_int_equal(add(1, 2, NULL), 0);
	ofl_vq_kick(&vq);
	use(0, 1, id, len);
	assert_int_equal(ofl_vq_get(&vq, &cookie, &got), -EIO);
	assert_true(dev.broken);
	assert_true(log_has(why));
	assert_int_equal(ofl_vq_get(&vq, &cookie, &got), -EIO);
	assert_int_equal(add(1, 0, NULL), -EIO);
}

static void test_bad_used(void **state)
{
	void *cookie;
	uint32_t len;

	(void)state;
	bad_used(SIZE, 0, "used id");
	bad_used(0xffff, 0, "used id");
	bad_used(1, 0, "used id");
	bad_used(0, 32 + 64 + 1, "used length");
	bad_used(0, 0xffffffff, "used length");
	/* Twice, and one that was never given. */
	set_up(true);
	add(1, 1, NULL);
	add(1, 1, NULL);
	use(0, 1, 0, 0);
	assert_int_equal(ofl_vq_get(&vq, &cookie, &len), 1);
	use(2, 1, 0, 0);
	assert_int_equal(ofl_vq_get(&vq, &cookie, &len), -EIO);
	set_up(true);
	use(0, 1, 0, 0);
	assert_int_equal(ofl_vq_get(&vq, &cookie, &len), -EIO);
}

static void test_garbage(void **state)
{
	uint32_t seed = 7;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		uint8_t *ring;
		void *cookie;
		uint32_t len;
		int ret, n = 0;

		if (round % 3)
			set_up(round & 1);
		else
			set_up_in_order();
		for (int i = 0; i < 3; i++)
			add(1, 1, NULL);
		ofl_vq_kick(&vq);
		ring = sim_at(vq.desc_pa);
		for (int i = 0; i < 12; i++) {
			uint32_t at = random_next(&seed) % (16 * SIZE);

			ring[at] = (uint8_t)((at & 15) >= 14 ? 0x80 : random_next(&seed) % 5);
		}
		while ((ret = ofl_vq_get(&vq, &cookie, &len)) > 0) {
			assert_true(len <= 32);
			n++;
		}
		assert_true(ret == 0 || ret == -EIO);
		assert_true(n <= 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_published_whole),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_in_order_lengths),
		cmocka_unit_test(test_bad_used),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
