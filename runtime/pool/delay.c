/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs that are delayed: runtime/pool/attempt.h. */
#include <runtime/pool/order.h>

#include <runtime/core/clock.h>

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
        if (!job->more->attempts.permitted) /* else it still waits for its first call */
            job->since = fl_now();
        fl_errand_call_off(job);
        if (job->more->beyond)
            fl_pool_run_beyond(pool, job, &after);
        else
            fl_pool_queue(pool, job, &after);
    }
    fl_pool_leave(pool, &after);
    if (!delayed)
        fl_errand_go(&job->more->attempts.over, job, NULL);
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
        job->more->overdue.fiber = NULL;
        fl_row_leave(&pool->in_progress, job);
        fl_row_enter(&pool->delayed, job);
        pool->stats.running--;
        pool->stats.delayed++;
        pool->stats.retries += !attempts->permitted;
        fl_errand_begin(job);
    }
    fl_pool_leave(pool, &after);
    return may;
}

void fl_delay_end(filch_job *job)
{
    fl_row_leave(&job->pool->delayed, job);
    job->pool->stats.delayed--;
    if (fl_timer_stop(&job->more->attempts.timer))
        fl_errand_call_off(job);
}
