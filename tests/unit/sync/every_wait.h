/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Every wait that ends with the context of its task, in the table of docs/futures.md, and a world of objects to
 * wait for. Nothing but the test ends such a call. */
#ifndef TESTS_EVERY_WAIT_H
#define TESTS_EVERY_WAIT_H

#include <fcntl.h>
#include <filch/adaptive.h>
#include <filch/batcher.h>
#include <filch/blocking.h>
#include <filch/limiter.h>
#include <filch/pipeline.h>
#include <filch/resources.h>
#include <filch/results.h>
#include <poll.h>
#include <sched.h>
#include <tests/support/test.h>
#include <unistd.h>

/* Objects for which every wait waits. */
static struct world {
    filch_runtime *rt;
    filch_channel *empty, *gate;
    filch_mutex mutex, own;
    filch_rwlock readers, writer;
    filch_semaphore semaphore;
    filch_condition condition;
    filch_waitgroup group;
    filch_barrier barrier;
    filch_future future;
    filch_context *other;
    filch_results *results, *bounded;
    filch_pool *full, *delivers;
    filch_job *job;
    filch_resource_pool *resources;
    filch_resource *resource;
    filch_batcher *collects, *flushes;
    filch_pipeline *pipeline;
    filch_limiter *limiter;
    filch_adaptive *adaptive;
    int pipe[2];
    filch_u32 stays, emits; /* 1: a call of the function has begun */
} world;

/* ---- The calls ---- */

static int receives(int64_t until)
{
    return filch_channel_receive_until(world.empty, &(int){0}, until);
}

static int sends(int64_t until)
{
    return filch_channel_send_until(world.empty, &(int){0}, until);
}

static int selects(int64_t until)
{
    filch_case cases[] = {FILCH_RECEIVE(world.empty, &(int){0}), FILCH_DONE(world.other),
                          FILCH_UNTIL(until)};
    int which = filch_select(cases, 3);
    return which == 2 ? -ETIMEDOUT : which;
}

static int sleeps_until(int64_t until)
{
    int rc = filch_sleep_until(until);
    return rc ? rc : -ETIMEDOUT;
}

static int sleeps(int64_t until)
{
    int rc = filch_sleep(until == FILCH_FOREVER ? until : until - filch_now());
    return rc ? rc : -ETIMEDOUT;
}

static int sleeps_beside_context(int64_t until)
{
    int rc = filch_context_sleep(world.other, until == FILCH_FOREVER ? until : until - filch_now());
    return rc ? rc : -ETIMEDOUT;
}

static int waits_for_context(int64_t until)
{
    return filch_context_wait(world.other, until);
}

static int locks(int64_t until)
{
    return filch_mutex_lock_until(&world.mutex, until);
}

static int read_locks(int64_t until)
{
    return filch_rwlock_read_lock_until(&world.writer, until);
}

static int write_locks(int64_t until)
{
    return filch_rwlock_write_lock_until(&world.readers, until);
}

static int acquires(int64_t until)
{
    return filch_semaphore_acquire_until(&world.semaphore, 1, until);
}

static int waits_for_condition(int64_t until)
{
    filch_mutex_lock(&world.own);
    int rc = filch_condition_wait_until(&world.condition, &world.own, until);
    filch_mutex_unlock(&world.own); /* dies if it is not locked */
    return rc;
}

static int waits_for_group(int64_t until)
{
    return filch_waitgroup_wait_until(&world.group, until);
}

static int waits_at_barrier(int64_t until)
{
    return filch_barrier_wait(&world.barrier, until);
}

static int awaits(int64_t until)
{
    return filch_await_until(&world.future, until);
}

static int waits_for_file(int64_t until)
{
    return filch_wait_fd(world.pipe[0], POLLIN, until);
}

static int reads(int64_t until)
{
    char byte;
    return (int)filch_read(world.pipe[0], &byte, 1, until);
}

static int waits_for_job(int64_t until)
{
    return filch_job_wait(world.job, until);
}

static int waits_for_pool(int64_t until)
{
    return filch_pool_wait(world.full, until);
}

static int nothing(filch_self self, filch_job *job, void *data)
{
    return 0;
}

static int submits(int64_t until)
{
    return filch_pool_submit(NULL, world.full, nothing, NULL, NULL, until);
}

static int submits_with_results(int64_t until)
{
    return filch_pool_submit(NULL, world.delivers, nothing, NULL, NULL, until);
}

static int takes(int64_t until)
{
    filch_job *job;
    return filch_results_take(world.results, &job, until);
}

static int acquires_resource(int64_t until)
{
    filch_resource *one;
    return filch_resource_pool_acquire(world.resources, &one, until);
}

static int adds(int64_t until)
{
    int outcome;
    return filch_batcher_add(world.collects, &world, &outcome, until);
}

static int adds_to_full(int64_t until)
{
    return filch_batcher_add_then(world.flushes, &world, NULL, NULL, until);
}

static int pushes(int64_t until)
{
    return filch_pipeline_push(world.pipeline, &world, NULL, until);
}

static int takes_result(int64_t until)
{
    void *item;
    return filch_pipeline_next(world.pipeline, &item, until);
}

static int waits_for_permit(int64_t until)
{
    /* A limiter refuses at once a time that is too early. */
    return filch_limiter_acquire(world.limiter, 1, NULL,
                                 until == FILCH_FOREVER ? until : filch_in(0));
}

static int waits_for_permit_beside_context(int64_t until)
{
    return filch_limiter_acquire(world.limiter, 1, world.other,
                                 until == FILCH_FOREVER ? until : filch_in(0));
}

static int acquires_adaptively(int64_t until)
{
    return filch_adaptive_acquire(world.adaptive, NULL, until);
}

static const struct wait {
    int (*call)(int64_t until);
    int late; /* its result if it is not cancelled */
} waits[] = {
    {receives, -ETIMEDOUT},
    {sends, -ETIMEDOUT},
    {selects, -ETIMEDOUT},
    {sleeps_until, -ETIMEDOUT},
    {sleeps, -ETIMEDOUT},
    {sleeps_beside_context, -ETIMEDOUT},
    {waits_for_context, -ETIMEDOUT},
    {locks, -ETIMEDOUT},
    {read_locks, -ETIMEDOUT},
    {write_locks, -ETIMEDOUT},
    {acquires, -ETIMEDOUT},
    {waits_for_condition, -ETIMEDOUT},
    {waits_for_group, -ETIMEDOUT},
    {waits_at_barrier, -ETIMEDOUT},
    {awaits, -ETIMEDOUT},
    {waits_for_file, -ETIMEDOUT},
    {reads, -ETIMEDOUT},
    {waits_for_job, -ETIMEDOUT},
    {waits_for_pool, -ETIMEDOUT},
    {submits, -ETIMEDOUT},
    {submits_with_results, -ETIMEDOUT},
    {takes, -ETIMEDOUT},
    {acquires_resource, -ETIMEDOUT},
    {adds, -ETIMEDOUT},
    {adds_to_full, -ETIMEDOUT},
    {pushes, -ETIMEDOUT},
    {takes_result, -ETIMEDOUT},
    {waits_for_permit, -ETIMEDOUT},
    {waits_for_permit_beside_context, -ETIMEDOUT},
    {acquires_adaptively, -ETIMEDOUT},
};
enum { WAITS = sizeof waits / sizeof waits[0] };

/* ---- The world ---- */

static void stay(filch_u32 *here)
{
    filch_u32_store(here, 1, FILCH_RELEASE);
    filch_channel_receive(world.gate, NULL); /* until it is closed */
}

static void await(const filch_u32 *there)
{
    while (!filch_u32_load(there, FILCH_ACQUIRE))
        sched_yield();
}

static int stays(filch_self self, filch_job *job, void *data)
{
    stay(&world.stays);
    return 0;
}

static int makes(filch_self self, void **value, void *arg)
{
    *value = &world;
    return 0;
}

static void flushes(filch_self self, void *const *items, int *outcomes, size_t count, void *arg)
{
    filch_channel_receive(world.gate, NULL);
}

static int emits(filch_self self, filch_emitter *out, void *item, void *arg)
{
    stay(&world.emits);
    return 0;
}

static void make_sync(void)
{
    cr_assert(!filch_channel_create(&world.empty, sizeof(int), 0));
    cr_assert(!filch_channel_create(&world.gate, 0, 0));
    cr_assert(!filch_context_create(&world.other, NULL));
    cr_assert(!filch_barrier_init(&world.barrier, 2));
    filch_mutex_lock(&world.mutex);
    filch_rwlock_read_lock(&world.readers);
    filch_rwlock_write_lock(&world.writer);
    filch_waitgroup_add(&world.group, 1);
    cr_assert(!pipe2(world.pipe, O_NONBLOCK | O_CLOEXEC));
}

static void make_pools(void)
{
    cr_assert(!filch_results_create(&world.results) && !filch_results_create(&world.bounded));
    cr_assert(!filch_results_set_bound(world.bounded, 1));
    filch_pool_config full = {.name = "full", .runtime = world.rt, .width = 1, .capacity = 1},
                      delivers = {.name = "delivers",
                                  .runtime = world.rt,
                                  .results = world.bounded};
    cr_assert(!filch_pool_create(&world.full, &full));
    cr_assert(!filch_pool_create(&world.delivers, &delivers));
    cr_assert(!filch_pool_submit(&world.job, world.full, stays, NULL, NULL, FILCH_FOREVER));
    await(&world.stays);
    cr_assert(!FILCH_SUBMIT(world.full, nothing, NULL));
    cr_assert(!FILCH_SUBMIT(world.delivers, nothing, NULL));
}

static void make_patterns(void)
{
    cr_assert(
        !filch_resource_pool_create(&world.resources, world.rt,
                                    &(filch_resource_pool_config){.max = 1, .create = makes}));
    cr_assert(!filch_resource_pool_acquire(world.resources, &world.resource, FILCH_FOREVER));
    cr_assert(!filch_batcher_create(&world.collects, world.rt,
                                    &(filch_batcher_config){.size = 1000, .flush = flushes}));
    cr_assert(!filch_batcher_create(&world.flushes, world.rt,
                                    &(filch_batcher_config){.size = 1, .flush = flushes}));
    while (!filch_batcher_add_then(world.flushes, &world, NULL, NULL, 0))
        ;
    static const filch_stage stage = {.name = "stays", .fn = emits, .width = 1, .capacity = 1};
    cr_assert(!filch_pipeline_create(&world.pipeline, world.rt,
                                     &(filch_pipeline_config){.stages = &stage, .count = 1}));
    cr_assert(!filch_pipeline_try_push(world.pipeline, &world));
    await(&world.emits);
    while (!filch_pipeline_try_push(world.pipeline, &world))
        ;
    cr_assert(
        !filch_limiter_create(&world.limiter,
                              (filch_limit){.rate = 1, .burst = 1, .period = 3600 * FILCH_SECOND}));
    cr_assert(!filch_limiter_acquire(world.limiter, 1, NULL, FILCH_FOREVER));
    cr_assert(
        !filch_adaptive_create(&world.adaptive, &(filch_adaptive_config){.min = 1, .max = 1}));
    cr_assert(!filch_adaptive_acquire(world.adaptive, NULL, FILCH_FOREVER));
}

static void make_world(unsigned workers)
{
    world = (struct world){0};
    cr_assert(
        !filch_runtime_create(&world.rt, &(filch_config){.workers = workers, .max_fibers = 1000}));
    make_sync();
    make_pools();
    make_patterns();
}

/* Each object must be without waiters: each cancelled wait has left its queue. */
static void end_world(void)
{
    cr_assert(!filch_channel_close(world.gate));
    filch_job_release(world.job);
    cr_assert(!filch_pool_destroy(world.full) && !filch_pool_destroy(world.delivers));
    cr_assert(!filch_results_destroy(world.results) && !filch_results_destroy(world.bounded));
    filch_resource_give_back(world.resource, true);
    cr_assert(!filch_resource_pool_destroy(world.resources));
    filch_batcher_destroy(world.collects);
    filch_batcher_destroy(world.flushes);
    cr_assert(!filch_pipeline_destroy(world.pipeline));
    filch_limiter_destroy(world.limiter);
    filch_adaptive_destroy(world.adaptive);
    filch_mutex_unlock(&world.mutex);
    filch_rwlock_read_unlock(&world.readers);
    filch_rwlock_write_unlock(&world.writer);
    cr_assert(!world.mutex.waiters.first && !world.semaphore.permits.waiters.first);
    cr_assert(!world.group.waiters.first && !world.condition.waiters.first);
    cr_assert(!world.barrier.waiters.first && !world.future.waiters.first);
    filch_channel_destroy(world.empty);
    filch_channel_destroy(world.gate);
    filch_context_release(world.other);
    filch_fd_close(world.pipe[0]);
    close(world.pipe[1]);
    cr_assert(!filch_runtime_destroy(world.rt));
}

#endif
