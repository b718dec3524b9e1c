/* SPDX-License-Identifier: BSD-2-Clause */
/* The network device against images that lie and peers that stand still or lie. */
#include "pmm_device.h"
#include "pmm_mocks.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "pmm/net.c"
#include "pmm/net_open.c"
#include "pmm/net_vhost.c"
#include "pmm/vhost.c"
#include "pmm/net_options.c"
#include "pmm/net_passt.c"

#define SIZE 0x80000ull
#define RX_PA (WINDOW_PA + 0x40000)
#define TX_PA (WINDOW_PA + 0x60000)
#define RX_SIZE 2048u
#define RING 16u
#define MTU 1500u

int ofl_net_tap_open(struct net_wire *wire, const char *name, bool with_header, uint32_t *mtu)
{
	(void)wire;
	(void)name;
	(void)with_header;
	(void)mtu;
	return -ENODEV;
}

static struct ofl_mem mem;
static struct ofl_net *net;
static struct ofl_dev *dev;
static struct ofl_loop loop;
static struct ring ring[2];
static char dir[] = "/tmp/test-pmm-net-XXXXXX";
static char path[64];
static int listener, peer; /* passt's sockets */

static void bring_rings_up(void)
{
	uint64_t pa = dev->memory;
	uint16_t i;

	for (i = 0; i < 2; i++)
		pa = ring_init(&ring[i], &mem, pa, RING);
	bring_up(dev, ring, 2, F_ALL | F_MAC | F_MTU | F_STATUS);
	for (i = 0; i < RING; i++) {
		ring_desc(&ring[NET_RX], i, RX_PA + i * RX_SIZE, RX_SIZE, WRITE, 0);
		ring_submit(&ring[NET_RX], i);
	}
}

static void listen_there(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	strcpy(addr.sun_path, path);
	unlink(path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (void *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(listener, 4), 0);
}

static void set_up(void)
{
	struct ofl_options options = { .socket = "/tmp/x" };
	struct ofl_dev *devs[1];

	snprintf(path, sizeof(path), "%s/passt", dir);
	listen_there();
	options.net.passt = path;
	options.net.mem_size = 65536;
	strcpy(options.net.addresses, "ip=10.0.0.2/24");
	net = ofl_net_open(&options);
	assert_non_null(net);
	peer = accept(listener, NULL, NULL);
	assert_true(peer >= 0);
	dev = ofl_net_dev(net);
	mem = window_new(SIZE);
	devs[0] = dev;
	assert_int_equal(ofl_window_layout(&mem, devs, 1, true), 0);
	assert_int_equal(ofl_net_watch(net, &loop), 0);
	bring_rings_up();
}

static void tear_down(void)
{
	close(peer);
	close(listener);
	ofl_net_close(net);
	window_free(&mem);
}

/* What epoll would do. */
static void events(void)
{
	struct pollfd p = { .fd = net->source.fd };
	uint32_t got;

	if (net->source.events & EPOLLIN)
		p.events |= POLLIN;
	if (net->source.events & EPOLLOUT)
		p.events |= POLLOUT;
	if (!p.events || poll(&p, 1, 0) != 1)
		return;
	got = (p.revents & POLLIN ? (uint32_t)EPOLLIN : 0) |
	      (p.revents & POLLOUT ? (uint32_t)EPOLLOUT : 0) |
	      (p.revents & POLLHUP ? (uint32_t)EPOLLHUP : 0);
	net_event(net, got);
}

static void serve(void)
{
	events();
	while (ofl_dev_poll(dev))
		events();
	/* Whoever would sleep now, has nothing to do. */
	assert_false(ofl_dev_pending(dev));
}

/* Give the image's frame of len bytes behind a header to the device. */
static void send_frame(const struct net_hdr *hdr, uint32_t len, uint8_t fill)
{
	static const struct net_hdr none;
	uint8_t *to = at(&mem, TX_PA);

	memcpy(to, hdr ? hdr : &none, sizeof(none));
	memset(to + sizeof(none), fill, len);
	ring_desc(&ring[NET_TX], 0, TX_PA, (uint32_t)sizeof(none) + len, 0, 0);
	ring_submit(&ring[NET_TX], 0);
}

static bool tx_done(void)
{
	uint32_t id, len;

	return ring_used(&ring[NET_TX], &id, &len) && !id && !len;
}

/* Exactly n bytes out of passt's end. */
static void peer_reads(void *to, size_t n)
{
	assert_int_equal(recv(peer, to, n, MSG_WAITALL), (ssize_t)n);
}

static bool peer_has_nothing(void)
{
	uint8_t byte;

	return recv(peer, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static void peer_sends(uint32_t len, uint8_t fill)
{
	uint8_t head[4] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16),
			    (uint8_t)(len >> 8), (uint8_t)len };
	uint8_t *frame = malloc(len + 1);

	memset(frame, fill, len);
	assert_int_equal(send(peer, head, 4, 0), 4);
	assert_int_equal(send(peer, frame, len, 0), (ssize_t)len);
	free(frame);
}

/* The next frame for the image: its length, 0 for none. */
static uint32_t image_takes(uint8_t fill)
{
	uint32_t id, len;
	uint8_t *data;

	if (!ring_used(&ring[NET_RX], &id, &len))
		return 0;
	assert_true(id < RING && len >= sizeof(struct net_hdr));
	data = at(&mem, RX_PA + id * RX_SIZE);
	for (uint32_t i = 0; i < len; i++) {
		uint8_t want = i == 10 ? 1 : i < sizeof(struct net_hdr) ? 0 : fill;

		assert_int_equal(data[i], want);
	}
	ring_submit(&ring[NET_RX], (uint16_t)id);
	return len - (uint32_t)sizeof(struct net_hdr);
}

static void frames(void **state)
{
	struct net_config *config;
	uint8_t got[4 + 2000];

	(void)state;
	set_up();
	config = (void *)header_of(dev)->config;
	assert_int_equal(config->mtu, MTU);
	assert_int_equal(config->status, STATUS_LINK_UP);
	assert_int_equal(config->mac[0] & 3, 2);
	for (uint32_t len = NET_FRAME_MIN; len <= MTU + NET_FRAME_EXTRA; len += 41) {
		send_frame(NULL, len, (uint8_t)len);
		serve();
		assert_true(tx_done());
		peer_reads(got, 4 + len);
		assert_int_equal(got[2] << 8 | got[3], len);
		assert_int_equal(got[4], (uint8_t)len);
		assert_int_equal(got[3 + len], (uint8_t)len);
		peer_sends(len, (uint8_t)len);
		serve();
		assert_int_equal(image_takes((uint8_t)len), len);
	}
	assert_true(peer_has_nothing());
	/* More than the image has buffers for: the rest waits. */
	for (unsigned int i = 0; i < 3 * RING; i++)
		peer_sends(100, (uint8_t)i);
	serve();
	for (unsigned int i = 0; i < 3 * RING; i++) {
		assert_int_equal(image_takes((uint8_t)i), 100);
		serve();
	}
	assert_int_equal(net->count.rx_long + net->count.rx_unwanted, 0);
	tear_down();
}

static void wrong_sizes(void **state)
{
	(void)state;
	set_up();
	for (uint32_t len = 0; len < NET_FRAME_MIN; len++) {
		send_frame(NULL, len, 1);
		serve();
		assert_true(tx_done());
	}
	send_frame(NULL, MTU + NET_FRAME_EXTRA + 1, 1);
	serve();
	assert_true(tx_done());
	/* As long as the window itself. */
	ring_desc(&ring[NET_TX], 0, WINDOW_PA, (uint32_t)SIZE, 0, 0);
	memset(at(&mem, WINDOW_PA), 0, 12);
	ring_submit(&ring[NET_TX], 0);
	serve();
	assert_true(tx_done());
	assert_int_equal(net->count.tx_bad, NET_FRAME_MIN + 2);
	assert_true(peer_has_nothing());
	peer_sends(MTU + NET_FRAME_EXTRA + 1, 1);
	peer_sends(NET_FRAME_MAX, 1);
	peer_sends(60, 2);
	serve();
	assert_int_equal(image_takes(2), 60);
	assert_int_equal(net->count.rx_long, 2);
	tear_down();
}

static void liars(void **state)
{
	struct net_hdr hdr = { .gso_type = 1 };

	(void)state;
	set_up();
	send_frame(&hdr, 100, 1);
	serve();
	assert_broken(dev, "asks for an offload");
	tear_down();
	set_up();
	hdr = (struct net_hdr){ .flags = 1 };
	send_frame(&hdr, 100, 1);
	serve();
	assert_broken(dev, "asks for an offload");
	/* It comes back by a reset. */
	bring_rings_up();
	peer_sends(60, 3);
	serve();
	assert_int_equal(image_takes(3), 60);
	tear_down();
	set_up();
	ring_desc(&ring[NET_TX], 0, TX_PA, 11, 0, 0);
	ring_submit(&ring[NET_TX], 0);
	serve();
	assert_broken(dev, "shorter than the header");
	tear_down();
	set_up();
	ring_desc(&ring[NET_TX], 0, TX_PA, 100, WRITE, 0);
	ring_submit(&ring[NET_TX], 0);
	serve();
	assert_broken(dev, "transmit queue: writable buffer");
	tear_down();
	set_up();
	ring_desc(&ring[NET_TX], 0, WINDOW_PA + SIZE - 50, 100, 0, 0);
	ring_submit(&ring[NET_TX], 0);
	serve();
	assert_broken(dev, "not whole in the window");
	tear_down();
	set_up();
	ring_desc(&ring[NET_RX], 0, RX_PA, 100, 0, 0);
	peer_sends(60, 1);
	serve();
	assert_broken(dev, "receive queue: readable buffer");
	tear_down();
	set_up();
	ring_desc(&ring[NET_RX], 0, RX_PA, 25, WRITE, 0);
	peer_sends(60, 1);
	serve();
	assert_broken(dev, "receive queue: buffer is too small");
	tear_down();
}

/* Passt reads nothing: what has no room is counted, and the image goes on. */
static void slow_peer(void **state)
{
	unsigned int n = 0, i;
	uint8_t got[4 + 1000];

	(void)state;
	set_up();
	while (!net->count.tx_full) {
		send_frame(NULL, 1000, (uint8_t)n++);
		serve();
		assert_true(tx_done());
		assert_in_range(n, 1, 5000);
	}
	assert_true(n > NET_OUT_MAX / 1004);
	assert_true(net->source.events & EPOLLOUT);
	peer_sends(60, 9);
	serve();
	assert_int_equal(image_takes(9), 60);
	/* All that was taken comes out, whole and in order. */
	for (i = 0; i < n - 1; i++) {
		peer_reads(got, 1004);
		assert_int_equal(got[2] << 8 | got[3], 1000);
		assert_int_equal(got[4], (uint8_t)i);
		serve();
	}
	assert_true(peer_has_nothing());
	assert_false(net->source.events & EPOLLOUT);
	assert_int_equal(net->count.tx, n - 1);
	tear_down();
}

/* Pieces of frames, and lengths that none has. */
static void stream(void **state)
{
	static const uint32_t lengths[] = { 0, NET_FRAME_MAX + 1, 0x80000000u };
	uint8_t bytes[4 + 200];

	(void)state;
	set_up();
	memset(bytes, 5, sizeof(bytes));
	memcpy(bytes, "\0\0\0\310", 4);
	for (unsigned int i = 0; i < sizeof(bytes); i++) {
		serve();
		assert_int_equal(image_takes(5), 0);
		assert_int_equal(send(peer, bytes + i, 1, 0), 1);
	}
	serve();
	assert_int_equal(image_takes(5), 200);
	tear_down();
	for (unsigned int i = 0; i < 3; i++) {
		uint32_t len = htonl(lengths[i]);

		set_up();
		assert_int_equal(send(peer, &len, 4, 0), 4);
		serve();
		assert_int_equal(net->wire.fd, -1);
		assert_int_equal(((struct net_config *)(void *)header_of(dev)
					  ->config)->status, 0);
		tear_down();
	}
}

/* Passt ends, and is there again. */
static void gone_and_back(void **state)
{
	struct net_config *config;

	(void)state;
	set_up();
	config = (void *)header_of(dev)->config;
	close(peer);
	close(listener);
	unlink(path);
	serve();
	assert_int_equal(net->wire.fd, -1);
	assert_int_equal(config->status, 0);
	send_frame(NULL, 100, 1);
	serve();
	assert_true(tx_done());
	assert_int_equal(net->count.tx_lost, 1);
	assert_int_equal(poll(&(struct pollfd){ net->timer.fd, POLLIN, 0 }, 1, 10000), 1);
	net_look_again(net, EPOLLIN);
	assert_int_equal(net->wire.fd, -1);
	listen_there();
	assert_int_equal(poll(&(struct pollfd){ net->timer.fd, POLLIN, 0 }, 1, 10000), 1);
	net_look_again(net, EPOLLIN);
	peer = accept(listener, NULL, NULL);
	assert_int_equal(config->status, STATUS_LINK_UP);
	peer_sends(60, 4);
	serve();
	assert_int_equal(image_takes(4), 60);
	tear_down();
}

/* Without a driver, frames go nowhere and do not wait for the next one. */
static void no_driver(void **state)
{
	(void)state;
	set_up();
	assert_int_equal(ask(dev, 0), 0);
	peer_sends(60, 1);
	peer_sends(60, 1);
	serve();
	assert_int_equal(net->count.rx_unwanted, 2);
	bring_rings_up();
	peer_sends(70, 2);
	serve();
	assert_int_equal(image_takes(2), 70);
	tear_down();
}

static void option_lines(void **state)
{
	static const char *const wrong[][2] = {
		{ "", "only tap=NAME" },
		{ "mtu=1500", "one of tap=NAME and passt=SOCKET" },
		{ "tap=a,passt=b", "one of tap=NAME and passt=SOCKET" },
		{ "tap=", "the name is missing" },
		{ "tap=a,tap=b", "twice the same" },
		{ "tap=abcdefghijklmnop", "at most 15" },
		{ "tap=a,speed=9", "only tap=NAME" },
		{ "tap=a,mac=1", "mac= takes" },
		{ "tap=a,mac=02:00:00:00:00:0g", "mac= takes" },
		{ "tap=a,mac=03:00:00:00:00:01", "one station" },
		{ "tap=a,mac=00:00:00:00:00:00", "one station" },
		{ "tap=a,mtu=575", "mtu= takes" },
		{ "tap=a,mtu=65501", "mtu= takes" },
		{ "tap=a,mtu=x", "mtu= takes" },
		{ "tap=a,ip=10.0.0.2", "ip= takes" },
		{ "tap=a,ip=10.0.0.2/33", "ip= takes" },
		{ "tap=a,ip=10.0.0.2/0", "ip= takes" },
		{ "tap=a,ip=10.0.0/24", "ip= takes" },
		{ "tap=a,ip=10.0.0.2/24,ip=10.0.0.3/24", "two IPv4" },
		{ "tap=a,ip=fd00::2/64,ip=fd00::3/64", "two IPv6" },
		{ "tap=a,ip=fd00::2/48", "64 bits" },
		{ "tap=a,gw=10.0.0.1", "add ip=" },
		{ "tap=a,ip=10.0.0.2/24,gw=fd00::1", "add ip=" },
		{ "tap=a,ip=10.0.0.2/24,gw=10.0.1.1", "not in the network" },
		{ "tap=a,ip=10.0.0.2/24,gw=10.0.0.2", "the image itself" },
		{ "tap=a,ip=10.0.0.2/24,gw=10.0.0.1/24", "gw= takes" },
		{ "tap=a,ip=10.0.0.2/24,gw=10.0.0.1,gw=10.0.0.3", "two gateways" },
		{ "tap=a,dns=here", "dns= takes" },
		{ "tap=a,dns=1.1.1.1,dns=1.1.1.2,dns=1.1.1.3", "more than two" },
	};
	static const char *const right[] = {
		"tap=a", "passt=/run/p", "tap=a,mac=02:aB:00:00:00:01,mtu=9000",
		"tap=a,ip=10.0.0.2/24,gw=10.0.0.1,dns=10.0.0.1",
		"tap=a,ip=10.0.0.2/24,ip=fd00::2/64,gw=10.0.0.1,gw=fe80::1,dns=1.1.1.1,dns=fd00::1",
		"tap=a,ip=10.0.0.2/8,gw=10.255.0.1",
	};
	struct ofl_net_options opt;

	(void)state;
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memset(&opt, 0, sizeof(opt));
		logs = 0;
		assert_int_equal(ofl_net_option(&opt, wrong[i][0]),
				 1 + OFL_EXIT_USAGE);
		assert_int_equal(logs, 1);
		if (!strstr(last_log, wrong[i][1]))
			fail_msg("%s: %s", wrong[i][0], last_log);
		ofl_net_options_free(&opt);
	}
	for (unsigned int i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		memset(&opt, 0, sizeof(opt));
		assert_int_equal(ofl_net_option(&opt, right[i]), 0);
		if (i == 3)
			assert_string_equal(opt.addresses, right[3] + 6);
		assert_int_equal(ofl_net_option(&opt, "tap=b"),
				 1 + OFL_EXIT_USAGE);
		ofl_net_options_free(&opt);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames),	cmocka_unit_test(wrong_sizes),
		cmocka_unit_test(liars),	cmocka_unit_test(slow_peer),
		cmocka_unit_test(stream),	cmocka_unit_test(gone_and_back),
		cmocka_unit_test(no_driver),	cmocka_unit_test(option_lines),
	};
	int failed;

	assert_non_null(mkdtemp(dir));
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	rmdir(dir);
	return failed;
}
