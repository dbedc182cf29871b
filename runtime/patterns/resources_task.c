/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The tasks of a pool of resources: its callbacks, and tidying. */
#include <runtime/engine/external.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/panic.h>
#include <runtime/patterns/resources.h>
#include <runtime/patterns/resources_task.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/container.h>
#include <runtime/platform/error.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/time_sum.h>
#include <runtime/sync/object_timer.h>
#include <runtime/sync/wait.h>

#include <errno.h>

/* ---- Where it stands; the lock is held ---- */

unsigned fl_resources_kept(const filch_resource_pool *pool)
{
    return pool->config.max - pool->count[FL_RESOURCE_FREE] - pool->count[FL_RESOURCE_DESTROYING];
}

bool fl_resources_settled(const filch_resource_pool *pool)
{
    return pool->closed && pool->count[FL_RESOURCE_FREE] == pool->config.max && !pool->waiting &&
           !fl_alarm_rings(&pool->alarm);
}

/* A time of 0 never comes. */
static int64_t later(int64_t from, int64_t by)
{
    return by ? fl_later(from, by) : FILCH_FOREVER;
}

static int64_t end_of(const filch_resource *resource)
{
    return later(resource->born, resource->pool->config.max_lifetime);
}

bool fl_resource_expired(const filch_resource *resource, int64_t now)
{
    return end_of(resource) <= now;
}

bool fl_resource_needs_check(const filch_resource *resource, int64_t now)
{
    const filch_resource_pool_config *config = &resource->pool->config;
    return config->check && now - resource->good >= config->check_after;
}

/* The time at which the longest-idle one is reaped. */
static int64_t next_reaping(const filch_resource_pool *pool)
{
    bool any = pool->oldest && fl_resources_kept(pool) > pool->config.min;
    return any ? later(pool->oldest->rested, pool->config.idle_time) : FILCH_FOREVER;
}

/* ---- Changes; the lock is held ---- */

static void enter(filch_resource *resource, enum fl_resource_state state)
{
    filch_resource_pool *pool = resource->pool;
    pool->count[resource->state]--;
    pool->count[state]++;
    resource->state = state;
}

void fl_resource_unlink(filch_resource *resource)
{
    filch_resource_pool *pool = resource->pool;
    if (resource->previous)
        resource->previous->next = resource->next;
    else
        pool->youngest = resource->next;
    if (resource->next)
        resource->next->previous = resource->previous;
    else
        pool->oldest = resource->previous;
}

static void lie_idle(filch_resource *resource, int64_t now)
{
    filch_resource_pool *pool = resource->pool;
    enter(resource, FL_RESOURCE_IDLE);
    resource->rested = now;
    resource->previous = NULL;
    resource->next = pool->youngest;
    if (resource->next && resource->good < resource->next->good)
        resource->good = resource->next->good;
    if (resource->next)
        resource->next->previous = resource;
    else
        pool->oldest = resource;
    pool->youngest = resource;
    fl_alarm_set(&pool->alarm, end_of(resource));
}

static void vanish(filch_resource *resource)
{
    enter(resource, FL_RESOURCE_FREE);
    resource->next = resource->pool->free;
    resource->pool->free = resource;
}

void fl_resource_hand_over(filch_resource *resource, const filch_place *place, const char *holder,
                           int64_t now)
{
    enter(resource, FL_RESOURCE_IN_USE);
    resource->pool->stats.acquired++;
    resource->place = place;
    resource->holder = holder;
    resource->since = now;
}

/* Tells the longest waiter. */
static fl_node *claim(filch_resource_pool *pool)
{
    fl_node *node = fl_waiters_claim(&pool->waiters);
    if (node) {
        ((fl_request *)node->data)->told = true;
        pool->waiting--;
    }
    return node;
}

fl_node *fl_resource_offer(filch_resource *resource, int64_t now)
{
    fl_node *node = claim(resource->pool);
    resource->good = now;
    if (node) {
        fl_request *request = node->data;
        request->resource = resource;
        fl_resource_hand_over(resource, request->place, request->holder, now);
    } else {
        lie_idle(resource, now);
    }
    return node;
}

static fl_node *refuse_first(filch_resource_pool *pool, const filch_failure *failure)
{
    fl_node *node = claim(pool);
    if (node) {
        ((fl_request *)node->data)->failure = *failure;
        pool->stats.refused++;
    }
    return node;
}

/* ---- What is needed; the lock is held ---- */

static void create_one(filch_resource_pool *pool)
{
    filch_resource *place = pool->free;
    pool->free = place->next;
    fl_resource_begin(place, FL_RESOURCE_CREATING);
}

/* For waiters. false: there is nothing. */
static bool supply_one(filch_resource_pool *pool, int64_t now)
{
    filch_resource *idle = pool->youngest;
    if (idle && fl_resource_needs_check(idle, now > pool->asked ? now : pool->asked)) {
        fl_resource_unlink(idle);
        fl_resource_begin(idle, FL_RESOURCE_CHECKING);
        return true;
    }
    if (idle || !pool->free) /* an idle one that is good: a waiter has waited too long already */
        return false;
    create_one(pool);
    return true;
}

void fl_resources_staff(filch_resource_pool *pool, int64_t now)
{
    if (pool->closed)
        return;
    const unsigned *count = pool->count;
    while (count[FL_RESOURCE_CREATING] + count[FL_RESOURCE_CHECKING] < pool->waiting &&
           supply_one(pool, now))
        ;
    while (fl_resources_kept(pool) < pool->config.min && pool->free && now >= pool->retry_at)
        create_one(pool);
    if (fl_resources_kept(pool) < pool->config.min && pool->free)
        fl_alarm_set(&pool->alarm, pool->retry_at);
    fl_alarm_set(&pool->alarm, next_reaping(pool));
}

/* ---- The task of a resource ---- */

typedef struct call {
    filch_resource *resource;
    int code;
} call;

static void create(filch_self self, void *arg)
{
    call *it = arg;
    const filch_resource_pool_config *config = &it->resource->pool->config;
    it->code = config->create(self, &it->resource->value, config->arg);
}

static void check(filch_self self, void *arg)
{
    call *it = arg;
    const filch_resource_pool_config *config = &it->resource->pool->config;
    it->code = config->check(self, it->resource->value, config->arg);
}

static void destroy(filch_self self, void *arg)
{
    const call *it = arg;
    const filch_resource_pool_config *config = &it->resource->pool->config;
    if (config->destroy)
        config->destroy(self, it->resource->value, config->arg);
}

/* AVAILABLE: offered to waiters, unless it is too old, or the pool is closed. */
enum { AVAILABLE = FL_RESOURCE_STATES };

static const struct {
    filch_task task;
    filch_go_fn *fn;
    int done, failed; /* the next state */
} table[FL_RESOURCE_STATES] = {
    [FL_RESOURCE_CREATING] = {{NULL, "(a resource's create)"}, create, AVAILABLE, FL_RESOURCE_FREE},
    [FL_RESOURCE_CHECKING] = {{NULL, "(a resource's check)"},
                              check,
                              AVAILABLE,
                              FL_RESOURCE_DESTROYING},
    [FL_RESOURCE_DESTROYING] = {{NULL, "(a resource's destroy)"},
                                destroy,
                                FL_RESOURCE_FREE,
                                FL_RESOURCE_FREE},
};

/* failure->code is 0 where it succeeded. */
static void make_call(filch_self self, filch_resource *resource, filch_failure *failure)
{
    const filch_task *task = &table[resource->state].task;
    call it = {.resource = resource};
    failure->code = 0;
    fl_fiber_of(self)->running.root = task;
    fl_error_forget();
    if (!fl_catch(self, task->name, table[resource->state].fn, &it, failure))
        return;
    fl_check_return(self, task);
    if (!it.code)
        return;
    failure->code = fl_is_errno(it.code) ? it.code : -EINVAL;
    fl_failure_explain(failure, it.code);
}

static void note(filch_resource *resource, bool done, int64_t now)
{
    filch_resource_pool *pool = resource->pool;
    filch_resource_pool_stats *stats = &pool->stats;
    if (resource->state == FL_RESOURCE_CREATING) {
        stats->created += done;
        stats->failed += !done;
        resource->born = now;
        if (!done)
            pool->retry_at = later(now, pool->config.retry);
    } else if (resource->state == FL_RESOURCE_CHECKING) {
        stats->unhealthy += !done;
    } else {
        stats->destroyed++;
    }
}

/* true: there is another call to make. */
static bool settle(filch_resource *resource, const filch_failure *failure, int64_t now)
{
    filch_resource_pool *pool = resource->pool;
    bool done = !failure->code, more = false;
    fl_node *told = NULL;
    fl_lock(&pool->lock);
    note(resource, done, now);
    int next = done ? table[resource->state].done : table[resource->state].failed;
    if (next == AVAILABLE && (pool->closed || fl_resource_expired(resource, now)))
        next = FL_RESOURCE_DESTROYING;
    if (next == AVAILABLE) {
        told = fl_resource_offer(resource, now);
    } else if (next == FL_RESOURCE_DESTROYING) {
        enter(resource, FL_RESOURCE_DESTROYING);
        more = true;
    } else {
        if (resource->state == FL_RESOURCE_CREATING)
            told = refuse_first(pool, failure);
        vanish(resource);
    }
    fl_resources_staff(pool, now);
    bool settled = fl_resources_settled(pool);
    fl_node *closers = settled ? fl_waiters_claim_all(&pool->closers, NULL) : NULL;
    fl_unlock(&pool->lock); /* the last touch, unless there is more */
    if (told)
        fl_waiter_tell(told->waiter, told, failure->code);
    fl_tell_list(closers, 0);
    return more;
}

static void run(filch_self self, fl_work_item *work_item)
{
    filch_resource *resource = (filch_resource *)work_item;
    filch_failure failure;
    do
        make_call(self, resource, &failure);
    while (settle(resource, &failure, fl_now()));
}

void fl_resource_begin(filch_resource *resource, enum fl_resource_state state)
{
    enter(resource, state);
    fl_work_item_be_part(&resource->work_item, run);
    fl_start(resource->pool->alarm.rt, &resource->work_item);
}

/* ---- Tidying ---- */

static void reap(filch_resource_pool *pool, int64_t now)
{
    for (filch_resource *idle = pool->oldest, *next; idle; idle = next) {
        next = idle->previous;
        if (!fl_resource_expired(idle, now) && next_reaping(pool) > now)
            continue;
        fl_resource_unlink(idle);
        fl_resource_begin(idle, FL_RESOURCE_DESTROYING);
    }
}

static int64_t next_end(const filch_resource_pool *pool)
{
    int64_t next = FILCH_FOREVER;
    for (const filch_resource *idle = pool->youngest; idle; idle = idle->next)
        if (end_of(idle) < next)
            next = end_of(idle);
    return next;
}

void fl_resources_tidy(filch_resource_pool *pool, int64_t now)
{
    fl_lock(&pool->lock);
    if (!pool->closed)
        reap(pool, now);
    fl_alarm_answer(&pool->alarm, next_end(pool));
    fl_resources_staff(pool, now);
    if (fl_resources_settled(pool))
        fl_tell_all(&pool->lock, &pool->closers, 0);
    else
        fl_unlock(&pool->lock);
}

void fl_resources_tidy_task(filch_self self, fl_work_item *work_item)
{
    static const filch_task task = {NULL, "(a pool of resources' tidying)"};
    fl_alarm *alarm = FL_CONTAINER_OF(work_item, fl_alarm, work_item);
    filch_resource_pool *pool = FL_CONTAINER_OF(alarm, filch_resource_pool, alarm);
    fl_fiber_of(self)->running.root = &task;
    fl_resources_tidy(pool, fl_now());
}
