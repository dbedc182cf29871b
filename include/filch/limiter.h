/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Rate limits: so many permits a second, and at most so many at once; one limit for all, or one for
 * each key (user, host, address). For engineers and service authors. A token bucket, kept as the
 * generic cell rate algorithm does (ITU-T I.371, 1993, annex A): no thread refills it.
 *
 *   filch_limiter *requests;
 *   filch_limiter_create(&requests, (filch_limit){.rate = 100, .burst = 20});
 *   if (filch_limiter_allow(requests, 1)) ...                        refuse: too many
 *   rc = filch_limiter_wait(requests, 1, context, filch_in(FILCH_SECOND));    or wait for a turn
 *   filch_limiter_destroy(requests);
 *
 * What is promised: of the instants at which permits become somebody's, no span of t ns holds more
 * than burst + rate * t / period, and no rounding adds up: sums are exact; an instant is the next
 * whole nanosecond. What was given back goes to who comes next; of more than eight gaps at a time the
 * earliest are lost.
 * Threads: any task or thread. May suspend: what waits (<filch/wait.h>), and destroying.
 * Errors: 0 or a negative errno; then no permit was taken. -EINVAL permits is 0, or more than burst. */
#ifndef FILCH_LIMITER_H
#define FILCH_LIMITER_H

#include <filch/context.h>

/* ---- Types ---- */

/* `rate` permits each `period`, of which an idle limiter has saved up `burst`. */
typedef struct filch_limit {
    uint32_t rate;  /* 1..1,000,000,000 */
    uint32_t burst; /* 1..INT32_MAX; also the most that are had by one call */
    int64_t period; /* ns, at most a day; 0: a second */
} filch_limit;

typedef struct filch_limiter filch_limiter;
typedef struct filch_limiters filch_limiters;

/* Permits that are the caller's from a time on. */
typedef struct filch_reservation {
    int64_t at;       /* ns of filch_now(); perhaps past */
    unsigned permits; /* 0: they were given back */
    filch_limiter *limiter;
    uint64_t reserved[6]; /* the library's */
} filch_reservation;

FILCH_BEGIN_DECLS

/* ---- One limit ---- */

/* It has `burst` permits. -EINVAL out is NULL, or the limit is none; -ENOMEM. */
FILCH_API int filch_limiter_create(filch_limiter **out, filch_limit limit);
/* Who waits gets -EIDRM; nobody may call it any more. NULL is allowed. */
FILCH_API void filch_limiter_destroy(filch_limiter *limiter);

/* Takes permits if they are there now. -EAGAIN they are not. */
FILCH_API int filch_limiter_allow(filch_limiter *limiter, unsigned permits);
/* Takes permits as of the earliest time at which they can be had, and says when that is; the caller
 * keeps to it. Does not wait. -EOVERFLOW beyond all times; -EINVAL out is NULL. */
FILCH_API int filch_limiter_reserve(filch_limiter *limiter, unsigned permits,
                                    filch_reservation *out);
/* Of a reservation that was not used, before or after its time. -EALREADY it was given back; -ESTALE
 * the limit has been changed since: then it counts as used. */
FILCH_API int filch_limiter_give_back(filch_reservation *reservation);
/* The same as reserving, and waiting for the time; returns 0 when it has come. If it would come after
 * `until`, or after the context's deadline: -ETIMEDOUT, at once. When the context is done first (NULL:
 * never): its cause, and the permits are given back. -EINVAL a negative time; -ENOMEM, -EAGAIN no
 * timer; -EIDRM. */
FILCH_API int filch_limiter_wait(filch_limiter *limiter, unsigned permits, filch_context *context,
                                 int64_t until);

/* Another limit from now on. What has been taken stays taken: as many permits are missing from the
 * bucket as before. Who waits gets another instant, in the same order, or -ETIMEDOUT, or -EINVAL; reservations
 * keep theirs. -EINVAL the limit is none. */
FILCH_API int filch_limiter_set(filch_limiter *limiter, filch_limit limit);
FILCH_API filch_limit filch_limiter_get(filch_limiter *limiter);
/* How many one call could have now; perhaps no more when it is answered. */
FILCH_API unsigned filch_limiter_available(filch_limiter *limiter);

/* ---- A limit for each key. A key is bytes, which are copied. Known are only those that have used
 * permits lately: when there is no room, the place of one that has saved up its whole burst is taken,
 * which makes no difference to it ---- */

/* Room for `keys` keys of at most `key_size` bytes. -EINVAL out is NULL, the limit is none, or keys
 * or key_size is 0; -ENOMEM. */
FILCH_API int filch_limiters_create(filch_limiters **out, filch_limit limit, unsigned keys,
                                    unsigned key_size);
/* As filch_limiter_destroy. */
FILCH_API void filch_limiters_destroy(filch_limiters *limiters);

/* As above, for this key. Also: -ENOSPC there is no room for another key: all that are known are in
 * use; -EINVAL key is NULL, or size is 0 or more than key_size. */
FILCH_API int filch_limiters_allow(filch_limiters *limiters, const void *key, size_t size,
                                   unsigned permits);
/* To be given back by filch_limiter_give_back, as long as the limiters are there. */
FILCH_API int filch_limiters_reserve(filch_limiters *limiters, const void *key, size_t size,
                                     unsigned permits, filch_reservation *out);
FILCH_API int filch_limiters_wait(filch_limiters *limiters, const void *key, size_t size,
                                  unsigned permits, filch_context *context, int64_t until);
/* For all keys, those to come too. One caller at a time. -EINVAL. */
FILCH_API int filch_limiters_set(filch_limiters *limiters, filch_limit limit);
/* Of how many keys something is known. */
FILCH_API unsigned filch_limiters_count(filch_limiters *limiters);

FILCH_END_DECLS
#endif
