/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pools of a test, and jobs by their behaviour and their outcome. */
#ifndef SUPPORT_POOLS_H
#define SUPPORT_POOLS_H

#include <filch/pool.h>
#include <tests/support/configs.h>
#include <tests/support/fibers.h>
#include <tests/support/patience.h>
#include <tests/support/signpost.h>
#include <tests/support/test.h>

/* Its queue is as long as it gets unless the test says otherwise. */
static inline filch_pool *pool_of(filch_pool_config config)
{
    filch_pool *pool = NULL;
    if (!config.capacity)
        config.capacity = FILCH_UNLIMITED;
    cr_assert_eq(filch_pool_create(&pool, &config), 0, "%s", filch_error());
    return pool;
}

static inline filch_pool_stats stats_of(const filch_pool *pool)
{
    filch_pool_stats stats;
    filch_pool_stats_read(pool, &stats, sizeof stats);
    return stats;
}

/* A job that is accepted. options: NULL for none. */
static inline filch_job *job_of(filch_pool *pool, filch_job_fn *fn, void *data,
                                const filch_job_options *options)
{
    filch_job *job = NULL;
    cr_assert_eq(filch_pool_submit(&job, pool, fn, data, options, FILCH_FOREVER), 0, "%s",
                 filch_error());
    return job;
}

/* ---- Jobs that end ---- */

static inline int succeeds(filch_self self, filch_job *job, void *data)
{
    return 0;
}

static inline int fails(filch_self self, filch_job *job, void *data)
{
    return -EIO;
}

/* With the data of its submission: RETURNED(code). */
static inline int returns(filch_self self, filch_job *job, void *code)
{
    return (int)(intptr_t)code;
}
#define RETURNED(code) ((void *)(intptr_t)(code))

static inline int panics(filch_self self, filch_job *job, void *data)
{
    FILCH_PANIC(-EBADMSG, "no %s", "header");
}

static inline int waits_for_its_context(filch_self self, filch_job *job, void *data)
{
    return filch_context_wait(filch_job_context(job), FILCH_FOREVER);
}

/* Those that are in progress at once. */
typedef struct crowd {
    filch_u32 now, most;
} crowd;

static inline int meets_others(filch_self self, filch_job *job, void *data)
{
    crowd *all = data;
    uint32_t now = filch_u32_add(&all->now, 1, FILCH_ACQ_REL) + 1;
    uint32_t before = filch_u32_load(&all->most, FILCH_ACQUIRE);
    while (now > before && !filch_u32_cas(&all->most, &before, now, FILCH_ACQ_REL))
        ;
    for (unsigned i = 0; i < 3; i++)
        filch_yield(self);
    filch_u32_add(&all->now, (uint32_t)-1, FILCH_ACQ_REL);
    return 0;
}

/* ---- Outcomes of jobs ---- */

/* Of those whose data it is, or begins with it. */
typedef struct fate {
    signpost told[FILCH_OUTCOMES], dropped;
    signpost without;  /* data, which was a letter's by then */
    filch_failure why; /* if there was one; of a single job */
} fate;

static inline void fate_told(filch_job *job, filch_outcome outcome, const filch_failure *why,
                             void *data)
{
    fate *of = data;
    if (why)
        of->why = *why;
    signpost_raise(&of->told[outcome]);
}

/* Of data that several jobs share. */
static inline void fate_counted(filch_job *job, filch_outcome outcome, const filch_failure *why,
                                void *data)
{
    signpost_raise(&((fate *)data)->told[outcome]);
}

static fate *fate_of_letter; /* of the only job */

/* The same where there may be letters, whose the data is then. */
static inline void fate_told_apart(filch_job *job, filch_outcome outcome, const filch_failure *why,
                                   void *data)
{
    if (!data)
        signpost_raise(&fate_of_letter->without);
    fate_told(job, outcome, why, data ? data : fate_of_letter);
}

static inline void fate_dropped(void *data)
{
    signpost_raise(&((fate *)data)->dropped);
}

/* How many outcomes were reported. */
static inline uint32_t fate_count(const fate *of)
{
    uint32_t sum = 0;
    for (unsigned i = 0; i < FILCH_OUTCOMES; i++)
        sum += signpost_count(&of->told[i]);
    return sum;
}

/* The only one's. */
static inline filch_outcome fate_outcome(const fate *of)
{
    filch_outcome outcome = FILCH_UNDECIDED;
    cr_assert_leq(fate_count(of), 1);
    for (filch_outcome i = 0; i < FILCH_OUTCOMES; i++)
        outcome = signpost_count(&of->told[i]) ? i : outcome;
    return outcome;
}

/* ---- Jobs that block ---- */

/* Begins, and continues when `go` is raised. */
typedef struct gate {
    signpost begun, go;
} gate;

static inline int stand_still(filch_self self, filch_job *job, void *arg)
{
    gate *at = arg;
    signpost_raise(&at->begun);
    while (!signpost_count(&at->go))
        filch_yield(self);
    return 0;
}

/* As stand_still, and lets nobody else have its worker, regardless of its context. */
static inline int hog(filch_self self, filch_job *job, void *arg)
{
    gate *at = arg;
    signpost_raise(&at->begun);
    WAIT_WHILE(!signpost_count(&at->go));
    return 0;
}

/* The pool's only runner is busy when this returns: the next submitted job waits. */
static inline void block(filch_pool *pool, gate *at)
{
    *at = (gate){0};
    cr_assert_eq(FILCH_SUBMIT(pool, stand_still, at), 0);
    signpost_wait(&at->begun, 1);
}

#endif
