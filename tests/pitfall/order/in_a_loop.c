/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Straight-line code in the body of a loop. */
#include <filch/filch.h>

FILCH_TASK_DECLARE(long, a, (long, n));
FILCH_TASK_DECLARE(long, b, (long, n));
FILCH_TASK_DECLARE(long, all, (long, n));

FILCH_TASK_DEFINE(long, all, (long, n))
{
    long sum = 0;
    for (long i = 0; i < n; i++) {
        FILCH_FORK(a, i);
        FILCH_FORK(b, i);
        FILCH_JOIN(long x, a);
        FILCH_JOIN(long y, b);
        sum += x + y;
    }
    return sum;
}
