/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Tasks and threads that push and receive at random, through stages of random width, room and order
 * that map, filter, split, fail and panic, while contexts are cancelled. Each item that was pushed
 * is finished, failed or dropped, none twice, and the items that each stage emitted have entered
 * the next one. */
#include <tests/support/patterns.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { STAGES = 4, TASKS = 8, THREADS = 4 };

typedef struct shift {
    filch_pipeline *pipeline;
    filch_context *context;
    bench at[STAGES];
    uint64_t seed;
    unsigned times;
    bool cancels;
    filch_u64 pushed, received;
    filch_waitgroup pushing;
} shift;

static void push_many(filch_self self, shift *all, unsigned index)
{
    bool stopped = false;
    for (unsigned i = 0; i < all->times && !stopped; i++) {
        uint64_t number = (uint64_t)index * all->times + i, random = stress_mix(all->seed ^ number);
        parcel *one = parcel_make(number, 0);
        if (random % 32 == 0)
            party_gives_way(self);
        int64_t until = party_deadline(random >> 8);
        int rc = random % 8 ? filch_pipeline_push(all->pipeline, one, all->context, until)
                            : filch_pipeline_try_push(all->pipeline, one);
        if (!rc)
            filch_u64_add(&all->pushed, 1, FILCH_ACQ_REL);
        else
            parcel_drop(one);
        stopped = rc && rc != -ETIMEDOUT && rc != -EAGAIN;
        cr_assert(!stopped || rc == -ECANCELED, "%d", rc);
    }
    if (all->cancels && index == 0)
        filch_context_cancel(all->context, -ECANCELED);
    filch_waitgroup_done(&all->pushing);
}

static void receive_many(shift *all, uint64_t seed)
{
    int rc = 0;
    for (uint64_t i = 0; !rc || rc == -ETIMEDOUT; i++) {
        void *item;
        rc = filch_pipeline_next(all->pipeline, &item, party_deadline(stress_mix(seed + i) >> 8));
        if (rc)
            continue;
        parcel_drop(item);
        filch_u64_add(&all->received, 1, FILCH_ACQ_REL);
    }
    cr_assert(rc == -EPIPE || rc == -ECANCELED, "%d", rc);
}

/* Pushers are odd; the first one of them closes when all have ended. */
static void work_shift(filch_self self, void *arg, unsigned index)
{
    shift *all = arg;
    if (index % 2 == 0) {
        receive_many(all, all->seed + index);
        return;
    }
    push_many(self, all, index / 2);
    if (index == 1) {
        filch_waitgroup_wait(&all->pushing);
        filch_pipeline_close(all->pipeline);
    }
}

static void open_shift(shift *all, filch_runtime *rt, uint64_t seed, unsigned times)
{
    filch_stage stages[STAGES];
    *all = (shift){.seed = seed, .times = times, .cancels = seed % 4 == 1};
    for (unsigned i = 0; i < STAGES; i++) {
        uint64_t random = stress_mix(seed + i);
        all->at[i] = (bench){.dawdles = random % 2,
                             .parts = random % 5 == 1 ? 2 : 0,
                             .filter = random % 5 == 2 ? 3 : 0};
        stages[i] = bench_stage(&all->at[i], "stage", 1 + (random >> 8) % 5, (random >> 16) % 5);
        stages[i].ordered = (random >> 24) % 2;
        stages[i].ahead = (random >> 28) % 4;
    }
    bench *bad = &all->at[(seed >> 8) % STAGES];
    uint64_t which = 1 + (seed >> 16) % (2 * (uint64_t)times); /* some such numbers never come */
    if (seed % 4 == 2)
        bad->fails = which;
    if (seed % 4 == 3)
        bad->panics = which;
    if (filch_context_create(&all->context, NULL))
        filch_die("%s", filch_error());
    all->pipeline = pipeline_of(rt, stages, STAGES, 1 + (seed >> 32) % 4, all->context);
    filch_waitgroup_add(&all->pushing, (TASKS + THREADS) / 2);
}

static void close_shift(shift *all)
{
    filch_pipeline_close(all->pipeline);
    int rc = filch_pipeline_wait(all->pipeline, FILCH_FOREVER);
    cr_assert(rc == 0 || rc == -EDOM || rc == -EPROTO || rc == -ECANCELED, "%d", rc);
    stages_balance(all->pipeline, STAGES);
    uint64_t begun = 0, called = 0;
    for (unsigned i = 0; i <= STAGES; i++) {
        filch_stage_stats stats = stage_stats(all->pipeline, i);
        cr_assert_eq(rc ? 0 : stats.failed + stats.dropped, 0);
        if (i == STAGES)
            break;
        begun += signpost_count(&all->at[i].begun);
        called += stats.finished + stats.failed;
        cr_assert_eq(signpost_count(&all->at[i].wrong), 0);
    }
    cr_assert_eq(begun, called);
    cr_assert_eq(stage_stats(all->pipeline, 0).entered,
                 filch_u64_load(&all->pushed, FILCH_ACQUIRE));
    cr_assert_eq(stage_stats(all->pipeline, STAGES).finished,
                 filch_u64_load(&all->received, FILCH_ACQUIRE));
    OK(filch_pipeline_destroy(all->pipeline));
    filch_context_release(all->context);
    parcels_balance();
}

Test(pipelines, items_finish_fail_or_drop)
{
    uint64_t seed = stress_seed();
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 1000000);
        for (unsigned round = 0; round < 24; round++) {
            shift all;
            open_shift(&all, rt, stress_mix(seed + c * 100 + round), stress_times(200));
            parties_meet(rt, TASKS, THREADS, work_shift, &all);
            close_shift(&all);
        }
        cr_assert_eq(filch_runtime_destroy(rt), 0, "%s", config_name(c));
    }
}

/* Destroyed at a random moment, while functions are in progress, wait to emit, fail and are
 * cancelled. */
Test(pipelines, destroy_is_safe_at_any_moment)
{
    uint64_t seed = stress_seed();
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 1000000);
        for (unsigned round = 0; round < stress_times(100); round++) {
            uint64_t random = stress_mix(seed + c * 1000 + round);
            shift all;
            open_shift(&all, rt, random, 30);
            for (unsigned i = 0; i < random % 50; i++) {
                parcel *one = parcel_make(i, 0);
                if (filch_pipeline_push(all.pipeline, one, NULL, party_deadline(1 + 2 * i)))
                    parcel_drop(one);
            }
            if (random % 7 == 0)
                filch_context_cancel(all.context, 0);
            OK(filch_pipeline_destroy(all.pipeline));
            filch_context_release(all.context);
            parcels_balance();
        }
        cr_assert_eq(filch_runtime_destroy(rt), 0, "%s", config_name(c));
    }
}
