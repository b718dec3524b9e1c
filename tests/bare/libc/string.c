// SPDX-License-Identifier: BSD-2-Clause
#include "libc/libc.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "ktap.h"

static uint8_t from[300], to[300];

/* Every alignment of source and target: bytes that came wrong, or were hit. */
static unsigned int copies(void *(*copy)(void *, const void *, size_t))
{
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < sizeof(from); i++)
		from[i] = (uint8_t)(i * 31 + 7);
	for (unsigned int s = 0; s < 16; s++)
		for (unsigned int t = 0; t < 16; t++) {
			unsigned int len = 1 + (s * 16 + t) % 200;

			memset(to, 0xee, sizeof(to));
			wrong += copy(to + 16 + t, from + s, len) != to + 16 + t;
			for (unsigned int i = 0; i < len; i++)
				wrong += to[16 + t + i] != from[s + i];
			wrong += to[15 + t] != 0xee || to[16 + t + len] != 0xee;
		}
	return wrong;
}

static void test_mem(void)
{
	uint8_t x[32];

	is(copies(memcpy), 0, "memcpy: all alignments");
	is(copies(memmove), 0, "memmove: all alignments");
	for (unsigned int i = 0; i < 32; i++)
		x[i] = (uint8_t)i;
	memmove(x + 3, x, 20);
	ok(x[3] == 0 && x[22] == 19 && x[2] == 2 && x[23] == 23, "memmove: upwards into itself");
	for (unsigned int i = 0; i < 32; i++)
		x[i] = (uint8_t)i;
	memmove(x, x + 3, 20);
	ok(x[0] == 3 && x[19] == 22 && x[20] == 20, "memmove: downwards into itself");
	memset(x, 0x5a, 7);
	ok(x[0] == 0x5a && x[6] == 0x5a && x[7] == 10, "memset: not more than it should");
	is(memcmp("abc", "abd", 2), 0, "memcmp: equal so far");
	ok(memcmp("abc", "abd", 3) < 0, "memcmp: less");
	ok(memcmp("\xff", "\x01", 1) > 0, "memcmp: bytes are unsigned");
	is(memcmp("a", "b", 0), 0, "memcmp: of nothing");
	ok(memchr("abcabc", 'c', 6) != NULL, "memchr: found");
	ok(!memchr("abcabc", 'c', 2), "memchr: not behind the end");
	ok(memccpy(x, "key=value", '=', 9) == x + 4, "memccpy: behind the character");
}

static void test_str(void)
{
	char buf[32], *rest, *save;
	static const char text[] = "one two  three";

	is(strlen(""), 0, "strlen: empty");
	is(strlen("twelve chars"), 12, "strlen");
	is(strnlen("twelve chars", 5), 5, "strnlen: not more than the limit");
	is(strcmp("a", "a"), 0, "strcmp: equal");
	ok(strcmp("a", "ab") < 0, "strcmp: shorter is less");
	ok(strcmp("\xe4", "a") > 0, "strcmp: characters are unsigned");
	is(strncmp("abcd", "abxy", 2), 0, "strncmp: equal so far");
	is(strcasecmp("HeLLo", "hEllO"), 0, "strcasecmp");
	memset(buf, 'x', sizeof(buf));
	strncpy(buf, "ab", 5);
	ok(!memcmp(buf, "ab\0\0\0x", 6), "strncpy: filled up with NUL");
	strcpy(buf, "ab");
	is_string(strcat(buf, "cd"), "abcd", "strcat");
	is_string(strncat(buf, "efgh", 2), "abcdef", "strncat: with its end");
	is(strlcpy(buf, "longer than this", 8), 16, "strlcpy: the length it would have");
	is_string(buf, "longer ", "strlcpy: cut, with its end");
	is(strchr(text, 't') - text, 4, "strchr: the first");
	is(strrchr(text, 't') - text, 9, "strrchr: the last");
	ok(!strchr(text, 'x'), "strchr: none");
	is(*strchr(text, 0), 0, "strchr: the end");
	is(strstr(text, "three") - text, 9, "strstr");
	ok(!strstr(text, "four"), "strstr: none");
	ok(strstr(text, "") == text, "strstr: of nothing");
	is(strspn("112233abc", "123"), 6, "strspn");
	is(strcspn("abc;def", ";,"), 3, "strcspn");
	is_string(strpbrk("abc;def", ",;"), ";def", "strpbrk");
	strcpy(buf, text);
	is_string(strtok_r(buf, " ", &save), "one", "strtok_r: the first");
	is_string(strtok_r(NULL, " ", &save), "two", "strtok_r: the second");
	is_string(strtok_r(NULL, " ", &save), "three", "strtok_r: over two blanks");
	ok(!strtok_r(NULL, " ", &save), "strtok_r: no more");
	strcpy(buf, "a,,b");
	rest = buf;
	strsep(&rest, ",");
	is_string(strsep(&rest, ","), "", "strsep: an empty field");
	rest = strdup(text);
	is_string(rest, text, "strdup");
	ok(strstr(strerror(ENOENT), "ile") != NULL, "strerror: ENOENT is about a file");
	ok(strerror(9999) != NULL, "strerror: of a number that is none");

	ok(isalpha('z') && !isalpha('1') && isdigit('9') && !isdigit('a'), "isalpha, isdigit");
	ok(isspace('\t') && !isspace('x') && isxdigit('F') && !isxdigit('g'), "isspace, isxdigit");
	is(toupper('q'), 'Q', "toupper");
	is(tolower('['), '[', "tolower: of what is no letter");
}

void libc_string(void)
{
	test_mem();
	test_str();
}
