/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals
 *
 * The n-th request of a call for memory, a thread or the topology is refused, for each n. The call
 * then succeeds, or fails with its code; one of the refusals yields its error message. */
#include <runtime/platform/machine/topology.h>
#include <tests/support/pools.h>
#include <tests/support/refuse.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static int create(filch_config config)
{
    filch_runtime *rt = NULL;
    int rc = filch_runtime_create(&rt, &config);
    if (rc)
        cr_assert_null(rt);
    else
        OK(filch_runtime_destroy(rt));
    return rc;
}

static int create_with_deques(void)
{
    return create((filch_config){.workers = 1, .queue = "abp"});
}

static int create_with_span(void)
{
    setenv("FILCH_SPAN", "1", 1);
    int rc = create((filch_config){.workers = 1});
    unsetenv("FILCH_SPAN");
    return rc;
}

static int create_on_an_unknown_machine(void)
{
    fl_topology_unload();
    return create((filch_config){.workers = 1});
}

static filch_runtime *rt;

static void nothing(filch_self self, void *unused)
{
}

static void stand_by(filch_self self, void *at)
{
    hog(self, NULL, at);
}

static int go(void)
{
    return filch_go(rt, nothing, NULL);
}

static filch_pool *pool;

static int submit(void)
{
    return FILCH_SUBMIT(pool, succeeds, NULL);
}

/* More than the cells that a thread caches. Those of earlier rounds stay in use, since the workers are
 * held. */
enum { CALLS = 5000 };

struct row {
    int (*call)(void);
    enum refusable what;
    unsigned calls;
    const char *words;
};

static int call_each(const struct row *row)
{
    int rc = 0;
    for (unsigned i = 0; i < row->calls && !rc; i++)
        rc = row->call();
    return rc;
}

/* true: one of the refusals yields the row's words. */
static bool is_told(const struct row *row)
{
    bool told = false;
    REFUSE_EACH(row->what, call_each(row))
    told |= rc && strstr(filch_error(), row->words);
    return told;
}

Test(refused_words, a_failed_creation_names_the_part)
{
    static const struct row rows[] = {
        {create_with_deques, MEMORY, 1, "no memory for the queue abp"},
        {create_with_span, MEMORY, 1, "no memory to measure work and span"},
        {create_on_an_unknown_machine, HWLOC_BEGIN, 1, "cannot start hwloc"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert(is_told(&rows[i]), "%s", rows[i].words);
}

static int submit_with_a_deadline(void)
{
    return FILCH_SUBMIT_AS(pool, succeeds, NULL, .timeout = 3600 * FILCH_SECOND);
}

/* It must be the first deadline of the process. */
Test(refused_words, a_deadline_without_a_timer_thread)
{
    static const struct row row = {submit_with_a_deadline, THREADS, 1,
                                   "cannot start the timer thread"};
    pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    cr_assert(is_told(&row));
    OK(filch_pool_destroy(pool));
}

FILCH_TASK(int, selects, (filch_channel *, silent))
{
    int item;
    filch_case cases[] = {FILCH_RECEIVE(silent, &item), FILCH_UNTIL(filch_in(3600 * FILCH_SECOND))};
    refuse(THREADS, 0, true);
    int rc = filch_select(cases, 2);
    refuse_no_more(THREADS);
    return strstr(filch_error(), "cannot start the timer thread") ? rc : 1;
}

Test(refused_words, a_selection_without_a_timer_thread)
{
    filch_channel *silent = channel_of(sizeof(int), 0);
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 1}));
    cr_assert_eq(FILCH_RUN(rt, selects, silent), -EAGAIN);
    OK(filch_runtime_destroy(rt));
    filch_channel_destroy(silent);
}

Test(refused_words, a_failed_submission_names_its_job)
{
    static const struct row rows[] = {
        {go, MEMORY, CALLS, "no memory for a detached task"},
        {submit, MEMORY, CALLS, "no memory for a job"},
    };
    gate at = {0};
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 1}));
    pool = pool_of((filch_pool_config){.workers = 1});
    OK(filch_go(rt, stand_by, &at));
    cr_assert_eq(FILCH_SUBMIT(pool, hog, &at), 0);
    signpost_wait(&at.begun, 2);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert(is_told(&rows[i]), "%s", rows[i].words);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
    OK(filch_runtime_destroy(rt));
}
