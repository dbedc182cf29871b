/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A token bucket without a clock: the caller gives the time. For limiters.
 *
 * Each permit occupies T = period / rate ns of the time axis, for itself alone; n permits granted
 * at x occupy n * T somewhere in [x, x + burst * T]. So t ns grant no more permits than fit on t +
 * burst * T of the axis: burst + t / T. That holds for any order in which stretches of the axis are
 * taken and given back, so stretches in use need no record. A request gets the earliest free
 * stretch that does not begin in the past: a gap that was given back, else at the end (which alone
 * is the theoretical arrival time of I.371).
 *
 * Positions are counted in 1/rate ns, so that a permit is `period` units and now is now * rate:
 * whole numbers, 128 bits. Times given out are rounded up to whole ns; positions never are.
 *
 * Threads: one at a time. */
#ifndef FL_TOKEN_BUCKET_H
#define FL_TOKEN_BUCKET_H

#include <filch/limiter.h>

#include <stdbool.h>

typedef __int128 fl_position;

typedef struct fl_stretch {
    fl_position from, to;
} fl_stretch;

/* At most so many gaps are remembered; beyond that, the earliest are lost: their permits count as
 * used. */
enum { FL_GAPS = 8 };

typedef struct fl_bucket {
    filch_limit limit; /* its period is not 0 */
    uint32_t changes;  /* of the limit: positions from before mean nothing */
    unsigned gaps;
    fl_position end;         /* all after it is free */
    fl_position kept;        /* up to here lie only permits that will not come back, as far as is
                              * known */
    fl_stretch gap[FL_GAPS]; /* free before the end; ascending, apart, not touching the end */
} fl_bucket;

typedef struct fl_booking {
    int64_t at;
    uint32_t changes;
    fl_stretch stretch;
} fl_booking;

/* A bucket with the whole burst in it. The limit is valid (fl_limit_refuse). */
void fl_bucket_init(fl_bucket *bucket, filch_limit limit);
/* -EINVAL if it is not valid. */
int fl_limit_refuse(filch_limit limit);

/* Books permits from the earliest time on, which is now or later. -ETIMEDOUT: that would be after
 * `latest` (but now is never too late); -EOVERFLOW after all times; -EINVAL too many or none. Then
 * nothing has changed. */
int fl_bucket_book(fl_bucket *bucket, unsigned permits, int64_t now, int64_t latest,
                   fl_booking *out);
/* false: the limit has changed meanwhile; nothing is given back. */
bool fl_bucket_give_back(fl_bucket *bucket, const fl_booking *booking);
/* A booking that is used, or that its owner keeps. */
void fl_bucket_keep(fl_bucket *bucket, const fl_booking *booking);
/* Only kept bookings are left: so no permit is lost, however many were given back. */
void fl_bucket_only_kept(fl_bucket *bucket);
/* Keeps the number of permits that are missing. */
void fl_bucket_set(fl_bucket *bucket, filch_limit limit, int64_t now);

/* The most that could be booked for now. */
unsigned fl_bucket_available(const fl_bucket *bucket, int64_t now);
/* The time from which the whole burst is there, if nothing is taken until then. */
int64_t fl_bucket_full_at(const fl_bucket *bucket);

#endif
