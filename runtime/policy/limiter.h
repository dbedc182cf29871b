/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A limiter from within: a bucket (runtime/policy/bucket.h) and the line of those who wait for an
 * instant that they have booked (runtime/sync/line.h), both under the line's lock. No shared word
 * but that lock.
 *
 *   a waiter has         the time comes     the context is done   the limit changes     the end
 *   a booking            0                  given back; cause     another booking, or   -EIDRM
 *                                                                 -ETIMEDOUT
 *
 * Who changes the limit takes all waiters out of the line, gives back what they have booked and
 * books anew for each; they come back by themselves, since each has another time to wait for. Who is
 * not in the line any more has been told something else, and keeps its booking.
 * Threads: any. */
#ifndef FL_LIMITER_H
#define FL_LIMITER_H

#include <runtime/policy/bucket.h>
#include <runtime/sync/line.h>

struct filch_limiter {
    fl_line line;
    fl_bucket bucket;
};

/* Zero bytes become one. */
void fl_limiter_init(filch_limiter *limiter, filch_limit limit);

/* As the public ones, at this time; `latest` as fl_bucket_book has it. */
int fl_limiter_book(filch_limiter *limiter, unsigned permits, int64_t now, int64_t latest,
                    fl_booking *out);
int fl_limiter_allow(filch_limiter *limiter, unsigned permits, int64_t now);
int fl_limiter_reserve(filch_limiter *limiter, unsigned permits, int64_t now,
                       filch_reservation *out);
void fl_limiter_set(filch_limiter *limiter, filch_limit limit, int64_t now);
/* From when on it is as new. */
int64_t fl_limiter_full_at(filch_limiter *limiter);

/* What filch_limiter_wait refuses before anything is booked; 0: nothing. */
int fl_limiter_wait_refuse(filch_context *context, int64_t until);

#endif
