/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/stuck.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/later.h>
#include <runtime/pool/intake.h>
#include <runtime/pool/parts.h>
#include <runtime/pool/pool.h>
#include <runtime/pool/room.h>
#include <runtime/pool/runner.h>

#include <errno.h>

int fl_stuck_check(const filch_pool_config *config)
{
    if (config->stuck_after < 0)
        return fl_fail(EINVAL, "stuck_after of %lld; it is nanoseconds after a job's deadline",
                       (long long)config->stuck_after);
    if (config->spares > FL_SPARES_MOST)
        return fl_fail(EINVAL, "pool spares %u is out of range (at most %d)", config->spares,
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

/* For a stuck job, one more or less. Under the lock. If no thread can be created, jobs wait for
 * that one. */
static void spare(const filch_job *job, int change)
{
    filch_pool *pool = job->pool;
    fl_intake_close(pool); /* fewer places: see runtime/pool/intake.h */
    pool->spares += (unsigned)change;
    if (!job->beyond) /* else it holds no place of a runner */
        pool->excused += (unsigned)change;
    fl_workers_make(pool, pool->workers, pool->spares);
}

/* Under the lock, so that its fiber runs it. */
static void describe(filch_job *job, filch_stuck *out)
{
    const fl_overdue *late = &fl_trials(job)->overdue;
    const fl_fiber *fiber = late->fiber;
    *out = (filch_stuck){
        .name = job->name,
        .id = job->id,
        .age = fl_now() - late->began,
        .where = fl_fiber_suspended_in(fiber),
        .data = job->data,
    };
}

static void tell(filch_self self, filch_job *job)
{
    const fl_overdue *late = &fl_trials(job)->overdue;
    const filch_pool_config *config = &job->pool->config;
    (void)self;
    if (late->stuck && config->stuck)
        config->stuck(&late->report, config->stuck_arg);
}

/* Called by the timer thread: so much time has passed. */
static void overdue(void *arg)
{
    filch_job *job = arg;
    filch_pool *pool = job->pool;
    fl_overdue *late = &fl_trials(job)->overdue;
    fl_after after = {0};
    fl_pool_lock(pool);
    if (job->stage == FL_JOB_RUNNING && late->fiber) { /* else it never began, and never will */
        late->stuck = true;
        pool->stats.stuck++;
        describe(job, &late->report);
        late->spared = pool->spares < pool->config.spares;
        if (late->spared)
            spare(job, 1);
        if (!pool->direct.tallies) { /* its workers take the items */
            fl_pool_rouse(pool, &after);
            fl_pool_admit(pool, &after);
        }
    }
    fl_pool_leave(pool, &after);
    fl_pending_callback_go(&late->tells, job, tell);
}

void fl_stuck_begin(filch_job *job)
{
    fl_trials(job)->overdue.fiber = fl_fiber_here();
    fl_trials(job)->overdue.began = fl_now();
}

void fl_stuck_watch(filch_job *job)
{
    filch_pool *pool = job->pool;
    if (!pool->config.stuck_after)
        return;
    fl_overdue *late = &fl_trials(job)->overdue;
    int64_t when = fl_later(fl_now(), pool->config.stuck_after);
    if (!fl_timer_start_call(&late->timer, when, overdue, job))
        fl_pending_callback_begin(job);
}

void fl_stuck_leave(filch_job *job)
{
    if (!fl_trials(job))
        return;
    fl_overdue *late = &fl_trials(job)->overdue;
    if (late->stuck) {
        job->pool->stats.stuck--;
        if (late->spared)
            spare(job, -1);
    }
    if (fl_timer_stop(&late->timer))
        fl_pending_callback_call_off(job);
}
