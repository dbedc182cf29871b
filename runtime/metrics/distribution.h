/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Log-linear buckets (G. Tene, HdrHistogram, 2012): values below FL_BUCKETS_EACH have a bucket
 * each; above, each power of two is cut into FL_BUCKETS_EACH buckets of equal width. A bucket
 * stands for the value in its middle, which is off by at most 1 / (2 * FL_BUCKETS_EACH), 0.8 %, of
 * any value in it. All of int64_t is covered, so nothing can be out of range. */
#ifndef FL_DISTRIBUTION_H
#define FL_DISTRIBUTION_H

#include <filch/metrics.h>

enum { FL_BUCKETS_BITS = 6, FL_BUCKETS_EACH = 1 << FL_BUCKETS_BITS };
enum { FL_BUCKETS = (63 - FL_BUCKETS_BITS + 1) * FL_BUCKETS_EACH };

struct filch_snapshot {
    uint64_t count, sum;
    uint64_t above; /* one more than the greatest value; 0: none */
    uint32_t life;  /* runtime/platform/given.h */
    uint64_t counts[FL_BUCKETS];
};

/* value: not above INT64_MAX. */
static inline unsigned fl_bucket_of(uint64_t value)
{
    if (value < FL_BUCKETS_EACH)
        return (unsigned)value;
    unsigned power = 63 - (unsigned)__builtin_clzll(value) - FL_BUCKETS_BITS;
    return power * FL_BUCKETS_EACH + (unsigned)(value >> power);
}

/* The value that it stands for. */
static inline uint64_t fl_bucket_middle(unsigned bucket)
{
    if (bucket < FL_BUCKETS_EACH)
        return bucket;
    unsigned power = bucket / FL_BUCKETS_EACH - 1;
    uint64_t width = UINT64_C(1) << power;
    return ((uint64_t)(bucket % FL_BUCKETS_EACH + FL_BUCKETS_EACH) << power) + (width - 1) / 2;
}

#endif
