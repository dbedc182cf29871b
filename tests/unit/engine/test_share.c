/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_top_parts
 *
 * The statistics page of a shared runtime: it has the numbers of filch_runtime_stats_read, the moment of
 * each worker, the waiting tasks and the pools; it belongs to one process, and ends with its
 * runtime. */
#include <filch/channel.h>
#include <filch/pool.h>
#include <filch/stats.h>
#include <pthread.h>
#include <runtime/engine/observe/page_writer.h>
#include <stdio.h>
#include <sys/resource.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <tests/support/tools.h>

static top_page open_page(uint32_t runtime, unsigned runtimes)
{
    top_page page;
    WAIT_WHILE(!shared_is_there(&page, runtime, runtimes));
    return page;
}

/* ---- Counters ---- */

static uint64_t number_of(const void *stats, const filch_runtime_stat *row)
{
    return *(const uint64_t *)(const void *)((const char *)stats + row->offset);
}

static bool is_time(const filch_runtime_stat *row)
{
    return strcmp(row->unit, "ns") == 0;
}

static bool is_at_rest(const filch_runtime_stats *before, const filch_runtime_stats *after)
{
    const filch_runtime_stat *row;
    for (unsigned i = 0; (row = filch_runtime_stats_row(i)); i++)
        if (!is_time(row) && number_of(before, row) != number_of(after, row))
            return false;
    return true;
}

/* worker: or FILCH_ALL_WORKERS. false: the workers were not at rest meanwhile. */
static bool agrees(filch_runtime *rt, const top_page *page, int worker)
{
    filch_runtime_stats before, after;
    bool is_of_all = worker == FILCH_ALL_WORKERS;
    uint32_t row = is_of_all ? 0 : (uint32_t)worker;
    filch_runtime_stats_read(rt, worker, &before, sizeof before);
    page_reading reading = shared_read(page);
    filch_runtime_stats_read(rt, worker, &after, sizeof after);
    const filch_runtime_stat *of;
    bool rested = is_at_rest(&before, &after);
    for (unsigned i = 0; rested && (of = filch_runtime_stats_row(i)); i++) {
        if (of->now && !is_of_all)
            continue;
        uint64_t shown = shared_number(&reading, is_of_all ? "runtime" : "workers", row, of->name);
        cr_assert(number_of(&before, of) <= shown && shown <= number_of(&after, of),
                  "%s of %d: %llu", of->name, worker, (unsigned long long)shown);
    }
    page_reading_free(&reading);
    return rested;
}

static void compare_steals(filch_runtime *rt, const page_reading *reading, unsigned workers)
{
    for (unsigned thief = 0; thief < workers; thief++) {
        uint64_t taken[8];
        OK(filch_runtime_steals_read(rt, thief, taken, workers));
        for (unsigned victim = 0; victim < workers; victim++) {
            char name[16];
            snprintf(name, sizeof name, "%u", victim);
            cr_assert_eq(shared_number(reading, "steals", thief, name), taken[victim]);
        }
    }
}

static void compare_at_rest(unsigned workers)
{
    filch_runtime *rt = shared_runtime(workers);
    top_page page = open_page(0, 1);
    cr_assert_eq(FILCH_RUN(rt, fib, 20), serial_fib(20));
    WAIT_WHILE(!agrees(rt, &page, FILCH_ALL_WORKERS));
    for (unsigned i = 0; i < workers; i++)
        WAIT_WHILE(!agrees(rt, &page, (int)i));
    page_reading reading = shared_read(&page);
    cr_assert_eq(shared_number(&reading, "runtime", 0, "workers"), workers);
    compare_steals(rt, &reading, workers);
    page_reading_free(&reading);
    page_close(&page);
    OK(filch_runtime_destroy(rt));
}

Test(share, page_matches_statistics_of_one_worker)
{
    compare_at_rest(1);
}

Test(share, page_matches_statistics_of_two_workers)
{
    compare_at_rest(2);
}

Test(share, page_matches_statistics_of_eight_workers)
{
    compare_at_rest(8);
}

/* ---- The moment ---- */

static signpost has_begun, may_end;

FILCH_TASK(int, computes, (int, forks))
{
    for (int i = 0; i < forks; i++)
        FILCH_FORK(fib, 1);
    signpost_raise(&has_begun);
    signpost_wait(&may_end, 1);
    for (int i = 0; i < forks; i++) {
        FILCH_JOIN(long one, fib);
        cr_assert_eq(one, 1);
    }
    return 0;
}

static void *run_it(void *rt)
{
    FILCH_RUN(rt, computes, 5);
    return NULL;
}

static bool shows(const top_page *page, const char *state, const char *task, uint64_t forked)
{
    page_reading reading = shared_read(page);
    bool is_shown = strcmp(shared_text(&reading, "workers", 0, "state"), state) == 0 &&
                    strcmp(shared_text(&reading, "workers", 0, "task"), task) == 0 &&
                    shared_number(&reading, "workers", 0, "forked") == forked;
    page_reading_free(&reading);
    return is_shown;
}

Test(share, worker_shows_state_task_and_depth)
{
    pthread_t thread;
    filch_runtime *rt = shared_runtime(1);
    top_page page = open_page(0, 1);
    WAIT_WHILE(!shows(&page, "asleep", "", 0));
    cr_assert_eq(pthread_create(&thread, NULL, run_it, rt), 0);
    signpost_wait(&has_begun, 1);
    WAIT_WHILE(!shows(&page, "working", "computes", 4)); /* 5, to a power of two */
    signpost_raise(&may_end);
    pthread_join(thread, NULL);
    WAIT_WHILE(!shows(&page, "asleep", "", 0));
    page_close(&page);
    OK(filch_runtime_destroy(rt));
}

Test(share, a_surplus_worker_shows_as_retired)
{
    filch_runtime *rt = shared_runtime(2);
    top_page page = open_page(0, 1);
    OK(filch_runtime_resize(rt, 1));
    for (bool is_retired = false; !is_retired;) {
        page_reading reading = shared_read(&page);
        cr_assert_eq(shared_number(&reading, "runtime", 0, "workers"), 1);
        is_retired = strcmp(shared_text(&reading, "workers", 1, "state"), "retired") == 0;
        page_reading_free(&reading);
    }
    page_close(&page);
    OK(filch_runtime_destroy(rt));
}

/* ---- Waits and pools ---- */

static int listens(filch_self self, filch_job *job, void *channel)
{
    char byte;
    return filch_channel_receive(channel, &byte) == -EPIPE ? 0 : -EIO;
}

static uint64_t waiting_in(const page_reading *reading, const char *call)
{
    page_table waits = page_table_of(reading, "waits");
    for (uint32_t row = 0; row < waits.rows; row++)
        if (strcmp(shared_text(reading, "waits", row, "call"), call) == 0)
            return page_number(&waits, row, "tasks");
    return 0;
}

/* The row of the pool; that many: it has none. */
static uint32_t row_of(const page_reading *reading, const char *pool)
{
    page_table pools = page_table_of(reading, "pools");
    uint32_t row = 0;
    while (row < pools.rows && (!page_number(&pools, row, "id") ||
                                strcmp(shared_text(reading, "pools", row, "name"), pool) != 0))
        row++;
    return row;
}

static bool shows_waits(const top_page *page, uint64_t tasks)
{
    page_reading reading = shared_read(page);
    bool is_shown = waiting_in(&reading, "filch_channel_receive") == tasks;
    page_reading_free(&reading);
    return is_shown;
}

static filch_pool *pool_named(filch_runtime *rt, const char *name)
{
    filch_pool *pool = NULL;
    const filch_pool_config config = {.runtime = rt, .name = name, .width = 2};
    cr_assert_eq(filch_pool_create(&pool, &config), 0, "%s", filch_error());
    return pool;
}

Test(share, pool_shows_jobs_and_waiting_calls)
{
    filch_channel *silent;
    filch_pool_stats stats;
    have_fibers();
    filch_runtime *rt = shared_runtime(2);
    filch_pool *pool = pool_named(rt, "listeners");
    top_page page = open_page(0, 1);
    OK(filch_channel_create(&silent, 1, 1));
    for (int i = 0; i < 5; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, listens, silent), 0);
    WAIT_WHILE(!shows_waits(&page, 2));
    page_reading reading = shared_read(&page);
    uint32_t row = row_of(&reading, "listeners");
    cr_assert_eq(shared_number(&reading, "runtime", 0, "pools"), 1);
    cr_assert_eq(shared_number(&reading, "pools", row, "accepted"), 5);
    cr_assert_eq(shared_number(&reading, "pools", row, "running"), 2);
    cr_assert_eq(shared_number(&reading, "pools", row, "waiting"), 3);
    page_reading_free(&reading);
    filch_channel_close(silent);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    reading = shared_read(&page);
    cr_assert_eq(shared_number(&reading, "pools", row, "succeeded"), 5);
    filch_pool_stats_read(pool, &stats, sizeof stats);
    for (uint32_t i = 0; i < fl_share_pool_numbers.count; i++) {
        const filch_runtime_stat *of = &fl_share_pool_numbers.rows[i];
        cr_expect_eq(shared_number(&reading, "pools", row, of->name), number_of(&stats, of), "%s",
                     of->name);
    }
    page_reading_free(&reading);
    WAIT_WHILE(!shows_waits(&page, 0));
    filch_pool_destroy(pool);
    filch_channel_destroy(silent);
    page_close(&page);
    OK(filch_runtime_destroy(rt));
}

Test(share, rows_are_reused_extra_pools_counted)
{
    enum { POOLS = 33, ROWS = 32 };
    filch_pool *pool[POOLS];
    filch_runtime *rt = shared_runtime(1);
    top_page page = open_page(0, 1);
    for (int i = 0; i < POOLS; i++)
        pool[i] = pool_named(rt, i < ROWS ? "first" : "last");
    page_reading reading = shared_read(&page);
    cr_assert_eq(shared_number(&reading, "runtime", 0, "pools"), POOLS);
    page_reading_free(&reading);
    for (int i = 0; i < ROWS; i++)
        OK(filch_pool_destroy(pool[i]));
    for (bool has_row = false; !has_row;) {
        reading = shared_read(&page);
        has_row = row_of(&reading, "last") < ROWS && row_of(&reading, "first") == ROWS;
        page_reading_free(&reading);
    }
    OK(filch_pool_destroy(pool[ROWS]));
    page_close(&page);
    OK(filch_runtime_destroy(rt));
}

/* ---- Life ---- */

Test(share, each_page_ends_with_its_runtime)
{
    char error[PAGE_ERROR];
    filch_runtime *first = shared_runtime(1), *second = shared_runtime(3);
    top_page page = open_page(2, 2);
    page_reading reading = shared_read(&page);
    cr_assert_eq(shared_number(&reading, "runtime", 0, "workers"), 3);
    page_reading_free(&reading);
    page_close(&page);
    OK(filch_runtime_destroy(first));
    page = open_page(0, 1);
    cr_assert_eq(page.runtime[0], 2);
    page_close(&page);
    cr_assert_not(page_open(&page, getpid(), 1, error));
    cr_assert(strstr(error, "unknown runtime") && strstr(error, "valid: 2"), "%s", error);
    OK(filch_runtime_destroy(second));
    cr_assert_not(page_open(&page, getpid(), 0, error));
    cr_assert(strstr(error, "no statistics page"), "%s", error);
}

static void in_the_child(void)
{
    char error[PAGE_ERROR];
    top_page page;
    CHILD_CHECK(!page_open(&page, getpid(), 0, error) && strstr(error, "no statistics page"));
    filch_runtime *rt = shared_runtime(2);
    page = open_page(0, 1);
    CHILD_CHECK(FILCH_RUN(rt, fib, 12) == serial_fib(12));
    page_close(&page);
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

Test(share, child_process_has_only_own_page)
{
    if (BUILD_TSAN)
        cr_skip_test("thread sanitizer refuses threads in such a child");
    struct child child;
    filch_runtime *rt = shared_runtime(1);
    top_page page = open_page(0, 1);
    child_run(&child, in_the_child);
    cr_assert(child_passed(&child), "%s", child.text);
    page_reading reading = shared_read(&page);
    page_reading_free(&reading);
    page_close(&page);
    OK(filch_runtime_destroy(rt));
}

FILCH_TASK(int, waits_for_ever, (filch_channel *, silent))
{
    char byte;
    return filch_channel_receive(silent, &byte);
}

static void come_to_a_deadlock(void)
{
    filch_channel *silent;
    setenv("FILCH_DEADLOCK", "die", 1);
    alarm(60);
    filch_runtime *rt = shared_runtime(2);
    CHILD_CHECK(filch_channel_create(&silent, 1, 1) == 0);
    FILCH_RUN(rt, waits_for_ever, silent);
}

Test(share, shared_runtime_deadlock_is_found)
{
    struct child child;
    if (BUILD_TSAN)
        cr_skip_test("thread sanitizer's thread may be taken for one that wakes tasks");
    child_run(&child, come_to_a_deadlock);
    cr_assert(child_died(&child, "all fibers are asleep - deadlock: "), "0x%x: %s", child.status,
              child.text);
}

Test(share, missing_page_file_refuses_runtime_cleanly)
{
    struct rlimit limit, none;
    filch_runtime *rt = NULL;
    const filch_config config = {.size = sizeof config, .workers = 1, .share = 1};
    cr_assert_eq(fib_life(1, NULL, 12), 0);
    unsigned files = process_files();
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = (struct rlimit){0, limit.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    int rc = filch_runtime_create(&rt, &config);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    cr_assert_eq(rc, -EMFILE);
    cr_assert(strstr(filch_error(), "statistics page"), "%s", filch_error());
    cr_assert_null(rt);
    cr_assert_eq(process_files(), files);
}

Test(share, out_of_range_value_is_refused)
{
    filch_runtime *rt = NULL;
    const filch_config config = {.size = sizeof config, .share = 3};
    cr_assert_eq(filch_runtime_create(&rt, &config), -EINVAL);
    cr_assert(strstr(filch_error(), "share=3 is out of range"), "%s", filch_error());
}
