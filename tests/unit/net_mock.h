/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket calls on AF_INET and AF_INET6, with the real lwIP and the real driver
 * under them, and a station on the wire that a test moves: 10.0.0.1.  It answers
 * ARP by itself; what the image sends over IPv4 waits in `frames` until the test
 * looks.  Memory is counted, and ends when a test says so.
 */
#ifndef OFL_TEST_NET_MOCK_H
#define OFL_TEST_NET_MOCK_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#undef TCP_MSS /* which no libc of an image has */

#include "rt_mock.h"
#include "socket_mock.h"

/* --- memory: lwIP's, too, which is built with these --- */

static unsigned int mem_live; /* pieces that nobody has freed */
static unsigned int mem_most = ~0u;

/* There is memory for so many more pieces, and for what takes the place of another. */
static inline void memory_for(unsigned int pieces)
{
	mem_most = mem_live + pieces;
}

static inline void memory_again(void)
{
	mem_most = ~0u;
}

void *net_malloc(size_t size);
void *net_calloc(size_t nr, size_t size);
void net_free(void *p);

void *net_malloc(size_t size)
{
	if (mem_live >= mem_most)
		return NULL;
	mem_live++;
	return malloc(size);
}

void *net_calloc(size_t nr, size_t size)
{
	void *p = net_malloc(nr * size);

	return p ? memset(p, 0, nr * size) : NULL;
}

void net_free(void *p)
{
	if (p)
		mem_live--;
	free(p);
}

/* --- the code under test --- */

int64_t ofl_rng_read(void *buf, size_t len)
{
	memset(buf, 0x5a, len);
	return (int64_t)len;
}

uint64_t ofl_counter(void)
{
	return mock_now;
}

/* lwIP's assertions. */
void net_panic(const char *fmt, const char *what);
void net_panic(const char *fmt, const char *what)
{
	(void)fmt;
	fail_msg("lwIP: %s", what);
}

const struct ofl_family ofl_family_vsock;

#define getaddrinfo t_getaddrinfo
#define freeaddrinfo t_freeaddrinfo
#define gai_strerror t_gai_strerror
#define gethostbyname t_gethostbyname
#undef h_errno
#define h_errno t_h_errno
int t_getaddrinfo(const char *node, const char *service,
		  const struct addrinfo *hints, struct addrinfo **res);
void t_freeaddrinfo(struct addrinfo *res);
const char *t_gai_strerror(int err);
struct hostent *t_gethostbyname(const char *name);

#define calloc net_calloc
#define free net_free
#include "baremetal/net/addr.c"
#define fill random_fill
#include "baremetal/net/random.c"
#undef fill
#include "baremetal/net/resolve.c"
#include "baremetal/net/stack.c"
#define take tcp_take
#include "baremetal/net/tcp.c"
#include "baremetal/net/tcp_socket.c"
#undef take
#include "baremetal/net/timers.c"
#define on_recv udp_on_recv
#include "baremetal/net/udp.c"
#undef on_recv
#undef calloc
#undef free
/* Behind them, for its names are theirs, too. */
#include "netdev_mock.h"

/* The only device. */
void ofl_devices_progress(void)
{
	net_driver.progress();
}

void ofl_devices_arm(bool on)
{
	net_driver.arm(on);
}

/* --- the wire --- */

#define OURS 0x0a000002u  /* the image */
#define THEIRS 0x0a000001u /* the station */
#define STATIC "ip=10.0.0.2/24,ip=fd00::2/64,gw=10.0.0.1,dns=10.0.0.1"

struct frame {
	uint8_t bytes[1536];
	uint32_t len;
};

static const uint8_t station[6] = { 2, 0, 0, 0, 0, 1 };
static struct frame frames[256];
static unsigned int frames_first, frames_nr;
static bool stalled;	/* the PMM takes nothing */
static bool no_arp;	/* the station is deaf */

static inline uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static inline void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline void put32(uint8_t *p, uint32_t value)
{
	put16(p, value >> 16);
	put16(p + 2, value);
}

/* RFC 1071, over bytes that begin at an even place. */
static inline uint16_t sum_of(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Of TCP or UDP over IPv4, with the pseudo header. */
static inline uint16_t sum_ip4(const uint8_t *ip, size_t len)
{
	uint32_t sum = ip[9] + (uint32_t)len;

	for (int i = 12; i < 20; i += 2)
		sum += get16(ip + i);
	return sum_of(sum, ip + 20, len);
}

/* The station sends a frame: true, if the image has a buffer for it. */
static inline bool transmit(const uint8_t *bytes, uint32_t len)
{
	int head = sim_pop(RX);
	struct sim_desc *desc;

	if (head < 0)
		return false;
	desc = sim_desc(RX, (unsigned int)head);
	assert_in_range(HDR + len, HDR + ETH, desc->len);
	memset(sim_at(desc->addr), 0, HDR);
	memcpy((uint8_t *)sim_at(desc->addr) + HDR, bytes, len);
	sim_push(RX, (uint32_t)head, HDR + len);
	return true;
}

static inline void answer_arp(const uint8_t *request)
{
	uint8_t reply[60] = { 0 };

	memcpy(reply, request + 6, 6);
	memcpy(reply + 6, station, 6);
	memcpy(reply + 12, request + 12, 8);
	reply[21] = 2;
	memcpy(reply + 22, station, 6);
	memcpy(reply + 28, request + 38, 4);
	memcpy(reply + 32, request + 22, 10);
	assert_true(transmit(reply, sizeof(reply)));
}

static inline void take_frame(const uint8_t *bytes, uint32_t len)
{
	struct frame *f = &frames[(frames_first + frames_nr) % 256];

	assert_in_range(len, ETH, sizeof(f->bytes));
	if (get16(bytes + 12) == 0x0806) {
		if (!no_arp && bytes[21] == 1 && get32(bytes + 38) != OURS)
			answer_arp(bytes);
		return;
	}
	if (get16(bytes + 12) != 0x0800)
		return;
	assert_in_range(frames_nr, 0, 255);
	memcpy(f->bytes, bytes, len);
	f->len = len;
	frames_nr++;
}

static void wire(void)
{
	struct sim_desc *desc;
	int head;

	sim_ack();
	while (!stalled && (head = sim_pop(TX)) >= 0) {
		desc = sim_desc(TX, (unsigned int)head);
		take_frame((uint8_t *)sim_at(desc->addr) + HDR, desc->len - HDR);
		sim_push(TX, (uint32_t)head, 0);
	}
}

/* Both sides do what is to be done at once; no time passes. */
static inline void settle(void)
{
	for (int i = 0; i < 4; i++) {
		ofl_net_progress();
		wire();
	}
}

static inline void pass(uint64_t ns)
{
	for (uint64_t step = 50 * OFL_MS; ns; ns -= step) {
		if (step > ns)
			step = ns;
		mock_now += step;
		settle();
	}
}

/* The next packet of this protocol, from its IP header on; others are dropped. */
static inline const uint8_t *next_ip4(uint8_t protocol)
{
	settle();
	while (frames_nr) {
		const struct frame *f = &frames[frames_first++ % 256];

		frames_first %= 256;
		frames_nr--;
		if (f->bytes[23] != protocol)
			continue;
		assert_int_equal(sum_of(0, f->bytes + 14, 20), 0);
		return f->bytes + 14;
	}
	return NULL;
}

static inline void send_ip4(uint8_t protocol, const uint8_t *packet, size_t len, size_t sum_at)
{
	static uint8_t frame[1514];
	uint8_t *ip = frame + 14;

	assert_in_range(len, 1, sizeof(frame) - 34);
	memset(frame, 0, sizeof(frame));
	memcpy(frame, config->mac, 6);
	memcpy(frame + 6, station, 6);
	frame[12] = 8;
	ip[0] = 0x45;
	put16(ip + 2, 20 + (uint32_t)len);
	ip[8] = 64;
	ip[9] = protocol;
	put32(ip + 12, THEIRS);
	put32(ip + 16, OURS);
	put16(ip + 10, sum_of(0, ip, 20));
	memcpy(ip + 20, packet, len);
	put16(ip + 20 + sum_at, sum_ip4(ip, len));
	assert_true(transmit(frame, 34 + (uint32_t)len));
	settle();
}

/* --- what a station says and hears --- */

#define FIN 1
#define SYN 2
#define RST 4
#define ACK 16

static struct segment {
	uint16_t from, to;
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t window;
	uint8_t data[1536];
	size_t len;
} seen;

/* The image's next segment, in `seen`; false: there is none. */
static inline bool next_segment(void)
{
	const uint8_t *ip = next_ip4(6), *tcp = ip + 20;
	size_t len, head;

	if (!ip)
		return false;
	len = get16(ip + 2) - 20u;
	head = (size_t)(tcp[12] >> 4) * 4;
	assert_int_equal(sum_ip4(ip, len), 0);
	assert_int_equal(get32(ip + 12), OURS);
	seen = (struct segment){
		.from = get16(tcp), .to = get16(tcp + 2), .seq = get32(tcp + 4),
		.ack = get32(tcp + 8), .flags = tcp[13], .window = get16(tcp + 14),
		.len = len - head,
	};
	memcpy(seen.data, tcp + head, seen.len);
	return true;
}

static uint32_t station_seq, station_ack; /* of the connection that it has */
static uint16_t station_port, image_port;
static uint16_t station_window = 0xffff;

/* It is the next one, and the station will acknowledge it. */
static inline void expect_segment(uint8_t flags)
{
	assert_true(next_segment());
	assert_int_equal(seen.flags & (FIN | SYN | RST | ACK), flags);
	station_ack = seen.seq + (uint32_t)seen.len + !!(flags & (SYN | FIN));
}

static inline void expect_silence(void)
{
	assert_false(next_segment());
}

static inline void send_segment(uint8_t flags, const void *data, size_t len)
{
	uint8_t tcp[1480] = { 0 };

	assert_in_range(len, 0, sizeof(tcp) - 20);
	put16(tcp, station_port);
	put16(tcp + 2, image_port);
	put32(tcp + 4, station_seq);
	put32(tcp + 8, flags & ACK ? station_ack : 0);
	tcp[12] = 5 << 4;
	tcp[13] = flags;
	put16(tcp + 14, station_window);
	if (len)
		memcpy(tcp + 20, data, len);
	station_seq += (uint32_t)len + !!(flags & (SYN | FIN));
	send_ip4(6, tcp, 20 + len, 16);
}

static inline void send_datagram(uint16_t from, uint16_t to, const void *data, size_t len)
{
	uint8_t udp[1480] = { 0 };

	assert_in_range(len, 0, sizeof(udp) - 8);
	put16(udp, from);
	put16(udp + 2, to);
	put16(udp + 4, 8 + (uint32_t)len);
	if (len)
		memcpy(udp + 8, data, len);
	send_ip4(17, udp, 8 + len, 6);
}

/* The image's next datagram: where it begins with its UDP header; NULL: none. */
static inline const uint8_t *next_datagram(void)
{
	const uint8_t *ip = next_ip4(17);

	if (!ip)
		return NULL;
	assert_int_equal(sum_ip4(ip, get16(ip + 2) - 20u), 0);
	return ip + 20;
}

/* --- addresses --- */

#define LEN4 ((socklen_t)sizeof(struct sockaddr_in))
#define LEN6 ((socklen_t)sizeof(struct sockaddr_in6))

static inline struct sockaddr *in4(uint32_t ip, uint16_t port)
{
	static struct sockaddr_in addr;

	addr = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(ip) };
	return (struct sockaddr *)&addr;
}

static inline struct sockaddr *in6(const char *ip, uint16_t port)
{
	static struct sockaddr_in6 addr;

	addr = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
	assert_int_equal(inet_pton(AF_INET6, ip, &addr.sin6_addr), 1);
	return (struct sockaddr *)&addr;
}

static inline uint16_t port_of(int fd)
{
	struct sockaddr_in6 addr;
	socklen_t len = sizeof(addr);

	assert_int_equal(t_getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	return ntohs(addr.sin6_port); /* lies where sin_port does */
}

/* --- connections --- */

static inline int new_socket(int family, int type)
{
	int fd = t_socket(family, type | SOCK_NONBLOCK, 0);

	assert_in_range(fd, 3, FDS - 1);
	return fd;
}

static inline int new_listener(const struct sockaddr *addr, socklen_t len, int backlog)
{
	int fd = new_socket(addr->sa_family, SOCK_STREAM);

	assert_int_equal(t_bind(fd, addr, len), 0);
	assert_int_equal(t_listen(fd, backlog), 0);
	return fd;
}

/* The image asks the station's port for a connection, which is still to answer. */
static inline int call_station(uint16_t port)
{
	int fd = new_socket(AF_INET, SOCK_STREAM);

	assert_fails(t_connect(fd, in4(THEIRS, port), LEN4), EINPROGRESS);
	expect_segment(SYN);
	assert_int_equal(seen.to, port);
	station_port = port;
	image_port = seen.from;
	station_seq = 5000;
	return fd;
}

static inline int connect_station(uint16_t port)
{
	int fd = call_station(port);

	send_segment(SYN | ACK, NULL, 0);
	expect_segment(ACK);
	assert_int_equal(ofl_files_poll(fd), POLLOUT | POLLWRNORM);
	return fd;
}

/* The station comes to a port of the image, from one of its own. */
static inline void station_calls(uint16_t port, uint16_t from)
{
	station_port = from;
	image_port = port;
	station_seq = 7000;
	send_segment(SYN, NULL, 0);
}

static inline void station_connects(uint16_t port, uint16_t from)
{
	station_calls(port, from);
	expect_segment(SYN | ACK);
	send_segment(ACK, NULL, 0);
}

/* SO_ERROR, which tells once. */
static inline int error_of(int fd)
{
	socklen_t len = sizeof(int);
	int error = -1;

	assert_int_equal(t_getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len), 0);
	assert_int_equal(len, sizeof(int));
	return error;
}

/* --- start and end --- */

#define MEMORY 400000u
static unsigned int mem_before;

static inline void close_all(void)
{
	memory_again();
	for (int fd = 3; fd < FDS; fd++)
		if (ofl_file_of(fd))
			t_close(fd);
	net_driver.lost();
}

static inline void net_device(void)
{
	uint64_t now = mock_now;

	netdev_prepare(MEMORY, wire);
	mock_now = now; /* lwIP's clock does not go back */
}

static inline void net_set_up(const char *options)
{
	close_all(); /* of a test that has failed */
	net_device();
	frames_nr = 0;
	stalled = false;
	no_arp = false;
	station_window = 0xffff;
	ofl_net_init();
	mem_before = mem_live;
	strcpy(dev.options, options);
	assert_int_equal(net_driver.start(&dev), 0);
	settle();
	frames_nr = 0;
}

/* Everything closed, nothing forgotten. */
static inline void net_end(void)
{
	close_all();
	pass(150 * OFL_SEC);
	assert_null(all);
	assert_null(tcp_active_pcbs);
	assert_null(tcp_tw_pcbs);
	assert_null(tcp_listen_pcbs.pcbs);
	assert_null(tcp_bound_pcbs);
	assert_null(udp_pcbs);
	assert_int_equal(mem_live, mem_before);
}

#endif
