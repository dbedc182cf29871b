/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals; wraps tsearch pthread_mutex_lock pthread_mutex_unlock
 *
 * Pools to which memory or threads are refused, at each place in turn: an error says so, nothing is
 * held, and jobs accepted before have their outcome. */
#include <tests/fault/pools_refused.h>
#include <tests/support/refused_objects.h>
#include <tests/support/test.h>

static int create_pool(filch_pool **out, filch_pool_config config)
{
    config.capacity = FILCH_UNLIMITED;
    return filch_pool_create(out, &config);
}

static filch_pool_config with_policies(filch_pool_order order,
                                       const filch_adaptive_config *adaptive)
{
    static policies all;
    if (!all.limiter)
        all = have_policies();
    filch_pool_config config = config_with(&all, order);
    config.adaptive = adaptive;
    return config;
}

#define POOL(name, least, ...)                                                                     \
    OBJECT(filch_pool, name, create_pool(&name, __VA_ARGS__), OK(filch_pool_destroy(name)),        \
           .requests = least, .asks_on = true, .workers_ask = true)

static const filch_adaptive_config four = {.max = 4};

POOL(plain, 20, (filch_pool_config){.workers = 2, .width = 3})
POOL(direct, 20, with_policies(FILCH_ANY, NULL))
POOL(by_priority, 20, with_policies(FILCH_PRIORITY, NULL))
POOL(adaptive, 20, with_policies(FILCH_PRIORITY, &four))
NEEDS_THREADS(plain, 2)
NEEDS_THREADS(direct, 2)
NEEDS_THREADS(by_priority, 2)
NEEDS_THREADS(adaptive, 2)

OBJECT(filch_pool, elastic,
       create_pool(&elastic,
                   (filch_pool_config){.runtime = objects_rt, .width = 2, .width_max = 5}),
       OK(filch_pool_destroy(elastic)), .requests = 8)
NEEDS_THE_TIMER_THREAD(elastic)

TestSuite(refused_pools, .init = warm_up_timer_thread);

Test(refused_pools, another_least_width_needs_no_memory)
{
    have_fibers();
    gate at = {0}, first;
    filch_pool *pool = pool_of((filch_pool_config){.width = 2, .width_max = 5});
    block(pool, &first); /* its threads have begun */
    signpost_raise(&first.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    filch_sleep(10 * FILCH_MILLISECOND);
    refuse(MEMORY, 0, true);
    OK(filch_pool_resize(pool, 5));
    cr_assert_eq(refuse_no_more(MEMORY), 0);
    for (unsigned i = 0; i < 5; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, stand_still, &at), 0);
    signpost_wait(&at.begun, 5);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
}

Test(refused_pools, a_width_without_memory_is_refused)
{
    gate at;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    block(pool, &at);
    refuse(MEMORY, 2, true);
    cr_assert_eq(filch_pool_resize(pool, 100), -ENOMEM);
    refuse_no_more(MEMORY);
    cr_assert(strchr(filch_error(), ';'));
    OK(filch_pool_resize(pool, 100));
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
}

typedef struct asking {
    int64_t nth, count; /* the refusal, and how many there were */
    bool lost;          /* a block that the refused call did not free */
} asking;

static int asks_for_its_context(filch_self self, filch_job *job, void *data)
{
    asking *one = data;
    int64_t before = blocks_now();
    refuse(MEMORY, one->nth, false);
    filch_job_context(job);
    one->count = refuse_no_more(MEMORY);
    one->lost = one->count && blocks_now() != before;
    return 0;
}

static void run_one(filch_pool *pool, asking *one)
{
    filch_job *job;
    OK(filch_pool_submit(&job, pool, asks_for_its_context, one, NULL, FILCH_FOREVER));
    OK(filch_job_wait(job, FILCH_FOREVER));
    filch_job_release(job);
}

Test(refused_pools, a_refused_context_leaves_no_block)
{
    have_fibers();
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    asking one = {.nth = 1000};
    run_one(pool, &one); /* this thread's first wait allocates beside the job */
    for (one = (asking){.count = 1}; one.count; one.nth++) {
        run_one(pool, &one);
        cr_assert_not(one.lost, "refusal %ld", (long)one.nth);
    }
    cr_assert_geq(one.nth, 3, "its parts, and the context");
    OK(filch_pool_destroy(pool));
}

typedef struct waiting {
    int64_t refused; /* allocations in the wait */
    int rc, cause;   /* of the wait; of the context for which there is no memory */
} waiting;

static int waits_without_a_context(filch_self self, filch_job *job, void *data)
{
    waiting *one = data;
    refuse(MEMORY, 0, false);
    one->rc = filch_sleep(1000);
    one->refused = refuse_no_more(MEMORY);
    refuse(MEMORY, 0, true);
    one->cause = filch_context_cause(filch_job_context(job));
    refuse_no_more(MEMORY);
    return 0;
}

Test(refused_pools, waits_go_on_without_a_context)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    waiting one = {0};
    filch_job *job = job_of(pool, waits_without_a_context, &one, NULL);
    OK(filch_job_wait(job, FILCH_FOREVER));
    filch_job_release(job);
    cr_assert_eq(one.refused, 1);
    cr_assert_eq(one.rc, 0, "%d", one.rc);
    cr_assert_eq(one.cause, -ENOMEM, "%d", one.cause);
    OK(filch_pool_destroy(pool));
}

static _Thread_local int64_t mutexes; /* that this thread holds */

WRAPPED(int, pthread_mutex_lock, pthread_mutex_t *mutex)
{
    mutexes++;
    return __real_pthread_mutex_lock(mutex);
}

WRAPPED(int, pthread_mutex_unlock, pthread_mutex_t *mutex)
{
    mutexes--;
    return __real_pthread_mutex_unlock(mutex);
}

/* All of the same errno share one, which is written under a mutex. */
Test(refused_pools, a_failure_has_words_without_name)
{
    char name[] = "one";
    filch_job *jobs[2];
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    for (unsigned i = 0; i < 2; i++) {
        jobs[i] = job_of(pool, succeeds, NULL, &(filch_job_options){.name = name, .timeout = 1});
        cr_assert_eq(filch_job_wait(jobs[i], FILCH_FOREVER), -ETIMEDOUT);
    }
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    for (unsigned i = 0; i < 2; i++) {
        const int64_t held = mutexes;
        refuse(MEMORY, 0, true);
        const filch_failure *why = filch_job_failure(jobs[i]);
        cr_assert_eq(refuse_no_more(MEMORY), 1);
        cr_assert_eq(why->code, -ETIMEDOUT);
        cr_assert_str_eq(why->message, "its deadline passed before it ended");
        cr_assert_null(why->task);
        cr_assert_eq(mutexes, held, "it gives back no other than it has taken");
        filch_job_release(jobs[i]);
    }
    OK(filch_pool_destroy(pool));
}
