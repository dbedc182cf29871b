/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "spread.h"

/* Values below SPREAD_PARTS have buckets of their own; then each doubling has SPREAD_PARTS. */
static unsigned bucket_of(uint64_t value)
{
    if (value < SPREAD_PARTS)
        return (unsigned)value;
    unsigned shift = 63u - (unsigned)__builtin_clzll(value) - 4; /* 16 .. 31 remain */
    return (shift + 1) * SPREAD_PARTS + (unsigned)(value >> shift) - SPREAD_PARTS;
}

/* The largest value of a bucket. */
static int64_t top_of(unsigned bucket)
{
    if (bucket < SPREAD_PARTS)
        return bucket;
    unsigned shift = bucket / SPREAD_PARTS - 1;
    uint64_t first = SPREAD_PARTS + bucket % SPREAD_PARTS;
    return (int64_t)(((first + 1) << shift) - 1);
}

void spread_add(spread *s, int64_t ns)
{
    uint64_t value = ns > 0 ? (uint64_t)ns : 0;
    s->count++;
    if (__builtin_add_overflow(s->sum, (int64_t)value, &s->sum)) /* times of a damaged file */
        s->sum = INT64_MAX;
    s->most = (int64_t)value > s->most ? (int64_t)value : s->most;
    s->bucket[bucket_of(value)]++;
}

int64_t spread_at(const spread *s, double part)
{
    double wanted = part * (double)s->count;
    uint64_t below = 0;
    for (unsigned i = 0; i < SPREAD_BUCKETS; i++) {
        below += s->bucket[i];
        if (s->bucket[i] && (double)below >= wanted)
            return top_of(i) < s->most ? top_of(i) : s->most;
    }
    return s->most;
}
