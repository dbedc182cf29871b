/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * DropJob is an edge of runtime/pool/pool.h. */
#include <runtime/pool/callbacks.h>

#include <runtime/engine/external.h>
#include <runtime/platform/container.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/memory/cells.h>
#include <runtime/pool/job.h>
#include <runtime/pool/pool.h>

void fl_pending_callback_begin(filch_job *job)
{
    job->pool->rest.pending_callbacks++;
    filch_u32_add(&job->refs, 1, FILCH_RELAXED); /* the caller has one */
}

void fl_pending_callback_call_off(filch_job *job)
{
    fl_pool_called_back(job->pool);
    filch_u32_add(&job->refs, (uint32_t)-1, FILCH_ACQ_REL); /* DropJob; never the last */
}

void fl_pending_callback_end(filch_job *job)
{
    filch_pool *pool = job->pool;
    fl_job_drop(job);
    fl_lock(&pool->queue.room.lock);
    fl_pool_called_back(pool);
    fl_pool_leave(pool, &(fl_after){0});
}

fl_pending_callback *fl_pending_callback_take(void)
{
    fl_pending_callback *one = fl_cell_take(FL_CELLS_LINES);
    if (one)
        one->taken = true;
    return one;
}

void fl_pending_callback_give(fl_pending_callback *one)
{
    if (one)
        fl_cell_give(FL_CELLS_LINES, one);
}

static void run(filch_self self, fl_work_item *item)
{
    fl_pending_callback *one = FL_CONTAINER_OF(item, fl_pending_callback, task);
    filch_job *job = one->job;
    fl_pending_callback_fn *fn = one->fn;
    if (one->taken)
        fl_pending_callback_give(one);
    if (fn)
        fn(self, job);
    fl_pending_callback_end(job);
}

fl_work_item *fl_pending_callback_task(fl_pending_callback *one, filch_job *job,
                                       fl_pending_callback_fn *fn)
{
    one->job = job;
    one->fn = fn;
    fl_work_item_be_part(&one->task, run);
    return &one->task;
}

void fl_pending_callback_go(fl_pending_callback *one, filch_job *job, fl_pending_callback_fn *fn)
{
    fl_start(job->pool->rt, fl_pending_callback_task(one, job, fn));
}
