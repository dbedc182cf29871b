/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Items for a test's pipelines, and the stages that process them. */
#ifndef SUPPORT_PIPES_H
#define SUPPORT_PIPES_H

#include <filch/pipeline.h>
#include <tests/support/signpost.h>
#include <tests/support/stress.h>
#include <tests/support/test.h>

/* An item: on the heap, so that a sanitizer knows of one that is lost, or dropped twice. */
typedef struct parcel {
    uint64_t number;
    unsigned part;
} parcel;

static signpost parcels_made, parcels_dropped;

static inline parcel *parcel_make(uint64_t number, unsigned part)
{
    parcel *one = malloc(sizeof *one);
    if (!one)
        filch_die("no memory for a test's items");
    *one = (parcel){number, part};
    signpost_raise(&parcels_made);
    return one;
}

static inline void parcel_drop(void *item)
{
    free(item);
    signpost_raise(&parcels_dropped);
}

/* A stage's behaviour, and its observations. */
typedef struct bench {
    unsigned width;  /* its own: more are wrong */
    unsigned parts;  /* of each item; 0: emits the item itself */
    uint64_t filter; /* numbers that it divides go no further; 0: all do */
    uint64_t fails;  /* the number, counted from 1, with which it returns -EDOM; 0: none */
    uint64_t panics; /* the same */
    bool dawdles;    /* some are slow */
    uint64_t slow;   /* while shut, only this number, counted from 1, waits; 0: all do */
    signpost shut;   /* while 1, its functions wait */
    signpost begun, ended, wrong, refused;
    filch_u32 inside;
} bench;

static inline void bench_waits(filch_self self, const bench *at, const parcel *one)
{
    uint64_t random = at->dawdles ? stress_mix(one->number) : 0;
    for (unsigned i = random % 3 ? 0 : (unsigned)(random >> 8) % 20; i; i--)
        filch_yield(self);
    while (signpost_count(&at->shut) && (!at->slow || one->number + 1 == at->slow))
        filch_yield(self);
}

static inline int bench_emits(bench *at, filch_emitter *out, parcel *one)
{
    int rc = 0;
    for (unsigned i = 0; i < at->parts && !rc; i++)
        rc = filch_emit(out, parcel_make(one->number, i));
    if (!at->parts && !(at->filter && one->number % at->filter == 0))
        rc = filch_emit(out, one);
    if (rc && rc != -ECANCELED)
        signpost_raise(&at->wrong);
    if (rc)
        signpost_raise(&at->refused);
    return rc;
}

static inline int bench_work(filch_self self, filch_emitter *out, void *item, void *arg)
{
    bench *at = arg;
    parcel *one = item;
    signpost_raise(&at->begun);
    if (filch_u32_add(&at->inside, 1, FILCH_ACQ_REL) >= at->width || filch_worker_index() < 0)
        signpost_raise(&at->wrong);
    bench_waits(self, at, one);
    uint64_t number = one->number; /* which may be gone when it was emitted */
    int rc = at->fails && number + 1 == at->fails ? -EDOM : 0;
    if (!rc)
        rc = bench_emits(at, out, one);
    filch_u32_add(&at->inside, (uint32_t)-1, FILCH_ACQ_REL);
    if (at->panics && number + 1 == at->panics)
        FILCH_PANIC(-EPROTO, "number %u is too much", (unsigned)number);
    signpost_raise(&at->ended);
    return rc;
}

static inline filch_stage bench_stage(bench *at, const char *name, unsigned width, size_t capacity)
{
    at->width = width;
    return (filch_stage){.name = name,
                         .fn = bench_work,
                         .arg = at,
                         .width = width,
                         .capacity = capacity,
                         .drop = parcel_drop};
}

static inline filch_pipeline *pipeline_of(filch_runtime *rt, const filch_stage *stages,
                                          unsigned count, size_t results, filch_context *context)
{
    filch_pipeline *pipeline = NULL;
    filch_pipeline_config config = {.stages = stages,
                                    .count = count,
                                    .results = results,
                                    .drop = parcel_drop,
                                    .context = context};
    if (filch_pipeline_create(&pipeline, rt, &config))
        filch_die("%s", filch_error());
    return pipeline;
}

static inline filch_stage_stats stage_stats(filch_pipeline *pipeline, unsigned stage)
{
    filch_stage_stats all;
    if (filch_pipeline_stats_read(pipeline, stage, &all, sizeof all))
        filch_die("%s", filch_error());
    return all;
}

/* Until a stage's numbers say so. */
#define WAIT_FOR_STAGE(pipeline, stage, condition)                                                 \
    for (filch_stage_stats now = stage_stats(pipeline, stage); !(condition);                       \
         now = stage_stats(pipeline, stage))                                                       \
    sched_yield()

static inline void push_parcels(filch_pipeline *pipeline, unsigned from, unsigned count)
{
    for (unsigned i = from; i < from + count; i++)
        OK(filch_pipeline_push(pipeline, parcel_make(i, 0), NULL, FILCH_FOREVER));
}

/* When nothing is in progress, nor waits, but for results: pushed == finished + failed + dropped,
 * in each stage. */
static inline void stages_balance(filch_pipeline *pipeline, unsigned count)
{
    for (unsigned i = 0; i <= count; i++) {
        filch_stage_stats all = stage_stats(pipeline, i);
        cr_assert_eq(all.running, 0);
        cr_assert(all.waiting == 0 || i == count);
        cr_assert_eq(all.entered, all.finished + all.failed + all.dropped + all.waiting, "stage %u",
                     i);
    }
}

/* Nothing made is left over. */
static inline void parcels_balance(void)
{
    cr_assert_eq(signpost_count(&parcels_made), signpost_count(&parcels_dropped));
}

#endif
