/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Right orders of joins, also such that only the programmer can know to be right: no warning, and
 * no call left over. */
#include <filch/filch.h>

long opaque(int n);
void touch(filch_self self);

FILCH_TASK(long, a, (long, n))
{
    return n + 1;
}

FILCH_TASK(long, b, (long, n))
{
    return n + 2;
}

FILCH_VOID_TASK(c, (long *, to))
{
    *to += 3;
}

FILCH_TASK(long, nested, (int, n))
{
    long sum = 0;
    FILCH_FORK(a, n);
    FILCH_FORK(b, n);
    FILCH_FORK(c, &sum);
    touch(self);
    FILCH_JOIN_VOID(c);
    FILCH_FORK(b, 1);
    FILCH_FORK(b, 2);
    FILCH_JOIN(long w, b);
    FILCH_JOIN(long x, b);
    FILCH_JOIN(long y, b);
    FILCH_JOIN(long z, a);
    return sum + w + x + y + z;
}

FILCH_TASK(long, six_deep, (int, n))
{
    FILCH_FORK(a, n);
    FILCH_FORK(b, n);
    FILCH_FORK(a, n);
    FILCH_FORK(b, n);
    FILCH_FORK(a, n);
    FILCH_FORK(b, n);
    FILCH_JOIN(long f, b);
    FILCH_JOIN(long e, a);
    FILCH_JOIN(long d, b);
    FILCH_JOIN(long c3, a);
    FILCH_JOIN(long c2, b);
    FILCH_JOIN(long c1, a);
    return c1 + c2 + c3 + d + e + f;
}

FILCH_TASK(long, loops, (int, n))
{
    long sum = 0;
    FILCH_FORK(c, &sum);
    for (int i = 0; i < n; i++)
        FILCH_FORK(a, i);
    for (int i = 0; i < 3; i++)
        FILCH_FORK(b, i);
    for (int i = 0; i < 3; i++) {
        FILCH_JOIN(long x, b);
        sum += x;
    }
    for (int i = 0; i < n; i++) {
        FILCH_JOIN(long x, a);
        sum += x;
    }
    FILCH_JOIN_VOID(c);
    return sum;
}

/* clang unrolls both loops. */
FILCH_TASK(long, few, (long, n), (unsigned, depth))
{
    long sum = 0;
    for (unsigned i = 0; depth && i < 2; i++)
        FILCH_FORK(few, opaque((int)n) + i, depth - 1);
    for (unsigned i = 0; i < 4; i++)
        sum += opaque((int)i);
    for (unsigned i = 0; depth && i < 2; i++) {
        FILCH_JOIN(long x, few);
        sum += x;
    }
    return sum;
}

FILCH_TASK(long, alternates, (int, n))
{
    long sum = 0;
    for (int i = 0; i < n; i++)
        if (opaque(i))
            FILCH_FORK(a, i);
        else
            FILCH_FORK(b, i);
    while (n--) {
        long x;
        if (opaque(n))
            FILCH_JOIN(x, a);
        else
            FILCH_JOIN(x, b);
        sum += x;
    }
    return sum;
}

FILCH_TASK(long, conditions, (int, n))
{
    long x = 0, y = 0;
    if (n > 3)
        FILCH_FORK(a, n);
    if (opaque(n))
        FILCH_FORK(b, n);
    if (opaque(n))
        FILCH_JOIN(y, b);
    if (n > 3)
        FILCH_JOIN(x, a);
    return x + y;
}

FILCH_TASK(long, either, (int, n))
{
    long x;
    if (opaque(n))
        FILCH_FORK(a, n);
    else
        FILCH_FORK(b, n);
    if (opaque(n))
        FILCH_JOIN(x, a);
    else
        FILCH_JOIN(x, b);
    return x;
}

FILCH_TASK(long, cases, (int, n))
{
    long x = 0;
    switch (n) {
    case 0:
        FILCH_FORK(a, n);
        break;
    case 1:
        FILCH_FORK(b, n);
        break;
    default:
        return 0;
    }
    touch(self);
    switch (n) {
    case 0:
        FILCH_JOIN(x, a);
        break;
    default:
        FILCH_JOIN(x, b);
    }
    return x;
}

FILCH_TASK(long, jumps, (int, n))
{
    long sum = 0, x;
again:
    FILCH_FORK(a, n);
    FILCH_FORK(b, n);
    FILCH_JOIN(x, b);
    sum += x;
    FILCH_JOIN(x, a);
    sum += x;
    if (--n > 0)
        goto again;
    return sum;
}

/* Not a body: nothing is noted here, in any order. */
static long helper(filch_self self, long n)
{
    FILCH_FORK(a, n);
    FILCH_FORK(b, n);
    FILCH_JOIN(long x, b);
    FILCH_JOIN(long y, a);
    return x + y;
}

FILCH_TASK(long, recurses, (int, n))
{
    if (n < 2)
        return n;
    FILCH_FORK(recurses, n - 1);
    FILCH_FORK(a, helper(self, recurses(self, n - 3)));
    long x = recurses(self, n - 2);
    FILCH_JOIN(long y, a);
    FILCH_JOIN(long z, recurses);
    return x + y + z;
}

long run(filch_runtime *rt, int n);
long run(filch_runtime *rt, int n)
{
    return FILCH_RUN(rt, nested, n) + FILCH_RUN(rt, six_deep, n) + FILCH_RUN(rt, loops, n) +
           FILCH_RUN(rt, few, n, 5) + FILCH_RUN(rt, alternates, n) + FILCH_RUN(rt, conditions, n) +
           FILCH_RUN(rt, either, n) + FILCH_RUN(rt, cases, n) + FILCH_RUN(rt, jumps, n) +
           FILCH_RUN(rt, recurses, n);
}
