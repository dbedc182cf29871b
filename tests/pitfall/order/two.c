/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/filch.h>

FILCH_TASK(long, a, (long, n))
{
    return n + 1;
}

FILCH_VOID_TASK(b, (long *, n))
{
    *n += 2;
}

FILCH_TASK(long, both, (long, n))
{
    FILCH_FORK(a, n);
    FILCH_FORK(b, &n);
    FILCH_JOIN(long x, a);
    FILCH_JOIN_VOID(b);
    return x + n;
}

long run(filch_runtime *rt);
long run(filch_runtime *rt)
{
    return FILCH_RUN(rt, both, 1);
}
