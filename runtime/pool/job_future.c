/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The future of a job's outcome. Its waiter stands in the queue for that outcome; it is called, not
 * resumed, and lies in the room of the future. So a job may have any number of them, and none needs
 * memory. The decider of the job calls it, after unlocking the pool and while it still holds the
 * job. The future itself holds nothing. */
#include <runtime/pool/job.h>
#include <runtime/pool/parts.h>
#include <runtime/pool/pool.h>

#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/sync/future.h>
#include <runtime/sync/wait.h>

#include <errno.h>
#include <string.h>

/* In the room of the future that is to be set. */
typedef struct promise {
    fl_waiter waiter; /* first */
    fl_node node;
    const filch_job *job;
} promise;
FILCH_STATIC_ASSERT(sizeof(promise) <= FILCH_FUTURE_BYTES, "no room for a promise");

/* The job has an outcome, which no longer changes. */
static void settle(filch_future *future, const filch_job *job)
{
    const filch_outcome outcome = (filch_outcome)job->outcome;
    if (outcome != FILCH_SUCCEEDED) {
        filch_failure why;
        fl_lock(&job->pool->room.lock);
        fl_job_explain(job, &why);
        fl_unlock(&job->pool->room.lock);
        fl_future_fail_with(future, &why);
        return;
    }
    future->size = sizeof outcome;
    memcpy(future->room, &outcome, sizeof outcome);
    fl_future_settle(future);
}

static void told(fl_waiter *waiter)
{
    promise *one = (promise *)(void *)waiter;
    settle(fl_future_around(one), one->job);
}

int filch_job_future(filch_future *future, filch_job *job)
{
    FL_GIVEN(future);
    FL_GIVEN(job);
    filch_pool *pool = job->pool;
    if (!fl_more(job))
        return fl_fail(EINVAL, "filch_job_future of a job without a handle; submit it with one");
    int rc = fl_future_claim(future);
    if (rc)
        return rc;
    promise *one = (promise *)(void *)future->room;
    *one = (promise){.waiter.told = told, .job = job};
    one->node = (fl_node){.waiter = &one->waiter};
    fl_lock(&pool->room.lock);
    bool decided = job->outcome != FILCH_UNDECIDED;
    if (!decided)
        fl_waiters_add(&job->more->waiters, &one->node);
    fl_unlock(&pool->room.lock);
    if (decided)
        settle(future, job);
    return 0;
}
