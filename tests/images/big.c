/* SPDX-License-Identifier: BSD-2-Clause */
/* offload: no-pmm */
/* native: no */
/* Larger than the private memory that the module takes by default. */
static char room[20 << 20];

int main(int argc, char **argv)
{
	(void)argv;
	*(volatile char *)&room[argc] = 1;
	return 0;
}
