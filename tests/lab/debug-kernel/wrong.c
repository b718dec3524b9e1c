// SPDX-License-Identifier: GPL-2.0-only
/*
 * insmod wrong.ko what=leak|freed|order: what a kernel that looks closely has to see
 * (tests/lab/debug-kernel/proof).
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

static char *what;
module_param(what, charp, 0444);

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static noinline int leak(void)
{
	unsigned int i;

	for (i = 0; i < 10; i++)
		if (!kzalloc(1000, GFP_KERNEL))
			return -ENOMEM;
	return 0;
}

static noinline int freed(void)
{
	int *p = kmalloc(1000, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	kfree(p);
	return READ_ONCE(*p) == 42 ? -EINVAL : 0;
}

static noinline int order(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
	return 0;
}

static int __init wrong_init(void)
{
	if (what && !strcmp(what, "leak"))
		return leak();
	if (what && !strcmp(what, "freed"))
		return freed();
	if (what && !strcmp(what, "order"))
		return order();
	return -EINVAL;
}
module_init(wrong_init);

static void __exit wrong_exit(void)
{
}
module_exit(wrong_exit);

MODULE_DESCRIPTION("mistakes, for kernels that look for them");
MODULE_LICENSE("GPL");
