// SPDX-License-Identifier: GPL-2.0-only
/*
 * While this is loaded, the kernel refuses CPU hotplug, as it does during
 * suspend: the one way to see what offload.ko makes of it.
 */
#include <linux/cpu.h>
#include <linux/module.h>

static int __init hotplug_off_init(void)
{
	cpu_hotplug_disable();
	return 0;
}

static void __exit hotplug_off_exit(void)
{
	cpu_hotplug_enable();
}

module_init(hotplug_off_init);
module_exit(hotplug_off_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test: CPU hotplug disabled");
