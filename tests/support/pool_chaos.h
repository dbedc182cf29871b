/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Parts of tests/stress/test_pool_chaos.c: pools that share a limiter, a breaker and letters, and
 * jobs that do anything, each about an item that keeps its accounts.
 *
 *   an item   is submitted once, and again for each letter that is requeued
 *   told      once for each submission that was accepted; a letter may come again before that
 *   function  never two at a time, never after one that has returned 0; after the last outcome was
 *             told only if that was the deadline, and once
 *   data      goes back once, by the job or by its letter, when no function uses it */
#ifndef SUPPORT_POOL_CHAOS_H
#define SUPPORT_POOL_CHAOS_H

#include <stddef.h>
#include <tests/support/pools.h>
#include <tests/support/stress.h>

enum {
    THREADS = 4,
    TASKS = 8,
    PARTIES = THREADS + TASKS,
    EACH = 300, /* submissions of a party */
    OWN = PARTIES * EACH,
    NESTED = 2000, /* jobs that jobs submit */
    POOLS = 4,
    KEYS = 16
};

/* ---- Items ---- */

struct storm;

typedef struct item {
    char name[8]; /* the job's: when the data is a letter's, its failure leads here */
    struct storm *in;
    uint64_t random;
    filch_u32 submitted, told, began, returned, inside, late, dropped;
    filch_u32 outcome; /* the last that was told */
    unsigned key;      /* 1 .. KEYS; 0: none */
    unsigned pool;
    bool plain; /* without a callback */
    bool after; /* it is told after its function has returned */
} item;

typedef struct storm {
    filch_runtime *rt;
    filch_pool *pool[POOLS];
    filch_limiter *limiter;
    filch_breaker *breaker;
    filch_dead_letters *letters;
    filch_context *above;
    uint64_t seed;
    signpost ended;
    filch_u32 nested;
    filch_u64 progress, accepted[POOLS], plain[POOLS], told[POOLS][FILCH_OUTCOMES], requeued;
    filch_u32 key_used[POOLS][KEYS + 1];
    item items[OWN + NESTED];
} storm;

static inline void count(filch_u64 *sum)
{
    filch_u64_add(sum, 1, FILCH_RELAXED);
}

static inline uint64_t next(uint64_t *random)
{
    return *random = stress_mix(*random + 1);
}

static inline int64_t some_time(uint64_t random)
{
    return 1 + (int64_t)(random % 100000);
}

static inline void given_back(void *data)
{
    item *one = data;
    if (filch_u32_load(&one->inside, FILCH_ACQUIRE))
        filch_die("data went while its function ran");
    if (filch_u32_add(&one->dropped, 1, FILCH_ACQ_REL))
        filch_die("data went twice");
}

static inline void told(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    bool lettered = outcome == FILCH_DEAD_LETTERED;
    if ((outcome == FILCH_SUCCEEDED) != !why || filch_job_outcome(job) != outcome ||
        lettered != !data)
        filch_die("outcome %d, told without what belongs to it", (int)outcome);
    item *one =
        lettered ? (item *)(uintptr_t)((const char *)why->task - offsetof(item, name)) : data;
    storm *in = one->in;
    if (one->after && filch_u32_load(&one->inside, FILCH_ACQUIRE) &&
        filch_u32_load(&one->submitted, FILCH_RELAXED) == 1) /* else a letter may have come again */
        filch_die("told while its function runs");
    filch_traceparent trace = filch_job_trace(job);
    if (trace.trace[0] >= POOLS)
        filch_die("a job of pool %u", trace.trace[0]);
    count(&in->told[trace.trace[0]][outcome]);
    filch_u32_store(&one->outcome, outcome, FILCH_RELAXED);
    uint32_t before = filch_u32_add(&one->told, 1, FILCH_ACQ_REL);
    if (before >= filch_u32_load(&one->submitted, FILCH_RELAXED)) /* of then: letters come again */
        filch_die("told more often than submitted");
    if (one->random % 251 == 0)
        FILCH_PANIC(-EPROTO, "nobody listens");
}

/* ---- The jobs ---- */

static inline int submit_item(storm *in, item *one, unsigned pool, filch_job **out,
                              filch_job_options *options, int64_t until);

static inline void submit_nested(storm *in, uint64_t random)
{
    uint32_t nth = filch_u32_add(&in->nested, 1, FILCH_RELAXED);
    if (nth >= NESTED)
        return;
    item *one = &in->items[OWN + nth];
    *one = (item){.name = "nested", .in = in, .random = stress_mix(random)};
    filch_job_options options = {.priority = (unsigned)random % FILCH_PRIORITIES};
    submit_item(in, one, (unsigned)(random >> 8) % POOLS, NULL, &options,
                random >> 16 & 1 ? 0 : filch_in(some_time(random >> 20)));
}

static inline int act(filch_self self, filch_job *job, item *one, uint64_t random)
{
    filch_context *context = filch_job_context(job);
    stress_dawdle(random >> 32);
    switch (random % 16) {
    case 0:
        FILCH_PANIC(-EBADMSG, "as it was told");
    case 1:
        return -EAGAIN;
    case 2:
        return -EIO;
    case 3:
        return filch_context_sleep(context, some_time(random >> 20));
    case 4:
        return fib(self, 6) == fib_serial(6) ? 0 : -EINVAL;
    case 5:
        filch_yield(self);
        return 0;
    case 6:
        submit_nested(one->in, random >> 8);
        return 0;
    case 7:
        filch_job_cancel(job);
        return filch_context_cause(context);
    case 8:
        filch_sleep(some_time(random >> 20) / 4); /* looks at nothing */
        return 0;
    default:
        return 0;
    }
}

static inline void begin(item *one)
{
    if (filch_u32_exchange(&one->inside, 1, FILCH_ACQ_REL))
        filch_die("two attempts at a time");
    if (filch_u32_load(&one->returned, FILCH_ACQUIRE))
        filch_die("a job is done again");
    if (filch_u32_load(&one->dropped, FILCH_ACQUIRE))
        filch_die("its data is gone");
    filch_u32_add(&one->began, 1, FILCH_RELAXED);
    bool over = !one->plain && filch_u32_load(&one->told, FILCH_ACQUIRE) ==
                                   filch_u32_load(&one->submitted, FILCH_RELAXED);
    if (over && (filch_u32_load(&one->outcome, FILCH_RELAXED) != FILCH_TIMED_OUT ||
                 filch_u32_add(&one->late, 1, FILCH_RELAXED)))
        filch_die("a job goes on after its outcome");
}

static inline void leave(void *arg)
{
    item *one = arg;
    if (one->key && !filch_u32_exchange(&one->in->key_used[one->pool][one->key], 0, FILCH_ACQ_REL))
        filch_die("a key was left by somebody else");
    filch_u32_store(&one->inside, 0, FILCH_RELEASE);
}

static inline int work(filch_self self, filch_job *job, void *data)
{
    item *one = data;
    begin(one);
    if (one->key && filch_u32_exchange(&one->in->key_used[one->pool][one->key], 1, FILCH_ACQ_REL))
        filch_die("two jobs with the same key");
    FILCH_DEFER(leave, one);
    uint32_t attempt = filch_job_attempts(job);
    uint32_t submitted = filch_u32_load(&one->submitted, FILCH_RELAXED);
    int rc = act(self, job, one, stress_mix(one->random + attempt + 16 * submitted));
    if (!rc)
        filch_u32_store(&one->returned, 1, FILCH_RELEASE);
    return rc;
}

/* ---- Submissions ---- */

static inline int submit_item(storm *in, item *one, unsigned pool, filch_job **out,
                              filch_job_options *options, int64_t until)
{
    filch_traceparent trace = {.trace = {(uint8_t)pool, 1}, .span = {1}};
    one->pool = pool;
    filch_u32_add(&one->submitted, 1, FILCH_RELAXED);
    if (!one->plain) {
        options->done = told;
        options->drop = given_back;
        options->trace = &trace;
    }
    options->name = one->name;
    int rc = filch_pool_submit(out, in->pool[pool], work, one, options, until);
    count(&in->progress);
    if (!rc) {
        count(&in->accepted[pool]);
        if (one->plain)
            count(&in->plain[pool]);
        return 0;
    }
    filch_u32_add(&one->submitted, (uint32_t)-1, FILCH_RELAXED);
    if (rc != -EAGAIN && rc != -EPIPE && rc != -ETIMEDOUT && rc != -ECANCELED && rc != -EDEADLK &&
        rc != -EEXIST)
        filch_die("submission: %d, %s", rc, filch_error());
    return rc;
}

static inline int requeued(const filch_dead_letter *letter, void *arg)
{
    storm *in = arg;
    item *one = letter->data;
    if (one->plain)
        return -ENOTSUP;
    one->key = 0;
    int rc = submit_item(in, one, (unsigned)letter->id % POOLS, NULL, &(filch_job_options){0}, 0);
    if (!rc)
        count(&in->requeued);
    return rc;
}

#endif
