/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The functions that run.py disassembles: a fork and a join alone, and both in a recursion that the
 * compiler inlines into itself. Then the light fence between two stores of which it would otherwise
 * drop the first. */
#include <filch/task.h>

FILCH_TASK(long, fib, (int, n))
{
    if (n < 2)
        return n;
    FILCH_FORK(fib, n - 1);
    long right = fib(self, n - 2);
    FILCH_JOIN(long left, fib);
    return left + right;
}

filch_self one_fork(filch_self self);
filch_self one_fork(filch_self self)
{
    return filch_fork_inline(self, &fib_task);
}

int one_join(filch_slot *slot);
int one_join(filch_slot *slot)
{
    return filch_join_inline(slot, &fib_task);
}

void two_stores(long *at);
void two_stores(long *at)
{
    *at = 1;
    filch_fence_light();
    *at = 2;
}
