/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What may be done with a job by who has a handle. */
#include <runtime/pool/order.h>

#include <runtime/core/error.h>

#include <errno.h>

void filch_job_release(filch_job *job)
{
    if (job && !fl_more(job))
        filch_die(
            "filch_job_release of a job without a handle, or of one that was released; release "
            "what filch_pool_submit's `out` was set to, once");
    if (job)
        fl_job_drop(job);
}

uint64_t filch_job_id(const filch_job *job)
{
    return job->id;
}

void *filch_job_data(const filch_job *job)
{
    return job->data;
}

const char *filch_job_name(const filch_job *job)
{
    return job->name;
}

filch_context *filch_job_context(const filch_job *job)
{
    return fl_more(job) && job->more->context ? job->more->context : job->pool->context;
}

unsigned filch_job_attempts(const filch_job *job)
{
    return fl_more(job) ? filch_u32_load(&job->more->attempts.begun, FILCH_RELAXED)
                        : 0; /* relaxed: a number of its own */
}

filch_trace filch_job_trace(const filch_job *job)
{
    return fl_more(job) ? job->more->trace : (filch_trace){0};
}

filch_outcome filch_job_outcome(const filch_job *job)
{
    filch_pool *pool = job->pool;
    fl_lock(&pool->room.lock);
    filch_outcome outcome = (filch_outcome)job->outcome;
    fl_unlock(&pool->room.lock);
    return outcome;
}

const filch_failure *filch_job_failure(const filch_job *job)
{
    filch_outcome outcome = filch_job_outcome(job);
    return fl_more(job) && outcome != FILCH_UNDECIDED && outcome != FILCH_SUCCEEDED
               ? &job->more->failure
               : NULL;
}

/* A handle's job has a context of its own; its watch takes the job out of the queue. */
int filch_job_cancel(filch_job *job)
{
    if (!job)
        return fl_fail(EINVAL, "filch_job_cancel without a job; give it one");
    if (filch_job_outcome(job) != FILCH_UNDECIDED)
        return fl_plainly(-EALREADY);
    if (!fl_more(job) || !job->more->context)
        return fl_fail(EINVAL, "filch_job_cancel of a job without a handle; submit it with one");
    return filch_context_cancel(job->more->context, -ECANCELED);
}

int filch_job_set_priority(filch_job *job, unsigned priority)
{
    if (!job)
        return fl_fail(EINVAL, "filch_job_set_priority without a job; give it one");
    filch_pool *pool = job->pool;
    if (priority >= FILCH_PRIORITIES)
        return fl_fail(EINVAL, "a job of priority %u; %d is the highest", priority,
                       FILCH_PRIORITIES - 1);
    fl_lock(&pool->room.lock);
    bool waits = job->stage == FL_JOB_WAITING || job->stage == FL_JOB_DELAYED;
    if (job->stage == FL_JOB_WAITING)
        fl_order_move(pool, job, priority);
    else if (waits)
        job->priority = (uint8_t)priority;
    fl_unlock(&pool->room.lock);
    return waits ? 0 : fl_plainly(-EALREADY);
}

static int result(const filch_job *job)
{
    const filch_failure *why = &job->more->failure;
    return job->outcome == FILCH_SUCCEEDED ? 0 : fl_fail(-why->code, "%s", why->message);
}

static int waits_for_itself(const filch_job *job)
{
    return fl_fail(EDEADLK, "job %s waits for its own outcome; let it return", job->name);
}

int filch_job_wait(filch_job *job, int64_t until)
{
    if (!job)
        return fl_fail(EINVAL, "filch_job_wait without a job; give it one");
    filch_pool *pool = job->pool;
    if (!fl_more(job) && fl_job_here(pool) == job)
        return waits_for_itself(job);
    if (!fl_more(job))
        return fl_fail(EINVAL, "filch_job_wait for a job without a handle; submit it with one");
    fl_lock(&pool->room.lock);
    int rc = 0;
    if (job->outcome != FILCH_UNDECIDED) {
        fl_unlock(&pool->room.lock);
    } else if (fl_job_here(pool) == job) {
        fl_unlock(&pool->room.lock);
        return waits_for_itself(job);
    } else {
        fl_waits_in("filch_job_wait", job);
        rc = fl_wait(&pool->room.lock, &job->more->waiters, NULL, until);
    }
    if (rc == -ETIMEDOUT)
        return fl_plainly(-ETIME);
    return rc ? rc : result(job);
}
