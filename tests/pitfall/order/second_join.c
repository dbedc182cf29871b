/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The first join is right, the second is not; a call and a condition lie between. */
#include <filch/filch.h>

FILCH_TASK_DECLARE(long, a, (long, n));
FILCH_TASK_DECLARE(long, b, (long, n));
FILCH_VOID_TASK_DECLARE(c, (long *, n));
long opaque(filch_self self, long n);

FILCH_TASK_DEFINE(long, a, (long, n))
{
    if (n < 2)
        return n;
    FILCH_FORK(a, n - 1);
    FILCH_FORK(b, n);
    FILCH_FORK(c, &n);
    long x = opaque(self, n);
    FILCH_JOIN_VOID(c);
    if (x)
        x = opaque(self, x);
    FILCH_JOIN(long y, a);
    FILCH_JOIN(long z, b);
    return x + y + z;
}
