/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pools of resources: the order of acquisition, and resources that fail or break. */
#include <runtime/patterns/resources.h>
#include <runtime/patterns/resources_task.h>
#include <tests/support/test.h>
#include <tests/unit/patterns/resource_crew.h>

Test(resources, idle_resources_are_reused)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        filch_resource_pool_config config = source_config(&from, 0, 3);
        filch_resource_pool *pool = resources_of(rt, &config);
        filch_resource *one = acquired(pool), *two = acquired(pool), *none = NULL;
        cr_assert_neq(filch_resource_value(one), filch_resource_value(two));
        cr_assert_eq(filch_resource_pool_acquire(pool, &none, 0), -ETIMEDOUT, "none is idle");
        cr_assert_null(none);
        OK(filch_resource_give_back(one, true));
        OK(filch_resource_give_back(two, true));
        OK(filch_resource_pool_acquire(pool, &none, 0));
        cr_assert_eq(none, two, "the last used");
        OK(filch_resource_give_back(none, true));
        filch_resource_pool_stats all = resources_stats(pool);
        cr_assert_eq(all.created, 2);
        cr_assert_eq(all.idle, 2);
        cr_assert_eq(all.acquired, 3);
        cr_assert_eq(all.waits, 2);
        cr_assert_eq(all.refused, 1);
        source_ends(&from, pool);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Order ---- */

static void is_served_in_order(crew *all, enum crew_kind kind, const char *name)
{
    filch_resource_pool_config config = source_config(&from, 0, 1);
    queue = (struct queue){.pool = resources_of(all->rt, &config)};
    filch_resource *first = acquired(queue.pool);
    for (unsigned i = 0; i < QUEUE; i++) {
        queue.place[i].queue = &queue;
        crew_start(all, (kind + i) % CREW_KINDS, stand_in_line, &queue.place[i]);
        WAIT_FOR(queue.pool, now.waiting == i + 1);
    }
    OK(filch_resource_give_back(first, true));
    crew_wait(all);
    for (unsigned i = 0; i < QUEUE; i++) {
        cr_assert_eq(queue.place[i].rc, 0, "%s", name);
        cr_assert_eq(queue.place[i].turn, i, "%s: %u came as %u", name, i, queue.place[i].turn);
    }
    cr_assert_eq(resources_stats(queue.pool).created, 1);
    source_ends(&from, queue.pool);
}

Test(resources, who_came_first_is_served_first)
{
    crew_everywhere(is_served_in_order);
}

/* ---- Creating ---- */

Test(resources, deadline_during_creation_loses_no_resource)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        filch_resource_pool_config config = source_config(&from, 0, 1);
        filch_resource_pool *pool = resources_of(rt, &config);
        filch_resource *one = NULL;
        filch_u32_store(&from.may_go_on, 0, FILCH_RELEASE);
        do /* until it was not too late to begin */
            cr_assert_eq(filch_resource_pool_acquire(pool, &one, filch_in(MS)), -ETIMEDOUT);
        while (resources_stats(pool).creating == 0);
        cr_assert_null(one);
        filch_u32_store(&from.may_go_on, 1, FILCH_RELEASE);
        WAIT_FOR(pool, now.idle == 1);
        OK(filch_resource_pool_acquire(pool, &one, 0));
        OK(filch_resource_give_back(one, true));
        source_ends(&from, pool);
        OK(filch_runtime_destroy(rt));
    }
}

static void fails_for_some(crew *all, enum crew_kind kind, const char *name)
{
    enum { FAILURES = 3, PANICS = 2 };
    filch_resource_pool_config config = source_config(&from, 0, 2);
    queue = (struct queue){.pool = resources_of(all->rt, &config)};
    filch_u32_store(&from.failures, FAILURES, FILCH_RELEASE);
    filch_u32_store(&from.panics, PANICS, FILCH_RELEASE);
    for (unsigned i = 0; i < QUEUE; i++) {
        queue.place[i].queue = &queue;
        crew_start(all, (kind + i) % CREW_KINDS, stand_in_line, &queue.place[i]);
    }
    crew_wait(all);
    unsigned refused = 0, panicked = 0, served = 0;
    for (unsigned i = 0; i < QUEUE; i++) {
        refused += queue.place[i].rc == -ECONNREFUSED;
        panicked += queue.place[i].rc == -EPROTO;
        served += queue.place[i].rc == 0;
    }
    filch_resource_pool_stats stats = resources_stats(queue.pool);
    cr_assert_eq(refused + panicked + served, QUEUE, "%s", name);
    cr_assert_eq(refused + panicked, stats.refused, "%s", name);
    cr_assert_leq(refused, FAILURES);
    cr_assert_leq(panicked, PANICS);
    cr_assert_eq(served, filch_u32_load(&queue.turns, FILCH_ACQUIRE));
    source_ends(&from, queue.pool);
}

Test(resources, failed_or_panicked_creations_strand_nobody)
{
    crew_everywhere(fails_for_some);
}

Test(resources, a_failed_creation_says_why)
{
    filch_runtime *rt = config_runtime(2, 0);
    filch_resource_pool_config config = source_config(&from, 0, 1);
    filch_resource_pool *pool = resources_of(rt, &config);
    filch_resource *one;
    filch_u32_store(&from.panics, 1, FILCH_RELEASE);
    cr_assert_eq(filch_resource_pool_acquire(pool, &one, FILCH_FOREVER), -EPROTO);
    cr_assert_not_null(strstr(filch_error(), "no handshake"), "%s", filch_error());
    filch_u32_store(&from.failures, 1, FILCH_RELEASE);
    cr_assert_eq(filch_resource_pool_acquire(pool, &one, FILCH_FOREVER), -ECONNREFUSED);
    cr_assert_not_null(strstr(filch_error(), strerror(ECONNREFUSED)), "%s", filch_error());
    source_ends(&from, pool);
    OK(filch_runtime_destroy(rt));
}

Test(resources, minimum_is_created_eagerly_despite_failures)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        filch_resource_pool_config config = source_config(&from, 3, 5);
        config.retry = MS / 10;
        from.failures = (filch_u32){7};
        filch_resource_pool *pool = resources_of(rt, &config);
        WAIT_FOR(pool, now.idle == 3);
        cr_assert_eq(resources_stats(pool).failed, 7);
        cr_assert_eq(resources_stats(pool).created, 3);
        source_ends(&from, pool);
        OK(filch_runtime_destroy(rt));
    }
}

Test(resources, minimum_is_not_retried_early)
{
    filch_runtime *rt = config_runtime(3, 0);
    filch_resource_pool_config config = source_config(&from, 1, 2);
    config.retry = 1000 * FILCH_SECOND;
    from.failures = (filch_u32){1};
    filch_resource_pool *pool = resources_of(rt, &config);
    WAIT_FOR(pool, now.failed == 1);
    fl_resources_tidy(pool, filch_in(500 * FILCH_SECOND));
    cr_assert_eq(resources_stats(pool).creating, 0);
    cr_assert_eq(signpost_count(&from.begun), 1, "not early");
    fl_resources_tidy(pool, filch_in(1000 * FILCH_SECOND));
    WAIT_FOR(pool, now.idle == 1);
    source_ends(&from, pool);
    OK(filch_runtime_destroy(rt));
}

/* ---- What is no good ---- */

Test(resources, a_broken_one_is_replaced)
{
    filch_runtime *rt = config_runtime(2, 0);
    filch_resource_pool_config config = source_config(&from, 0, 1);
    filch_resource_pool *pool = resources_of(rt, &config);
    filch_resource *one = acquired(pool);
    void *value = filch_resource_value(one);
    OK(filch_resource_give_back(one, false));
    one = acquired(pool);
    cr_assert_neq(filch_resource_value(one), value);
    OK(filch_resource_give_back(one, true));
    cr_assert_eq(resources_stats(pool).broken, 1);
    cr_assert_eq(resources_stats(pool).destroyed, 1);
    source_ends(&from, pool);
    OK(filch_runtime_destroy(rt));
}

Test(resources, resource_failing_its_check_is_replaced)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        filch_resource_pool_config config = source_config(&from, 0, 1);
        config.check_after = 0;
        filch_resource_pool *pool = resources_of(rt, &config);
        filch_resource *none = NULL;
        void *value = NULL;
        for (uint32_t mood = SOURCE_GOOD; mood <= SOURCE_PANICS; mood++) {
            filch_resource *one = acquired(pool);
            cr_assert((mood == SOURCE_PANICS) == (value && filch_resource_value(one) != value));
            value = filch_resource_value(one);
            OK(filch_resource_give_back(one, true));
            cr_assert_eq(filch_resource_pool_acquire(pool, &none, 0), -ETIMEDOUT, "needs a check");
            filch_u32_store(&from.check_mood, mood, FILCH_RELEASE);
        }
        filch_resource *last = acquired(pool);
        cr_assert_neq(filch_resource_value(last), value);
        OK(filch_resource_give_back(last, true));
        cr_assert_eq(resources_stats(pool).unhealthy, 2);
        cr_assert_eq(resources_stats(pool).created, 3);
        source_ends(&from, pool);
        OK(filch_runtime_destroy(rt));
    }
}

/* Two resources, of which the one released last fails its check: the caller gets the other one in
 * the end. */
Test(resources, caller_is_served_despite_clock_disorder)
{
    static const filch_place nowhere = {.task.name = "nobody"};
    enum { RELEASED_EARLIER, ASKED_LATER, CASES };
    for (unsigned i = 0; i < CASES * CONFIGS; i++) {
        filch_runtime *rt = config_runtime(i / CASES, 10000);
        filch_resource_pool_config config = source_config(&from, 0, 2);
        config.check_after = 1000 * FILCH_SECOND;
        filch_resource_pool *pool = resources_of(rt, &config);
        filch_resource *one = acquired(pool), *two = acquired(pool);
        int64_t ago = i % CASES == RELEASED_EARLIER ? 2000 * FILCH_SECOND : 0;
        int64_t ahead = i % CASES == ASKED_LATER ? 2000 * FILCH_SECOND : 0;
        OK(filch_resource_give_back(one, true));
        cr_assert_eq(fl_resource_release(two, true, filch_now() - ago), 0);
        filch_u32_store(&from.check_mood, SOURCE_FAILS, FILCH_RELEASE);
        cr_assert_eq(fl_resources_acquire(pool, &one, FILCH_FOREVER, &nowhere, filch_in(ahead)), 0);
        OK(filch_resource_give_back(one, true));
        source_ends(&from, pool);
        OK(filch_runtime_destroy(rt));
    }
}

static void acquire_and_panic(filch_self self, void *pool)
{
    filch_resource *one = acquired(pool);
    FILCH_DEFER(filch_resource_discard, one);
    FILCH_PANIC(-EBADMSG, "in the middle of it");
}

FILCH_TASK(int, try_it, (filch_resource_pool *, pool))
{
    return filch_try(self, acquire_and_panic, pool, NULL);
}

Test(resources, what_a_panic_leaves_is_discarded)
{
    filch_runtime *rt = config_runtime(2, 0);
    filch_resource_pool_config config = source_config(&from, 0, 1);
    filch_resource_pool *pool = resources_of(rt, &config);
    cr_assert_eq(FILCH_RUN(rt, try_it, pool), -EBADMSG);
    cr_assert_eq(resources_stats(pool).broken, 1);
    filch_resource_discard(NULL);
    source_ends(&from, pool);
    OK(filch_runtime_destroy(rt));
}

static void destroy_in_panic(filch_self self, void *value, void *arg)
{
    source_destroy(self, value, arg);
    FILCH_PANIC(-EIO, "it does not hang up");
}

Test(resources, a_destruction_that_panics_has_destroyed)
{
    filch_runtime *rt = config_runtime(3, 0);
    filch_resource_pool_config config = source_config(&from, 0, 1);
    config.destroy = destroy_in_panic;
    filch_resource_pool *pool = resources_of(rt, &config);
    for (unsigned i = 0; i < 5; i++)
        OK(filch_resource_give_back(acquired(pool), false));
    source_ends(&from, pool);
    OK(filch_runtime_destroy(rt));
}

/* ---- Misuse ---- */

Test(resources, bad_arguments_are_refused)
{
    filch_runtime *rt = config_runtime(2, 0);
    filch_resource_pool_config good = source_config(&from, 0, 1), config;
    filch_resource_pool *pool = NULL;
    filch_resource *one = NULL;
    cr_assert_eq(filch_resource_pool_create(NULL, rt, &good), -EINVAL);
    cr_assert_eq(filch_resource_pool_create(&pool, NULL, &good), -EINVAL, "no task calls");
    cr_assert_eq(filch_resource_pool_create(&pool, rt, NULL), -EINVAL);
#define REFUSED(change)                                                                            \
    config = good;                                                                                 \
    config.change;                                                                                 \
    cr_assert_eq(filch_resource_pool_create(&pool, rt, &config), -EINVAL, #change);
    REFUSED(create = NULL)
    REFUSED(max = 0)
    REFUSED(min = 2)
    REFUSED(max = FILCH_RESOURCES_MAX + 1)
    REFUSED(idle_time = -1)
    REFUSED(max_lifetime = -1)
    REFUSED(check_after = -1)
    REFUSED(retry = -1)
    cr_assert_null(pool, "untouched");
    OK(filch_resource_pool_destroy(NULL));
    cr_assert_eq(filch_resource_pool_wait(NULL, 0), -EINVAL);
    cr_assert_eq(filch_resource_pool_acquire(NULL, &one, 0), -EINVAL);
    cr_assert_eq(filch_resource_give_back(NULL, true), -EINVAL);
    pool = resources_of(rt, &good);
    cr_assert_eq(filch_resource_pool_acquire(pool, NULL, 0), -EINVAL);
    cr_assert_eq(filch_resource_pool_acquire(pool, &one, -1), -EINVAL);
    cr_assert_eq((filch_resource_pool_acquire)(pool, &one, FILCH_FOREVER), 0);
    OK(filch_resource_give_back(one, true));
    cr_assert_eq(filch_resource_give_back(one, true), -EALREADY);
    source_ends(&from, pool);
    OK(filch_runtime_destroy(rt));
}
