/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/filch.h>

FILCH_TASK(long, one)
{
    return 1;
}

FILCH_TASK(long, many, (int, n))
{
    long sum = 0;
    for (int i = 0; i < n; i++)
        FILCH_FORK(one);
    for (int i = 0; i < n; i++)
        FILCH_JOIN(long x, one);
    return sum;
}
