/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Callbacks of resources, batchers and pipelines that record how they are called. */
#ifndef SUPPORT_PATTERNS_H
#define SUPPORT_PATTERNS_H

#include <filch/batcher.h>
#include <filch/panic.h>
#include <filch/pipeline.h>
#include <filch/resources.h>
#include <filch/timer.h>
#include <tests/support/tasks.h>

/* ---- A source of resources ---- */

enum { SOURCE_MOST = 4096 };
enum source_mood { SOURCE_GOOD, SOURCE_FAILS, SOURCE_PANICS };
/* Each resource is the address of its own counter of holders. */
typedef struct resource_source {
    signpost begun, made, gone, outside, crowds;
    filch_u32 failures, panics; /* creations still to go wrong */
    filch_u32 check_mood;
    filch_u32 may_go_on; /* creations wait for it */
    filch_u32 holders[SOURCE_MOST];
} resource_source;

void source_destroy(filch_self self, void *value, void *arg);
filch_resource_pool_config source_config(resource_source *of, unsigned min, unsigned max);
filch_resource_pool *resources_of(filch_runtime *rt, const filch_resource_pool_config *config);
filch_resource_pool_stats resources_stats(filch_resource_pool *pool);
/* The holder is alone with it. */
void source_enter(resource_source *of, filch_resource *one);
void source_leave(filch_resource *one);
/* Nothing is lost or duplicated, and the callbacks were called where they should be. */
void source_ends(resource_source *of, filch_resource_pool *pool);

/* ---- Batches: a flush that records its items, waits at a gate, and fails on request ---- */

/* An added item knows its expected outcome, and how often it was flushed. */
typedef struct batch_item {
    unsigned number;
    int shall; /* its outcome */
    filch_u32 flushed, told;
    int outcome; /* as its callback was told */
} batch_item;

typedef struct drain {
    size_t most; /* of a batch */
    unsigned in_flight;
    signpost begun, ended, items, wrong;
    filch_u32 flying;
    filch_u32 open;   /* the gate: 0, flushes wait */
    filch_u32 panics; /* flushes still to panic */
    unsigned last;    /* number, where one flies at a time and items come in order */
    bool in_order;
} drain;

filch_batcher_config drain_config(drain *to, size_t size, unsigned in_flight);
filch_batcher *batcher_of(filch_runtime *rt, const filch_batcher_config *config);
filch_batcher_stats batcher_stats(filch_batcher *batcher);
void note_outcome(void *arg, int outcome, void *unused);
/* All numbers agree. */
void drain_ends(drain *to, filch_batcher *batcher);

/* ---- Pipelines ---- */

/* An item: on the heap, so that a sanitizer knows of one that is lost, or dropped twice. */
typedef struct parcel {
    uint64_t number;
    unsigned part;
} parcel;

extern signpost parcels_made, parcels_dropped;
parcel *parcel_make(uint64_t number, unsigned part);
void parcel_drop(void *item);
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

int bench_work(filch_self self, filch_emitter *out, void *item, void *arg);
filch_stage bench_stage(bench *at, const char *name, unsigned width, size_t capacity);
filch_pipeline *pipeline_of(filch_runtime *rt, const filch_stage *stages, unsigned count,
                            size_t results, filch_context *context);
filch_stage_stats stage_stats(filch_pipeline *pipeline, unsigned stage);
/* Until a stage's numbers say so. */
#define WAIT_FOR_STAGE(pipeline, stage, condition)                                                 \
    for (filch_stage_stats now = stage_stats(pipeline, stage); !(condition);                       \
         now = stage_stats(pipeline, stage))                                                       \
    sched_yield()
void push_parcels(filch_pipeline *pipeline, unsigned from, unsigned count);
/* When nothing is in progress, nor waits, but for results: pushed == finished + failed + dropped,
 * in each stage. */
void stages_balance(filch_pipeline *pipeline, unsigned count);
/* Nothing made is left over. */
void parcels_balance(void);

#endif
