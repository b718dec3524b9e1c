// SPDX-License-Identifier: BSD-2-Clause
/*
 * The image's IP stack under hostile frames: lwIP with our options, our sockets on
 * it, and a program that echoes.  Input: a choice of configuration, then records:
 * how (bits), how much time passes, a length, a frame.  Checksums are not looked
 * at, and the destination's MAC and IPv4 addresses are put right unless the record
 * says otherwise, so that frames come far.
 */
#include <stdarg.h>

#define main ofl_image_main
#include "baremetal/net/addr.c"
#define ofl_net_isn real_isn
#include "baremetal/net/random.c"
#undef ofl_net_isn
#include "baremetal/net/stack.c"
#include "baremetal/net/tcp.c"
#include "baremetal/net/tcp_socket.c"
#undef main
#include "baremetal/net/timers.c"
#include "baremetal/net/netdev.h"
#include "baremetal/virtio.h"
#define on_recv udp_on_recv
#include "baremetal/net/udp.c"
#undef on_recv
#include "fuzz.h"

static uint64_t now;
static uint8_t mac[6] = { 2, 0, 0, 0, 0, 9 }, room[1600];
static uint8_t frame[70000];
static uint32_t frame_len;
static bool works, full;
struct ofl_netdev_counters ofl_netdev_counters;

uint64_t ofl_now_ns(void) { return now; }
uint64_t ofl_counter(void) { return now; }
void ofl_platform_wait_until(unsigned int spins, uint64_t deadline)
{
	(void)spins;
	(void)deadline;
	now += OFL_SEC / 10;
}
void ofl_log_printf(const char *fmt, ...) { (void)fmt; }
void ofl_panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	abort();
}
/* So that an input can acknowledge. */
uint32_t ofl_net_isn(const ip_addr_t *local, uint16_t local_port,
		     const ip_addr_t *remote, uint16_t remote_port)
{
	(void)local;
	(void)local_port;
	(void)remote;
	(void)remote_port;
	return 0x1000;
}
int64_t ofl_rng_read(void *buf, size_t len)
{
	memset(buf, 0x5a, len);
	return (int64_t)len;
}

int ofl_netdev_start(struct ofl_virtio *dev)
{
	(void)dev;
	works = true;
	return 0;
}
void ofl_netdev_lost(void) { works = false; }
bool ofl_netdev_works(void) { return works; }
const uint8_t *ofl_netdev_mac(void) { return mac; }
uint32_t ofl_netdev_mtu(void) { return 1500; }
bool ofl_netdev_link(void) { return works; }
int ofl_netdev_poll(void (*fn)(const uint8_t *bytes, uint32_t len))
{
	uint32_t len = frame_len;

	frame_len = 0;
	if (works && len)
		fn(frame, len);
	return len != 0;
}
uint8_t *ofl_netdev_room(uint32_t len)
{
	if (full)
		ofl_netdev_counters.tx_full++;
	return full || len > 1518 ? NULL : room;
}
void ofl_netdev_send(uint32_t len) { MUST(len <= 1518); }
void ofl_netdev_kick(void) {}
bool ofl_netdev_room_again(void) { return !full; }
bool ofl_netdev_busy(void) { return false; }
void ofl_netdev_arm(bool on) { (void)on; }

/* --- the program --- */

#define SOCKETS 8
static struct ofl_socket *listener, *datagrams, *client, *conn[SOCKETS];
static uint8_t data[4000];

static void answer(const char *name, const ip_addr_t *ip, void *arg)
{
	(void)name;
	(void)ip;
	(void)arg;
}

static void set_up(struct fuzz_in *in)
{
	static struct ofl_virtio dev;
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(7) };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(80),
				  .sin_addr.s_addr = htonl(0x0a000001) };
	ip_addr_t ip;

	strcpy(dev.options, fuzz_number(in, 1) & 1 ?
		       "" : "ip=10.0.0.2/24,ip=fd00::2/64,gw=10.0.0.1,gw=fd00::1,dns=10.0.0.1");
	MUST(!start(&dev));
	for (int i = 0; i < 4; i++) {
		now += OFL_SEC;
		ofl_net_progress();
	}
	MUST(!create6(SOCK_STREAM, 0, &listener) && !create6(SOCK_DGRAM, 0, &datagrams));
	MUST(!create4(SOCK_STREAM, 0, &client));
	MUST(!listener->ops->bind(listener, (void *)&any, sizeof(any)));
	MUST(!listener->ops->listen(listener, 4));
	MUST(!datagrams->ops->bind(datagrams, (void *)&any, sizeof(any)));
	client->ops->connect(client, (void *)&to, sizeof(to));
	dns_gethostbyname("a.test", &ip, answer, NULL);
}

static void echo(struct ofl_socket **at)
{
	int64_t n = (*at)->ops->recv(*at, data, sizeof(data), false, NULL, NULL);

	MUST(n <= (int64_t)sizeof(data));
	(*at)->ops->poll(*at);
	if (n > 0)
		(*at)->ops->send(*at, data, (size_t)n, NULL, 0);
	if (n > 0 || n == -EAGAIN)
		return;
	(*at)->ops->close(*at);
	*at = NULL;
}

static void work(void)
{
	struct sockaddr_storage from;
	socklen_t len;
	int64_t n = datagrams->ops->recv(datagrams, data, sizeof(data), false, &from, &len);

	if (n >= 0)
		datagrams->ops->send(datagrams, data, (size_t)n, (void *)&from, len);
	for (int i = 0; i < SOCKETS; i++)
		if (conn[i])
			echo(&conn[i]);
		else
			listener->ops->accept(listener, &conn[i]);
	if (client && client->ops->connected(client) != -EAGAIN)
		echo(&client);
}

static void tear_down(void)
{
	for (int i = 0; i < SOCKETS; i++)
		if (conn[i])
			conn[i]->ops->close(conn[i]);
	memset(conn, 0, sizeof(conn));
	if (client)
		client->ops->close(client);
	listener->ops->close(listener);
	datagrams->ops->close(datagrams);
	full = false;
	drain();
	lost();
	for (int i = 0; i < 20; i++) {
		now += 10 * OFL_SEC;
		ofl_net_progress();
	}
	MUST(!tcp_active_pcbs && !tcp_tw_pcbs && !tcp_listen_pcbs.pcbs && !all);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_in in = { bytes, size };

	set_up(&in);
	while (in.left) {
		uint32_t how = fuzz_number(&in, 1), len;

		now += (uint64_t)fuzz_number(&in, 1) * OFL_MS * (how & 1 ? 100 : 1);
		len = fuzz_number(&in, how & 2 ? 2 : 1);
		full = how & 4;
		if (len < 14)
			len = 14;
		if (len > in.left + 14)
			len = (uint32_t)in.left + 14;
		fuzz_take(&in, frame, len);
		if (!(how & 8))
			memcpy(frame, mac, 6);
		if (!(how & 16) && frame[12] == 8 && !frame[13])
			memcpy(frame + 30, "\n\0\0\2", 4);
		frame_len = len;
		ofl_net_progress();
		work();
	}
	tear_down();
	return 0;
}
