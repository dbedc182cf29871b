/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Reading statistics: sums and parts, times, JSON, metrics; refused arguments. */
#include <pthread.h>
#include <tests/support/engine.h>
#include <tests/support/reading.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <time.h>

/* ---- Sums, and what never falls ---- */

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static filch_runtime_stats sum_of_workers(filch_runtime *rt)
{
    filch_runtime_stats sum = {0};
    const filch_runtime_stat *row;
    for (unsigned worker = 0; worker < filch_runtime_max_workers(rt); worker++) {
        filch_runtime_stats one = stats_now(rt, (int)worker);
        for (unsigned i = 0; (row = filch_runtime_stats_row(i)); i++)
            *(uint64_t *)(void *)((char *)&sum + row->offset) += stats_value(row, &one);
    }
    return sum;
}

Test(stats, total_is_sum_of_workers)
{
    filch_runtime *rt = stats_runtime(8, "chase-lev", NULL);
    for (int i = 0; i < 20; i++) {
        cr_assert_eq(FILCH_RUN(rt, fib, 14), serial_fib(14));
        filch_runtime_stats before = sum_of_workers(rt), all = stats_now(rt, FILCH_ALL_WORKERS),
                            after = sum_of_workers(rt);
        const filch_runtime_stat *row;
        for (unsigned k = 0; (row = filch_runtime_stats_row(k)); k++) {
            if (row->now)
                continue;
            cr_expect_leq(stats_value(row, &before), stats_value(row, &all), "%s", row->name);
            cr_expect_leq(stats_value(row, &all), stats_value(row, &after), "%s", row->name);
        }
    }
    stats_end(rt);
}

static uint64_t age(const filch_runtime_stats *one)
{
    return one->work_ns + one->search_ns + one->sleep_ns + one->retired_ns;
}

Test(stats, worker_times_add_up_to_age)
{
    enum { SLOTS = 4 };
    filch_runtime *rt = NULL;
    filch_config config = {.workers = 2, .max_workers = SLOTS};
    int64_t begun = now();
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    int64_t there = now();
    FILCH_RUN(rt, stats_robbed, 5);
    for (int i = 0; i < SLOTS; i++) {
        filch_runtime_stats one;
        int64_t from, to;
        do { /* nothing is told of a worker that is just turning to something else */
            from = now();
            one = stats_now(rt, i);
            to = now();
        } while (!age(&one));
        cr_expect_geq((int64_t)age(&one), from - there, "worker %d", i);
        cr_expect_leq((int64_t)age(&one), to - begun, "worker %d", i);
        if (i >= 2)
            cr_expect_eq(one.retired_ns, age(&one), "it was never needed");
        else
            cr_expect_eq(one.retired_ns, 0);
        cr_expect_eq(one.fibers + one.suspended, 0, "those are of the runtime");
    }
    stats_end(rt);
}

/* A task that computes on, without ever coming to the scheduler. */
static signpost begun, go_on;
FILCH_VOID_TASK(computes)
{
    signpost_raise(&begun);
    signpost_wait(&go_on, 1);
}

static void *run_computes(void *rt)
{
    FILCH_RUN(rt, computes);
    return NULL;
}

Test(stats, work_in_progress_shows)
{
    pthread_t thread;
    filch_runtime *rt = stats_runtime(1, NULL, NULL);
    begun = go_on = (signpost){0};
    cr_assert_eq(pthread_create(&thread, NULL, run_computes, rt), 0);
    signpost_wait(&begun, 1);
    uint64_t before = stats_now(rt, 0).work_ns;
    WAIT_WHILE(stats_now(rt, 0).work_ns == before);
    signpost_raise(&go_on);
    pthread_join(thread, NULL);
    uint64_t asleep = stats_now(rt, 0).sleep_ns;
    while (stats_now(rt, 0).sleep_ns == asleep) /* it goes to sleep, and that shows, too */
        sched_yield();
    stats_end(rt);
}

Test(stats, added_and_retired_workers_are_counted)
{
    enum { SLOTS = 4 };
    filch_runtime *rt = NULL;
    filch_config config = {.workers = 1, .max_workers = SLOTS};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    cr_assert_eq(filch_runtime_resize(rt, SLOTS), 0, "%s", filch_error());
    for (int i = 0; i < SLOTS; i++)
        while (!stats_now(rt, i).search_ns) /* it begins to look for work */
            sched_yield();
    cr_assert_eq(filch_runtime_resize(rt, 1), 0, "%s", filch_error());
    for (int i = 1; i < SLOTS; i++) {
        uint64_t retired = stats_now(rt, i).retired_ns;
        WAIT_WHILE(stats_now(rt, i).retired_ns == retired);
    }
    cr_assert_eq(FILCH_RUN(rt, fib, 12), 144);
    filch_runtime_stats all = stats_rested(rt);
    cr_expect_eq(all.tasks_taken, all.joins_taken);
    stats_thefts_agree(rt);
    stats_end(rt);
}

/* ---- Forms ---- */

static exposition text;

/* The number behind the first "name": from there on. */
static uint64_t number_in(const char *from, const char *name)
{
    char key[64];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *found = strstr(from, key);
    cr_assert_not_null(found, "no %s in %s", key, from);
    return strtoull(found + strlen(key), NULL, 10);
}

static void brackets_close(const char *at)
{
    char open[8];
    unsigned depth = 0;
    for (; *at; at++) {
        if (strchr("{[", *at)) {
            cr_assert_lt(depth, sizeof open);
            open[depth++] = *at == '{' ? '}' : ']';
        } else if (strchr("}]", *at)) {
            cr_assert(depth && open[--depth] == *at, "%s", at);
            cr_assert(!strchr(",:", at[-1]), "%s", at - 1);
        }
    }
    cr_assert_eq(depth, 0);
}

Test(stats, json_matches_statistics_read)
{
    filch_runtime *rt = stats_runtime(2, "chase-lev", NULL);
    const filch_runtime_stat *row;
    FILCH_RUN(rt, stats_robbed, 5);
    filch_runtime_stats before = stats_rested(rt);
    text.length = 0;
    cr_assert_eq(filch_runtime_stats_write_json(rt, exposition_take, &text), 0, "%s",
                 filch_error());
    filch_runtime_stats after = stats_now(rt, FILCH_ALL_WORKERS);
    brackets_close(text.text);
    cr_assert_eq(text.text[text.length - 1], '\n');
    cr_expect_eq(number_in(text.text, "schema"), 1);
    cr_expect_eq(number_in(text.text, "max_workers"), 2);
    for (unsigned i = 0; (row = filch_runtime_stats_row(i)); i++) {
        uint64_t value = number_in(text.text, row->name);
        cr_expect_geq(value, row->now ? 0 : stats_value(row, &before), "%s", row->name);
        cr_expect_leq(value, row->now ? value : stats_value(row, &after), "%s", row->name);
    }
    const char *first = strstr(text.text, "{\"worker\":0,"),
               *second = strstr(first, "{\"worker\":1,\"g");
    cr_assert(first && second, "%s", text.text);
    cr_expect_eq(number_in(first, "tasks_taken") + number_in(second, "tasks_taken"), 5);
    cr_expect_null(strstr(first, "fibers"), "those are of the runtime");
    stats_end(rt);
}

static int refuse_after(const char *piece, size_t size, void *left)
{
    return (*(int *)left)-- > 0 ? 0 : 77;
}

Test(stats, what_stops_the_writing_is_returned)
{
    filch_runtime *rt = stats_runtime(2, NULL, NULL);
    for (int pieces = 0; pieces < 60; pieces++) {
        int left = pieces;
        cr_assert_eq(filch_runtime_stats_write_json(rt, refuse_after, &left), 77);
        cr_assert_eq(left, -1, "nothing is written after that");
    }
    stats_end(rt);
}

Test(stats, a_registry_shows_them)
{
    filch_metrics *metrics;
    filch_runtime *rt = stats_runtime(2, "central-mutex", NULL);
    OK(filch_metrics_create(&metrics));
    cr_assert_eq(filch_metrics_add_runtime(metrics, rt, NULL), 0, "%s", filch_error());
    cr_assert_eq(FILCH_RUN(rt, fib, 12), 144);
    filch_runtime_stats all = stats_rested(rt);
    exposition_written(metrics, &text);
    cr_expect_eq(exposition_value(text.text, "filch_runtime_forks_total"), serial_fib(13) - 1);
    cr_expect_eq(exposition_value(text.text, "filch_runtime_jobs_run_total"), 1);
    cr_expect_eq(exposition_value(text.text, "filch_runtime_all_forks"), 1);
    cr_expect_eq(exposition_value(text.text, "filch_runtime_suspended"), 0);
    cr_expect_geq(exposition_value(text.text, "filch_runtime_work_seconds_total"),
                  (double)all.work_ns / 1e9);
    filch_metrics_destroy(metrics);
    stats_end(rt);
}

Test(stats, each_number_has_one_row)
{
    const filch_runtime_stat *row, *other;
    unsigned count = 0;
    for (; (row = filch_runtime_stats_row(count)); count++) {
        cr_expect(*row->name && *row->unit && *row->help, "%s", row->name);
        cr_expect_eq(row->offset % sizeof(uint64_t), 0);
        for (unsigned i = 0; i < count && (other = filch_runtime_stats_row(i)); i++)
            cr_expect(row->offset != other->offset && strcmp(row->name, other->name), "%s",
                      row->name);
    }
    cr_expect_eq(count, sizeof(filch_runtime_stats) / sizeof(uint64_t));
}

/* ---- Errors ---- */

Test(stats, what_cannot_be_read_is_refused)
{
    filch_runtime *rt = stats_runtime(2, NULL, NULL);
    filch_runtime_stats stats;
    uint64_t row[2];
    cr_expect_eq(filch_runtime_stats_read(NULL, 0, &stats, sizeof stats), -EINVAL);
    cr_expect_eq(filch_runtime_stats_read(rt, 2, &stats, sizeof stats), -EINVAL);
    cr_expect_not_null(strstr(filch_error(), "0 to 1"), "%s", filch_error());
    cr_expect_eq(filch_runtime_stats_read(rt, -2, &stats, sizeof stats), -EINVAL);
    cr_expect_eq(filch_runtime_stats_read(rt, 0, NULL, sizeof stats), -EINVAL);
    cr_expect_eq(filch_runtime_steals_read(rt, 2, row, 2), -EINVAL);
    cr_expect_eq(filch_runtime_steals_read(rt, UINT32_MAX, row, 2), -EINVAL);
    cr_expect_eq(filch_runtime_steals_read(rt, 0, NULL, 2), -EINVAL);
    cr_expect_eq(filch_runtime_stats_write_json(rt, NULL, NULL), -EINVAL);
    cr_expect_eq(filch_runtime_stats_write_json(NULL, exposition_take, &text), -EINVAL);
    stats_end(rt);
}

Test(stats, older_caller_gets_known_fields)
{
    filch_runtime *rt = stats_runtime(1, NULL, NULL);
    filch_runtime_stats stats;
    memset(&stats, 0x5a, sizeof stats);
    OK(filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats,
                                offsetof(filch_runtime_stats, forks)));
    cr_expect_lt(stats.fibers, 1000, "it is set");
    cr_expect_eq(stats.forks, UINT64_C(0x5a5a5a5a5a5a5a5a));
    stats_end(rt);
}

FILCH_TASK(uint64_t, jobs_so_far)
{
    filch_runtime_stats stats;
    return filch_runtime_stats_read(NULL, filch_worker_index(), &stats, sizeof stats)
               ? 0
               : stats.jobs_run;
}

Test(stats, task_reads_own_runtime_statistics)
{
    filch_runtime *rt = stats_runtime(1, NULL, NULL);
    cr_expect_eq(FILCH_RUN(rt, jobs_so_far), 1, "itself");
    cr_expect_eq(FILCH_RUN(rt, jobs_so_far), 2);
    stats_end(rt);
}
