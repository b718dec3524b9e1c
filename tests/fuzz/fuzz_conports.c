// SPDX-License-Identifier: BSD-2-Clause
/* A console's control messages, as the daemon may send them: a length, the bytes. */
#include "tests/unit/rt_mock.h"
#define main unit_main
#include "tests/unit/test_conports.c"
#undef main
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	uint8_t m[CTRL_SIZE];
	uint16_t cols, rows;

	set_up();
	while (in.left) {
		uint32_t len = fuzz_number(&in, 1) % (CTRL_SIZE + 1);

		fuzz_take(&in, m, len);
		give(m, len);
		MUST(con.nr == 3);
		for (unsigned int p = 0; p < con.nr; p++) {
			MUST(memchr(con.port[p].name, '\0', sizeof(con.port[p].name)));
			MUST(!strchr(con.port[p].name, '/'));
			ofl_conports_size(&ports[p], &cols, &rows);
			MUST(cols == con.port[p].cols && rows == con.port[p].rows);
		}
	}
	ofl_conports_find("/dev/hvc1");
	free(con.tx_buf);
	return 0;
}
