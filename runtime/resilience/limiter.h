/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A limiter, internal part: a bucket (runtime/resilience/token_bucket.h) and the line of waiters for the
 * time that they have booked (runtime/sync/wait_queue.h), both under the line's lock. No shared
 * word but that lock.
 *
 *   a waiter has         the time comes     the context is done   the limit changes     the end
 *   a booking            0                  given back; cause     another booking, or   -EIDRM
 *                                                                 -ETIMEDOUT
 *
 * A change of the limit takes all waiters out of the line, gives their bookings back and books anew
 * for each; they come back by themselves, since each has another time to wait for. A waiter that
 * has left the line was told something else, and keeps its booking.
 * Threads: any. */
#ifndef FL_LIMITER_H
#define FL_LIMITER_H

#include <runtime/platform/users.h>
#include <runtime/resilience/token_bucket.h>
#include <runtime/sync/wait_queue.h>

struct filch_limiter {
    fl_wait_queue wait_queue;
    uint32_t life; /* runtime/platform/given.h */
    fl_users users;
    fl_bucket bucket;
};

/* Zero bytes become one. */
void fl_limiter_init(filch_limiter *limiter, filch_limit limit);

/* The public calls, with the time given; `latest` as for fl_bucket_book. */
int fl_limiter_book(filch_limiter *limiter, unsigned permits, int64_t now, int64_t latest,
                    fl_booking *out);
int fl_limiter_allow(filch_limiter *limiter, unsigned permits, int64_t now);
int fl_limiter_reserve(filch_limiter *limiter, unsigned permits, int64_t now,
                       filch_reservation *out);
void fl_limiter_set(filch_limiter *limiter, filch_limit limit, int64_t now);
/* The time from which it is as new. */
int64_t fl_limiter_full_at(filch_limiter *limiter);

/* filch_limiter_acquire for another public call, `call`: a literal, for reports. */
int fl_limiter_wait(const char *call, filch_limiter *limiter, unsigned permits,
                    filch_context *context, int64_t until);
/* The arguments that filch_limiter_acquire refuses before it books anything; 0: none. */
int fl_limiter_wait_refuse(filch_context *context, int64_t until);

#endif
