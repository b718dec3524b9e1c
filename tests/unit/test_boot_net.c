// SPDX-License-Identifier: BSD-2-Clause
/* The stand-in host's neighbour on the network: what it answers, and what not. */
#include "pmm_device.h"

#include "pmm/net.c"
#include "boot/net.c"

#define SIZE 0x40000ull

static struct ofl_net *net;
static uint8_t sent[MTU + NET_FRAME_EXTRA], got[MTU + NET_FRAME_EXTRA];

/* The answer's length; 0: there was none. */
static uint32_t ask_for(const uint8_t *frame, uint32_t len)
{
	int n;

	/* Who looks behind its end finds what makes it whole. */
	memcpy(kept->frame[kept->first], sent, sizeof(sent));
	assert_int_equal(wire_send(&net->wire, frame, len), 0);
	n = wire_recv(&net->wire, got, sizeof(got));
	assert_true(n == -EAGAIN || (n >= (int)ETH && n <= (int)sizeof(got)));
	assert_int_equal(wire_recv(&net->wire, got, 0), -EAGAIN);
	return n < 0 ? 0 : (uint32_t)n;
}

static uint32_t eth(uint32_t type)
{
	memset(sent, 0, sizeof(sent));
	memcpy(sent, mac, 6);
	memcpy(sent + 6, image_mac, 6);
	put16(sent + 12, type);
	return ETH;
}

static const uint8_t image4[4] = { 192, 0, 2, 2 };
static const uint8_t image6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 };

/* To whom; a test changes them. */
static uint8_t to4[4], to6[16];

static uint32_t udp4(uint32_t port, uint32_t len, uint32_t fragment)
{
	uint8_t *p = sent + eth(ETH_IP4), *udp = p + IP4_SIZE;
	uint32_t total = IP4_SIZE + UDP_SIZE + len;

	p[0] = 0x45;
	put16(p + 2, total);
	put16(p + 6, fragment);
	p[8] = 64;
	p[9] = UDP;
	memcpy(p + 12, image4, 4);
	memcpy(p + 16, to4, 4);
	put16(p + 10, ~sum(0, p, IP4_SIZE));
	put16(udp, 5000);
	put16(udp + 2, port);
	put16(udp + 4, UDP_SIZE + len);
	for (uint32_t i = 0; i < len; i++)
		udp[UDP_SIZE + i] = (uint8_t)(i * 3 + 1);
	put16(udp + 6, ~sum(sum(UDP + UDP_SIZE + len, p + 12, 8), udp, UDP_SIZE + len));
	return ETH + total;
}

static uint32_t udp6(uint32_t len)
{
	uint8_t *p = sent + eth(ETH_IP6), *udp = p + IP6_SIZE;

	p[0] = 0x60;
	put16(p + 4, UDP_SIZE + len);
	p[6] = UDP;
	p[7] = 64;
	memcpy(p + 8, image6, 16);
	memcpy(p + 24, to6, 16);
	put16(udp, 5000);
	put16(udp + 2, ECHO_PORT);
	put16(udp + 4, UDP_SIZE + len);
	put16(udp + 6, ~sum(sum(UDP + UDP_SIZE + len, p + 8, 32), udp, UDP_SIZE + len));
	return ETH + IP6_SIZE + UDP_SIZE + len;
}

static uint32_t solicit(void)
{
	uint8_t *p = sent + eth(ETH_IP6), *icmp = p + IP6_SIZE;

	memset(sent, 0x33, 2);
	p[0] = 0x60;
	put16(p + 4, SOLICIT_SIZE);
	p[6] = ICMP6;
	p[7] = 255;
	memcpy(p + 8, image6, 16);
	memcpy(p + 24, "\xff\x02\0\0\0\0\0\0\0\0\0\1\xff\0\0\1", 16);
	icmp[0] = SOLICIT;
	memcpy(icmp + 8, to6, 16);
	put16(icmp + 2, ~sum(sum(ICMP6 + SOLICIT_SIZE, p + 8, 32), icmp, SOLICIT_SIZE));
	return ETH + IP6_SIZE + SOLICIT_SIZE;
}

static uint32_t arp(void)
{
	uint8_t *p = sent + eth(ETH_ARP);

	memset(sent, 0xff, 6);
	memcpy(p, "\0\1\x08\0\6\4\0\1", 8);
	memcpy(p + 8, image_mac, 6);
	memcpy(p + 14, image4, 4);
	memcpy(p + 24, ip4, 4);
	return ETH + ARP_SIZE;
}

static void to_the_image(void)
{
	assert_memory_equal(got, image_mac, 6);
	assert_memory_equal(got + 6, mac, 6);
}

static void test_arp(void **state)
{
	uint8_t *p = got + ETH;

	(void)state;
	assert_int_equal(ask_for(sent, arp()), ETH + ARP_SIZE);
	to_the_image();
	assert_int_equal(get16(p + 6), 2);
	assert_memory_equal(p + 8, mac, 6);
	assert_memory_equal(p + 14, ip4, 4);
	assert_memory_equal(p + 18, image_mac, 6);
	assert_memory_equal(p + 24, image4, 4);
	arp();
	sent[ETH + 27] = 9; /* somebody else */
	assert_int_equal(ask_for(sent, ETH + ARP_SIZE), 0);
	assert_int_equal(ask_for(sent, arp() - 1), 0);
}

static void test_udp(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 2, 1471, 1472 };
	uint8_t *p = got + ETH;
	uint32_t len;

	(void)state;
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		len = udp4(ECHO_PORT, sizes[i], 0);
		assert_int_equal(ask_for(sent, len), len);
		to_the_image();
		assert_int_equal(sum(0, p, IP4_SIZE), 0xffff);
		assert_memory_equal(p + 12, ip4, 4);
		assert_memory_equal(p + 16, image4, 4);
		p += IP4_SIZE;
		assert_int_equal(get16(p), ECHO_PORT);
		assert_int_equal(get16(p + 2), 5000);
		assert_int_equal(sum(sum(UDP + get16(p + 4), p - 8, 8), p, get16(p + 4)), 0xffff);
		assert_memory_equal(p + UDP_SIZE, sent + ETH + IP4_SIZE + UDP_SIZE, sizes[i]);
		p = got + ETH;
	}
	/* What Ethernet pads is not for IP. */
	assert_int_equal(ask_for(sent, udp4(ECHO_PORT, 1, 0) + 17), ETH + IP4_SIZE + UDP_SIZE + 1);
	/* A checksum that nobody made. */
	len = udp4(ECHO_PORT, 10, 0);
	put16(sent + ETH + IP4_SIZE + 6, 0);
	assert_int_equal(ask_for(sent, len), len);
	len = udp6(1452);
	assert_int_equal(ask_for(sent, len), len);
	to_the_image();
	assert_memory_equal(p + 8, ip6, 16);
	assert_memory_equal(p + 24, image6, 16);
}

static void test_fragments(void **state)
{
	uint32_t len = udp4(ECHO_PORT, 1400, 0x2000);

	(void)state;
	sent[ETH + IP4_SIZE + UDP_SIZE] ^= 1; /* the checksum is of all of them */
	assert_int_equal(ask_for(sent, len), len);
	assert_int_equal(get16(got + ETH + IP4_SIZE), ECHO_PORT);
	len = udp4(99, 100, 176);
	assert_int_equal(ask_for(sent, len), len);
	assert_memory_equal(got + ETH + IP4_SIZE, sent + ETH + IP4_SIZE, 100);
	assert_int_equal(ask_for(sent, udp4(99, 1400, 0x2000)), 0);
}

static void test_solicit(void **state)
{
	uint8_t *p = got + ETH, *icmp = p + IP6_SIZE;

	(void)state;
	assert_int_equal(ask_for(sent, solicit()), ETH + IP6_SIZE + ADVERTISE_SIZE);
	to_the_image();
	assert_memory_equal(p + 8, ip6, 16);
	assert_memory_equal(p + 24, image6, 16);
	assert_int_equal(icmp[0], ADVERTISE);
	assert_int_equal(sum(sum(ICMP6 + ADVERTISE_SIZE, p + 8, 32), icmp, ADVERTISE_SIZE), 0xffff);
	assert_memory_equal(icmp + 26, mac, 6);
}

/* Each byte of a frame, changed: then there is no answer, but where nobody looks. */
static void test_wrong(void **state)
{
	uint32_t len, i, answers;

	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		answers = 0;
		len = kind ? solicit() : udp4(ECHO_PORT, 20, 0);
		for (i = 0; i < len; i++) {
			sent[i] ^= 2;
			answers += ask_for(sent, len) > 0;
			sent[i] ^= 2;
		}
		/* The sender's MAC address; a group's, and IPv6's class and flow. */
		assert_int_equal(answers, kind ? 6 + 6 + 4 : 6);
	}
	len = udp6(3);
	put16(sent + ETH + IP6_SIZE + 6, 0);
	assert_int_equal(ask_for(sent, len), 0);
	for (len = 14; len < ETH + IP6_SIZE + UDP_SIZE + 20; len++) {
		udp6(20);
		assert_int_equal(ask_for(sent, len), 0);
	}
	for (len = 14; len < ETH + IP4_SIZE + UDP_SIZE + 20; len++) {
		udp4(ECHO_PORT, 20, 0);
		assert_int_equal(ask_for(sent, len), 0);
	}
	for (len = 14; len < ETH + IP6_SIZE + SOLICIT_SIZE; len++) {
		solicit();
		assert_int_equal(ask_for(sent, len), 0);
	}
}

static void test_others(void **state)
{
	(void)state;
	to4[3]++;
	assert_int_equal(ask_for(sent, udp4(ECHO_PORT, 20, 0)), 0);
	to4[3]--;
	assert_int_equal(ask_for(sent, udp4(ECHO_PORT + 1, 20, 0)), 0);
	to6[15]++;
	assert_int_equal(ask_for(sent, udp6(20)), 0);
	assert_int_equal(ask_for(sent, solicit()), 0);
	to6[15]--;
	assert_true(ask_for(sent, solicit()) > 0);
	udp6(20);
	sent[5] ^= 1; /* another station */
	assert_int_equal(ask_for(sent, ETH + IP6_SIZE + UDP_SIZE + 20), 0);
}

static void test_full(void **state)
{
	struct ofl_net dead = { 0 };
	uint32_t len = udp4(ECHO_PORT, 100, 0);

	(void)state;
	for (unsigned int i = 0; i < FRAMES; i++)
		assert_int_equal(wire_send(&net->wire, sent, len), 0);
	assert_int_equal(wire_send(&net->wire, sent, len), -EAGAIN);
	assert_int_equal(wire_recv(&net->wire, got, sizeof(got)), len);
	assert_int_equal(wire_send(&net->wire, sent, len), 0);
	/* The image has gone. */
	dead.readable = true;
	ofl_net_wait(&dead);
	assert_false(dead.readable);
	assert_int_equal(wire_recv(&net->wire, got, sizeof(got)), -EAGAIN);
}

/* Whatever it is: within its memory, and with at most one answer. */
static void test_random(void **state)
{
	unsigned int seed = 1;

	(void)state;
	for (int i = 0; i < 300000; i++) {
		uint32_t len;

		switch (rand_r(&seed) % 4) {
		case 0:
			len = arp();
			break;
		case 1:
			len = solicit();
			break;
		case 2:
			len = udp6((uint32_t)rand_r(&seed) % 64);
			break;
		default:
			len = udp4(ECHO_PORT, (uint32_t)rand_r(&seed) % 64, 0);
			break;
		}
		for (int n = rand_r(&seed) % 4; n > 0; n--)
			sent[(uint32_t)rand_r(&seed) % len] = (uint8_t)rand_r(&seed);
		if (rand_r(&seed) % 4 == 0)
			len = ETH + (uint32_t)rand_r(&seed) % (len - ETH + 1);
		ask_for(sent, len);
	}
}

static int set_up(void **state)
{
	struct ofl_dev *dev = ofl_boot_net();

	(void)state;
	net = dev ? dev->priv : NULL;
	memcpy(to4, ip4, sizeof(to4));
	memcpy(to6, ip6, sizeof(to6));
	return !net;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arp), cmocka_unit_test(test_udp),
		cmocka_unit_test(test_fragments), cmocka_unit_test(test_solicit),
		cmocka_unit_test(test_wrong), cmocka_unit_test(test_others),
		cmocka_unit_test(test_full), cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
