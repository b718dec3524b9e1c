/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFL_TEST_LIBC_H
#define OFL_TEST_LIBC_H

void libc_printf(void);
void libc_scanf(void);
void libc_string(void);
void libc_stdlib(void);
void libc_heap(void);
void libc_time(void);
void libc_jump(void);
void libc_math(void);

#endif
