/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The clock. Apart from wait.c, so that modules of brokers hold it without the scheduler. */
#include <filch/wait.h>

#include <runtime/platform/clock.h>

int64_t filch_now(void)
{
    return fl_now();
}

int64_t filch_in(int64_t ns)
{
    int64_t now = fl_now();
    return ns <= 0 ? now : ns > FILCH_FOREVER - now ? FILCH_FOREVER : now + ns;
}
