/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Scatter-gather: sends several requests at the same time and needs only a quorum of answers, such
 * as the faster of two replicas, a majority of five, or all shards. For service authors. J. Dean,
 * L. A. Barroso, The Tail at Scale, 2013; D. K. Gifford, Weighted Voting for Replicated Data, 1979.
 *
 *   static int ask(filch_self self, filch_context *context, void *replica, void **answer) { ... }
 *
 *   filch_ask asks[] = {{.fn = ask, .arg = &a}, {.fn = ask, .arg = &b}, {.fn = ask, .arg = &c}};
 *   filch_answer answers[3];
 *   int rc = filch_gather(rt, &(filch_gather_config){.asks = asks, .count = 3, .quorum = 2,
 *                         .drop = free}, answers, filch_in(50 * FILCH_MILLISECOND));
 *
 * The decision is made when `quorum` functions have succeeded, when too many have failed for that,
 * at the time `until`, or when the caller's context is done. Then the context of the running
 * functions is done, and filch_gather returns without waiting for them (with `linger` it waits).
 * Functions that have not begun are not called. Late answers are dropped.
 * For many unrelated requests with a limit on concurrency, use a pipeline of one stage
 * (<filch/pipeline.h>).
 * Life: data that a function uses must live until it returns, and so must the runtime: `release`
 * is called then, once per function.
 * Threads: tasks and any thread. Suspends: yes, as <filch/wait.h> says. Errors: a negative errno.
 * Since 0.1.0. */
#ifndef FILCH_GATHER_H
#define FILCH_GATHER_H
#include <filch/detail/hide_words.h>

#include <filch/base.h>
#include <filch/context.h>
#include <filch/runtime.h>
#include <stdbool.h>

/* The most concurrent requests. */
#define FILCH_ASKS_MAX 65536

/* Returns 0, and its answer in *answer, which is initially NULL. Or returns a negative errno
 * (any other number counts as -EINVAL): the text that filch_error() has for it becomes the
 * message, and *answer is ignored. `self` is for forks; the context is done when the answer is
 * no longer needed. */
typedef int filch_ask_fn(filch_self self, filch_context *context, void *arg, void **answer);

typedef struct filch_ask {
    const char *name; /* for reports; not copied; default "ask" */
    filch_ask_fn *fn;
    void *arg;
} filch_ask;

/* The state of one request at the decision. */
typedef struct filch_answer {
    void *value;           /* the caller's, if the failure's code is 0 */
    filch_failure failure; /* code: 0; the error; or -EINPROGRESS: no answer yet */
} filch_answer;

/* A zero field means the default. */
typedef struct filch_gather_config {
    const filch_ask *asks;      /* copied */
    size_t count;               /* 1 .. FILCH_ASKS_MAX */
    size_t quorum;              /* answers needed; default: all */
    filch_context *context;     /* parent of the functions' context; may be NULL */
    void (*drop)(void *value);  /* releases an answer that came too late; may be NULL */
    void (*release)(void *arg); /* the function has returned, or will not be called; may be NULL */
    bool linger; /* returns only after all functions have returned and release was called for
                    each */
    void *reserved[4];
} filch_gather_config;

FILCH_BEGIN_DECLS

/* Sends all requests of config on rt (NULL: the calling task's runtime), and waits for the
 * decision. Returns 0 (the quorum was reached); -ENODATA (it cannot be reached; filch_error() names
 * the first to fail: retry, or ask others); -ETIMEDOUT (at `until`); or the context's cause. In all
 * these cases answers[0 .. count - 1] are filled, in the order of the asks. Errors, with no
 * function called and release not called: -EINVAL (a field is out of range, or a negative time);
 * -ENOMEM; -EAGAIN (no timer); -ECHILD. */
FILCH_API int filch_gather(filch_runtime *rt, const filch_gather_config *config,
                           filch_answer *answers, int64_t until);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
