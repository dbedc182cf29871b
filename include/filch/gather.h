/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Scatter-gather: several are asked at the same time, and as many answers as are needed are enough:
 * the fastest of two replicas, a majority of five, all shards. For service authors. J. Dean, L. A.
 * Barroso, The Tail at Scale, 2013; D. K. Gifford, Weighted Voting for Replicated Data, 1979.
 *
 *   static int ask(filch_self self, filch_context *context, void *replica, void **answer) { ... }
 *
 *   filch_ask asks[] = {{.fn = ask, .arg = &a}, {.fn = ask, .arg = &b}, {.fn = ask, .arg = &c}};
 *   filch_answer answers[3];
 *   int rc = filch_gather(rt, &(filch_gather_config){.asks = asks, .count = 3, .quorum = 2,
 *                         .drop = free}, answers, filch_in(50 * FILCH_MILLISECOND));
 *
 * It is decided when `quorum` have succeeded, when so many have failed that they cannot any more, at
 * the time `until`, or when the caller's context is done. Then the context of those who still work
 * is done, and filch_gather returns without waiting for them (or with `linger` waits); those who have
 * not begun are not called. What comes late is dropped.
 * Life: what a function uses has to live until it returns, and so has the runtime: `release` is told
 * when, for each.
 * Threads: a task suspends, any other thread blocks.
 * To ask many about many different things, so many at a time, use a pipeline of one stage
 * (<filch/pipeline.h>). */
#ifndef FILCH_GATHER_H
#define FILCH_GATHER_H

#include <filch/context.h>
#include <filch/failure.h>
#include <filch/runtime.h>
#include <stdbool.h>

/* The most that are asked at a time. */
#define FILCH_ASKS_MAX 65536

/* Returns 0, and its answer in *answer, which is NULL before; or a negative errno (any other number
 * counts as -EINVAL): what filch_error() says of that becomes the message, and *answer is nobody's.
 * `self` is for forks; the context is done when nobody needs the answer any more. */
typedef int filch_ask_fn(filch_self self, filch_context *context, void *arg, void **answer);

typedef struct filch_ask {
    const char *name; /* for reports; not copied; default "ask" */
    filch_ask_fn *fn;
    void *arg;
} filch_ask;

/* What somebody who was asked has said when it was decided. */
typedef struct filch_answer {
    void *value;           /* the caller's, if the failure's code is 0 */
    filch_failure failure; /* code: 0; why it failed; -EINPROGRESS it had not answered */
} filch_answer;

/* Fields that are zero mean the default. */
typedef struct filch_gather_config {
    const filch_ask *asks;      /* copied */
    size_t count;               /* 1 .. FILCH_ASKS_MAX */
    size_t quorum;              /* answers that are enough; default: all */
    filch_context *context;     /* the functions' is below this one; may be NULL */
    void (*drop)(void *value);  /* gives an answer back that came too late; may be NULL */
    void (*release)(void *arg); /* its function has returned, or will not be called; may be NULL */
    bool linger; /* does not return before all functions have, and release was told */
    void *reserved[4];
} filch_gather_config;

FILCH_BEGIN_DECLS

/* Asks all on rt, or with NULL on the calling task's runtime, and waits until it is decided. 0 the
 * quorum was reached; -ENODATA it cannot be, and filch_error() says who was the first to fail;
 * -ETIMEDOUT; the context's cause. In all these cases answers[0 .. count - 1] are filled, in the
 * order of the asks, whether or not the quorum was reached. -EINVAL a value that makes no sense, or a
 * negative time; -ENOMEM; -EAGAIN no timer; -ECHILD: nobody was asked, release was not told. */
FILCH_API int filch_gather(filch_runtime *rt, const filch_gather_config *config,
                           filch_answer *answers, int64_t until);

FILCH_END_DECLS
#endif
