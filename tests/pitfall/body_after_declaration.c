/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/filch.h>

FILCH_TASK_DECLARE(long, fib, (int, n))
{
    if (n < 2)
        return n;
    FILCH_FORK(fib, n - 1);
    long right = fib(self, n - 2);
    FILCH_JOIN(long left, fib);
    return left + right;
}

long run(filch_runtime *rt);
long run(filch_runtime *rt)
{
    return FILCH_RUN(rt, fib, 10);
}
