/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * No bug: forked tasks write parts of one array, and the join orders them before the sum. */
#include <err.h>
#include <filch/filch.h>

enum { PARTS = 16 };
static long parts[PARTS];

FILCH_TASK(long, fill, (int, from), (int, to))
{
    if (to - from == 1) {
        parts[from] = from;
        return 1;
    }
    int middle = (from + to) / 2;
    FILCH_FORK(fill, from, middle);
    long right = fill(self, middle, to);
    FILCH_JOIN(long left, fill);
    return left + right;
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL))
        errx(2, "%s", filch_error());
    long filled = FILCH_RUN(rt, fill, 0, PARTS), sum = 0;
    for (int i = 0; i < PARTS; i++)
        sum += parts[i];
    if (filled != PARTS || sum != 120)
        errx(1, "%ld parts, sum %ld", filled, sum);
    return filch_runtime_destroy(rt);
}
