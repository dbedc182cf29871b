/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs that are delayed: runtime/pool/attempt.h. B4 is an edge of runtime/pool/pool.h. */
#include <runtime/pool/order.h>

#include <runtime/core/clock.h>
#include <runtime/core/container.h>

/* Under the lock, where the job's function holds it, too. */
static void forget_timer(filch_job *job)
{
    job->pool->errands--;
    filch_u32_add(&job->refs, (uint32_t)-1, FILCH_ACQ_REL); /* B4 */
}

static void drop_apart(filch_self self, fl_job *item)
{
    fl_job_more *more = FL_CONTAINER_OF(item, fl_job_more, attempts.over);
    (void)self;
    fl_errand_end(more->job);
}

/* The keeper: the time has come. */
static void due(void *arg)
{
    filch_job *job = arg;
    filch_pool *pool = job->pool;
    fl_after after = {0};
    fl_lock(&pool->room.lock);
    bool delayed = job->stage == FL_JOB_DELAYED;
    if (delayed) {
        fl_row_leave(&pool->delayed, job);
        pool->stats.delayed--;
        job->stage = FL_JOB_WAITING;
        job->since = fl_now();
        forget_timer(job);
        if (job->more->beyond)
            fl_pool_run_beyond(pool, job, &after);
        else
            fl_pool_queue(pool, job, &after);
    }
    fl_pool_leave(pool, &after);
    if (!delayed)
        fl_errand_start(job, &job->more->attempts.over, drop_apart);
}

bool fl_delay(filch_job *job, int64_t until)
{
    filch_pool *pool = job->pool;
    fl_attempts *attempts = &job->more->attempts;
    fl_after after = {0};
    fl_lock(&pool->room.lock);
    bool may = job->outcome == FILCH_UNDECIDED && !fl_job_cause(job) &&
               !fl_timer_start_call(&attempts->timer, until, due, job);
    if (may) {
        job->stage = FL_JOB_DELAYED;
        fl_row_leave(&pool->in_progress, job);
        fl_row_enter(&pool->delayed, job);
        pool->stats.running--;
        pool->stats.delayed++;
        pool->stats.retries += !attempts->permitted;
        pool->errands++;
        filch_u32_add(&job->refs, 1, FILCH_RELAXED); /* its function has one */
    }
    fl_pool_leave(pool, &after);
    return may;
}

void fl_delay_end(filch_job *job)
{
    fl_row_leave(&job->pool->delayed, job);
    job->pool->stats.delayed--;
    if (fl_timer_stop(&job->more->attempts.timer))
        forget_timer(job);
}
