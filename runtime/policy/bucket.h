/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A token bucket without a clock: who asks says what time it is. For limiters.
 *
 * Each permit occupies T = period / rate ns of the time axis, for itself alone; n permits that can be
 * had at x occupy n * T somewhere in [x, x + burst * T]. So in t ns no more permits are had than
 * there is room for on t + burst * T of the axis: burst + t / T. That holds in whatever order
 * stretches of the axis are taken and given back, so nothing needs to be known of those that are in
 * use. Whoever asks gets the earliest free stretch that does not begin in the past: a gap that
 * somebody has given back, else at the end (which alone is the theoretical arrival time of I.371).
 *
 * Positions are counted in 1/rate ns, so that a permit is `period` units and now is now * rate: whole
 * numbers, 128 bits. Times given out are rounded up to whole ns; positions never are.
 *
 * Threads: one at a time. */
#ifndef FL_BUCKET_H
#define FL_BUCKET_H

#include <filch/limiter.h>

#include <stdbool.h>

typedef __int128 fl_position;

typedef struct fl_stretch {
    fl_position from, to;
} fl_stretch;

/* Gaps are remembered up to so many; of more, the earliest are lost: their permits count as used. */
enum { FL_GAPS = 8 };

typedef struct fl_bucket {
    filch_limit limit; /* its period is not 0 */
    uint32_t changes;  /* of the limit: positions from before mean nothing */
    unsigned gaps;
    fl_position end;         /* all after it is free */
    fl_position kept;        /* up to here lies what nobody will give back, as far as is known */
    fl_stretch gap[FL_GAPS]; /* free before the end; ascending, apart, not touching the end */
} fl_bucket;

typedef struct fl_booking {
    int64_t at;
    uint32_t changes;
    fl_stretch stretch;
} fl_booking;

/* A bucket with the whole burst in it. The limit is right (fl_limit_refuse). */
void fl_bucket_init(fl_bucket *bucket, filch_limit limit);
/* -EINVAL it is none. */
int fl_limit_refuse(filch_limit limit);

/* Permits from the earliest time on, which is now or later. -ETIMEDOUT that would be after `latest`
 * (but now is never too late), -EOVERFLOW after all times, -EINVAL too many or none; then nothing
 * has changed. */
int fl_bucket_book(fl_bucket *bucket, unsigned permits, int64_t now, int64_t latest,
                   fl_booking *out);
/* false: the limit has changed meanwhile; nothing is given back. */
bool fl_bucket_give_back(fl_bucket *bucket, const fl_booking *booking);
/* A booking that is used, or whose owner answers for it. */
void fl_bucket_keep(fl_bucket *bucket, const fl_booking *booking);
/* No booking is left but those that were kept: so no permit is lost, however many were given back. */
void fl_bucket_only_kept(fl_bucket *bucket);
/* Keeps the number of permits that are missing. */
void fl_bucket_set(fl_bucket *bucket, filch_limit limit, int64_t now);

/* The most that could be booked for now. */
unsigned fl_bucket_available(const fl_bucket *bucket, int64_t now);
/* From when on the whole burst is there, if nothing is taken until then. */
int64_t fl_bucket_full_at(const fl_bucket *bucket);

#endif
