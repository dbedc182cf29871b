/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <stdlib.h>
#include <tests/support/pools.h>

int rates_earlier(const void *a, const void *b)
{
    const grant *one = a, *other = b;
    return one->at < other->at ? -1 : one->at > other->at;
}

bool rates_allow(filch_limit limit, uint64_t permits, int64_t ns)
{
    int64_t period = limit.period ? limit.period : FILCH_SECOND;
    return permits <= limit.burst ||
           (__int128)(permits - limit.burst) * period <= (__int128)ns * limit.rate;
}

bool rates_kept(filch_limit limit, grant *grants, size_t count)
{
    qsort(grants, count, sizeof *grants, rates_earlier);
    for (size_t from = 0; from < count; from++) {
        uint64_t sum = 0;
        for (size_t to = from; to < count; to++) {
            sum += grants[to].permits;
            if (!rates_allow(limit, sum, grants[to].at - grants[from].at + 1))
                return false;
        }
    }
    return true;
}
