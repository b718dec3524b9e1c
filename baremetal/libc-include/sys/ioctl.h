/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFFLOAD_SYS_IOCTL_H
#define OFFLOAD_SYS_IOCTL_H

#ifdef __cplusplus
extern "C" {
#endif

#define TIOCGWINSZ 0x5413 /* struct winsize *: of a console */
#define FIONREAD 0x541b	  /* int *: bytes that can be read now */
#define FIONBIO 0x5421	  /* int *: 1 non-blocking, 0 blocking */

/* 0 by 0: nobody has said. */
struct winsize {
	unsigned short ws_row;
	unsigned short ws_col;
	unsigned short ws_xpixel;
	unsigned short ws_ypixel;
};

int ioctl(int fd, unsigned long request, ...);

#ifdef __cplusplus
}
#endif
#endif
