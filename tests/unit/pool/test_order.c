/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The order of waiting jobs with given dates: a job from another level stands there by its age, and
 * jobs that have waited for long count as more urgent. */
#include <runtime/pool/order.h>
#include <tests/support/stopped_clock.h>
#include <tests/support/test.h>

enum { JOBS_MOST = 4 };
#define HOUR (3600 * FILCH_SECOND)
#define NOW (1000 * HOUR)

/* No runner comes by. */
static filch_pool *pool_by_priority(int64_t aging)
{
    filch_pool *pool = calloc(1, sizeof *pool);
    cr_assert_not_null(pool);
    pool->config.order = FILCH_PRIORITY;
    pool->config.aging = aging;
    pool->oldest = FILCH_FOREVER; /* has no meaning before the first job */
    stop_clock_at(NOW);
    return pool;
}

static filch_job *jobs[JOBS_MOST];

/* Number `i`, of that level; it has waited since then. */
static void add(filch_pool *pool, unsigned i, unsigned level, int64_t since)
{
    jobs[i] = calloc(1, sizeof *jobs[i]);
    cr_assert_not_null(jobs[i]);
    jobs[i]->pool = pool;
    jobs[i]->priority = (uint8_t)level;
    jobs[i]->since = since;
    jobs[i]->id = i + 1;
    fl_order_add(pool, jobs[i]);
}

static void expect_next(filch_pool *pool, unsigned i)
{
    cr_assert_eq(fl_order_take(pool), jobs[i], "not number %u", i);
    free(jobs[i]);
}

static void expect_the_end(filch_pool *pool)
{
    cr_assert_null(fl_order_first(pool));
    cr_assert_null(fl_order_take(pool));
    free(pool);
}

Test(order, a_pool_without_jobs_has_no_first_one)
{
    expect_the_end(pool_by_priority(HOUR));
}

Test(order, a_job_that_is_a_nanosecond_older_stands_before_one_that_came_sooner)
{
    filch_pool *pool = pool_by_priority(HOUR);
    add(pool, 0, 3, NOW + 1);
    add(pool, 1, 3, NOW);
    expect_next(pool, 1);
    expect_next(pool, 0);
    expect_the_end(pool);
}

/* ---- From another level ---- */

Test(order, a_job_from_another_level_stands_before_one_that_is_a_nanosecond_younger)
{
    filch_pool *pool = pool_by_priority(HOUR);
    add(pool, 0, 3, NOW + 1);
    add(pool, 1, 1, NOW);
    fl_order_move(pool, jobs[1], 3);
    expect_next(pool, 1);
    expect_next(pool, 0);
    expect_the_end(pool);
}

Test(order, a_job_from_another_level_stands_between_an_older_and_a_younger_one)
{
    filch_pool *pool = pool_by_priority(HOUR);
    add(pool, 0, 3, NOW);
    add(pool, 1, 3, NOW + 20);
    add(pool, 2, 1, NOW + 10);
    fl_order_move(pool, jobs[2], 3);
    expect_next(pool, 0);
    expect_next(pool, 2);
    expect_next(pool, 1);
    expect_the_end(pool);
}

Test(order, the_oldest_job_of_its_new_level_is_linked_to_no_job_that_has_left)
{
    filch_pool *pool = pool_by_priority(HOUR);
    add(pool, 0, 3, NOW);
    add(pool, 1, 3, NOW + 20);
    add(pool, 2, 1, NOW + 10);
    fl_order_remove(pool, jobs[0]);
    fl_order_move(pool, jobs[2], 3);
    expect_next(pool, 2);
    expect_next(pool, 1);
    free(jobs[0]);
    expect_the_end(pool);
}

Test(order, the_youngest_of_a_level_leaves_no_job_behind_that_came_before_it)
{
    filch_pool *pool = pool_by_priority(HOUR);
    add(pool, 0, 3, NOW);
    add(pool, 1, 3, NOW + 20);
    add(pool, 2, 1, NOW + 10);
    fl_order_move(pool, jobs[2], 3);
    fl_order_remove(pool, jobs[1]);
    expect_next(pool, 0);
    expect_next(pool, 2);
    free(jobs[1]);
    expect_the_end(pool);
}

Test(order, the_same_priority_moves_no_job)
{
    filch_pool *pool = pool_by_priority(HOUR);
    for (unsigned i = 0; i < 3; i++)
        add(pool, i, 5, NOW);
    fl_order_move(pool, jobs[0], 5);
    for (unsigned i = 0; i < 3; i++)
        expect_next(pool, i);
    expect_the_end(pool);
}

Test(order, equals_stand_by_number_after_moves)
{
    filch_pool *pool = pool_by_priority(HOUR);
    for (unsigned i = 0; i < 4; i++)
        add(pool, i, i == 1 ? 1 : 5, NOW);
    fl_order_move(pool, jobs[0], 6);
    fl_order_move(pool, jobs[0], 5);
    fl_order_move(pool, jobs[1], 5);
    for (unsigned i = 0; i < 4; i++)
        expect_next(pool, i);
    expect_the_end(pool);
}

Test(order, a_job_that_returns_follows_its_equals)
{
    filch_pool *pool = pool_by_priority(HOUR);
    for (unsigned i = 0; i < 2; i++)
        add(pool, i, 5, NOW);
    fl_order_remove(pool, jobs[0]);
    fl_order_add(pool, jobs[0]);
    expect_next(pool, 1);
    expect_next(pool, 0);
    expect_the_end(pool);
}

/* ---- Aging ---- */

Test(order, a_job_is_a_level_more_urgent_for_each_aging_that_it_has_waited)
{
    filch_pool *pool = pool_by_priority(HOUR);
    add(pool, 0, 1, NOW - HOUR / 2);
    add(pool, 1, 0, NOW - 5 * HOUR / 2);
    expect_next(pool, 1);
    expect_next(pool, 0);
    expect_the_end(pool);
}

Test(order, the_oldest_is_not_taken_while_others_are_still_more_urgent)
{
    filch_pool *pool = pool_by_priority(HOUR);
    add(pool, 0, 5, NOW);
    add(pool, 1, 0, NOW - 3 * HOUR / 2);
    expect_next(pool, 0);
    expect_next(pool, 1);
    expect_the_end(pool);
}

Test(order, of_jobs_that_are_equally_urgent_the_oldest_is_taken)
{
    filch_pool *pool = pool_by_priority(HOUR);
    add(pool, 0, 2, NOW - HOUR / 2);
    add(pool, 1, 1, NOW - 3 * HOUR / 2);
    expect_next(pool, 1);
    expect_next(pool, 0);
    expect_the_end(pool);
}

Test(order, a_nanosecond_makes_one_of_two_equally_urgent_jobs_the_older)
{
    filch_pool *pool = pool_by_priority(1);
    add(pool, 0, 1, NOW - HOUR);
    add(pool, 1, 0, NOW - HOUR - 1);
    expect_next(pool, 1);
    expect_next(pool, 0);
    expect_the_end(pool);
}

Test(order, the_next_job_that_has_waited_for_long_follows_at_once)
{
    filch_pool *pool = pool_by_priority(HOUR);
    add(pool, 0, 0, NOW - 3 * HOUR);
    add(pool, 1, 0, NOW - 5 * HOUR / 2);
    add(pool, 2, 1, NOW);
    expect_next(pool, 0);
    expect_next(pool, 1);
    expect_next(pool, 2);
    expect_the_end(pool);
}

Test(order, a_job_that_comes_late_has_waited_since_its_date)
{
    filch_pool *pool = pool_by_priority(HOUR);
    add(pool, 0, 1, NOW);
    add(pool, 1, 0, NOW - 5 * HOUR / 2);
    expect_next(pool, 1);
    expect_next(pool, 0);
    expect_the_end(pool);
}
