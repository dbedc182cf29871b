/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/pools.h>
#include <tests/support/test.h>

filch_pool *pool_of(filch_pool_config config)
{
    filch_pool *pool = NULL;
    if (!config.capacity)
        config.capacity = FILCH_UNLIMITED;
    cr_assert_eq(filch_pool_create(&pool, &config), 0, "%s", filch_error());
    return pool;
}

filch_pool_stats stats_of(const filch_pool *pool)
{
    filch_pool_stats stats;
    filch_pool_stats_read(pool, &stats, sizeof stats);
    return stats;
}

filch_job *job_of(filch_pool *pool, filch_job_fn *fn, void *data, const filch_job_options *options)
{
    filch_job *job = NULL;
    cr_assert_eq(filch_pool_submit(&job, pool, fn, data, options, FILCH_FOREVER), 0, "%s",
                 filch_error());
    return job;
}

/* ---- Jobs that end ---- */

int succeeds(filch_self self, filch_job *job, void *data)
{
    return 0;
}

int fails(filch_self self, filch_job *job, void *data)
{
    return -EIO;
}

int returns(filch_self self, filch_job *job, void *code)
{
    return (int)(intptr_t)code;
}

int panics(filch_self self, filch_job *job, void *data)
{
    FILCH_PANIC(-EBADMSG, "no %s", "header");
}

int waits_for_its_context(filch_self self, filch_job *job, void *data)
{
    return filch_context_wait(filch_job_context(job), FILCH_FOREVER);
}

int meets_others(filch_self self, filch_job *job, void *data)
{
    job_crowd *all = data;
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

void fate_told(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    fate *of = data;
    if (why)
        of->why = *why;
    signpost_raise(&of->told[outcome]);
}

void fate_counted(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    signpost_raise(&((fate *)data)->told[outcome]);
}

fate *fate_of_letter; /* of the only job */
void fate_told_apart(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    if (!data)
        signpost_raise(&fate_of_letter->without);
    fate_told(job, outcome, why, data ? data : fate_of_letter);
}

void fate_dropped(void *data)
{
    signpost_raise(&((fate *)data)->dropped);
}

uint32_t fate_count(const fate *of)
{
    uint32_t sum = 0;
    for (unsigned i = 0; i < FILCH_OUTCOMES; i++)
        sum += signpost_count(&of->told[i]);
    return sum;
}

filch_outcome fate_outcome(const fate *of)
{
    filch_outcome outcome = FILCH_UNDECIDED;
    cr_assert_leq(fate_count(of), 1);
    for (filch_outcome i = 0; i < FILCH_OUTCOMES; i++)
        outcome = signpost_count(&of->told[i]) ? i : outcome;
    return outcome;
}

/* ---- Jobs that block ---- */

int stand_still(filch_self self, filch_job *job, void *arg)
{
    gate *at = arg;
    signpost_raise(&at->begun);
    while (!signpost_count(&at->go))
        filch_yield(self);
    return 0;
}

int hog(filch_self self, filch_job *job, void *arg)
{
    gate *at = arg;
    signpost_raise(&at->begun);
    WAIT_WHILE(!signpost_count(&at->go));
    return 0;
}

void block(filch_pool *pool, gate *at)
{
    *at = (gate){0};
    cr_assert_eq(FILCH_SUBMIT(pool, stand_still, at), 0);
    signpost_wait(&at->begun, 1);
}
