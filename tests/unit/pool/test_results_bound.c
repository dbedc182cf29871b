/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bounded results lists: their length, and submissions that wait for takers, until a time, a
 * context's end, or that of the pool or the list. */
#include <pthread.h>
#include <runtime/pool/pool.h>
#include <runtime/pool/results.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

static filch_results *list_of(size_t bound)
{
    filch_results *list = NULL;
    OK(filch_results_create(&list));
    OK(filch_results_set_bound(list, bound));
    return list;
}

static int submit(filch_pool *pool, filch_results *list, int64_t until)
{
    const filch_job_options options = {.results = list};
    return filch_pool_submit(NULL, pool, succeeds, NULL, &options, until);
}

static void take(filch_results *list)
{
    filch_job *job = NULL;
    OK(filch_results_take(list, &job, FILCH_FOREVER));
    filch_job_release(job);
}

/* ---- Submissions that wait ---- */

typedef struct submission {
    filch_pool *pool;
    filch_results *list;
    filch_context *context;
    size_t count, accepted;
    pthread_t thread;
    int rc;
} submission;

static void *submits(void *arg)
{
    submission *it = arg;
    const filch_job_options options = {.results = it->list, .context = it->context};
    it->rc = filch_pool_submit_all(it->pool, succeeds, NULL, it->count, &options, FILCH_FOREVER,
                                   &it->accepted);
    return NULL;
}

static void begin(submission *it)
{
    cr_assert_eq(pthread_create(&it->thread, NULL, submits, it), 0);
    for (bool waits = false; !waits; sched_yield()) {
        fl_lock(&it->list->lock);
        waits = fl_waiters_any(&it->list->submitters);
        fl_unlock(&it->list->lock);
    }
}

static void expect_over(submission *it, int rc, size_t accepted)
{
    pthread_join(it->thread, NULL);
    cr_assert_eq(it->rc, rc, "%d", it->rc);
    cr_assert_eq(it->accepted, accepted);
}

/* Of direct pools and others. */
static const filch_pool_config kinds[] = {{.width = 0}, {.width = 1}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static filch_pool *pool_kind(int kind)
{
    filch_pool_config config = kinds[kind];
    config.workers = 1;
    return pool_of(config);
}

static void end(filch_pool *pool, filch_results *list)
{
    if (pool)
        OK(filch_pool_destroy(pool));
    OK(filch_results_destroy(list));
}

Test(results_bound, length_counts_untaken_results)
{
    filch_results *list = list_of(FILCH_UNLIMITED);
    filch_pool *pool = pool_kind(1);
    cr_assert_eq(filch_results_length(list), 0);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(submit(pool, list, FILCH_FOREVER), 0);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(filch_results_length(list), 5);
    take(list);
    cr_assert_eq(filch_results_length(list), 4);
    cr_assert_eq(filch_results_set_bound(list, 0), -EINVAL);
    cr_assert(strstr(filch_error(), "bound 0 is out of range"), "%s", filch_error());
    cr_assert_eq(filch_results_set_bound(NULL, 1), -EINVAL);
    end(pool, list);
}

Test(results_bound, submission_waits_until_result_is_taken)
{
    for (int i = 0; i < KINDS; i++) {
        filch_results *list = list_of(2);
        filch_pool *pool = pool_kind(i);
        submission it = {.pool = pool, .list = list, .count = 5};
        for (int k = 0; k < 2; k++)
            cr_assert_eq(submit(pool, list, 0), 0);
        cr_assert_eq(submit(pool, list, 0), -ETIMEDOUT);
        cr_assert_eq(submit(pool, list, filch_in(FILCH_MILLISECOND)), -ETIMEDOUT);
        begin(&it);
        OK(filch_pool_wait(pool, 0) % ETIMEDOUT);
        for (int k = 0; k < 7; k++) {
            cr_assert_leq(filch_results_length(list), 2);
            take(list);
        }
        expect_over(&it, 0, 5);
        end(pool, list);
    }
}

Test(results_bound, larger_bound_releases_submission)
{
    filch_results *list = list_of(1);
    filch_pool *pool = pool_kind(1);
    submission it = {.pool = pool, .list = list, .count = 200};
    cr_assert_eq(submit(pool, list, 0), 0);
    begin(&it);
    OK(filch_results_set_bound(list, 201));
    expect_over(&it, 0, 200);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(filch_results_length(list), 201);
    end(pool, list);
}

Test(results_bound, rejecting_pool_refuses_at_once)
{
    filch_results *list = list_of(1);
    filch_pool *pool =
        pool_of((filch_pool_config){.workers = 1, .width = 1, .full = FILCH_FULL_REJECT});
    cr_assert_eq(submit(pool, list, FILCH_FOREVER), 0);
    cr_assert_eq(submit(pool, list, FILCH_FOREVER), -EAGAIN);
    end(pool, list);
}

Test(results_bound, a_refused_submission_leaves_its_room)
{
    filch_results *list = list_of(2);
    gate at;
    filch_pool *pool = pool_of(
        (filch_pool_config){.workers = 1, .width = 1, .capacity = 1, .full = FILCH_FULL_REJECT});
    block(pool, &at);
    cr_assert_eq(submit(pool, list, 0), 0);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(submit(pool, list, 0), -EAGAIN, "the queue is full");
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(submit(pool, list, 0), 0, "there is room for one more");
    end(pool, list);
}

/* ---- Ends ---- */

Test(results_bound, context_pool_or_list_ends_wait)
{
    for (int kind = 0; kind < KINDS; kind++)
        for (int how = 0; how < 4; how++) {
            static const int results[] = {-ECANCELED, -EPIPE, -EPIPE, -ECANCELED};
            filch_results *list = list_of(1);
            filch_pool *pool = pool_kind(kind);
            filch_context *context;
            OK(filch_context_create(&context, NULL));
            submission it = {.pool = pool,
                             .list = list,
                             .count = 3,
                             .context = how ? NULL : context};
            cr_assert_eq(submit(pool, list, 0), 0);
            begin(&it);
            if (how == 0)
                filch_context_cancel(context, -ECANCELED);
            else if (how == 1)
                OK(filch_pool_destroy(pool));
            else if (how == 2)
                filch_results_close(list);
            else
                filch_context_cancel(pool->context, -ECANCELED);
            expect_over(&it, results[how], 0);
            end(how == 1 ? NULL : pool, list);
            filch_context_release(context);
        }
}

/* ---- Many ---- */

enum { THREADS = 4, EACH = 300, BOUND = 7 };

static void *takes(void *arg)
{
    filch_results *list = arg;
    filch_job *job;
    intptr_t taken = 0;
    for (; !filch_results_take(list, &job, FILCH_FOREVER); taken++) {
        cr_assert_leq(filch_results_length(list), BOUND);
        filch_job_release(job);
    }
    return (void *)taken;
}

Test(results_bound, many_submitters_and_takers_lose_nothing)
{
    filch_results *list = list_of(BOUND);
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 3, .capacity = 5});
    submission those[THREADS];
    pthread_t takers[2];
    void *taken;
    intptr_t sum = 0;
    for (int i = 0; i < THREADS; i++) {
        those[i] = (submission){.pool = pool, .list = list, .count = EACH};
        cr_assert_eq(pthread_create(&those[i].thread, NULL, submits, &those[i]), 0);
    }
    for (int i = 0; i < 2; i++)
        cr_assert_eq(pthread_create(&takers[i], NULL, takes, list), 0);
    for (int i = 0; i < THREADS; i++)
        expect_over(&those[i], 0, EACH);
    filch_results_close(list);
    for (int i = 0; i < 2; i++, sum += (intptr_t)taken)
        pthread_join(takers[i], &taken);
    cr_assert_eq(sum, THREADS * EACH);
    end(pool, list);
}
