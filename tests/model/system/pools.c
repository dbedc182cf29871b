/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/model/system/pools.h>

#include <runtime/engine/find_work.h>
#include <runtime/pool/deadlines.h>
#include <runtime/pool/job.h>
#include <runtime/pool/run_job.h>
#include <runtime/pool/runner.h>
#include <runtime/pool/submit.h>
#include <runtime/sync/cancellation.h>

#include <string.h>

static filch_runtime home;

void pools_setup(filch_pool *pool, filch_context *context, unsigned width, size_t capacity)
{
    memset(pool, 0, sizeof *pool);
    *context = (filch_context){.deadline = FILCH_FOREVER, .users = {1}, .refs = {1}};
    pool->rt = &home;
    pool->context = context;
    pool->config.name = "pool";
    pool->config.order = FILCH_FIFO;
    pool->config.aging = FILCH_FOREVER;
    pool->config.full = FILCH_FULL_REJECT;
    pool->config.capacity = capacity;
    pool->stats.width = width;
    filch_u64_store(&pool->refs, FL_POOL_OPEN, FILCH_RELAXED);
    fl_runners_make(pool, width);
    fl_pool_watch(pool);
}

/* ---- Played ---- */

bool fl_work_anywhere(fl_runtime *rt)
{
    (void)rt;
    return false;
}

void fl_gate_pass(filch_pool *of, filch_job *job, fl_after *after)
{
    (void)of, (void)job, (void)after;
}

bool fl_alarm_rings(const fl_alarm *alarm)
{
    (void)alarm;
    return false;
}

void fl_elastic_mind(filch_pool *of)
{
    (void)of;
}

void fl_direct_take_in(filch_job *job, fl_after *after)
{
    (void)job, (void)after;
}

void fl_direct_fence(const filch_pool *of)
{
    (void)of;
}

void fl_job_finish(filch_self self, fl_ended *ended)
{
    (void)self, (void)ended;
}

int fl_key_take(filch_job *job)
{
    (void)job;
    return 0;
}

void fl_key_leave(filch_job *job)
{
    (void)job;
}

void fl_stuck_watch(filch_job *job)
{
    (void)job;
}

unsigned fl_shards(void)
{
    return 0;
}

void fl_job_tell(filch_self self, filch_job *job)
{
    (void)self, (void)job;
}

filch_job *fl_job_here(const filch_pool *of)
{
    (void)of;
    return NULL;
}

void fl_delay_end(filch_job *job)
{
    (void)job;
}

/* The alarm for deadlines: its time is stored, and only pools_ring rings it. */
static void (*ring)(void *pool);

int fl_alarm_init_call(fl_alarm *alarm, fl_runtime *rt, void (*call)(void *), void *arg)
{
    (void)arg;
    alarm->rt = rt;
    alarm->at = FILCH_FOREVER;
    ring = call;
    return 0;
}

void fl_alarm_set(fl_alarm *alarm, int64_t when)
{
    if (when < alarm->at)
        alarm->at = when;
}

void fl_alarm_answer(fl_alarm *alarm, int64_t when)
{
    alarm->at = when;
}

void fl_alarm_unset(fl_alarm *alarm)
{
    alarm->at = FILCH_FOREVER;
}

void pools_ring(filch_pool *pool)
{
    ring(pool);
}
