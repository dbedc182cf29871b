/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/gate.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/platform/lock.h>
#include <runtime/pool/job.h>
#include <runtime/pool/order.h>
#include <runtime/pool/pool.h>
#include <runtime/pool/run_job.h>
#include <runtime/pool/runner.h>
#include <runtime/resilience/breaker.h>
#include <runtime/sync/object_timer.h>

#include <runtime/platform/clock.h>
#include <runtime/platform/container.h>
#include <runtime/platform/time_sum.h>

/* An open breaker may be reset by hand; a probe of a half-open one may end at any time. */
static const int64_t LOOK = 100 * FILCH_MILLISECOND, LOOK_AT_PROBE = 10 * FILCH_MILLISECOND;

static void give_back(fl_gate *gate)
{
    if (gate->held)
        filch_limiter_give_back(&gate->permit);
    gate->held = false;
}

/* The alarm's task. */
static void opens(filch_self self, fl_work_item *job)
{
    static const filch_task task = {NULL, "(a pool's limiter)"};
    filch_pool *pool = FL_CONTAINER_OF(job, filch_pool, alarms[FL_ALARM_GATE].work_item);
    fl_gate *gate = &pool->gate;
    fl_after after = {0};
    fl_fiber_of(self)->running.root = &task;
    fl_lock(&pool->queue.room.lock);
    gate->shut = false;
    fl_alarm_answer(&pool->alarms[FL_ALARM_GATE], FILCH_FOREVER);
    if (pool->stats.waiting)
        fl_pool_rouse(pool, &after);
    else
        give_back(gate);
    fl_pool_leave(pool, &after);
}

int fl_gate_open(filch_pool *pool)
{
    if ((!pool->config.limiter && !fl_holds(&pool->config)) || pool->direct.tallies)
        return 0;
    return fl_alarm_init(&pool->alarms[FL_ALARM_GATE], pool->rt, opens);
}

void fl_gate_close(filch_pool *pool)
{
    give_back(&pool->gate);
}

static bool has_gate(const filch_pool *pool)
{
    return fl_alarm_was_made(&pool->alarms[FL_ALARM_GATE]);
}

/* The first job that can use a permit granted at `at`; those before it never can. */
static bool somebody_lives_until(filch_pool *pool, int64_t at, fl_after *after)
{
    filch_failure why;
    filch_job *first;
    while ((first = fl_order_first(pool)) && fl_job_deadline(first) < at)
        fl_job_decide(first, fl_no_permit(first, &why), &why, after);
    return first;
}

int64_t fl_gate_next_ask(filch_breaker *breaker, bool *closed, int64_t now)
{
    filch_breaker_stats stats;
    fl_breaker_look_at(breaker, &stats, now);
    *closed = stats.state == FILCH_BREAKER_CLOSED;
    if (*closed || (stats.state == FILCH_BREAKER_HALF_OPEN && !stats.probes))
        return now;
    const bool open = stats.state == FILCH_BREAKER_OPEN;
    const int64_t latest = fl_later(now, open ? LOOK : LOOK_AT_PROBE);
    return stats.until < latest ? stats.until : latest;
}

static bool breaker_passes(filch_pool *pool)
{
    fl_gate *gate = &pool->gate;
    bool closed;
    gate->probe = false;
    if (!fl_holds(&pool->config))
        return true;
    const int64_t now = fl_now(), at = fl_gate_next_ask(pool->config.breaker, &closed, now);
    if (closed)
        return true;
    gate->probe = !gate->probing && at <= now;
    gate->shut = !gate->probe;
    if (gate->shut)
        fl_alarm_set(&pool->alarms[FL_ALARM_GATE], at > now ? at : fl_later(now, LOOK));
    return gate->probe;
}

void fl_gate_probed(filch_job *job)
{
    filch_pool *pool = job->pool;
    fl_after after = {0};
    fl_lock(&pool->queue.room.lock);
    fl_trials(job)->attempts.probe = pool->gate.probing = pool->gate.shut = false;
    if (pool->stats.waiting)
        fl_pool_rouse(pool, &after);
    fl_pool_leave(pool, &after);
}

bool fl_gate_passes(filch_pool *pool, fl_after *after)
{
    fl_gate *gate = &pool->gate;
    if (!has_gate(pool))
        return true;
    if (gate->shut)
        return false;
    if (!pool->stats.waiting) {
        give_back(gate);
        return true;
    }
    if (!breaker_passes(pool))
        return false;
    if (!pool->config.limiter)
        return true;
    if (!gate->held && filch_limiter_reserve(pool->config.limiter, 1, &gate->permit))
        return true; /* the job will see why */
    gate->held = true;
    if (gate->permit.at <= fl_now())
        return true;
    if (!somebody_lives_until(pool, gate->permit.at, after)) {
        give_back(gate);
        return true;
    }
    gate->shut = true;
    fl_alarm_set(&pool->alarms[FL_ALARM_GATE], gate->permit.at);
    return false;
}

void fl_gate_pass(filch_pool *pool, filch_job *job, fl_after *after)
{
    fl_gate *gate = &pool->gate;
    if (!has_gate(pool))
        return;
    if (gate->probe)
        gate->probing = fl_trials(job)->attempts.probe = true;
    gate->probe = false;
    if (gate->held) {
        fl_trials(job)->attempts.permit = gate->permit;
        fl_trials(job)->attempts.permitted = true;
        gate->held = false;
    }
    if (pool->stats.waiting)
        fl_pool_rouse(pool, after);
}
