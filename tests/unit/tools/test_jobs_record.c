/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_jobs_parts
 *
 * The record of a load finds losses and duplicates. The progress bar is drawn on terminals only. */
#include <filch/wait.h>
#include <tests/support/test.h>
#include <tools/jobs/progress.h>
#include <tools/jobs/record.h>

/* Publishes jobs 0 .. count - 1, due 1 ms apart from 1 s on. */
static void publish(load_record *r, unsigned count)
{
    int64_t due;
    for (unsigned i = 0; i < count; i++) {
        int64_t number = load_record_next(r, FILCH_SECOND, 1000, FILCH_FOREVER, &due);
        cr_assert_eq(number, i);
        cr_assert_eq(due, FILCH_SECOND + i * FILCH_MILLISECOND);
        load_record_published(r, number, true, due);
    }
}

static bool run(load_record *r, int64_t number, int64_t now)
{
    char id[LOAD_ID];
    load_record_id(r, number, id);
    return load_record_ran(r, id, now);
}

Test(jobs_record, losses_and_duplicates_are_found)
{
    load_record r;
    cr_assert_eq(load_record_begin(&r, 10), 0);
    publish(&r, 4);
    cr_expect(run(&r, 0, 2 * FILCH_SECOND));
    cr_expect(run(&r, 0, 2 * FILCH_SECOND));
    cr_expect(run(&r, 2, 2 * FILCH_SECOND));
    load_record seen = load_record_read(&r);
    cr_expect_eq(seen.published, 4);
    cr_expect_eq(seen.processed, 2);
    cr_expect_eq(seen.duplicates, 1);
    cr_expect_eq(seen.open, 2);
    load_record_end(&r);
}

Test(jobs_record, job_may_run_before_confirmation)
{
    load_record r;
    int64_t due;
    cr_assert_eq(load_record_begin(&r, 2), 0);
    cr_assert_eq(load_record_next(&r, 1, 1, FILCH_FOREVER, &due), 0);
    cr_assert_eq(load_record_next(&r, 1, 1, FILCH_FOREVER, &due), 1);
    cr_expect(run(&r, 0, 5));
    cr_expect(run(&r, 1, 5));
    load_record_published(&r, 0, true, 6);
    load_record_published(&r, 1, false, 6);
    load_record seen = load_record_read(&r);
    cr_expect_eq(seen.open, 0);
    cr_expect_eq(seen.published, 1);
    cr_expect_eq(seen.failed, 1);
    cr_expect_eq(seen.processed, 2);
    load_record_end(&r);
}

Test(jobs_record, foreign_jobs_are_not_counted)
{
    load_record r;
    char id[LOAD_ID];
    static const char *const others[] = {"", "load-", "x", "load-00000000-0"};
    cr_assert_eq(load_record_begin(&r, 2), 0);
    publish(&r, 1);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_not(load_record_ran(&r, others[i], 1), "%s", others[i]);
    cr_expect_not(run(&r, 1, 1), "not published yet");
    load_record_id(&r, 0, id);
    strcat(id, "x");
    cr_expect_not(load_record_ran(&r, id, 1));
    load_record_end(&r);
}

Test(jobs_record, load_ends_by_count_or_time)
{
    load_record r;
    int64_t due;
    cr_assert_eq(load_record_begin(&r, 3), 0);
    cr_expect_eq(load_record_next(&r, 0, 1000, 2 * FILCH_MILLISECOND, &due), 0);
    cr_expect_eq(load_record_next(&r, 0, 1000, 2 * FILCH_MILLISECOND, &due), 1);
    cr_expect_eq(load_record_next(&r, 0, 1000, 2 * FILCH_MILLISECOND, &due), -1);
    cr_expect_eq(load_record_next(&r, 0, 0, FILCH_FOREVER, &due), 2);
    cr_expect_eq(load_record_next(&r, 0, 0, FILCH_FOREVER, &due), -1);
    load_record_end(&r);
}

Test(jobs_record, quantiles_are_nearest_ranks_since_due)
{
    load_record r;
    load_latency latency;
    cr_assert_eq(load_record_begin(&r, 1000), 0);
    cr_expect_eq(load_record_latency(&r, &latency), 0);
    cr_expect(latency.p50 < 0, "nothing has run");
    publish(&r, 1000);
    for (int64_t i = 0; i < 1000; i++) /* latencies of 1 .. 1000 s */
        cr_assert(run(&r, i, FILCH_SECOND + i * FILCH_MILLISECOND + (i + 1) * FILCH_SECOND));
    cr_expect_eq(load_record_latency(&r, &latency), 0);
    cr_expect_float_eq(latency.p50, 500, 0.01);
    cr_expect_float_eq(latency.p99, 990, 0.01);
    cr_expect_float_eq(latency.p999, 999, 0.01);
    load_record_end(&r);
}

Test(jobs_record, bar_is_drawn_only_on_terminals)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    cr_assert_not_null(out);
    jobs_progress p;
    jobs_progress_begin(&p, out, "purged");
    jobs_progress_show(&p, 5, 10);
    jobs_progress_end(&p);
    cr_expect_eq(fflush(out), 0);
    cr_expect_eq(size, 0);
    p.terminal = true;
    jobs_progress_show(&p, 5, 10);
    cr_expect_eq(fflush(out), 0);
    cr_expect(strstr(text, "[###############               ]  50 %  5 jobs purged"), "%s", text);
    size_t shown = size;
    jobs_progress_show(&p, 6, 10);
    cr_expect_eq(fflush(out), 0);
    cr_expect(size == shown || strstr(text + shown, "60 %"), "ten times a second at most");
    jobs_progress_end(&p);
    fclose(out);
    cr_expect_eq(strcmp(text + strlen(text) - 4, "\r\033[K"), 0);
    free(text);
}
