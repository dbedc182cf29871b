/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Retries: repeat failed calls after growing, randomised delays. For service authors.
 *
 *   static const filch_retry_policy policy = {.attempts = 5, .base = 20 * FILCH_MILLISECOND};
 *   rc = filch_retry_run(&policy, context, ask, &question, NULL);      0, or the last error
 *
 *   filch_retry_state state;                                           in your own loop
 *   filch_retry_state_begin(&policy, &state);
 *   while (rc = ask(&question),
 *          filch_retry_state_next(&policy, &state, rc, &delay) == FILCH_RETRY_AGAIN)
 *       filch_sleep(delay);
 *
 * The wait after attempt n grows as base * factor^(n - 1), up to a cap, and is then made random
 * ("jitter"), so that calls that failed together are not retried together (M. Brooker, Exponential
 * Backoff And Jitter, AWS Architecture Blog, 2015). A budget keeps retries from multiplying the
 * load on a service that is already failing.
 * Life: policies, states and budgets are the caller's plain values; they need no destroy.
 * Threads: any task or thread; a policy is only read, a budget may be shared, a state belongs to
 * one caller. Suspends: filch_retry_run, and only between attempts; a waiting task holds no worker.
 * Errors: 0 or a negative errno.
 * Since 0.1.0. */
#ifndef FILCH_RETRY_H
#define FILCH_RETRY_H
#include <filch/detail/hide_words.h>

#include <filch/context.h>

#include <stdbool.h>

/* ---- Types ---- */

/* The range of a wait, with even probability; d = min(cap, base * factor^(n - 1)), and r is the
 * last wait, at first base: */
typedef enum filch_jitter {
    FILCH_JITTER_FULL,         /* 0 .. d */
    FILCH_JITTER_EQUAL,        /* d / 2 .. d */
    FILCH_JITTER_DECORRELATED, /* base .. 3 * r, then at most cap */
    FILCH_JITTER_NONE,         /* d */
    FILCH_JITTER_PROPORTIONAL  /* d minus `percent` % of it .. d plus as much, then at most cap */
} filch_jitter;

/* The decision after an attempt. */
typedef enum filch_retry_verdict {
    FILCH_RETRY_AGAIN,       /* another, after the wait */
    FILCH_RETRY_SUCCEEDED,   /* none: it returned 0 or more */
    FILCH_RETRY_FATAL,       /* none: its code is not retryable */
    FILCH_RETRY_NO_ATTEMPTS, /* none: that was the last */
    FILCH_RETRY_NO_TIME,     /* none: the wait would pass the deadline */
    FILCH_RETRY_NO_BUDGET    /* none: the budget is used up */
} filch_retry_verdict;

/* A limit on the retries of all runs that share it: a token bucket. Each retry takes a token, each
 * run adds a part of one. Opaque. */
typedef struct filch_retry_budget {
    filch_u32 lock;
    unsigned percent, per_second;
    int64_t most, balance, now; /* tokens / 10^9 */
} filch_retry_budget;

/* The report after an attempt. */
typedef struct filch_retry_report {
    unsigned attempt; /* 1, 2, ... */
    int code;         /* its result */
    filch_retry_verdict verdict;
    int64_t delay; /* before the next, ns; 0 if there is none */
} filch_retry_report;

/* An attempt: 0 or more is success, a negative errno a failure. */
typedef int filch_retry_fn(void *arg);
/* Should an attempt that failed with this code be retried? */
typedef bool filch_retryable_fn(int code, void *arg);
/* Receives a report after each attempt, before the wait. A panic here ends the run. */
typedef void filch_retry_told_fn(const filch_retry_report *report, void *arg);

/* As a policy's `attempts`: no limit. */
#define FILCH_RETRY_FOR_EVER UINT32_MAX

/* A zero field means the default. */
typedef struct filch_retry_policy {
    unsigned attempts;   /* in total, including the first; default 3; FILCH_RETRY_FOR_EVER */
    filch_jitter jitter; /* default full */
    int64_t base;        /* ns; default 100 ms */
    int64_t cap;         /* ns; default 20 s, or base if that is more */
    double factor;       /* 1 or more; default 2 */
    int64_t time;  /* ns from the beginning: no attempt begins later; default: only the context
                      limits it */
    uint64_t seed; /* default: each run has its own. With a seed all runs have the same waits: for
                      tests, not for services */
    filch_retry_budget *budget;    /* default: no limit */
    filch_retryable_fn *retryable; /* default filch_retryable */
    filch_retry_told_fn *told;
    void *arg;        /* of both */
    unsigned percent; /* 1 .. 100, of FILCH_JITTER_PROPORTIONAL, and of no other; default 10 */
} filch_retry_policy;

/* The state of one run. Plain values. */
typedef struct filch_retry_state {
    uint64_t random; /* any number */
    int64_t last;    /* the last wait, ns; 0: there was none */
    int64_t until; /* ns: no attempt begins later; set by filch_retry_state_begin; may be lowered */
    unsigned attempts; /* attempts that have ended */
} filch_retry_state;

FILCH_BEGIN_DECLS

/* ---- Runs ---- */

/* Calls fn(arg) until it succeeds, its failure is final, or a limit is reached; returns its last
 * result. Between attempts a task suspends, a thread blocks. When the context is done, before
 * the first attempt or during a wait, it returns the context's cause at once; a wait that would
 * pass the context's deadline is not begun. fn is never interrupted: give it the context, too.
 * Its panic propagates. policy and context may be NULL. *attempts, unless NULL, receives the
 * number of calls of fn. Errors: -EINVAL (no fn, or a bad policy); -ENOMEM or -EAGAIN (no timer
 * to wait by). */
FILCH_API int filch_retry_run(const filch_retry_policy *policy, filch_context *context,
                              filch_retry_fn *fn, void *arg, unsigned *attempts);

/* ---- For your own loops ---- */

/* Begins a run: seeds the state, sets its deadline, and adds the run's share to the budget.
 * Error: -EINVAL (a bad policy; nothing was done). */
FILCH_API int filch_retry_state_begin(const filch_retry_policy *policy, filch_retry_state *state);
/* Returns the decision after an attempt that ended with `code`. FILCH_RETRY_AGAIN: a token was
 * taken, and *delay is the wait in ns; otherwise *delay is untouched. The policy is one that
 * filch_retry_state_begin accepted. */
FILCH_API filch_retry_verdict filch_retry_state_next(const filch_retry_policy *policy,
                                                     filch_retry_state *state, int code,
                                                     int64_t *delay);
/* Returns the wait after attempt 1, 2, ..., in ns. It depends only on the arguments; `state` is
 * the randomness and advances. The policy is one that filch_retry_state_begin accepts. */
FILCH_API int64_t filch_retry_delay(const filch_retry_policy *policy, unsigned attempt,
                                    filch_retry_state *state);
/* Returns true if `code` may be temporary: one of -EAGAIN, -EBUSY, -EINTR, -ETIMEDOUT, -ENOBUFS,
 * -ECONNREFUSED, -ECONNRESET, -ECONNABORTED, -EHOSTUNREACH, -ENETUNREACH, -ENETDOWN and -ENETRESET.
 * False for others, such as -EHOSTDOWN (a breaker's refusal, <filch/breaker.h>), -EPIPE (permanent)
 * and -ENOMEM. */
FILCH_API bool filch_retryable(int code);
/* Returns the verdict as text: "again", "succeeded", "not retryable", ...; a constant string. */
FILCH_API const char *filch_retry_verdict_name(filch_retry_verdict verdict);

/* ---- Budgets ---- */

/* Sets up a budget. Each run adds percent / 100 tokens, each second per_second, up to `most`,
 * the initial number. So retries are at most that percentage of the runs, plus a reserve. Zero
 * bytes are a budget for no retries. Error: -EINVAL (percent above 1000, per_second or most
 * above 1,000,000, or most is 0). */
FILCH_API int filch_retry_budget_init(filch_retry_budget *budget, unsigned percent,
                                      unsigned per_second, unsigned most);
/* Takes a token and returns true; returns false if there is none. For loops that have no policy. */
FILCH_API bool filch_retry_budget_take(filch_retry_budget *budget);
/* Adds the share of one run to the budget, for loops that have no policy. */
FILCH_API void filch_retry_budget_put(filch_retry_budget *budget);
/* Returns the current number of whole tokens. */
FILCH_API unsigned filch_retry_budget_left(const filch_retry_budget *budget);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
