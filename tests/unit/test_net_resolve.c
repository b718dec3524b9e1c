// SPDX-License-Identifier: BSD-2-Clause
/* getaddrinfo() and gethostbyname(), and name servers that answer, refuse and are silent. */
#include "net_mock.h"

static enum { ANSWERS, NO_NAME, BROKEN, STRANGER, SILENT } server;
static unsigned int questions;

/* The station's name server: 1.2.3.4 and fd00::7 are "both", and the only names. */
static void serve(const uint8_t *udp)
{
	static const uint8_t four[] = { 1, 2, 3, 4 }, six[16] = { 0xfd, [15] = 7 };
	uint8_t packet[512];
	size_t len = get16(udp + 4) - 8u;
	bool is_six;

	assert_int_equal(get16(udp + 2), 53);
	assert_in_range(len, 17, 300);
	memcpy(packet, udp + 8, len);
	questions++;
	if (server == SILENT)
		return;
	is_six = get16(packet + len - 4) == 28;
	packet[2] = 0x81; /* an answer, as was wished */
	packet[3] = 0x80;
	if (server == NO_NAME)
		packet[3] |= 3;
	if (server == BROKEN)
		packet[3] |= 2;
	if (server == STRANGER)
		packet[0] ^= 0x55; /* not to this question */
	if (server == ANSWERS || server == STRANGER) {
		uint8_t *to = packet + len;

		put16(packet + 6, 1);
		put16(to, 0xc00c); /* the name that was asked for */
		put16(to + 2, is_six ? 28 : 1);
		put16(to + 4, 1);
		put32(to + 6, 60);
		put16(to + 10, is_six ? 16 : 4);
		memcpy(to + 12, is_six ? six : four, is_six ? 16 : 4);
		len += is_six ? 28 : 16;
	}
	send_datagram(53, get16(udp), packet, len);
}

static void wire_and_server(void)
{
	const struct frame *f;

	wire();
	while (frames_nr) {
		f = &frames[frames_first++ % 256];
		frames_first %= 256;
		frames_nr--;
		if (f->bytes[23] == 17)
			serve(f->bytes + 34);
	}
}

static void start_server(const char *options)
{
	net_set_up(options);
	mock_sleep = 10 * OFL_MS;
	questions = 0;
	server = ANSWERS;
	pmm_step = wire_and_server;
}

static int look_up(const char *node, const char *service, int family, int flags, int type,
		   struct addrinfo **res)
{
	struct addrinfo hints = { .ai_family = family, .ai_flags = flags,
				  .ai_socktype = type };

	*res = NULL;
	return t_getaddrinfo(node, service, &hints, res);
}

static void check_answer(const struct addrinfo *info, int type, const struct sockaddr *want,
			 socklen_t len)
{
	assert_non_null(info);
	assert_int_equal(info->ai_family, want->sa_family);
	assert_int_equal(info->ai_socktype, type);
	assert_int_equal(info->ai_protocol, type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP);
	assert_int_equal(info->ai_addrlen, len);
	assert_memory_equal(info->ai_addr, want, len);
}

static void test_refused(void **state)
{
	struct addrinfo *res;

	(void)state;
	start_server(STATIC);
	assert_int_equal(look_up(NULL, NULL, 0, 0, 0, &res), EAI_NONAME);
	assert_int_equal(look_up("::1", "7", AF_UNIX, 0, 0, &res), EAI_FAMILY);
	assert_int_equal(look_up("::1", "7", 0, 0, SOCK_RAW, &res), EAI_SOCKTYPE);
	assert_int_equal(look_up("::1", "gopher", 0, 0, 0, &res), EAI_SERVICE);
	assert_int_equal(look_up("::1", "", 0, 0, 0, &res), EAI_SERVICE);
	assert_int_equal(look_up("::1", "65536", 0, 0, 0, &res), EAI_SERVICE);
	assert_int_equal(look_up("::1", "-1", 0, 0, 0, &res), EAI_SERVICE);
	assert_int_equal(look_up("::1", "7x", 0, 0, 0, &res), EAI_SERVICE);
	assert_int_equal(look_up("::1", "http", 0, AI_NUMERICSERV, 0, &res), EAI_NONAME);
	assert_int_equal(look_up("::1", "7", AF_INET, 0, 0, &res), EAI_NONAME);
	assert_int_equal(look_up("1.2.3.4", "7", AF_INET6, 0, 0, &res), EAI_NONAME);
	assert_int_equal(look_up("both", "7", 0, AI_NUMERICHOST, 0, &res), EAI_NONAME);
	assert_null(res);
	assert_int_equal(questions, 0);
	net_end();
}

static void test_numbers(void **state)
{
	struct addrinfo *res;

	(void)state;
	start_server(STATIC);
	assert_int_equal(look_up("10.1.2.3", "https", 0, 0, SOCK_STREAM, &res), 0);
	check_answer(res, SOCK_STREAM, in4(0x0a010203, 443), LEN4);
	assert_null(res->ai_next);
	t_freeaddrinfo(res);
	assert_int_equal(look_up("fd00::9", "65535", AF_INET6, AI_NUMERICSERV, 0, &res), 0);
	check_answer(res, SOCK_STREAM, in6("fd00::9", 65535), LEN6);
	check_answer(res->ai_next, SOCK_DGRAM, in6("fd00::9", 65535), LEN6);
	assert_null(res->ai_next->ai_next);
	t_freeaddrinfo(res);
	/* This machine, and all of its addresses. */
	assert_int_equal(look_up(NULL, "ntp", 0, 0, SOCK_DGRAM, &res), 0);
	check_answer(res, SOCK_DGRAM, in4(INADDR_LOOPBACK, 123), LEN4);
	check_answer(res->ai_next, SOCK_DGRAM, in6("::1", 123), LEN6);
	t_freeaddrinfo(res);
	assert_int_equal(look_up(NULL, "7", AF_INET6, AI_PASSIVE, SOCK_STREAM, &res), 0);
	check_answer(res, SOCK_STREAM, in6("::", 7), LEN6);
	assert_null(res->ai_next);
	t_freeaddrinfo(res);
	assert_int_equal(look_up("localhost", NULL, AF_INET, AI_PASSIVE, SOCK_STREAM, &res), 0);
	check_answer(res, SOCK_STREAM, in4(INADDR_LOOPBACK, 0), LEN4);
	t_freeaddrinfo(res);
	assert_int_equal(t_getaddrinfo("::1", "7", NULL, &res), 0);
	check_answer(res, SOCK_STREAM, in6("::1", 7), LEN6);
	t_freeaddrinfo(res);
	assert_int_equal(questions, 0);
	net_end();
}

static void test_names(void **state)
{
	struct addrinfo *res;
	struct hostent *host;

	(void)state;
	start_server(STATIC);
	assert_int_equal(look_up("both.a", "80", 0, 0, SOCK_STREAM, &res), 0);
	check_answer(res, SOCK_STREAM, in4(0x01020304, 80), LEN4);
	check_answer(res->ai_next, SOCK_STREAM, in6("fd00::7", 80), LEN6);
	assert_null(res->ai_next->ai_next);
	t_freeaddrinfo(res);
	assert_int_equal(questions, 2);
	/* Of its family only; and what is known is not asked for again. */
	assert_int_equal(look_up("both.b", "80", AF_INET6, 0, SOCK_STREAM, &res), 0);
	check_answer(res, SOCK_STREAM, in6("fd00::7", 80), LEN6);
	t_freeaddrinfo(res);
	assert_int_equal(questions, 3);
	assert_int_equal(look_up("both.b", "80", AF_INET6, 0, SOCK_STREAM, &res), 0);
	t_freeaddrinfo(res);
	assert_int_equal(questions, 3);
	host = t_gethostbyname("both.c");
	assert_non_null(host);
	assert_int_equal(host->h_addrtype, AF_INET);
	assert_int_equal(host->h_length, 4);
	assert_memory_equal(host->h_addr_list[0], "\1\2\3\4", 4);
	assert_null(host->h_addr_list[1]);
	host = t_gethostbyname("10.0.0.9");
	assert_memory_equal(host->h_addr_list[0], "\12\0\0\11", 4);
	net_end();
}

static void test_errors(void **state)
{
	char longest[300];
	struct addrinfo *res;
	uint64_t before;

	(void)state;
	start_server(STATIC);
	server = NO_NAME;
	assert_int_equal(look_up("none.a", "80", 0, 0, 0, &res), EAI_NONAME);
	assert_null(t_gethostbyname("none.b"));
	assert_int_equal(t_h_errno, HOST_NOT_FOUND);
	server = BROKEN;
	assert_int_equal(look_up("none.c", "80", AF_INET, 0, 0, &res), EAI_NONAME);
	/* An answer to another question is none. */
	server = STRANGER;
	before = mock_now;
	assert_int_equal(look_up("none.d", "80", AF_INET, 0, 0, &res), EAI_NONAME);
	assert_in_range(mock_now - before, OFL_SEC, ANSWER_TIME);
	/* No answer at all: asked again, and in the end given up. */
	server = SILENT;
	questions = 0;
	before = mock_now;
	assert_int_equal(look_up("none.e", "80", AF_INET, 0, 0, &res), EAI_NONAME);
	assert_in_range(questions, 3, 10);
	assert_in_range(mock_now - before, OFL_SEC, ANSWER_TIME);
	assert_null(t_gethostbyname("none.f"));
	/* A name that no server could be asked for. */
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(look_up(longest, "80", AF_INET, 0, 0, &res), EAI_NONAME);
	assert_int_equal(look_up("", "80", AF_INET, 0, 0, &res), EAI_NONAME);
	assert_null(res);
	net_end();
}

/* DHCP may tell of a server yet; then there is none. */
static void test_no_server(void **state)
{
	struct addrinfo *res;
	uint64_t before;

	(void)state;
	start_server("ip=10.0.0.2/24");
	dns_setserver(0, NULL);
	dns_setserver(1, NULL);
	before = mock_now;
	assert_int_equal(look_up("both.g", "80", AF_INET, 0, 0, &res), EAI_AGAIN);
	assert_in_range(mock_now - before, SETTLE / 2, 2 * SETTLE);
	before = mock_now;
	assert_null(t_gethostbyname("both.g"));
	assert_int_equal(t_h_errno, TRY_AGAIN);
	assert_in_range(mock_now - before, 0, OFL_SEC);
	net_driver.lost();
	assert_int_equal(look_up("both.h", "80", AF_INET, 0, 0, &res), EAI_AGAIN);
	assert_int_equal(questions, 0);
	net_end();
}

static void test_words(void **state)
{
	static const int errors[] = { 0, EAI_NONAME, EAI_AGAIN, EAI_FAMILY, EAI_SOCKTYPE,
				      EAI_SERVICE, EAI_MEMORY, 12345 };

	(void)state;
	for (size_t i = 0; i < 8; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(t_gai_strerror(errors[i]),
						t_gai_strerror(errors[j]));
	assert_string_equal(t_gai_strerror(EAI_AGAIN), "No name server answers");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_names),	cmocka_unit_test(test_errors),
		cmocka_unit_test(test_no_server), cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
