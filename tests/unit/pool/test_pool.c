/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Worker pools: each job that is accepted runs once and has one outcome, in the configured order,
 * for every action on a full pool. */
#include <string.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

/* ---- What becomes of a job ---- */

static int nonsense(filch_self self, filch_job *job, void *data)
{
    return returns(self, job, RETURNED(7));
}

static int ignores_its_context(filch_self self, filch_job *job, void *data)
{
    filch_context_wait(filch_job_context(job), FILCH_FOREVER);
    return 0;
}

static const struct row {
    const char *name;
    filch_job_fn *fn;
    int64_t timeout;
    filch_outcome outcome;
    int code;
} rows[] = {
    {"succeeds", succeeds, 0, FILCH_SUCCEEDED, 0},
    {"succeeds in time", succeeds, 1000 * FILCH_SECOND, FILCH_SUCCEEDED, 0},
    {"fails", fails, 0, FILCH_FAILED, -EIO},
    {"panics", panics, 0, FILCH_PANICKED, -EBADMSG},
    {"nonsense", nonsense, 0, FILCH_FAILED, -EINVAL},
    {"times out", waits_for_its_context, FILCH_MILLISECOND, FILCH_TIMED_OUT, -ETIMEDOUT},
    {"is too late", ignores_its_context, FILCH_MILLISECOND, FILCH_TIMED_OUT, -ETIMEDOUT},
};
enum { ROWS = sizeof rows / sizeof *rows };

static void one_outcome(filch_pool *pool, const struct row *row)
{
    fate seen = {0};
    filch_job_options options = {.name = row->name,
                                 .timeout = row->timeout,
                                 .done = fate_told,
                                 .drop = fate_dropped};
    filch_job *job = job_of(pool, row->fn, &seen, &options);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), row->code, "%s", row->name);
    cr_assert_eq(filch_job_outcome(job), row->outcome, "%s", row->name);
    const filch_failure *why = filch_job_failure(job);
    cr_assert_eq(why ? why->code : 0, row->code, "%s", row->name);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(signpost_count(&seen.told[row->outcome]), 1, "%s", row->name);
    cr_assert_eq(seen.why.code, row->code, "%s", row->name);
    cr_assert_eq(signpost_count(&seen.dropped), 0, "while there is a handle");
    filch_job_release(job);
    cr_assert_eq(signpost_count(&seen.dropped), 1, "%s", row->name);
}

Test(pool, each_job_reports_one_outcome)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        for (unsigned width = 1; width < 6; width += 2) {
            filch_pool *pool = pool_of((filch_pool_config){.runtime = rt, .width = width});
            for (unsigned i = 0; i < ROWS; i++)
                one_outcome(pool, &rows[i]);
            OK(filch_pool_destroy(pool));
        }
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Order ---- */

enum { JOBS = 12 };
static unsigned taken[JOBS], count;

static int take(filch_self self, filch_job *job, void *number)
{
    taken[count++] = (unsigned)(uintptr_t)number; /* the pool is one job wide */
    return 0;
}

static void expect_order(filch_pool_order order, const unsigned *priorities,
                         const int64_t *timeouts, const unsigned *expected)
{
    gate at;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1, .order = order});
    block(pool, &at);
    count = 0;
    for (unsigned i = 0; i < JOBS; i++)
        cr_assert_eq(FILCH_SUBMIT_AS(pool, take, (void *)(uintptr_t)i, .priority = priorities[i],
                                     .timeout = timeouts[i]),
                     0);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
    cr_assert_eq(count, JOBS);
    for (unsigned i = 0; i < JOBS; i++)
        cr_assert_eq(taken[i], expected[i], "order %d: %u. is %u", (int)order, i, taken[i]);
}

Test(pool, jobs_are_taken_in_requested_order)
{
    static const unsigned none[JOBS], priorities[JOBS] = {0, 1, 7, 3, 7, 0, 1, 2, 2, 5, 5, 5};
    static const int64_t never[JOBS];
    int64_t hour = 3600 * FILCH_SECOND;
    const int64_t deadlines[JOBS] = {0,        5 * hour, 3 * hour, 0,        9 * hour, 1 * hour,
                                     2 * hour, 0,        8 * hour, 4 * hour, 7 * hour, 6 * hour};
    static const unsigned up[JOBS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11},
                          down[JOBS] = {11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
                          urgent[JOBS] = {2, 4, 9, 10, 11, 3, 7, 8, 1, 6, 0, 5},
                          early[JOBS] = {5, 6, 2, 9, 1, 11, 10, 8, 4, 0, 3, 7};
    expect_order(FILCH_FIFO, none, never, up);
    expect_order(FILCH_LIFO, none, never, down);
    expect_order(FILCH_PRIORITY, priorities, never, urgent);
    expect_order(FILCH_EARLIEST, none, deadlines, early);
}

Test(pool, priority_may_change_while_waiting)
{
    gate at;
    filch_job *jobs[3];
    filch_pool *pool =
        pool_of((filch_pool_config){.workers = 2, .width = 1, .order = FILCH_PRIORITY});
    block(pool, &at);
    count = 0;
    for (unsigned i = 0; i < 3; i++)
        jobs[i] = job_of(pool, take, (void *)(uintptr_t)i, &(filch_job_options){.priority = i});
    OK(filch_job_set_priority(jobs[0], 7));
    OK(filch_job_set_priority(jobs[2], 0));
    cr_assert_eq(filch_job_set_priority(jobs[1], FILCH_PRIORITIES), -EINVAL);
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert(taken[0] == 0 && taken[1] == 1 && taken[2] == 2);
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_eq(filch_job_set_priority(jobs[i], 1), -EALREADY);
        filch_job_release(jobs[i]);
    }
    OK(filch_pool_destroy(pool));
}

Test(pool, aged_job_precedes_urgent_one)
{
    gate at;
    filch_pool *pool = pool_of((filch_pool_config){
        .workers = 2, .width = 1, .order = FILCH_PRIORITY, .aging = FILCH_MICROSECOND});
    block(pool, &at);
    count = 0;
    cr_assert_eq(FILCH_SUBMIT_AS(pool, take, (void *)0, .priority = 0), 0);
    filch_sleep(FILCH_MILLISECOND);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, take, (void *)1, .priority = 7), 0);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
    cr_assert(taken[0] == 0 && taken[1] == 1);
}

/* ---- Full ---- */

static filch_pool *full_pool(filch_when_full full, gate *at, fate *seen)
{
    filch_pool *pool =
        pool_of((filch_pool_config){.workers = 2, .width = 1, .capacity = 2, .full = full});
    block(pool, at);
    for (unsigned i = 0; i < 2; i++)
        cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, seen, .done = fate_told), 0);
    return pool;
}

static void expect_accounts(filch_pool *pool, uint64_t accepted, uint64_t dropped, uint64_t refused)
{
    filch_pool_stats stats;
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    filch_pool_stats_read(pool, &stats, sizeof stats);
    cr_assert_eq(stats.accepted, accepted);
    cr_assert_eq(stats.outcomes[FILCH_DROPPED], dropped);
    cr_assert_eq(stats.outcomes[FILCH_SUCCEEDED], accepted - dropped);
    cr_assert_eq(stats.refused, refused);
    cr_assert(!stats.waiting && !stats.running);
    OK(filch_pool_destroy(pool));
}

Test(pool, full_it_rejects)
{
    gate at;
    fate seen = {0};
    filch_pool *pool = full_pool(FILCH_FULL_REJECT, &at, &seen);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, &seen, .done = fate_told), -EAGAIN);
    cr_assert(strstr(filch_error(), "the pool is full"), "%s", filch_error());
    signpost_raise(&at.go);
    expect_accounts(pool, 3, 0, 1);
    cr_assert_eq(signpost_count(&seen.told[FILCH_SUCCEEDED]), 2);
}

Test(pool, full_pool_drops_oldest_or_newest)
{
    for (filch_when_full full = FILCH_FULL_DROP_OLDEST; full <= FILCH_FULL_DROP_NEWEST; full++) {
        gate at;
        fate before = {0}, last = {0};
        filch_pool *pool = full_pool(full, &at, &before);
        cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, &last, .done = fate_told), 0);
        signpost_raise(&at.go);
        expect_accounts(pool, 4, 1, 0);
        bool newest = full == FILCH_FULL_DROP_NEWEST;
        cr_assert_eq(signpost_count(&last.told[FILCH_DROPPED]), newest);
        cr_assert_eq(signpost_count(&before.told[FILCH_DROPPED]), !newest);
    }
}

Test(pool, full_pool_runs_job_before_returning)
{
    gate at;
    fate seen = {0};
    filch_pool *pool = full_pool(FILCH_FULL_RUN, &at, &seen);
    unsigned ran = 0;
    count = 0;
    cr_assert_eq(FILCH_SUBMIT(pool, take, (void *)(uintptr_t)ran), 0);
    cr_assert_eq(count, 1);
    signpost_raise(&at.go);
    expect_accounts(pool, 4, 0, 0);
}

Test(pool, submission_waits_for_room_or_timeout)
{
    gate at;
    fate seen = {0};
    filch_pool *pool = full_pool(FILCH_FULL_WAIT, &at, &seen);
    filch_context *context;
    cr_assert_eq(filch_pool_submit(NULL, pool, succeeds, NULL, NULL, 0), -ETIMEDOUT);
    cr_assert_eq(filch_pool_submit(NULL, pool, succeeds, NULL, NULL, filch_in(FILCH_MILLISECOND)),
                 -ETIMEDOUT);
    OK(filch_context_create_until(&context, NULL, filch_in(50 * FILCH_MILLISECOND)));
    cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, &seen, .context = context), -ETIMEDOUT);
    filch_context_release(context);
    signpost_raise(&at.go);
    for (unsigned i = 0; i < 100; i++)
        cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, &seen, .done = fate_told), 0);
    expect_accounts(pool, 103, 0, 3);
    cr_assert_eq(signpost_count(&seen.told[FILCH_SUCCEEDED]), 102);
}

/* The last job that could make room would wait for itself. */
static int submits_to_its_own_pool(filch_self self, filch_job *job, void *arg)
{
    filch_pool *pool = arg;
    if (FILCH_SUBMIT(pool, succeeds, NULL) ||
        filch_pool_submit(NULL, pool, succeeds, NULL, NULL, 0) != -ETIMEDOUT)
        return -EINVAL;
    return FILCH_SUBMIT(pool, succeeds, NULL);
}

Test(pool, self_blocking_submission_reports_deadlock)
{
    filch_pool *pool = pool_of((filch_pool_config){
        .workers = 2, .width = 1, .capacity = 1, .name = "one with a name longer than most"});
    filch_job *job = job_of(pool, submits_to_its_own_pool, pool, NULL);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -EDEADLK);
    const char *said = filch_job_failure(job)->message;
    cr_assert_not_null(strstr(said, "or try (a time of 0)"), "the advice is cut: %s", said);
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}

/* ---- Bad input ---- */

static void report_nothing(const filch_stuck *report, void *arg)
{
}

Test(pool, settings_without_effect_are_refused)
{
    static int any;
    static const struct {
        const char *name;
        filch_pool_config config;
    } idle[] = {
        {"aging", {.order = FILCH_FIFO, .aging = 5}},
        {"aging", {.aging = FILCH_SECOND}},
        {"full", {.capacity = FILCH_UNLIMITED, .full = FILCH_FULL_REJECT}},
        {"grow_depth", {.width = 2, .grow_depth = 5}},
        {"grow_after", {.width = 2, .grow_after = 5}},
        {"shrink_after", {.width = 2, .shrink_after = 5}},
        {"interval", {.width = 2, .interval = 5}},
        {"cpu_max", {.width = 2, .cpu_max = 50}},
        {"breaker_full", {.breaker_full = FILCH_BREAKER_FULL_FAIL}},
        {"spares", {.spares = 1}},
        {"stuck", {.stuck = report_nothing}},
        {"stuck_arg", {.stuck_after = 5, .stuck_arg = &any}},
    };
    for (unsigned i = 0; i < sizeof idle / sizeof *idle; i++) {
        filch_pool *none = NULL;
        char start[64];
        snprintf(start, sizeof start, "pool mail: %s has no effect without ", idle[i].name);
        filch_pool_config config = idle[i].config;
        config.name = "mail";
        cr_assert_eq(filch_pool_create(&none, &config), -EINVAL, "%u: %s", i, idle[i].name);
        cr_assert(strstr(filch_error(), start) == filch_error(), "%s", filch_error());
    }
}

Test(pool, bad_arguments_are_refused_with_reason)
{
    static const filch_pool_config bad[] = {{.width = FILCH_WIDTH_MAX + 1},
                                            {.order = FILCH_ORDERS},
                                            {.full = FILCH_FULL_CHOICES},
                                            {.aging = -1},
                                            {.timeout = -1},
                                            {.size = 1000000}};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        filch_pool *none = NULL;
        cr_assert_eq(filch_pool_create(&none, &bad[i]), -EINVAL, "%u", i);
        cr_assert(!none && strpbrk(filch_error(), ";("), "%u: %s", i, filch_error());
    }
    cr_assert_eq(filch_pool_create(NULL, NULL), -EINVAL);
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1});
    cr_assert_eq(filch_pool_submit(NULL, pool, NULL, NULL, NULL, 0), -EINVAL);
    cr_assert_eq(filch_pool_submit(NULL, NULL, succeeds, NULL, NULL, 0), -EINVAL);
    cr_assert_eq(filch_pool_submit(NULL, pool, succeeds, NULL, NULL, -1), -EINVAL);
    cr_assert(strstr(filch_error(), "until of filch_pool_submit: -1 ("), "%s", filch_error());
    cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, NULL, .priority = FILCH_PRIORITIES), -EINVAL);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, NULL, .timeout = -1), -EINVAL);
    cr_assert(strstr(filch_error(), "timeout of filch_pool_submit: -1 ("), "%s", filch_error());
    cr_assert_eq(filch_pool_resize(pool, 0), -EINVAL);
    OK(filch_pool_destroy(pool));
    OK(filch_pool_destroy(NULL));
}
