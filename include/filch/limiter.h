/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Rate limits: a limited number of permits per second, and at most a burst at once. A limiter has
 * one limit for all callers; a keyed limiter has one for each key (user, host, address). For
 * engineers and service authors. It is a token bucket, kept as in the generic cell rate algorithm
 * (ITU-T I.371, 1993, annex A): no thread refills it.
 *
 *   filch_limiter *requests;
 *   filch_limiter_create(&requests, (filch_limit){.rate = 100, .burst = 20});
 *   if (filch_limiter_allow(requests, 1)) ...                        refuse: too many
 *   rc = filch_limiter_acquire(requests, 1, context, filch_in(FILCH_SECOND));    or wait for one
 *   filch_limiter_destroy(requests);
 *
 * Guarantee: in any span of t ns, the permits that become available number at most burst + rate *
 * t / period. Rounding errors do not add up: sums are exact, and each time is the next whole
 * nanosecond. Permits given back go to the next caller; a limiter remembers up to eight gaps of
 * them, and forgets the earliest beyond that.
 * Life: created, used, destroyed.
 * Threads: any task or thread. Suspends: _acquire, as <filch/wait.h> says, and _destroy.
 * Errors: 0 or a negative errno; no permit was taken then. -EINVAL: permits is 0, or more than
 * burst. -EOVERFLOW: they would be available after more than 292 years; give some back.
 * Since 0.1.0. */
#ifndef FILCH_LIMITER_H
#define FILCH_LIMITER_H
#include <filch/detail/hide_words.h>

#include <filch/context.h>

/* ---- Types ---- */

/* `rate` permits each `period`; an idle limiter saves up to `burst` of them. */
typedef struct filch_limit {
    uint32_t rate;  /* 1..1,000,000,000 */
    uint32_t burst; /* 1..INT32_MAX; also the most permits per call */
    int64_t period; /* ns, at most a day; 0: a second */
} filch_limit;

typedef struct filch_limiter filch_limiter;
typedef struct filch_keyed_limiter filch_keyed_limiter;

/* Permits that belong to the caller from a given time on. */
typedef struct filch_reservation {
    int64_t at;       /* ns of filch_now(); may have passed */
    unsigned permits; /* 0: given back */
    filch_limiter *limiter;
    uint64_t reserved[6]; /* opaque */
} filch_reservation;

FILCH_BEGIN_DECLS

/* ---- Limiter ---- */

/* Creates a limiter with `burst` permits. Errors: -EINVAL (out is NULL, or the limit is
 * invalid); -ENOMEM. */
FILCH_API int filch_limiter_create(filch_limiter **out, filch_limit limit);
/* Frees it; do not use it afterwards. Waiters get -EIDRM. NULL is allowed. Error: -EBUSY (a
 * pool or an adaptive rate still uses it, which filch_error() names: destroy that first; nothing
 * has happened). */
FILCH_API int filch_limiter_destroy(filch_limiter *limiter);

/* Takes that many permits if they are available now. Does not wait. Error: -EAGAIN (they are
 * not). */
FILCH_API int filch_limiter_allow(filch_limiter *limiter, unsigned permits);
/* Takes permits as of the earliest possible time and stores that time in *out; the caller must not
 * use them earlier. Does not wait. Error: -EINVAL (out is NULL). */
FILCH_API int filch_limiter_reserve(filch_limiter *limiter, unsigned permits,
                                    filch_reservation *out);
/* Gives back an unused reservation, before or after its time. Does not wait. Errors: -EALREADY
 * (given back before); -ESTALE (the limit has been changed since: it counts as used, and there is
 * nothing to do). */
FILCH_API int filch_limiter_give_back(filch_reservation *reservation);
/* Reserves permits and waits for their time; returns 0 when it has come. If it would come after
 * `until`, or after the context's deadline, returns -ETIMEDOUT at once. If the context (may be
 * NULL) is done first, returns its cause and gives the permits back. Further errors: -EINVAL (a
 * negative time); -ENOMEM or -EAGAIN (no timer); -EIDRM. */
FILCH_API int filch_limiter_acquire(filch_limiter *limiter, unsigned permits,
                                    filch_context *context, int64_t until);

/* Changes the limit. Permits already taken stay taken: the bucket lacks the same number as before.
 * Waiters get another time, in the same order, or -ETIMEDOUT, or -EINVAL if they want more than the
 * new burst; reservations keep theirs. Does not wait. Error: -EINVAL (the limit is invalid). */
FILCH_API int filch_limiter_set(filch_limiter *limiter, filch_limit limit);
/* Returns the current limit. */
FILCH_API filch_limit filch_limiter_get(filch_limiter *limiter);
/* Returns the permits available to one call now; possibly outdated on return. */
FILCH_API unsigned filch_limiter_available(filch_limiter *limiter);

/* ---- Keyed limiter ---- */

/* A key is a number of bytes, which are copied. Only keys that have used permits recently are kept.
 * When there is no room, a key with its whole burst saved is replaced, which loses nothing. */

/* Creates a keyed limiter for up to `keys` keys of at most `key_size` bytes. Errors: -EINVAL (out
 * is NULL, the limit is invalid, or keys or key_size is 0); -ENOMEM. */
FILCH_API int filch_keyed_limiter_create(filch_keyed_limiter **out, filch_limit limit,
                                         unsigned keys, unsigned key_size);
/* Frees it; do not use it afterwards. Waiters get -EIDRM. NULL is allowed. */
FILCH_API void filch_keyed_limiter_destroy(filch_keyed_limiter *limiters);

/* As filch_limiter_allow, for the key of `size` bytes. Further errors: -ENOSPC (no room for another
 * key: all known ones are in use); -EINVAL (key is NULL, or size is 0 or more than key_size). */
FILCH_API int filch_keyed_limiter_allow(filch_keyed_limiter *limiters, const void *key, size_t size,
                                        unsigned permits);
/* As filch_limiter_reserve, for the key of `size` bytes. Give it back with filch_limiter_give_back,
 * as long as the keyed limiter exists. Further errors: as filch_keyed_limiter_allow. */
FILCH_API int filch_keyed_limiter_reserve(filch_keyed_limiter *limiters, const void *key,
                                          size_t size, unsigned permits, filch_reservation *out);
/* As filch_limiter_acquire, for the key of `size` bytes. Further errors: as
 * filch_keyed_limiter_allow. */
FILCH_API int filch_keyed_limiter_acquire(filch_keyed_limiter *limiters, const void *key,
                                          size_t size, unsigned permits, filch_context *context,
                                          int64_t until);
/* Changes the limit of all keys, including future ones. One caller at a time. Error:
 * -EINVAL (the limit is invalid). */
FILCH_API int filch_keyed_limiter_set(filch_keyed_limiter *limiters, filch_limit limit);
/* Returns the number of keys that are kept. */
FILCH_API unsigned filch_keyed_limiter_count(filch_keyed_limiter *limiters);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
