/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * B4 is an edge of runtime/pool/pool.h. */
#include <runtime/pool/errand.h>

#include <runtime/core/container.h>
#include <runtime/pool/pool.h>

void fl_errand_begin(filch_job *job)
{
    job->pool->errands++;
    filch_u32_add(&job->refs, 1, FILCH_RELAXED); /* the caller has one */
}

void fl_errand_call_off(filch_job *job)
{
    job->pool->errands--;
    filch_u32_add(&job->refs, (uint32_t)-1, FILCH_ACQ_REL); /* B4; never the last */
}

void fl_errand_end(filch_job *job)
{
    filch_pool *pool = job->pool;
    fl_job_drop(job);
    fl_lock(&pool->room.lock);
    pool->errands--;
    fl_pool_leave(pool, &(fl_after){0});
}

static void run(filch_self self, fl_job *item)
{
    fl_errand *one = FL_CONTAINER_OF(item, fl_errand, task);
    filch_job *job = one->job;
    if (one->fn)
        one->fn(self, job);
    fl_errand_end(job);
}

fl_job *fl_errand_task(fl_errand *one, filch_job *job, fl_errand_fn *fn)
{
    one->job = job;
    one->fn = fn;
    fl_job_be_part(&one->task, run);
    return &one->task;
}

void fl_errand_go(fl_errand *one, filch_job *job, fl_errand_fn *fn)
{
    fl_start(job->pool->rt, fl_errand_task(one, job, fn));
}
