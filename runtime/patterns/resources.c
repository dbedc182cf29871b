/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/patterns/resources.h>

#include <runtime/engine/external.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/patterns/resources_task.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/sized_struct.h>
#include <runtime/platform/text/text_builder.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- Life ---- */

static int refuse_config(const filch_resource_pool_config *config)
{
    if (!config || !config->create)
        return fl_fail(EINVAL, "a pool of resources without a function that creates them; give it "
                               "one in its configuration");
    if (!config->max || config->max > FILCH_RESOURCES_MAX || config->min > config->max)
        return fl_fail(EINVAL,
                       "a pool of %u to %u resources; give it a max of 1 to %d, and a min not "
                       "above it",
                       config->min, config->max, FILCH_RESOURCES_MAX);
    if (config->idle_time < 0 || config->max_lifetime < 0 || config->check_after < 0 ||
        config->retry < 0)
        return fl_fail(EINVAL, "a pool of resources with a negative time; give 0 or more "
                               "nanoseconds");
    return 0;
}

static void lay_out(filch_resource_pool *pool, const filch_resource_pool_config *config)
{
    pool->config = *config;
    if (!pool->config.retry)
        pool->config.retry = FILCH_SECOND;
    pool->count[FL_RESOURCE_FREE] = config->max;
    for (unsigned i = config->max; i-- > 0;) {
        pool->place[i].pool = pool;
        pool->place[i].next = pool->free;
        pool->free = &pool->place[i];
    }
}

int filch_resource_pool_create(filch_resource_pool **out, filch_runtime *rt,
                               const filch_resource_pool_config *config)
{
    FL_GIVEN(out);
    FL_GIVEN(config);
    int rc = refuse_config(config);
    if (!rc)
        rc = fl_runtime_meant(&rt, "filch_resource_pool_create");
    if (rc)
        return rc;
    filch_resource_pool *pool = calloc(1, sizeof *pool + config->max * sizeof pool->place[0]);
    if (!pool)
        return fl_fail(ENOMEM, "no memory for a pool of %u resources; give it a lower max",
                       config->max);
    lay_out(pool, config);
    rc = fl_alarm_init(&pool->alarm, rt, fl_resources_tidy_task);
    if (rc) {
        free(pool);
        return rc;
    }
    fl_move_in(rt);
    fl_life_begin(&pool->life);
    *out = pool;
    fl_lock(&pool->lock);
    fl_resources_staff(pool, fl_now());
    fl_unlock(&pool->lock);
    return 0;
}

/* With the lock. The waiters, as a list to be told. */
static fl_node *shut(filch_resource_pool *pool)
{
    pool->closed = true;
    fl_alarm_stop(&pool->alarm);
    for (filch_resource *idle; (idle = pool->youngest);) {
        fl_resource_unlink(idle);
        fl_resource_begin(idle, FL_RESOURCE_DESTROYING);
    }
    fl_node *all = fl_waiters_claim_all(&pool->waiters, NULL);
    for (fl_node *node = all; node; node = node->next) {
        ((fl_request *)node->data)->told = true;
        pool->waiting--;
        pool->stats.refused++;
    }
    return all;
}

void filch_resource_pool_close(filch_resource_pool *pool)
{
    FL_MUST_LIVE(pool);
    fl_lock(&pool->lock);
    fl_node *refused = pool->closed ? NULL : shut(pool);
    if (fl_resources_settled(pool))
        fl_tell_all(&pool->lock, &pool->closers, 0);
    else
        fl_unlock(&pool->lock);
    fl_tell_list(refused, -EPIPE);
}

static int wait_until_settled(const char *call, filch_resource_pool *pool, int64_t until)
{
    fl_lock(&pool->lock);
    if (!fl_resources_settled(pool)) {
        fl_waits_in(call, pool);
        return fl_wait(&pool->lock, &pool->closers, NULL, until);
    }
    fl_unlock(&pool->lock);
    return 0;
}

int filch_resource_pool_wait(filch_resource_pool *pool, int64_t until)
{
    FL_ALIVE(pool);
    return wait_until_settled("filch_resource_pool_wait", pool, until);
}

int filch_resource_pool_destroy(filch_resource_pool *pool)
{
    FL_MAY_LIVE(pool);
    if (!pool)
        return 0;
    char first[160];
    if (fl_resources_report(pool, INT64_MIN, fl_now(), first, sizeof first)) {
        first[strcspn(first, "\n")] = '\0';
        return fl_fail(EBUSY, "cannot destroy a pool of resources: one is in use; give it back: %s",
                       first);
    }
    filch_resource_pool_close(pool);
    wait_until_settled("filch_resource_pool_destroy", pool, FILCH_FOREVER);
    fl_move_out(pool->alarm.rt);
    fl_life_end(&pool->life);
    free(pool);
    return 0;
}

/* ---- Operations ---- */

/* With the lock. A resource that can be handed out now; destroys those that are too old on the way.
 * The first idle one is the one last known to be good. */
static filch_resource *take_idle(filch_resource_pool *pool, int64_t now)
{
    for (filch_resource *idle; (idle = pool->youngest);) {
        bool expired = fl_resource_expired(idle, now);
        if (!expired && fl_resource_needs_check(idle, now))
            break;
        fl_resource_unlink(idle);
        if (!expired)
            return idle;
        fl_resource_begin(idle, FL_RESOURCE_DESTROYING);
    }
    return NULL;
}

static const char closed[] =
    "filch_resource_pool_close has closed this pool of resources; acquire before that";

static int say_why(const fl_request *request)
{
    const filch_failure *failure = &request->failure;
    return failure->code ? fl_fail(-failure->code, "no resource: %s", failure->message)
                         : fl_closed(closed);
}

/* With the lock, which is released. */
static int wait_for_one(filch_resource_pool *pool, fl_request *request, int64_t until, int64_t now)
{
    pool->waiting++;
    if (until > now) {
        pool->asked = now > pool->asked ? now : pool->asked;
        pool->stats.waits++;
        fl_resources_staff(pool, now);
    }
    fl_waits_in("filch_resource_pool_acquire", pool);
    int rc = fl_wait_cancellable(&pool->lock, &pool->waiters, request, until);
    if (request->resource)
        return 0;
    if (request->told)
        return say_why(request);
    fl_lock(&pool->lock);
    pool->waiting--;
    pool->stats.refused++;
    if (fl_resources_settled(pool))
        fl_tell_all(&pool->lock, &pool->closers, 0);
    else
        fl_unlock(&pool->lock);
    return rc;
}

int fl_resources_acquire(filch_resource_pool *pool, filch_resource **out, int64_t until,
                         const filch_place *place, int64_t now)
{
    const fl_fiber *here = fl_fiber_here();
    fl_request request = {.place = place,
                          .holder = here && here->running.root ? here->running.root->name : NULL};
    fl_lock(&pool->lock);
    if (pool->closed) {
        pool->stats.refused++;
        fl_unlock(&pool->lock);
        return fl_closed(closed);
    }
    request.resource = take_idle(pool, now);
    if (request.resource) {
        fl_resource_hand_over(request.resource, request.place, request.holder, now);
        fl_unlock(&pool->lock);
    } else {
        int rc = wait_for_one(pool, &request, until, now);
        if (rc)
            return rc;
    }
    *out = request.resource;
    return 0;
}

int fl_resource_pool_acquire_at(filch_resource_pool *pool, filch_resource **out, int64_t until,
                                const filch_place *place)
{
    FL_ALIVE_IN("filch_resource_pool_acquire", pool);
    FL_GIVEN_IN("filch_resource_pool_acquire", out);
    return fl_resources_acquire(pool, out, until, place, fl_now());
}

int(filch_resource_pool_acquire)(filch_resource_pool *pool, filch_resource **out, int64_t until)
{
    static const filch_place nowhere = {.task.name = "(filch_resource_pool_acquire)"};
    return fl_resource_pool_acquire_at(pool, out, until, &nowhere);
}

int fl_resource_release(filch_resource *resource, bool healthy, int64_t now)
{
    filch_resource_pool *pool = resource->pool;
    fl_node *next = NULL;
    fl_lock(&pool->lock);
    if (resource->state != FL_RESOURCE_IN_USE) {
        fl_unlock(&pool->lock);
        return fl_fail(EALREADY,
                       "this resource is not in use; give it back once for each acquisition");
    }
    pool->stats.released++;
    pool->stats.broken += !healthy;
    if (!healthy || pool->closed || fl_resource_expired(resource, now))
        fl_resource_begin(resource, FL_RESOURCE_DESTROYING);
    else
        next = fl_resource_offer(resource, now);
    fl_resources_staff(pool, now);
    fl_unlock(&pool->lock);
    if (next)
        fl_waiter_tell(next->waiter, next, 0);
    return 0;
}

int filch_resource_give_back(filch_resource *resource, bool healthy)
{
    FL_GIVEN(resource);
    return fl_resource_release(resource, healthy, fl_now());
}

void filch_resource_discard(void *resource)
{
    if (resource)
        filch_resource_give_back(resource, false);
}

/* ---- Reports ---- */

/* Reports of a pool of resources. */

void *filch_resource_value(const filch_resource *resource)
{
    FL_MUST_GIVE(resource);
    return resource->value;
}

void filch_resource_pool_stats_read(filch_resource_pool *pool, filch_resource_pool_stats *out,
                                    size_t size)
{
    FL_MUST_LIVE(pool);
    FL_MUST_GIVE(out);
    fl_lock(&pool->lock);
    filch_resource_pool_stats all = pool->stats;
    const unsigned *count = pool->count;
    all.in_use = count[FL_RESOURCE_IN_USE];
    all.idle = count[FL_RESOURCE_IDLE];
    all.creating = count[FL_RESOURCE_CREATING];
    all.checking = count[FL_RESOURCE_CHECKING];
    all.destroying = count[FL_RESOURCE_DESTROYING];
    all.waiting = pool->waiting;
    fl_unlock(&pool->lock);
    fl_answer(out, size, &all, sizeof all);
}

static void add_line(fl_text *text, const filch_place *place, const char *holder, int64_t held)
{
    long long ms = held > 0 ? held / FILCH_MILLISECOND : 0;
    fl_text_add(text, "held for %lld.%03lld s", ms / 1000, ms % 1000);
    if (place->file)
        fl_text_add(text, ", acquired at %s:%d", fl_path_end(place->file), place->line);
    if (holder)
        fl_text_add(text, " by task %s", holder);
    fl_text_add(text, "\n");
}

/* The lock is not held while text is made. */
size_t fl_resources_report(filch_resource_pool *pool, int64_t held, int64_t now, char *text,
                           size_t size)
{
    fl_text all = {.at = text, .room = size};
    for (unsigned i = 0; i < pool->config.max; i++) {
        const filch_resource *one = &pool->place[i];
        fl_lock(&pool->lock);
        bool told = one->state == FL_RESOURCE_IN_USE && now - one->since >= held;
        int64_t since = one->since;
        const filch_place *place = one->place;
        const char *holder = one->holder;
        fl_unlock(&pool->lock);
        if (told)
            add_line(&all, place, holder, now - since);
    }
    return all.length;
}

size_t filch_resource_pool_report(filch_resource_pool *pool, int64_t held, char *text, size_t size)
{
    FL_MUST_LIVE(pool);
    if (size)
        text[0] = '\0';
    return fl_resources_report(pool, held, fl_now(), text, size);
}
