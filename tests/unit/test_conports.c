// SPDX-License-Identifier: BSD-2-Clause
/* Control messages of a console from a PMM that says what it likes. */
#include "rt_mock.h"

#include <stdlib.h>
#include <unistd.h>

#include "baremetal/console.c"
#include "baremetal/virtio.c"
#include "baremetal/vq.c"
#define post ctrl_post
#include "baremetal/conports.c"
#undef post

static struct ofl_console ports[3];

int ofl_files_console_of(int fd, struct ofl_console **port)
{
	*port = fd < 3 ? &ports[fd] : NULL;
	return fd < 4 ? 0 : -ENOTTY;
}

static struct ofl_virtio gone = { .name = "console", .broken = true };

static void set_up(void)
{
	memset(&con, 0, sizeof(con));
	con.dev = &gone;
	con.nr = 3;
	con.multi = true;
	con.rx.dev = &gone;
	con.tx.dev = &gone;
	con.tx_buf = malloc(CTRL_SIZE);
	for (unsigned int p = 0; p < 3; p++)
		con.port[p].con = &ports[p];
}

/* In an allocation of its own, so that a byte too far is seen. */
static void give(const void *message, uint32_t len)
{
	uint8_t *m = malloc(len ? len : 1);

	memcpy(m, message, len);
	take(m, len);
	free(m);
}

static void names_and_sizes(void **state)
{
	static const uint8_t resize[12] = { 1, 0, 0, 0, 5, 0, 0, 0, 132, 0, 50, 0 };
	struct winsize ws;
	uint16_t cols, rows;

	(void)state;
	set_up();
	give("\1\0\0\0\7\0\1\0second", 14);
	give(resize, 12);
	assert_ptr_equal(ofl_conports_find("/dev/second"), &ports[1]);
	assert_ptr_equal(ofl_conports_find("/dev/hvc2"), &ports[2]);
	assert_null(ofl_conports_find("/dev/hvc3"));
	assert_null(ofl_conports_find("/dev/"));
	assert_null(ofl_conports_find("second"));
	assert_null(ofl_conports_find(NULL));
	ofl_conports_size(&ports[1], &cols, &rows);
	assert_int_equal(cols, 132);
	assert_int_equal(rows, 50);
	assert_int_equal(ofl_tty_ioctl(1, TIOCGWINSZ, &ws), 0);
	assert_int_equal(ws.ws_col, 132);
	assert_int_equal(ofl_tty_ioctl(2, TIOCGWINSZ, &ws), 0);
	assert_int_equal(ws.ws_col, 0);
	assert_int_equal(ofl_tty_ioctl(1, 0x1234, &ws), -ENOTTY);
	assert_int_equal(ofl_tty_ioctl(9, TIOCGWINSZ, &ws), -ENOTTY);
	free(con.tx_buf);
}

static void lies(void **state)
{
	uint8_t long_name[CTRL_SIZE] = { 0, 0, 0, 0, 7 };
	uint16_t cols, rows;

	(void)state;
	set_up();
	memset(long_name + 8, 'n', sizeof(long_name) - 8);
	give(long_name, sizeof(long_name));	       /* too long */
	give("\0\0\0\0\7\0\1\0", 8);		       /* empty */
	give("\0\0\0\0\7\0\1\0a/b", 11);		       /* a path */
	give("\0\0\0\0\7\0\1\0a\0b", 11);		       /* a NUL */
	give("\3\0\0\0\7\0\1\0abc", 11);		       /* no such port */
	give("\0\0\0\200\7\0\1\0abc", 11);
	give("\0\0\0\0\5\0\1\0\1\1\1", 11);	       /* cut off */
	give("\0\0\0", 3);
	give("", 0);
	for (unsigned int p = 0; p < 3; p++)
		assert_int_equal(con.port[p].name[0], 0);
	ofl_conports_size(&ports[0], &cols, &rows);
	assert_int_equal(cols, 0);
	free(con.tx_buf);
}

static void any_bytes(void **state)
{
	unsigned int seed = 5;
	uint8_t m[CTRL_SIZE];

	(void)state;
	set_up();
	for (unsigned int i = 0; i < 100000; i++) {
		for (unsigned int j = 0; j < sizeof(m); j++)
			m[j] = (uint8_t)(rand_r(&seed) % 2 ? rand_r(&seed) % 9 :
							     rand_r(&seed));
		if (rand_r(&seed) % 2)
			m[1] = m[2] = m[3] = m[5] = 0;
		give(m, (uint32_t)rand_r(&seed) % (CTRL_SIZE + 1));
		for (unsigned int p = 0; p < 3; p++)
			assert_non_null(memchr(con.port[p].name, 0,
					       sizeof(con.port[p].name)));
	}
	free(con.tx_buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_sizes),
		cmocka_unit_test(lies),
		cmocka_unit_test(any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
