/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The monitor of an elastic pool: it looks, and changes the width. */
#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/container.h>
#include <runtime/platform/error.h>
#include <runtime/platform/later.h>
#include <runtime/pool/cpu_load.h>
#include <runtime/pool/elastic.h>
#include <runtime/pool/pool.h>
#include <runtime/pool/runner.h>
#include <runtime/sync/alarm.h>
#include <runtime/sync/wait.h>

#include <errno.h>

static void look(filch_self self, fl_work_item *job)
{
    static const filch_task task = {NULL, "(a pool's monitor)"};
    filch_pool *pool = FL_CONTAINER_OF(job, filch_pool, alarms[FL_ALARM_MONITOR].work_item);
    fl_fiber_of(self)->root = &task;
    fl_elastic_look(pool, fl_now());
}

int fl_elastic_open(filch_pool *pool)
{
    fl_elastic_init(&pool->elastic, &pool->config, fl_now());
    if (pool->elastic.cpu_max)
        fl_cpu_load_init(&pool->cpu_load);
    return pool->elastic.most ? fl_alarm_init(&pool->alarms[FL_ALARM_MONITOR], pool->rt, look) : 0;
}

void fl_elastic_mind(filch_pool *pool)
{
    const fl_elastic *elastic = &pool->elastic;
    const filch_job *newest = pool->by_age.last;
    if (newest && (pool->stats.width < elastic->most || elastic->cpu_max))
        fl_alarm_set(&pool->alarms[FL_ALARM_MONITOR], fl_later(newest->since, elastic->interval));
}

void fl_elastic_mind_submitter(filch_pool *pool, int64_t since)
{
    const fl_elastic *elastic = &pool->elastic;
    if (fl_pool_meets(pool) && pool->stats.width < elastic->most)
        fl_alarm_set(&pool->alarms[FL_ALARM_MONITOR], fl_later(since, elastic->interval));
}

/* The job that has waited longest, in the queue or for a runner; NULL: none. */
static const filch_job *oldest(const filch_pool *pool)
{
    const fl_node *first = fl_pool_meets(pool) ? pool->room.waiters.first : NULL;
    if (pool->by_age.first || !first)
        return pool->by_age.first;
    return ((const fl_submitter *)first->data)->job;
}

static int64_t next(const filch_pool *pool, int64_t now)
{
    return fl_elastic_next(&pool->elastic, (unsigned)pool->stats.width, oldest(pool), now);
}

void fl_elastic_look(filch_pool *pool, int64_t now)
{
    fl_after after = {0};
    int cpu = pool->elastic.cpu_max ? fl_cpu_load_look(&pool->cpu_load, now) : -1;
    fl_pool_lock(pool);
    const filch_job *first = oldest(pool);
    const fl_load load = {pool->stats.waiting + fl_pool_presses(pool, 0), first ? first->since : 0,
                          pool->active, cpu};
    unsigned width = (unsigned)pool->stats.width;
    unsigned wanted = fl_elastic_width(&pool->elastic, width, &load, now);
    pool->stats.grown += wanted > width;
    pool->stats.shrunk += wanted < width;
    fl_pool_set_width(pool, wanted, &after);
    fl_alarm_answer(&pool->alarms[FL_ALARM_MONITOR], next(pool, now));
    fl_pool_leave(pool, &after);
}

int fl_elastic_resize(filch_pool *pool, unsigned least)
{
    fl_elastic *elastic = &pool->elastic;
    if (least > elastic->most)
        return fl_fail(EINVAL,
                       "pool %s is to be at least %u jobs wide, and at most %u; stay below that, "
                       "or create it with another width_max",
                       pool->config.name, least, elastic->most);
    fl_after after = {0};
    fl_pool_lock(pool);
    elastic->least = least;
    if (pool->stats.width < least)
        fl_pool_set_width(pool, least, &after);
    fl_alarm_set(&pool->alarms[FL_ALARM_MONITOR], next(pool, fl_now()));
    fl_pool_leave(pool, &after);
    return 0;
}
