/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Refusals that are no mistakes have a sentence, too. */
#include <filch/channel.h>
#include <filch/context.h>
#include <filch/timer.h>
#include <pthread.h>
#include <string.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

#define EXPECT_SENTENCE(call, expected, words)                                                     \
    do {                                                                                           \
        int rc_ = (call);                                                                          \
        cr_assert_eq(rc_, expected, "%s: %d", #call, rc_);                                         \
        cr_assert_not_null(strstr(filch_error(), words), "%s: \"%s\"", #call, filch_error());      \
    } while (0)

Test(plain_errors, closed_pool_says_so)
{
    filch_pool *pool;
    OK(filch_pool_create(&pool, &(filch_pool_config){.workers = 1, .capacity = FILCH_UNLIMITED}));
    filch_pool_close(pool);
    EXPECT_SENTENCE(FILCH_SUBMIT(pool, succeeds, NULL), -EPIPE, "closed");
    filch_pool_destroy(pool);
}

Test(plain_errors, channel_explains_closed_or_not_ready)
{
    int item = 0;
    filch_channel *channel;
    OK(filch_channel_create(&channel, sizeof item, 0));
    EXPECT_SENTENCE(filch_channel_try_send(channel, &item), -EAGAIN, "the channel is full");
    EXPECT_SENTENCE(filch_channel_try_receive(channel, &item), -EAGAIN, "the channel is empty");
    EXPECT_SENTENCE(filch_channel_receive_until(channel, &item, 0), -ETIMEDOUT,
                    "deadline is 0 or has passed");
    EXPECT_SENTENCE(filch_channel_receive_until(channel, &item, filch_in(20 * FILCH_MILLISECOND)),
                    -ETIMEDOUT, "deadline of this wait");
    filch_channel_close(channel);
    EXPECT_SENTENCE(filch_channel_send(channel, &item), -EPIPE, "closed");
    EXPECT_SENTENCE(filch_channel_receive(channel, &item), -EPIPE, "closed");
    filch_channel_destroy(channel);
}

static void *closes(void *channel)
{
    filch_sleep(5 * FILCH_MILLISECOND);
    filch_channel_close(channel);
    return NULL;
}

Test(plain_errors, waiters_get_the_sentence_too)
{
    pthread_t thread;
    filch_channel *channel;
    OK(filch_channel_create(&channel, sizeof(int), 0));
    cr_assert_eq(pthread_create(&thread, NULL, closes, channel), 0);
    EXPECT_SENTENCE(filch_channel_receive(channel, &(int){0}), -EPIPE, "closed");
    pthread_join(thread, NULL);
    filch_channel_destroy(channel);
}

Test(plain_errors, a_context_reports_its_cause)
{
    filch_context *context;
    OK(filch_context_create(&context, NULL));
    OK(filch_context_cancel(context, 0));
    EXPECT_SENTENCE(filch_context_cancel(context, 0), -EALREADY, "too late");
    EXPECT_SENTENCE(filch_context_wait(context, FILCH_FOREVER), -ECANCELED, "cancelled");
    filch_context_release(context);
    OK(filch_context_create(&context, NULL));
    OK(filch_context_cancel(context, -EPROTO));
    EXPECT_SENTENCE(filch_context_wait(context, FILCH_FOREVER), -EPROTO, strerror(EPROTO));
    filch_context_release(context);
}

static void cancels(filch_self self, void *context)
{
    OK(filch_context_cancel(context, -EPERM));
}

/* The one worker runs the other task only while this one waits. */
FILCH_VOID_TASK(waits_for_a_cause, (filch_context *, context))
{
    OK(filch_go(NULL, cancels, context));
    EXPECT_SENTENCE(filch_context_wait(context, FILCH_FOREVER), -EPERM, strerror(EPERM));
}

Test(plain_errors, waiting_task_reads_smallest_context_cause)
{
    filch_runtime *rt;
    filch_context *context;
    OK(filch_context_create(&context, NULL));
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 1}));
    FILCH_RUN(rt, waits_for_a_cause, context);
    OK(filch_runtime_destroy(rt));
    filch_context_release(context);
}

/* A job's return value is explained by it, too. */
static int receives_in_vain(filch_self self, filch_job *job, void *channel)
{
    return filch_channel_receive(channel, &(int){0});
}

static int fails_by_itself(filch_self self, filch_job *job, void *unused)
{
    return -EDOM;
}

Test(plain_errors, waiter_reads_failed_jobs_message)
{
    filch_pool *pool;
    filch_job *job;
    filch_channel *channel;
    OK(filch_channel_create(&channel, sizeof(int), 0));
    filch_channel_close(channel);
    OK(filch_pool_create(&pool, &(filch_pool_config){.workers = 1, .capacity = FILCH_UNLIMITED}));
    OK(filch_pool_submit(&job, pool, receives_in_vain, channel, NULL, 0));
    EXPECT_SENTENCE(filch_job_wait(job, FILCH_FOREVER), -EPIPE, "closed");
    cr_assert_not_null(strstr(filch_job_failure(job)->message, "closed"));
    EXPECT_SENTENCE(filch_job_cancel(job), -EALREADY, "too late");
    filch_job_release(job);
    OK(filch_pool_submit(&job, pool, fails_by_itself, NULL, NULL, 0));
    EXPECT_SENTENCE(filch_job_wait(job, FILCH_FOREVER), -EDOM, strerror(EDOM));
    filch_job_release(job);
    filch_pool_destroy(pool);
    filch_channel_destroy(channel);
}

static int explains(filch_self self, filch_job *job, void *data)
{
    return filch_error_set(-EBADMSG, "page %d has no title", 7);
}

Test(plain_errors, wrapping_library_sets_own_sentence)
{
    filch_job *job;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1});
    cr_assert_eq(filch_error_set(-EDOM, "x is %d (1..3)", 9), -EDOM);
    cr_assert_str_eq(filch_error(), "x is 9 (1..3)");
    cr_assert_str_eq(filch_error_about(-EDOM), "x is 9 (1..3)");
    cr_assert_str_eq(filch_error_about(-ERANGE), "");
    job = job_of(pool, explains, NULL, NULL);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -EBADMSG);
    cr_assert_str_eq(filch_job_failure(job)->message, "page 7 has no title");
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}
