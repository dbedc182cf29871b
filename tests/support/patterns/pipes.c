/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/patterns.h>
#include <tests/support/test.h>

signpost parcels_made, parcels_dropped;

parcel *parcel_make(uint64_t number, unsigned part)
{
    parcel *one = malloc(sizeof *one);
    if (!one)
        filch_die("no memory for a test's items");
    *one = (parcel){number, part};
    signpost_raise(&parcels_made);
    return one;
}

void parcel_drop(void *item)
{
    free(item);
    signpost_raise(&parcels_dropped);
}

static void bench_waits(filch_self self, const bench *at, const parcel *one)
{
    uint64_t random = at->dawdles ? stress_mix(one->number) : 0;
    for (unsigned i = random % 3 ? 0 : (unsigned)(random >> 8) % 20; i; i--)
        filch_yield(self);
    while (signpost_count(&at->shut) && (!at->slow || one->number + 1 == at->slow))
        filch_yield(self);
}

static int bench_emits(bench *at, filch_emitter *out, parcel *one)
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

int bench_work(filch_self self, filch_emitter *out, void *item, void *arg)
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

filch_stage bench_stage(bench *at, const char *name, unsigned width, size_t capacity)
{
    at->width = width;
    return (filch_stage){.name = name,
                         .fn = bench_work,
                         .arg = at,
                         .width = width,
                         .capacity = capacity,
                         .drop = parcel_drop};
}

filch_pipeline *pipeline_of(filch_runtime *rt, const filch_stage *stages, unsigned count,
                            size_t results, filch_context *context)
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

filch_stage_stats stage_stats(filch_pipeline *pipeline, unsigned stage)
{
    filch_stage_stats all;
    if (filch_pipeline_stats_read(pipeline, stage, &all, sizeof all))
        filch_die("%s", filch_error());
    return all;
}

void push_parcels(filch_pipeline *pipeline, unsigned from, unsigned count)
{
    for (unsigned i = from; i < from + count; i++)
        OK(filch_pipeline_push(pipeline, parcel_make(i, 0), NULL, FILCH_FOREVER));
}

void stages_balance(filch_pipeline *pipeline, unsigned count)
{
    for (unsigned i = 0; i <= count; i++) {
        filch_stage_stats all = stage_stats(pipeline, i);
        cr_assert_eq(all.running, 0);
        cr_assert(all.waiting == 0 || i == count);
        cr_assert_eq(all.entered, all.finished + all.failed + all.dropped + all.waiting, "stage %u",
                     i);
    }
}

void parcels_balance(void)
{
    cr_assert_eq(signpost_count(&parcels_made), signpost_count(&parcels_dropped));
}
