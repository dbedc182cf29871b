/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A wait whose own deadline comes can be repeated with a later one; a context's deadline is final.
 * The text of filch_error() after -ETIMEDOUT keeps the two apart. */
#include <filch/adaptive.h>
#include <filch/channel.h>
#include <filch/context.h>
#include <filch/gather.h>
#include <filch/limiter.h>
#include <filch/pipeline.h>
#include <filch/retry.h>
#include <filch/select.h>
#include <string.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

enum { SHORT = 20 * FILCH_MILLISECOND }; /* a busy machine may come late to the call */

/* Parts of the text; each text contains one of these only. */
static const char again[] = "wait again with a later one", final[] = "final";

static filch_runtime *rt;
static filch_channel *channel;
static filch_mutex mutex;
static filch_limiter *limiter;
static filch_adaptive *adaptive;
static filch_pool *pool;
static filch_pipeline *pipeline;

static filch_context *ends_soon(void)
{
    filch_context *context;
    OK(filch_context_create_until(&context, NULL, filch_in(SHORT)));
    return context;
}

/* A context that is over, or about to be. */
static int with(filch_context *context, int (*call)(filch_context *))
{
    int rc = call(context);
    filch_context_release(context);
    return rc;
}

/* ---- Waits with deadlines of their own ---- */

static int receives(void)
{
    char item;
    return filch_channel_receive_until(channel, &item, filch_in(SHORT));
}

static int receives_late(void)
{
    char item;
    return filch_channel_receive_until(channel, &item, 0);
}

static int locks(void)
{
    return filch_mutex_lock_until(&mutex, filch_in(SHORT));
}

static int awaits(void)
{
    filch_future future = {0};
    return filch_await_until(&future, filch_in(SHORT));
}

static int awaits_a_context(void)
{
    filch_context *context;
    OK(filch_context_create(&context, NULL));
    int rc = filch_context_wait(context, filch_in(SHORT));
    filch_context_release(context);
    return rc;
}

static int wants_a_permit(void)
{
    return filch_limiter_acquire(limiter, 1, NULL, filch_in(SHORT));
}

static int wants_a_place(void)
{
    return filch_adaptive_acquire(adaptive, NULL, filch_in(SHORT));
}

static int submits(void)
{
    return filch_pool_submit(NULL, pool, succeeds, NULL, NULL, filch_in(SHORT));
}

static int pushes(void)
{
    return filch_pipeline_push(pipeline, &mutex, NULL, filch_in(SHORT));
}

/* ---- Deadlines of contexts ---- */

static int wait_for(filch_context *context)
{
    return filch_context_wait(context, FILCH_FOREVER);
}

static int sleep_in(filch_context *context)
{
    return filch_context_sleep(context, 1000 * FILCH_SECOND);
}

static int permit_in(filch_context *context)
{
    return filch_limiter_acquire(limiter, 1, context, FILCH_FOREVER);
}

static int place_in(filch_context *context)
{
    return filch_adaptive_acquire(adaptive, context, FILCH_FOREVER);
}

static int push_in(filch_context *context)
{
    return filch_pipeline_push(pipeline, &mutex, context, FILCH_FOREVER);
}

static int submit_in(filch_context *context)
{
    const filch_job_options options = {.context = context};
    return filch_pool_submit(NULL, pool, succeeds, NULL, &options, FILCH_FOREVER);
}

static int is_retried(void *unused)
{
    return -EAGAIN;
}

static int retry_in(filch_context *context)
{
    filch_context_wait(context, FILCH_FOREVER);
    return filch_retry_run(NULL, context, is_retried, NULL, NULL);
}

/* Over already when it is called, and while it waits. */
#define OF_CONTEXT(call)                                                                           \
    static int call##_soon(void)                                                                   \
    {                                                                                              \
        return with(ends_soon(), call);                                                            \
    }                                                                                              \
    static int call##_late(void)                                                                   \
    {                                                                                              \
        filch_context *over = ends_soon();                                                         \
        filch_context_wait(over, FILCH_FOREVER);                                                   \
        return with(over, call);                                                                   \
    }
OF_CONTEXT(wait_for)
OF_CONTEXT(sleep_in)
OF_CONTEXT(permit_in)
OF_CONTEXT(place_in)
OF_CONTEXT(push_in)
OF_CONTEXT(submit_in)
OF_CONTEXT(retry_in)

/* ---- All, by a thread and by a task ---- */

static const struct late {
    int (*call)(void);
    const char *says, *says_not;
} late[] = {
    {receives, again, final},
    {receives_late, "filch_channel_receive would have to wait", final},
    {locks, again, final},
    {awaits, again, final},
    {awaits_a_context, again, final},
    {wants_a_permit, again, final},
    {wants_a_place, again, final},
    {submits, again, final},
    {pushes, again, final},
    {wait_for_soon, final, again},
    {wait_for_late, final, again},
    {sleep_in_soon, final, again},
    {sleep_in_late, final, again},
    {permit_in_soon, final, again},
    {permit_in_late, final, again},
    {place_in_soon, final, again},
    {place_in_late, final, again},
    {push_in_soon, final, again},
    {push_in_late, final, again},
    {submit_in_soon, final, again},
    {submit_in_late, final, again},
    {retry_in_soon, final, again},
    {retry_in_late, final, again},
};

static void make_all_calls(const char *by)
{
    for (unsigned i = 0; i < sizeof late / sizeof *late; i++) {
        int rc = late[i].call();
        const char *says = filch_error();
        cr_assert_eq(rc, -ETIMEDOUT, "%s, %u: %d", by, i, rc);
        cr_assert(strstr(says, late[i].says), "%s, %u: %s", by, i, says);
        cr_assert_not(strstr(says, late[i].says_not), "%s, %u: %s", by, i, says);
    }
}

static void task_makes_all_calls(filch_self self, void *done)
{
    make_all_calls("task");
    signpost_raise(done);
}

static int holds_on(filch_self self, filch_emitter *out, void *item, void *go)
{
    filch_emitter_keep(out);
    while (!signpost_count(go))
        filch_yield(self);
    return 0;
}

Test(deadline_errors, only_context_deadline_is_final)
{
    gate busy;
    signpost done = {0};
    have_fibers();
    rt = config_runtime(2, 1000);
    OK(filch_channel_create(&channel, 1, 0));
    filch_mutex_lock(&mutex);
    const filch_limit rare = {.rate = 1, .burst = 1, .period = 3600 * FILCH_SECOND};
    OK(filch_limiter_create(&limiter, rare));
    OK(filch_limiter_allow(limiter, 1));
    OK(filch_adaptive_create(&adaptive, &(filch_adaptive_config){.max = 1}));
    OK(filch_adaptive_acquire(adaptive, NULL, FILCH_FOREVER));
    pool = pool_of((filch_pool_config){.runtime = rt, .width = 1, .capacity = 1});
    block(pool, &busy);
    cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0);
    const filch_stage stage = {.fn = holds_on, .arg = &busy.go};
    const filch_pipeline_config config = {.stages = &stage, .count = 1};
    OK(filch_pipeline_create(&pipeline, rt, &config));
    OK(filch_pipeline_push(pipeline, &mutex, NULL, FILCH_FOREVER));
    OK(filch_pipeline_push(pipeline, &mutex, NULL, FILCH_FOREVER)); /* one waits */
    make_all_calls("thread");
    OK(filch_go(rt, task_makes_all_calls, &done));
    signpost_wait(&done, 1);
    signpost_raise(&busy.go);
    OK(filch_pipeline_destroy(pipeline));
    OK(filch_pool_destroy(pool));
    OK(filch_adaptive_give_back(adaptive, FILCH_ADAPTIVE_OK, 1));
    filch_adaptive_destroy(adaptive);
    filch_limiter_destroy(limiter);
    filch_channel_destroy(channel);
    OK(filch_runtime_destroy(rt));
}

/* ---- What is over when it returns says so in words of its own ---- */

Test(deadline_errors, shutdown_timeout_reports_cancelled_rest)
{
    pool = pool_of((filch_pool_config){.width = 1, .workers = 1});
    cr_assert_eq(FILCH_SUBMIT(pool, waits_for_its_context, NULL), 0);
    cr_assert_eq(filch_pool_shutdown(pool, filch_in(SHORT)), -ETIMEDOUT);
    cr_assert(strstr(filch_error(), "remaining jobs were cancelled"), "%s", filch_error());
    OK(filch_pool_destroy(pool));
}

static int never_answers(filch_self self, filch_context *context, void *arg, void **value)
{
    return filch_context_wait(context, FILCH_FOREVER);
}

Test(deadline_errors, gather_timeout_reports_cancelled_rest)
{
    const filch_ask ask = {.fn = never_answers};
    filch_answer answer;
    rt = config_runtime(2, 1000);
    const filch_gather_config config = {.asks = &ask, .count = 1, .linger = true};
    cr_assert_eq(filch_gather(rt, &config, &answer, filch_in(SHORT)), -ETIMEDOUT);
    cr_assert(strstr(filch_error(), "was cancelled; ask again"), "%s", filch_error());
    OK(filch_runtime_destroy(rt));
}
