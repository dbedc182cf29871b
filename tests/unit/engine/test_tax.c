/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_top_parts
 *
 * The figures of parallel loops: each call is counted once, in the row of its site, with its times. */
#include <filch/par.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/observe/work_span.h>
#include <runtime/engine/worker.h>
#include <tests/support/par.h>
#include <tests/support/test.h>
#include <tests/support/tools.h>

enum { CALLS = 100, SHORT = 64, LONG = 2048 };

static const unsigned widths[] = {1, 2, 8};
enum { WIDTHS = sizeof widths / sizeof *widths };

/* ---- Reading ---- */

typedef struct figures {
    uint64_t calls, helped, time, serial;
} figures;

static void add_row(figures *sum, const page_reading *reading, uint32_t row)
{
    sum->calls += shared_number(reading, "loops", row, "calls");
    sum->helped += shared_number(reading, "loops", row, "helped");
    sum->time += shared_number(reading, "loops", row, "time_ns");
    sum->serial += shared_number(reading, "loops", row, "serial_ns");
}

/* Of the site of that name; iterations 0: of all sizes. */
static figures figures_of(const char *name, uint64_t iterations)
{
    top_page page;
    figures sum = {0};
    WAIT_WHILE(!shared_is_there(&page, 0, 1));
    page_reading reading = shared_read(&page);
    page_table loops = page_table_of(&reading, "loops");
    for (uint32_t row = 0; row < loops.rows; row++)
        if (strcmp(shared_text(&reading, "loops", row, "name"), name) == 0 &&
            (!iterations || shared_number(&reading, "loops", row, "iterations") == iterations))
            add_row(&sum, &reading, row);
    page_reading_free(&reading);
    page_close(&page);
    return sum;
}

/* ---- Calls ---- */

static filch_u64 ran;

static int count_calls(filch_self self, size_t begin, size_t end, void *unused)
{
    filch_u64_add(&ran, begin == 0, FILCH_RELAXED);
    return end > 100000 ? 7 : 0;
}

FILCH_REDUCE(add_up, uint64_t, 0, FILCH_PLUS, i, (unsigned, scale))
{
    return scale * i;
}

FILCH_TASK(int, call_all, (int, calls))
{
    int rc = 0;
    for (int i = 0; i < calls && !rc; i++) {
        uint64_t sum = 0;
        rc = filch_for(self, 0, SHORT, 0, count_calls, NULL);
        if (!rc)
            rc = filch_for(self, 0, LONG + (size_t)i, 0, count_calls, NULL);
        if (!rc)
            rc = add_up(self, 0, SHORT, &sum, 2);
        if (!rc && sum != SHORT * (SHORT - 1))
            rc = -1;
    }
    return rc;
}

Test(tax, site_counts_each_call_once)
{
    for (unsigned w = 0; w < WIDTHS; w++) {
        filch_runtime *rt = shared_runtime(widths[w]);
        filch_u64_store(&ran, 0, FILCH_RELAXED);
        cr_assert_eq(FILCH_RUN(rt, call_all, CALLS), 0);
        cr_assert_eq(figures_of("count_calls", SHORT).calls, CALLS);
        cr_assert_eq(figures_of("count_calls", LONG).calls, CALLS);
        cr_assert_eq(figures_of("count_calls", 0).calls, filch_u64_load(&ran, FILCH_RELAXED));
        cr_assert_eq(figures_of("add_up", SHORT).calls, CALLS);
        OK(filch_runtime_destroy(rt));
    }
}

Test(tax, lone_worker_calls_are_all_serial)
{
    filch_runtime *rt = shared_runtime(1);
    cr_assert_eq(FILCH_RUN(rt, call_all, CALLS), 0);
    const figures sum = figures_of("count_calls", 0);
    cr_assert_gt(sum.time, 0);
    cr_assert_eq(sum.helped, 0);
    cr_assert_eq(sum.serial, sum.time);
    OK(filch_runtime_destroy(rt));
}

FILCH_TASK(int, stop_it)
{
    return filch_for(self, 100000, 100001, 0, count_calls, NULL);
}

Test(tax, a_stopped_call_is_not_counted)
{
    filch_runtime *rt = shared_runtime(2);
    cr_assert_eq(FILCH_RUN(rt, stop_it), 7);
    cr_assert_eq(FILCH_RUN(rt, call_all, 1), 0);
    cr_assert_eq(figures_of("count_calls", 0).calls, 2);
    OK(filch_runtime_destroy(rt));
}

FILCH_TASK(int, call_await_helper)
{
    filch_u32 upper = {0};
    par_teach(par_await_helper, 64, 1000000);
    return filch_for(self, 0, 64, 1, par_await_helper, &upper);
}

Test(tax, helped_call_is_counted_as_helped)
{
    for (unsigned w = 1; w < WIDTHS; w++) {
        filch_runtime *rt = shared_runtime(widths[w]);
        for (int i = 0; i < 5; i++)
            cr_assert_eq(FILCH_RUN(rt, call_await_helper), 0);
        const figures sum = figures_of("par_await_helper", 64);
        cr_assert_eq(sum.calls, 5);
        cr_assert_eq(sum.helped, 5);
        cr_assert_gt(sum.serial, 0);
        OK(filch_runtime_destroy(rt));
    }
}

Test(tax, unshared_runtime_counts_nothing_for_others)
{
    filch_runtime *rt = shared_runtime(2), *other = NULL;
    OK(filch_runtime_create(&other, &(filch_config){.workers = 2}));
    cr_assert_eq(FILCH_RUN(other, call_all, 3), 0);
    cr_assert_eq(FILCH_RUN(rt, call_all, 1), 0);
    cr_assert_eq(figures_of("count_calls", 0).calls, 2);
    OK(filch_runtime_destroy(other));
    OK(filch_runtime_destroy(rt));
}

/* ---- More sites than rows ---- */

enum { SITES = 2 * FL_TAX_ROWS, REPORTERS = 8, ROUNDS = 50 };

/* Calls of made-up sites; 1 us each, half of that on one worker. */
FILCH_VOID_TASK(report_all, (int, reporters))
{
    if (reporters > 1) {
        FILCH_FORK(report_all, reporters / 2);
        report_all(self, reporters - reporters / 2);
        FILCH_JOIN_VOID(report_all);
        return;
    }
    for (int i = 0; i < ROUNDS * SITES; i++) {
        const fl_tax_call call = {.body = (const void *)(uintptr_t)(i % SITES + 1),
                                  .n = 8,
                                  .time = 1000,
                                  .serial = 500,
                                  .helped = i % 2};
        fl_tax_add(fl_fiber_of(self)->worker, &call);
    }
}

Test(tax, rowless_sites_share_last_row)
{
    for (unsigned w = 0; w < WIDTHS; w++) {
        enum { ALL = SITES * ROUNDS * REPORTERS };
        top_page page;
        figures sum = {0}, others = {0};
        filch_runtime *rt = shared_runtime(widths[w]);
        FILCH_RUN(rt, report_all, REPORTERS);
        WAIT_WHILE(!shared_is_there(&page, 0, 1));
        page_reading reading = shared_read(&page);
        for (uint32_t row = 0; row < FL_TAX_ROWS; row++) {
            cr_assert_eq(shared_number(&reading, "loops", row, "calls"), ROUNDS * REPORTERS);
            cr_assert_eq(shared_number(&reading, "loops", row, "iterations"), 8);
            add_row(&sum, &reading, row);
        }
        add_row(&others, &reading, FL_TAX_ROWS);
        cr_assert_str_eq(shared_text(&reading, "loops", FL_TAX_ROWS, "name"), "others");
        cr_assert_eq(shared_number(&reading, "loops", FL_TAX_ROWS, "iterations"), 0);
        cr_assert_eq(sum.calls + others.calls, ALL);
        cr_assert_eq(sum.helped + others.helped, ALL / 2);
        cr_assert_eq(sum.time + others.time, ALL * UINT64_C(1000));
        cr_assert_eq(sum.serial + others.serial, ALL * UINT64_C(500));
        page_reading_free(&reading);
        page_close(&page);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Watchers ---- */

Test(tax, last_watcher_ends_watching)
{
    cr_assert_eq(fl_tax_begin(), 0);
    filch_runtime *one = shared_runtime(1), *two = shared_runtime(1);
    cr_assert_gt(fl_tax_begin(), 0);
    OK(filch_runtime_destroy(one));
    cr_assert_gt(fl_tax_begin(), 0);
    OK(filch_runtime_destroy(two));
    cr_assert_eq(fl_tax_begin(), 0);
}
