/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/stuck.h>

#include <runtime/core/clock.h>
#include <runtime/core/error.h>
#include <runtime/core/later.h>
#include <runtime/pool/pool.h>

#include <errno.h>

int fl_stuck_check(const filch_pool_config *config)
{
    if (config->stuck_after < 0)
        return fl_fail(EINVAL, "stuck_after of %lld; it is nanoseconds after a job's deadline",
                       (long long)config->stuck_after);
    if (!config->stuck_after && (config->spares || config->stuck))
        return fl_fail(EINVAL, "a pool for stuck jobs, and none ever is; set stuck_after");
    if (config->spares > FL_SPARES_MOST)
        return fl_fail(EINVAL, "a pool with %u spares; %d are the most", config->spares,
                       FL_SPARES_MOST);
    return 0;
}

int fl_workers_make(filch_pool *pool, unsigned workers, unsigned spares)
{
    int rc = pool->config.runtime ? 0 : filch_runtime_resize(pool->rt, workers + spares);
    if (!rc)
        pool->workers = workers;
    return rc;
}

/* For a stuck job, one more or less. Under the lock. If no thread can be had, jobs wait for that one. */
static void spare(const filch_job *job, int change)
{
    filch_pool *pool = job->pool;
    pool->spares += (unsigned)change;
    if (!job->more->beyond) /* else it holds no place of a runner */
        pool->excused += (unsigned)change;
    fl_workers_make(pool, pool->workers, pool->spares);
}

/* Under the lock, so that its fiber runs it. */
static void describe(filch_job *job, filch_stuck *out)
{
    const fl_overdue *late = &job->more->overdue;
    const fl_fiber *fiber = late->fiber;
    bool waits = filch_u32_load(&fiber->suspended, FILCH_RELAXED); /* a report's */
    *out = (filch_stuck){
        .name = job->name,
        .id = job->id,
        .age = fl_now() - late->began,
        .where = waits ? filch_ptr_load(&fiber->waits_in, FILCH_RELAXED) : NULL, /* a report's */
        .data = job->data,
    };
}

static void tell(filch_self self, filch_job *job)
{
    const fl_overdue *late = &job->more->overdue;
    const filch_pool_config *config = &job->pool->config;
    (void)self;
    if (late->stuck && config->stuck)
        config->stuck(&late->report, config->stuck_arg);
}

/* The keeper: so much time has passed. */
static void overdue(void *arg)
{
    filch_job *job = arg;
    filch_pool *pool = job->pool;
    fl_overdue *late = &job->more->overdue;
    fl_after after = {0};
    fl_lock(&pool->room.lock);
    late->pending = false;
    if (job->stage == FL_JOB_RUNNING && late->fiber) { /* else it never began, and never will */
        late->stuck = true;
        pool->stats.stuck++;
        describe(job, &late->report);
        late->spared = pool->spares < pool->config.spares;
        if (late->spared)
            spare(job, 1);
        if (!pool->direct.tallies) /* its workers take the items */
            fl_pool_rouse(pool, &after);
    }
    fl_pool_leave(pool, &after);
    fl_errand_go(&late->tells, job, tell);
}

void fl_stuck_begin(filch_job *job)
{
    job->more->overdue.fiber = fl_fiber_here();
    job->more->overdue.began = fl_now();
}

void fl_stuck_watch(filch_job *job)
{
    filch_pool *pool = job->pool;
    fl_overdue *late = &job->more->overdue;
    if (!pool->config.stuck_after)
        return;
    int64_t when = fl_later(fl_now(), pool->config.stuck_after);
    late->pending = !fl_timer_start_call(&late->timer, when, overdue, job);
    if (late->pending)
        fl_errand_begin(job);
}

void fl_stuck_leave(filch_job *job)
{
    fl_overdue *late = &job->more->overdue;
    if (late->stuck) {
        job->pool->stats.stuck--;
        if (late->spared)
            spare(job, -1);
    }
    if (late->pending && fl_timer_stop(&late->timer))
        fl_errand_call_off(job);
}
