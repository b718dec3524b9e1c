// SPDX-License-Identifier: BSD-2-Clause
/* The part of <string.h> that loader, image reader and stand-in host use. */
#include <stdint.h>
#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
	return memmove(to, from, len);
}

/* By words where both sides allow it: images have megabytes. */
void *memmove(void *to, const void *from, size_t len)
{
	uint8_t *d = to;
	const uint8_t *s = from;

	if (d <= s || d >= s + len) {
		if (!(((uintptr_t)d | (uintptr_t)s) & 7)) {
			for (; len >= 8; len -= 8, d += 8, s += 8)
				*(uint64_t *)d = *(const uint64_t *)s;
		}
		while (len--)
			*d++ = *s++;
	} else {
		while (len--)
			d[len] = s[len];
	}
	return to;
}

void *memset(void *to, int c, size_t len)
{
	uint8_t *d = to;

	if (!c && !((uintptr_t)d & 7)) {
		for (; len >= 8; len -= 8, d += 8)
			*(uint64_t *)d = 0;
	}
	while (len--)
		*d++ = (uint8_t)c;
	return to;
}

void explicit_bzero(void *to, size_t len)
{
	memset(to, 0, len);
	/* Somebody may read it. */
	__asm__ volatile("" : : "r"(to) : "memory");
}

int memcmp(const void *a, const void *b, size_t len)
{
	const uint8_t *x = a, *y = b;

	for (; len; len--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void *memchr(const void *s, int c, size_t len)
{
	const uint8_t *p = s;

	for (; len; len--, p++)
		if (*p == (uint8_t)c)
			return (void *)(uintptr_t)p;
	return NULL;
}

size_t strnlen(const char *s, size_t max)
{
	size_t len = 0;

	while (len < max && s[len])
		len++;
	return len;
}

size_t strlen(const char *s)
{
	return strnlen(s, SIZE_MAX);
}

char *strcpy(char *restrict to, const char *restrict from)
{
	return memcpy(to, from, strlen(from) + 1);
}

int strncmp(const char *a, const char *b, size_t max)
{
	for (; max; max--, a++, b++) {
		if (*a != *b)
			return (uint8_t)*a - (uint8_t)*b;
		if (!*a)
			return 0;
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	char *found = NULL;

	while ((s = strchr(s, c))) {
		found = (char *)(uintptr_t)s;
		if (!*s++)
			break;
	}
	return found;
}
