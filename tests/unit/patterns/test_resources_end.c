/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pools of resources: resources that grow old, the end of a pool, and holders that have not
 * released theirs. */
#include <runtime/patterns/resources.h>
#include <runtime/patterns/resources_task.h>
#include <tests/support/engine.h>
#include <tests/support/test.h>
#include <tests/unit/patterns/resource_crew.h>

/* ---- Age ---- */

Test(resources_end, long_idle_resources_shrink_to_minimum)
{
    filch_runtime *rt = config_runtime(3, 0);
    filch_resource_pool_config config = source_config(&from, 1, 4);
    config.idle_time = 1000 * FILCH_SECOND;
    filch_resource_pool *pool = resources_of(rt, &config);
    filch_resource *some[4];
    for (unsigned i = 0; i < 4; i++)
        some[i] = acquired(pool);
    for (unsigned i = 0; i < 3; i++)
        OK(filch_resource_give_back(some[i], true));
    fl_resources_tidy(pool, filch_in(500 * FILCH_SECOND));
    cr_assert_eq(resources_stats(pool).idle, 3, "not early");
    fl_resources_tidy(pool, filch_in(1000 * FILCH_SECOND));
    WAIT_FOR(pool, now.destroyed == 3 && now.idle == 0 && now.in_use == 1);
    OK(filch_resource_give_back(some[3], true));
    fl_resources_tidy(pool, filch_in(3000 * FILCH_SECOND));
    cr_assert_eq(resources_stats(pool).idle, 1, "min");
    source_ends(&from, pool);
    OK(filch_runtime_destroy(rt));
}

Test(resources_end, the_pool_tidies_itself)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        filch_resource_pool_config config = source_config(&from, 0, 4);
        config.idle_time = MS;
        config.max_lifetime = c % 3 ? 3 * MS : 0;
        filch_resource_pool *pool = resources_of(rt, &config);
        for (unsigned i = 0; i < 8; i++) {
            int64_t since = filch_now();
            OK(filch_resource_give_back(acquired(pool), true));
            WAIT_FOR(pool, now.created == now.destroyed);
            cr_assert_geq(filch_now() - since, MS, "not early");
        }
        source_ends(&from, pool);
        OK(filch_runtime_destroy(rt));
    }
}

Test(resources_end, expired_resources_are_destroyed_once_idle)
{
    static const filch_place nowhere = {.task.name = "nobody"};
    filch_runtime *rt = config_runtime(3, 0);
    filch_resource_pool_config config = source_config(&from, 0, 2);
    config.max_lifetime = 1000 * FILCH_SECOND;
    filch_resource_pool *pool = resources_of(rt, &config);
    filch_resource *one = acquired(pool), *two = acquired(pool);
    cr_assert_eq(fl_resource_release(one, true, filch_in(1000 * FILCH_SECOND)), 0);
    WAIT_FOR(pool, now.destroyed == 1);
    OK(filch_resource_give_back(two, true));
    cr_assert_eq(fl_resources_acquire(pool, &one, 0, &nowhere, filch_in(500 * FILCH_SECOND)), 0);
    cr_assert_eq(one, two, "young enough");
    OK(filch_resource_give_back(two, true));
    cr_assert_eq(fl_resources_acquire(pool, &one, 0, &nowhere, filch_in(1000 * FILCH_SECOND)),
                 -ETIMEDOUT);
    WAIT_FOR(pool, now.destroyed == 2);
    OK(filch_resource_give_back(acquired(pool), true));
    fl_resources_tidy(pool, filch_in(2000 * FILCH_SECOND));
    WAIT_FOR(pool, now.destroyed == 3);
    source_ends(&from, pool);
    OK(filch_runtime_destroy(rt));
}

/* ---- The end ---- */

static void is_closed(crew *all, enum crew_kind kind, const char *name)
{
    filch_resource_pool_config config = source_config(&from, 0, 2);
    queue = (struct queue){.pool = resources_of(all->rt, &config)};
    filch_resource *one = acquired(queue.pool), *two = acquired(queue.pool), *none = NULL;
    for (unsigned i = 0; i < QUEUE; i++) {
        queue.place[i].queue = &queue;
        crew_start(all, (kind + i) % CREW_KINDS, stand_in_line, &queue.place[i]);
    }
    WAIT_FOR(queue.pool, now.waiting == QUEUE);
    filch_resource_pool_close(queue.pool);
    cr_assert_eq(filch_resource_pool_wait(queue.pool, filch_in(MS)), -ETIMEDOUT, "two are outside");
    crew_wait(all);
    for (unsigned i = 0; i < QUEUE; i++)
        cr_assert_eq(queue.place[i].rc, -EPIPE, "%s", name);
    cr_assert_eq(filch_resource_pool_acquire(queue.pool, &none, FILCH_FOREVER), -EPIPE);
    cr_assert_eq(filch_resource_pool_destroy(queue.pool), -EBUSY);
    cr_assert_not_null(strstr(filch_error(), "resource_crew.h"), "%s", filch_error());
    OK(filch_resource_give_back(one, true));
    OK(filch_resource_give_back(two, false));
    cr_assert_eq(resources_stats(queue.pool).refused, QUEUE + 1);
    source_ends(&from, queue.pool);
}

Test(resources_end, close_refuses_waiters_and_awaits_holders)
{
    crew_everywhere(is_closed);
}

Test(resources_end, closing_waits_for_its_alarm)
{
    occupation of_worker;
    filch_runtime *rt = occupied_runtime(&of_worker);
    filch_resource_pool_config config = source_config(&from, 0, 2);
    filch_resource_pool *pool = resources_of(rt, &config);
    occupied_ring(&pool->lock, &pool->alarm);
    filch_resource_pool_close(pool);
    cr_assert_eq(filch_resource_pool_wait(pool, filch_in(MS)), -ETIMEDOUT, "its task will come");
    signpost_raise(&of_worker.over);
    source_ends(&from, pool);
    OK(filch_runtime_destroy(rt));
}

Test(resources_end, close_waits_for_late_acquirers)
{
    filch_runtime *rt = config_runtime(2, 0);
    filch_resource_pool_config config = source_config(&from, 0, 2);
    filch_resource_pool *pool = resources_of(rt, &config);
    pool->waiting++; /* as such a caller leaves it, until it has the lock */
    filch_resource_pool_close(pool);
    cr_assert_eq(filch_resource_pool_wait(pool, filch_in(MS)), -ETIMEDOUT);
    pool->waiting--;
    source_ends(&from, pool);
    OK(filch_runtime_destroy(rt));
}

FILCH_TASK(size_t, hold_and_tell, (filch_resource_pool *, pool), (char *, text), (size_t, size))
{
    filch_resource *one = acquired(pool);
    size_t length = filch_resource_pool_report(pool, 0, text, size);
    filch_resource_give_back(one, true);
    return length;
}

#define FOLDERS "folder/folder/folder/folder/folder/folder/folder/folder/folder/"

Test(resources_end, refused_destroy_names_long_holder_path)
{
    static const filch_place deep = {{NULL, "deep"},
                                     "/" FOLDERS FOLDERS FOLDERS FOLDERS "end.c",
                                     7};
    filch_runtime *rt = config_runtime(3, 0);
    filch_resource_pool_config config = source_config(&from, 0, 2);
    filch_resource_pool *pool = resources_of(rt, &config);
    filch_resource *one;
    OK(fl_resource_pool_acquire_at(pool, &one, FILCH_FOREVER, &deep));
    cr_assert_eq(filch_resource_pool_destroy(pool), -EBUSY);
    cr_assert_not_null(strstr(filch_error(), "folder/end.c:7"), "%s", filch_error());
    OK(filch_resource_give_back(one, true));
    source_ends(&from, pool);
    OK(filch_runtime_destroy(rt));
}

Test(resources_end, report_lists_holders_and_times)
{
    filch_runtime *rt = config_runtime(3, 0);
    filch_resource_pool_config config = source_config(&from, 0, 2);
    filch_resource_pool *pool = resources_of(rt, &config);
    char text[512] = "?";
    cr_assert_eq(filch_resource_pool_report(pool, 0, text, sizeof text), 0);
    cr_assert_str_eq(text, "");
    cr_assert_eq(FILCH_RUN(rt, hold_and_tell, pool, text, sizeof text), strlen(text));
    cr_assert_not_null(strstr(text, "resource_crew.h:"), "%s", text);
    cr_assert_not_null(strstr(text, "by task hold_and_tell"), "%s", text);
    filch_resource *one = acquired(pool);
    int64_t since = one->since;
    size_t length = fl_resources_report(pool, 0, since + 61234 * (int64_t)MS, text, sizeof text);
    cr_assert_eq(length, strlen(text));
    cr_assert_not_null(strstr(text, "held for 61.234 s"), "%s", text);
    cr_assert_eq(fl_resources_report(pool, 100 * FILCH_SECOND, since, text, sizeof text), 0);
    cr_assert_eq(fl_resources_report(pool, 0, since, NULL, 0),
                 fl_resources_report(pool, 0, since, text, sizeof text));
    OK(filch_resource_give_back(one, true));
    source_ends(&from, pool);
    OK(filch_runtime_destroy(rt));
}
