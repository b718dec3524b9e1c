// SPDX-License-Identifier: BSD-2-Clause
/* Internet addresses as text, held against this machine's C library. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define inet_pton t_inet_pton
#define inet_ntop t_inet_ntop
#define inet_aton t_inet_aton
#define inet_addr t_inet_addr
#define inet_ntoa t_inet_ntoa
int t_inet_pton(int family, const char *text, void *addr);
const char *t_inet_ntop(int family, const void *addr, char *text, socklen_t len);
int t_inet_aton(const char *text, struct in_addr *addr);
in_addr_t t_inet_addr(const char *text);
char *t_inet_ntoa(struct in_addr addr);
#include "baremetal/net/text.c"
#undef inet_pton
#undef inet_ntop

static void same(int family, const char *text)
{
	uint8_t ours[16] = { 0 }, theirs[16] = { 0 };
	int a = t_inet_pton(family, text, ours);
	int b = inet_pton(family, text, theirs);

	if (a != b || (a && memcmp(ours, theirs, 16)))
		fail_msg("%s: %d, wanted %d", text, a, b);
}

static void test_examples(void **state)
{
	static const char *const text[] = {
		"", "0.0.0.0", "255.255.255.255", "256.0.0.1", "1.2.3", "1.2.3.4.",
		"1.2.3.4.5", "01.2.3.4", "1..2.3", ".1.2.3.4", "1.2.3.4 ", "a.b.c.d",
		"1.2.3.-4", "0000.0.0.0", "::", "::1", "1::", ":1", "1:", ":::", "::1::",
		"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::3:4:5:6:7:8", "fe80::1",
		"FE80::aBcD", "12345::", "g::", "::ffff:10.0.0.1", "::10.0.0.1",
		"1:2:3:4:5:6:10.0.0.1", "1:2:3:4:5:6:7:10.0.0.1", "::10.0.0", "::1.2.3.4.5",
		"::10.0.0.1:1", "1:2:3:4:5:10.0.0.1", "fe80::1%en0", "1::2::3", ":", "1:::2",
		"::1:", "2001:db8:0:0:1:0:0:1", "0:0:0:0:0:0:0:0", "00001::", "::00001",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		same(AF_INET, text[i]);
		same(AF_INET6, text[i]);
	}
	assert_int_equal(t_inet_pton(AF_UNIX, "1.2.3.4", NULL), -1);
	assert_int_equal(errno, EAFNOSUPPORT);
	assert_int_equal(t_inet_addr("10.0.0.1"), htonl(0x0a000001));
	assert_int_equal(t_inet_addr("10.0.0"), INADDR_NONE);
	assert_string_equal(t_inet_ntoa((struct in_addr){ htonl(0x7f000001) }),
			    "127.0.0.1");
}

static void test_random_text(void **state)
{
	static const char letters[] = "0123456789abcdefF:::...";
	unsigned int seed = 1;

	(void)state;
	for (int i = 0; i < 300000; i++) {
		char text[24];
		int len = rand_r(&seed) % 20, j;

		for (j = 0; j < len; j++)
			text[j] = letters[(size_t)rand_r(&seed) % (sizeof(letters) - 1)];
		text[j] = '\0';
		same(AF_INET6, text);
		same(AF_INET, text);
	}
}

static void test_random_addresses(void **state)
{
	unsigned int seed = 2;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		char ours[INET6_ADDRSTRLEN], theirs[INET6_ADDRSTRLEN];
		uint8_t addr[16], back[16];

		/* Many zeros, and ::ffff: now and then. */
		for (int j = 0; j < 16; j++)
			addr[j] = rand_r(&seed) % 3 ? 0 : (uint8_t)rand_r(&seed);
		if (!(i % 7)) {
			memset(addr, 0, 12);
			addr[10] = addr[11] = i % 2 ? 0xff : 0;
		}
		assert_non_null(t_inet_ntop(AF_INET6, addr, ours, sizeof(ours)));
		inet_ntop(AF_INET6, addr, theirs, sizeof(theirs));
		assert_string_equal(ours, theirs);
		assert_int_equal(t_inet_pton(AF_INET6, ours, back), 1);
		assert_memory_equal(addr, back, 16);
		assert_null(t_inet_ntop(AF_INET6, addr, ours,
					(socklen_t)strlen(theirs)));
		assert_non_null(t_inet_ntop(AF_INET6, addr, ours,
					    (socklen_t)strlen(theirs) + 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_random_text),
		cmocka_unit_test(test_random_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
