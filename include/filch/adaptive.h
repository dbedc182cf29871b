/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A concurrency limit that finds itself: how many calls of a database, a service or a disk may be in
 * progress at once, when nobody knows how many it bears. For service authors.
 *
 *   filch_adaptive *database;
 *   filch_adaptive_create(&database, NULL);
 *   if ((rc = filch_adaptive_acquire(database, context, filch_in(FILCH_SECOND))))
 *       ...                                                   not admitted: say so at once
 *   int64_t begun = filch_now();
 *   rc = query();
 *   filch_adaptive_release(database, rc ? FILCH_ADAPTIVE_OVERLOAD : FILCH_ADAPTIVE_OK,
 *                          filch_now() - begun);
 *
 * By Little's law (J. D. C. Little, Operations Research 9(3), 1961), calls in progress = throughput *
 * latency: once more calls no longer raise the throughput, they raise the latency, by waiting inside.
 * So the limit rises by one as long as the latency is near the best that was seen, and falls by a
 * factor when it is not (additive increase, multiplicative decrease: D. Chiu, R. Jain, Computer
 * Networks and ISDN Systems 17, 1989).
 * Threads: any task or thread. May suspend: acquiring, and destroying.
 * Errors: 0 or a negative errno; then nothing was acquired. */
#ifndef FILCH_ADAPTIVE_H
#define FILCH_ADAPTIVE_H

#include <filch/context.h>

/* ---- Types ---- */

typedef struct filch_adaptive filch_adaptive;

/* Zero in a field: the default. */
typedef struct filch_adaptive_config {
    unsigned min, max; /* of the limit: 1 and 1000; at most 1,000,000 */
    unsigned start;    /* 20, or what is nearest to it between min and max */
    unsigned
        tolerance; /* percent of the best latency from which on it is too long: 200; 101..10,000 */
    unsigned decrease; /* percent of the limit that are left when it falls: 90; 1..99 */
    int64_t memory;    /* ns after which a latency may be forgotten as the best: a minute */
} filch_adaptive_config;

/* What came of a call. */
typedef enum filch_adaptive_outcome {
    FILCH_ADAPTIVE_OK,       /* done, well or badly: its latency counts */
    FILCH_ADAPTIVE_OVERLOAD, /* refused, dropped or too late since there was too much to do */
    FILCH_ADAPTIVE_IGNORE    /* says nothing: not made, cancelled, answered from a cache */
} filch_adaptive_outcome;

typedef struct filch_adaptive_stats {
    unsigned limit, running, waiting;
    unsigned busy;   /* running * best / average: how many the other side works on; the others wait
                        there (Little's law) */
    int64_t best;    /* latency, ns; 0: none is known */
    int64_t average; /* of the last round of `limit` calls, ns */
    uint64_t admitted, released, overloads;
    uint64_t raised, lowered; /* how often the limit was */
} filch_adaptive_stats;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* config may be NULL. -EINVAL out is NULL, or a value out of range; -ENOMEM. */
FILCH_API int filch_adaptive_create(filch_adaptive **out, const filch_adaptive_config *config);
/* Who waits gets -EIDRM; nobody may call it any more. NULL is allowed. */
FILCH_API void filch_adaptive_destroy(filch_adaptive *adaptive);

/* ---- Operations ---- */

/* Waits while as many are in progress as the limit says, or others wait: first come, first served.
 * Each that returned 0 needs one filch_adaptive_release. -ETIMEDOUT; the context's cause (NULL:
 * none); -EINVAL a negative time; -ENOMEM, -EAGAIN no timer; -EIDRM. */
FILCH_API int filch_adaptive_acquire(filch_adaptive *adaptive, filch_context *context,
                                     int64_t until);
/* The same, but does not wait: -EAGAIN. */
FILCH_API int filch_adaptive_try_acquire(filch_adaptive *adaptive);
/* It is over, and took `latency` ns, without the time of the acquisition; more than an hour counts
 * as one. By anybody. -EINVAL no such outcome, or a negative latency: counts as ignored, but is
 * released. Dies if nothing was acquired. */
FILCH_API int filch_adaptive_release(filch_adaptive *adaptive, filch_adaptive_outcome outcome,
                                     int64_t latency);
/* Other bounds; the limit moves into them at once. -EINVAL as on creation; 0: the default. */
FILCH_API int filch_adaptive_set(filch_adaptive *adaptive, unsigned min, unsigned max);

/* ---- Queries: true when they are asked ---- */

FILCH_API unsigned filch_adaptive_limit(filch_adaptive *adaptive);
FILCH_API void filch_adaptive_read(filch_adaptive *adaptive, filch_adaptive_stats *out);

FILCH_END_DECLS
#endif
