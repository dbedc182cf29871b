/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/filch.h>

FILCH_TASK(long, fib, (int, n))
{
    if (n < 2)
        return n;
    FILCH_FORK(fib, n - 1);
    long right = fib(self, n - 2);
    FILCH_JOIN(long left, fib);
    return left + right;
}

FILCH_TASK(long, add, (long, a), (long, b), (long, c), (long, d), (long, e))
{
    return a + b + c + d + e;
}

FILCH_VOID_TASK(all, (int, n), (long *, sum))
{
    for (int i = 0; i < n; i++)
        FILCH_FORK(add, i, 1, 2, 3, fib(self, i));
    for (int i = 0; i < n; i++) {
        FILCH_JOIN(long x, add);
        *sum += x;
    }
    FILCH_FORK(all, 0, sum);
    FILCH_JOIN_VOID(all);
}

long run(filch_runtime *rt);
long run(filch_runtime *rt)
{
    long sum = FILCH_RUN(rt, fib, 10);
    FILCH_RUN(rt, all, 5, &sum);
    return sum;
}
