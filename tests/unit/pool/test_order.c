/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps clock_gettime
 *
 * The order of waiting jobs with given dates: a job from another level stands there by its age, and
 * jobs that have waited for long count as more urgent. */
#include <runtime/pool/order.h>
#include <runtime/pool/pool.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

#define HOUR (3600 * FILCH_SECOND)
#define NOW (1000 * HOUR)

typedef struct {
    const char *claim;
    int64_t aging;
    unsigned count;
    struct {
        unsigned level;
        int64_t since; /* from NOW */
    } jobs[4];
    const char *steps; /* "0>6": job 0 moves to level 6; "0-": it leaves; "0+": it returns */
    const char *order; /* the jobs taken, then none is left */
} row;

static const row rows[] = {
    {"a pool without jobs has no first one", HOUR, 0, {{0, 0}}, "", ""},
    {"a job that is a nanosecond older stands before one that came sooner",
     HOUR,
     2,
     {{3, 1}, {3, 0}},
     "",
     "10"},
    {"a job from another level stands before one that is a nanosecond younger",
     HOUR,
     2,
     {{3, 1}, {1, 0}},
     "1>3",
     "10"},
    {"a job from another level stands between an older and a younger one",
     HOUR,
     3,
     {{3, 0}, {3, 20}, {1, 10}},
     "2>3",
     "021"},
    {"the oldest job of its new level is linked to no job that has left",
     HOUR,
     3,
     {{3, 0}, {3, 20}, {1, 10}},
     "0- 2>3",
     "21"},
    {"the youngest of a level leaves no job behind that came before it",
     HOUR,
     3,
     {{3, 0}, {3, 20}, {1, 10}},
     "2>3 1-",
     "02"},
    {"the same priority moves no job", HOUR, 3, {{5, 0}, {5, 0}, {5, 0}}, "0>5", "012"},
    {"equals stand by number after moves",
     HOUR,
     4,
     {{5, 0}, {1, 0}, {5, 0}, {5, 0}},
     "0>6 0>5 1>5",
     "0123"},
    {"a job that returns follows its equals", HOUR, 2, {{5, 0}, {5, 0}}, "0- 0+", "10"},
    {"a job is a level more urgent for each aging that it has waited",
     HOUR,
     2,
     {{1, -HOUR / 2}, {0, -5 * HOUR / 2}},
     "",
     "10"},
    {"the oldest is not taken while others are still more urgent",
     HOUR,
     2,
     {{5, 0}, {0, -3 * HOUR / 2}},
     "",
     "01"},
    {"of jobs that are equally urgent the oldest is taken",
     HOUR,
     2,
     {{2, -HOUR / 2}, {1, -3 * HOUR / 2}},
     "",
     "10"},
    {"a nanosecond makes one of two equally urgent jobs the older",
     1,
     2,
     {{1, -HOUR}, {0, -HOUR - 1}},
     "",
     "10"},
    {"the next job that has waited for long follows at once",
     HOUR,
     3,
     {{0, -3 * HOUR}, {0, -5 * HOUR / 2}, {1, 0}},
     "",
     "012"},
    {"a job that comes late has waited since its date",
     HOUR,
     2,
     {{1, 0}, {0, -5 * HOUR / 2}},
     "",
     "10"},
};

static void step(filch_pool *pool, filch_job *job, const char *what)
{
    if (*what == '>')
        fl_order_move(pool, job, what[1] - '0');
    else if (*what == '-')
        fl_order_remove(pool, job);
    else
        fl_order_add(pool, job);
}

/* No runner takes a job. Taken jobs are freed at once. */
FOR_EACH(order, jobs_leave_by_urgency_then_age, rows)
{
    filch_pool *pool = calloc(1, sizeof *pool);
    filch_job *jobs[4] = {NULL};
    cr_assert_not_null(pool);
    pool->config.order = FILCH_PRIORITY;
    pool->config.aging = one->aging;
    pool->order.oldest = FILCH_FOREVER; /* has no meaning before the first job */
    stop_clock_at(NOW);
    for (unsigned i = 0; i < one->count; i++) {
        jobs[i] = calloc(1, sizeof *jobs[i]);
        cr_assert_not_null(jobs[i]);
        jobs[i]->pool = pool;
        jobs[i]->priority = (uint8_t)one->jobs[i].level;
        jobs[i]->since = NOW + one->jobs[i].since;
        jobs[i]->id = i + 1;
        fl_order_add(pool, jobs[i]);
    }
    for (const char *at = one->steps; *at; at += strcspn(at, " "), at += *at == ' ')
        step(pool, jobs[*at - '0'], at + 1);
    for (const char *at = one->order; *at; at++) {
        filch_job **next = &jobs[*at - '0'];
        cr_assert_eq(fl_order_take(pool), *next, "not job %c", *at);
        free(*next);
        *next = NULL;
    }
    cr_assert_null(fl_order_first(pool));
    cr_assert_null(fl_order_take(pool));
    for (unsigned i = 0; i < one->count; i++)
        free(jobs[i]);
    free(pool);
}

/* In each order the same four jobs. */
Test(order, age_is_known_across_rows)
{
    static const enum filch_pool_order orders[] = {FILCH_ANY, FILCH_LIFO, FILCH_PRIORITY,
                                                   FILCH_EARLIEST};
    static const unsigned levels[] = {5, 1, 3, 1}, rows_of[] = {1, 1, FILCH_PRIORITIES, 2};
    static const unsigned by_age[] = {1, 2, 0, 3};
    for (unsigned o = 0; o < sizeof orders / sizeof *orders; o++) {
        filch_pool *pool = calloc(1, sizeof *pool);
        fl_full_job *jobs = calloc(4, sizeof *jobs);
        cr_assert(pool && jobs);
        pool->config.order = orders[o];
        for (unsigned i = 0; i < 4; i++) {
            filch_job *job = &jobs[by_age[i]].job;
            *job = (filch_job){.pool = pool, .id = i + 1, .more = &jobs[by_age[i]].more};
            job->priority = (uint8_t)levels[by_age[i]];
            job->more->deadline = i % 2 ? NOW : FILCH_FOREVER;
            fl_order_add(pool, job);
            pool->stats.waiting++;
        }
        for (unsigned i = 0; i < 4; i++)
            cr_assert_eq(fl_order_nth_oldest(pool, i), &jobs[by_age[i]].job, "order %u: %u", o, i);
        cr_assert_eq(fl_order_newest(pool), &jobs[by_age[3]].job, "order %u", o);
        cr_assert_not_null(fl_order_row(pool, rows_of[o] - 1), "order %u", o);
        cr_assert_null(fl_order_row(pool, rows_of[o]), "order %u", o);
        for (unsigned i = 0; i < 4; i++) {
            fl_order_remove(pool, &jobs[i].job);
            pool->stats.waiting--;
        }
        cr_assert_null(fl_order_newest(pool), "order %u", o);
        fl_timer_row_clear(&pool->order.by_deadline);
        free(jobs);
        free(pool);
    }
}
