/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/filch.h>

FILCH_TASK(long, fib, (int, n))
{
    if (n < 2)
        return n;
    FILCH_FORK(fib, n - 1);
    FILCH_FORK(fib, n - 2);
    long left, right;
    return FILCH_JOIN(left, fib) + FILCH_JOIN(right, fib);
}
