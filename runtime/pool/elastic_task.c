/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The monitor of an elastic pool: it looks, and changes the width. */
#include <runtime/core/clock.h>
#include <runtime/core/container.h>
#include <runtime/core/error.h>
#include <runtime/core/later.h>
#include <runtime/pool/pool.h>

#include <errno.h>

static void look(filch_self self, fl_job *job)
{
    static const filch_task task = {NULL, "(a pool's monitor)"};
    filch_pool *pool = FL_CONTAINER_OF(job, filch_pool, alarms[FL_ALARM_MONITOR].job);
    fl_fiber_of(self)->root = &task;
    fl_elastic_look(pool, fl_now());
}

int fl_elastic_open(filch_pool *pool)
{
    fl_elastic_init(&pool->elastic, &pool->config, fl_now());
    return pool->elastic.most ? fl_alarm_init(&pool->alarms[FL_ALARM_MONITOR], pool->rt, look) : 0;
}

void fl_elastic_mind(filch_pool *pool)
{
    const fl_elastic *elastic = &pool->elastic;
    const filch_job *newest = pool->by_age.last;
    if (newest && pool->stats.width < elastic->most)
        fl_alarm_set(&pool->alarms[FL_ALARM_MONITOR], fl_later(newest->since, elastic->interval));
}

static int64_t next(const filch_pool *pool, int64_t now)
{
    return fl_elastic_next(&pool->elastic, (unsigned)pool->stats.width, pool->by_age.first, now);
}

void fl_elastic_look(filch_pool *pool, int64_t now)
{
    fl_after after = {0};
    fl_lock(&pool->room.lock);
    const filch_job *oldest = pool->by_age.first;
    const fl_load load = {pool->stats.waiting, oldest ? oldest->since : 0, pool->active};
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
    fl_lock(&pool->room.lock);
    elastic->least = least;
    if (pool->stats.width < least)
        fl_pool_set_width(pool, least, &after);
    fl_alarm_set(&pool->alarms[FL_ALARM_MONITOR], next(pool, fl_now()));
    fl_pool_leave(pool, &after);
    return 0;
}
