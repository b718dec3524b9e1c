// SPDX-License-Identifier: BSD-2-Clause
/* The stack itself: what it is told, the device's ways, and the end. */
#include "net_mock.h"

static uint8_t data[4000], back[4000];

/* Is it what the log has of the options? */
static void not_understood(const char *options, const char *word)
{
	char text[200];

	net_set_up(options);
	snprintf(text, sizeof(text), "offload: virtio@net: %s: not understood\n", word);
	if (!log_has(text))
		fail_msg("%s: log does not say: %s", options, text);
	net_end();
}

static void test_options(void **state)
{
	ip_addr_t ip;

	(void)state;
	not_understood("ip=10.0.0.2", "ip=10.0.0.2");
	not_understood("gw=10.0.0.1,ip=10.0.0.2/x,dns=10.0.0.1", "ip=10.0.0.2");
	not_understood("ip=10.0.0.2/0", "ip=10.0.0.2");
	not_understood("ip=10.0.0.2/33", "ip=10.0.0.2");
	not_understood("ip=fd00::2/48", "ip=fd00::2");
	not_understood("ip=nothing/24", "ip=nothing");
	not_understood("gw=nothing", "gw=nothing");
	not_understood("dns=nothing", "dns=nothing");
	not_understood("mtu=9000,ip=10.0.0.2/24", "mtu=9000");
	not_understood("dns=10.0.0.1,dns=10.0.0.3,dns=10.0.0.4", "dns=10.0.0.4");
	/* What was understood beside it holds. */
	net_set_up("what,ip=10.0.0.2/8,gw=10.0.0.1,gw=fe80::1,dns=fd00::1,dns=10.0.0.3");
	assert_int_equal(netif_ip4_netmask(&nif)->addr, htonl(0xff000000));
	assert_int_equal(netif_ip4_gw(&nif)->addr, htonl(THEIRS));
	assert_true(IP_IS_V6(dns_getserver(0)));
	assert_int_equal(ip_addr_get_ip4_u32(dns_getserver(1)), htonl(0x0a000003));
	assert_true(has_gateway6);
	assert_ptr_equal(ofl_net_gateway6(&nif, NULL), &gateway6);
	assert_null(ofl_net_gateway6(netif_list, NULL) == &gateway6 && netif_list != &nif ?
			    "another's" : NULL);
	assert_int_equal(ipaddr_aton("10.0.0.2", &ip), 1);
	assert_true(ofl_net_is_ours(&ip));
	assert_int_equal(ipaddr_aton("10.0.0.1", &ip), 1);
	assert_false(ofl_net_is_ours(&ip));
	net_end();
	net_set_up("ip=10.0.0.2/24");
	assert_null(ofl_net_gateway6(&nif, NULL));
	net_end();
}

static void test_start(void **state)
{
	(void)state;
	net_set_up(STATIC);
	/* There is one already. */
	assert_int_equal(net_driver.start(&dev), -ENOTSUP);
	assert_true(ofl_netdev_works());
	net_end();
	/* A device that cannot be used leaves nothing behind. */
	net_device();
	config->mtu = 68;
	assert_int_equal(net_driver.start(&dev), -EPROTO);
	assert_false(added);
	net_driver.lost();
	net_set_up(STATIC);
	net_end();
}

/* The address that DHCP gives; asked again when the link comes back. */
static const uint8_t *dhcp_message(uint8_t kind)
{
	const uint8_t *udp;

	for (int i = 0; i < 100; i++) {
		while ((udp = next_datagram()))
			if (get16(udp + 2) == 67 && udp[8 + 240] == 53 && udp[8 + 242] == kind)
				return udp + 8;
		pass(100 * OFL_MS);
	}
	fail_msg("no DHCP message %u", kind);
	return NULL;
}

static void dhcp_answer(const uint8_t *request, uint8_t kind, uint32_t server)
{
	uint8_t options[] = {
		54, 4, 0, 0, 0, 0, 51, 4, 0, 0, 14, 16, 1, 4, 255, 255, 255, 0,
		3, 4, 10, 0, 0, 1, 6, 4, 10, 0, 0, 9, 255,
	};
	uint8_t reply[300] = { 2, 1, 6 };

	memcpy(reply + 4, request + 4, 4);
	put32(reply + 16, OURS);
	memcpy(reply + 28, config->mac, 6);
	memcpy(reply + 236, "\x63\x82\x53\x63\x35\x01", 6);
	reply[242] = kind;
	put32(options + 2, server);
	memcpy(reply + 243, options, sizeof(options));
	send_datagram(67, 68, reply, sizeof(reply));
}

static void test_dhcp(void **state)
{
	int fd;

	(void)state;
	net_set_up("");
	fd = new_socket(AF_INET, SOCK_STREAM);
	assert_fails(t_connect(fd, in4(THEIRS, 80), LEN4), EINPROGRESS);
	assert_true(ofl_net_settling());
	dhcp_answer(dhcp_message(1), 2, THEIRS);
	dhcp_answer(dhcp_message(3), 5, THEIRS);
	assert_int_equal(netif_ip4_addr(&nif)->addr, htonl(OURS));
	assert_int_equal(ip_addr_get_ip4_u32(dns_getserver(0)), htonl(0x0a000009));
	/* What had no way has one. */
	assert_int_equal(ofl_files_poll(fd), 0);
	expect_segment(SYN);
	assert_int_equal(seen.to, 80);
	t_close(fd);
	/* The link goes, and with it the way; then the old address is asked for. */
	config->status = 0;
	sim_hdr()->device.config_generation++;
	settle();
	assert_false(netif_is_link_up(&nif));
	pass(SETTLE);
	frames_nr = 0;
	fd = new_socket(AF_INET, SOCK_DGRAM);
	assert_fails(t_sendto(fd, "x", 1, 0, in4(THEIRS, 7), LEN4), ENETUNREACH);
	config->status = LINK_UP;
	sim_hdr()->device.config_generation++;
	settle();
	assert_true(netif_is_link_up(&nif));
	dhcp_answer(dhcp_message(3), 5, THEIRS);
	assert_int_equal(t_sendto(fd, "x", 1, 0, in4(THEIRS, 7), LEN4), 1);
	net_end();
}

/* A server by the address that it gives: our last word to it goes to ourselves, and stays. */
static void test_dhcp_ours(void **state)
{
	(void)state;
	net_set_up("");
	dhcp_answer(dhcp_message(1), 2, OURS);
	dhcp_answer(dhcp_message(3), 5, OURS);
	assert_int_equal(netif_ip4_addr(&nif)->addr, htonl(OURS));
	net_end();
}

/* Frames of all lengths, and the longest that a device may give. */
static void test_frames(void **state)
{
	uint8_t frame[1518];
	int fd;

	(void)state;
	net_set_up(STATIC);
	fd = new_socket(AF_INET, SOCK_DGRAM);
	assert_int_equal(t_bind(fd, in4(INADDR_ANY, 7), LEN4), 0);
	for (size_t len = 0; len <= 1472; len += 23) {
		for (size_t i = 0; i < len; i++)
			data[i] = (uint8_t)(i + len);
		send_datagram(1000, 7, data, len);
		assert_int_equal(t_recv(fd, back, sizeof(back), 0), len);
		assert_memory_equal(back, data, len);
	}
	/* Not even a header; of no protocol; not for us; cut. */
	memset(frame, 0, sizeof(frame));
	assert_true(transmit(frame, 14));
	memcpy(frame, config->mac, 6);
	put16(frame + 12, 0x1234);
	assert_true(transmit(frame, sizeof(frame)));
	put16(frame + 12, 0x0800);
	frame[14] = 0x45;
	assert_true(transmit(frame, 30));
	settle();
	assert_fails(t_recv(fd, back, 1, 0), EAGAIN);
	assert_null(next_ip4(17));
	assert_true(ofl_netdev_works());
	/* More than lwIP's lengths can say never gets that far. */
	incoming(data, 0xffff);
	settle();
	net_end();
}

/* A PMM that takes nothing for a while: TCP sends what it could not as soon as it can. */
static void test_stalled(void **state)
{
	size_t heard = 0;
	int fd;

	(void)state;
	net_set_up(STATIC);
	fd = connect_station(80);
	stalled = true;
	for (int i = 0; i < 100; i++)
		if (t_send(fd, data, 400, 0) < 0)
			break;
	mock_now += 3 * OFL_SEC;
	ofl_net_progress();
	while (ofl_netdev_room(1000))
		ofl_netdev_send(60);
	t_send(fd, data, 400, 0);
	assert_true(ofl_netdev_counters.tx_full > 0);
	ofl_net_arm(true);
	stalled = false;
	wire();
	frames_nr = 0;
	for (int i = 0; i < 100; i++) {
		while (next_segment()) {
			if (seen.seq != station_ack)
				continue;
			heard += seen.len;
			station_ack += (uint32_t)seen.len;
		}
		send_segment(ACK, NULL, 0);
		pass(100 * OFL_MS);
	}
	ofl_net_arm(false);
	assert_in_range(heard, 10000, 41000);
	assert_int_equal(ofl_files_poll(fd), POLLOUT | POLLWRNORM);
	net_end();
}

static void station_takes(void)
{
	wire();
	while (frames_nr) {
		const uint8_t *ip = next_ip4(6);

		if (!ip)
			break;
	}
}

/* main() has returned: what is on its way is waited for, but not for ever. */
static void test_drain(void **state)
{
	int fd, listener, silent;
	uint64_t before;

	(void)state;
	net_set_up(STATIC);
	net_driver.drain(); /* nothing to wait for */
	fd = connect_station(80);
	assert_int_equal(t_send(fd, "bye", 3, 0), 3);
	expect_segment(ACK);
	send_segment(ACK, NULL, 0);
	t_close(fd);
	expect_segment(FIN | ACK);
	send_segment(FIN | ACK, NULL, 0);
	before = mock_now;
	net_driver.drain();
	assert_in_range(mock_now - before, 0, OFL_MS);
	expect_segment(ACK);
	/* One that does not answer costs DRAIN_TIME. */
	silent = connect_station(81);
	listener = new_listener(in4(INADDR_ANY, 7), LEN4, 1);
	assert_int_equal(t_send(silent, "hello", 5, 0), 5);
	ofl_netdev_counters.rx_bad = 3;
	pmm_step = station_takes;
	before = mock_now;
	net_driver.drain();
	assert_in_range(mock_now - before, DRAIN_TIME, DRAIN_TIME + OFL_SEC);
	assert_true(log_has("offload: net: 3 frames of a wrong size came, 0 had to be sent again"));
	assert_int_equal(ofl_files_poll(silent) & (POLLHUP | POLLERR), POLLHUP);
	assert_fails(t_send(silent, "x", 1, 0), EPIPE);
	assert_int_equal(ofl_files_poll(listener), 0);
	net_end();
	/* Without a device there is nobody to wait for. */
	before = mock_now;
	net_driver.drain();
	assert_int_equal(mock_now, before);
}

/* The PMM's device breaks under it. */
static void test_breaks(void **state)
{
	int fd;

	(void)state;
	net_set_up(STATIC);
	fd = connect_station(80);
	sim_hdr()->device.status |= OFL_VIRTIO_NEEDS_RESET;
	ofl_net_progress();
	assert_false(added);
	assert_int_equal(error_of(fd), ECONNRESET);
	assert_null(tcp_active_pcbs);
	net_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options), cmocka_unit_test(test_start),
		cmocka_unit_test(test_dhcp),	cmocka_unit_test(test_dhcp_ours),
		cmocka_unit_test(test_frames),	cmocka_unit_test(test_stalled),
		cmocka_unit_test(test_drain),	cmocka_unit_test(test_breaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
