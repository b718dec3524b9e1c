// SPDX-License-Identifier: BSD-2-Clause
/*
 * publish [ADDRESS [COUNT [MS]]]: a publisher, on vsock port 5000.
 *
 * A subscriber connects, sends "SUBSCRIBE topic\n" for each topic that it wants, and
 * gets lines "topic text\n" from then on.  There are two topics: "tick", a number, and
 * "time", the clock; both are published every MS (1000) milliseconds, COUNT times
 * (for ever), from the first subscription on.
 *
 * No subscriber holds up the publisher or another subscriber: what one does not
 * take at once is lost to it, whole lines only, and it is told how many.
 */
#include "address.h"

#include <poll.h>
#include <time.h>

#define SUBSCRIBERS 32
#define LINE 128

enum { TICK = 1, TIME = 2 };

static struct pollfd polls[1 + SUBSCRIBERS];
static struct subscriber {
	unsigned int topics;
	unsigned long missed;
	char in[LINE];
	size_t in_len;
	char out[LINE * 2];
	size_t at, len;
} subs[1 + SUBSCRIBERS];
static int nr, started;

static void drop(int i)
{
	close(polls[i].fd);
	polls[i] = polls[nr];
	subs[i] = subs[nr];
	nr--;
}

static void add(int fd)
{
	if (nr == SUBSCRIBERS) {
		close(fd);
		return;
	}
	never_wait(fd);
	nr++;
	polls[nr] = (struct pollfd){ .fd = fd, .events = POLLIN };
	memset(&subs[nr], 0, sizeof(subs[nr]));
}

/* 0: it is done. */
static int push(int fd, struct subscriber *s)
{
	ssize_t n;

	while (s->at < s->len) {
		n = send(fd, s->out + s->at, s->len - s->at, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN;
		s->at += (size_t)n;
	}
	return 1;
}

static int tell(int fd, struct subscriber *s, const char *topic, const char *text)
{
	if (s->at < s->len) {
		s->missed++;
		return 1;
	}
	s->at = 0;
	s->len = 0;
	if (s->missed)
		s->len = (size_t)snprintf(s->out, LINE, "missed %lu\n", s->missed);
	s->missed = 0;
	s->len += (size_t)snprintf(s->out + s->len, LINE, "%s %s\n", topic, text);
	return push(fd, s);
}

static void publish(unsigned int bit, const char *topic, const char *text)
{
	for (int i = nr; i > 0; i--)
		if ((subs[i].topics & bit) &&
		    !tell(polls[i].fd, &subs[i], topic, text))
			drop(i);
}

/* 0: it is done, or does not know the words. */
static int listen_to(int fd, struct subscriber *s)
{
	ssize_t n = recv(fd, s->in + s->in_len, sizeof(s->in) - 1 - s->in_len, 0);
	char *end;

	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	s->in_len += (size_t)n;
	s->in[s->in_len] = '\0';
	while ((end = strchr(s->in, '\n'))) {
		*end++ = '\0';
		if (!strcmp(s->in, "SUBSCRIBE tick"))
			s->topics |= TICK;
		else if (!strcmp(s->in, "SUBSCRIBE time"))
			s->topics |= TIME;
		else
			return 0;
		started = 1;
		s->in_len -= (size_t)(end - s->in);
		memmove(s->in, end, s->in_len + 1);
	}
	return s->in_len < sizeof(s->in) - 1;
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ll + ts.tv_nsec / 1000000;
}

static void publish_all(long tick)
{
	char text[64];
	time_t now = time(NULL);

	snprintf(text, sizeof(text), "%ld", tick);
	publish(TICK, "tick", text);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", gmtime(&now));
	publish(TIME, "time", text);
}

int main(int argc, char **argv)
{
	const char *where = argc > 1 ? argv[1] : "5000";
	long count = argc > 2 ? atol(argv[2]) : -1, tick = 0;
	long ms = argc > 3 ? atol(argv[3]) : 1000;
	long long next = 0, left;
	int fd;

	polls[0].fd = serve_on("publish", where);
	polls[0].events = POLLIN;
	if (polls[0].fd < 0)
		return 1;
	while (tick != count) {
		left = started ? next - now_ms() : -1;
		for (int i = 1; i <= nr; i++)
			polls[i].events = subs[i].at < subs[i].len ? POLLIN | POLLOUT :
								     POLLIN;
		if (poll(polls, (nfds_t)nr + 1,
			 !started ? -1 : left > 0 ? (int)left : 0) < 0) {
			perror("poll");
			return 1;
		}
		for (int i = nr; i > 0; i--)
			if (((polls[i].revents & ~POLLOUT) &&
			     !listen_to(polls[i].fd, &subs[i])) ||
			    ((polls[i].revents & POLLOUT) &&
			     !push(polls[i].fd, &subs[i])))
				drop(i);
		if (polls[0].revents) {
			fd = accept(polls[0].fd, NULL, NULL);
			if (fd >= 0)
				add(fd);
		}
		if (started && now_ms() >= next) {
			publish_all(++tick);
			next = now_ms() + ms;
		}
	}
	printf("publish: %ld ticks\n", tick);
	return 0;
}
