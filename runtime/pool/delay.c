/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs that are delayed: runtime/pool/attempt.h. */
#include <runtime/pool/attempt.h>
#include <runtime/pool/due.h>
#include <runtime/pool/order.h>
#include <runtime/pool/parts.h>
#include <runtime/pool/pending_callback.h>
#include <runtime/pool/perform.h>
#include <runtime/pool/pool.h>

#include <runtime/platform/clock.h>
#include <runtime/pool/room.h>
#include <runtime/pool/submit.h>
#include <runtime/sync/timer.h>

/* Called by the timer thread at the time. */
static void due(void *arg)
{
    filch_job *job = arg;
    filch_pool *pool = job->pool;
    fl_after after = {0};
    fl_pool_lock(pool);
    bool delayed = job->stage == FL_JOB_DELAYED;
    if (delayed) {
        fl_row_leave(&pool->delayed, job);
        pool->stats.delayed--;
        if (!fl_awaits_leave(
                &fl_trials(job)->attempts)) /* else it still waits for its first call */
            job->since = fl_pool_date(pool);
        fl_pending_callback_call_off(job);
        if (job->beyond)
            fl_pool_run_beyond(pool, job, &after);
        else
            fl_pool_queue(pool, job, &after);
        fl_pool_admit(pool, &after);
    }
    fl_pool_leave(pool, &after);
    if (!delayed)
        fl_pending_callback_go(&fl_trials(job)->attempts.over, job, NULL);
}

bool fl_delay(filch_job *job, int64_t until)
{
    filch_pool *pool = job->pool;
    fl_attempts *attempts = &fl_trials(job)->attempts;
    fl_after after = {0};
    fl_pool_lock(pool);
    bool may = job->outcome == FILCH_UNDECIDED && !fl_job_cause(job) &&
               !fl_timer_start_call(&attempts->timer, until, due, job);
    if (may) {
        fl_job_become(job, FL_JOB_DELAYED);
        fl_job_give_place(job);
        fl_due_pause(job);
        fl_trials(job)->overdue.fiber = NULL;
        fl_row_leave(&pool->in_progress, job);
        fl_row_enter(&pool->delayed, job);
        fl_pool_progressed(pool, job->beyond);
        pool->stats.delayed++;
        fl_pool_note_waiting(pool);
        pool->stats.retries += !fl_awaits_leave(attempts);
        fl_pending_callback_begin(job);
        fl_pool_admit(pool, &after);
    }
    fl_pool_leave(pool, &after);
    return may;
}

void fl_delay_end(filch_job *job)
{
    fl_row_leave(&job->pool->delayed, job);
    job->pool->stats.delayed--;
    if (fl_timer_stop(&fl_trials(job)->attempts.timer))
        fl_pending_callback_call_off(job);
}
