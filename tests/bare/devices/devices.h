/* SPDX-License-Identifier: BSD-2-Clause */
/* tests/bare/devices.c: its parts. */
#ifndef OFL_TEST_DEVICES_H
#define OFL_TEST_DEVICES_H

/* For what must come, however busy the machine is; and for what must not. */
#define PATIENCE_MS 60000
#define SILENCE_MS 200

/* poll() of one; 0: not in time. */
int ready(int fd, int events, int ms);

void devices_entropy(void);
void devices_vsock(void);
void devices_net(void);

#endif
