/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pipelines: items go through stages, each of which works on so many at a time and has so much room
 * before it. For service authors and students.
 *
 *   static int parse(filch_self self, filch_emitter *out, void *line, void *arg)
 *   {
 *       struct record *record = ...;
 *       return record ? filch_emit(out, record) : -EBADMSG;
 *   }
 *
 *   const filch_stage stages[] = {{.name = "parse", .fn = parse, .width = 4, .drop = free},
 *                                 {.name = "store", .fn = store, .drop = free_record}};
 *   filch_pipeline_create(&pipeline, rt, &(filch_pipeline_config){.stages = stages, .count = 2});
 *   while (...)
 *       filch_pipeline_push(pipeline, line, NULL, FILCH_FOREVER);   waits while the first is full
 *   int rc = filch_pipeline_finish(pipeline, FILCH_FOREVER);        0, or what the first failure was
 *   filch_pipeline_destroy(pipeline);
 *
 * For each item its function is called, and emits what goes on to the next stage: one item (a map),
 * none (a filter), or several. Who emits waits while the next stage has no room; so a slow stage
 * slows down all before it, and in the end the source. What the last stage emits are results, for
 * filch_pipeline_next; a last stage that emits nothing is a sink.
 * Order: what an ordered stage emits leaves it in the order in which its items entered it.
 * Items are pointers. One belongs to the stage that it entered until that emits it: when the
 * function has returned, or has panicked, and has not emitted the very item, it is given to the
 * stage's `drop`. What has been emitted is the next stage's; it is not touched any more.
 * Failure: the first function that returns an errno, or panics, stops the pipeline, as the end of its
 * context does: functions in progress see the context done, and everything else is dropped.
 * Life: created; used; finished; destroyed. The runtime has to be there until then. A child of fork()
 * has no use of its copy.
 * Threads: all may be called by tasks and by any thread; where a call waits, see <filch/wait.h>.
 * Errors: 0 or a negative errno. */
#ifndef FILCH_PIPELINE_H
#define FILCH_PIPELINE_H

#include <filch/context.h>
#include <filch/failure.h>
#include <filch/runtime.h>
#include <stdbool.h>

/* The most stages of a pipeline, items in progress in a stage, and items before it. */
#define FILCH_STAGES_MAX 64
#define FILCH_STAGE_WIDTH_MAX 65536
#define FILCH_STAGE_ROOM_MAX 1048576

typedef struct filch_pipeline filch_pipeline;
/* Where a function emits to, while it is called. */
typedef struct filch_emitter filch_emitter;

/* What a stage does with an item; `self` is for forks. It may wait. Returns 0, or a negative errno:
 * the pipeline fails with it (any other number counts as -EINVAL), and what filch_error() says of
 * that errno becomes the message. */
typedef int filch_stage_fn(filch_self self, filch_emitter *out, void *item, void *arg);

/* Fields that are zero mean the default. */
typedef struct filch_stage {
    const char *name; /* for reports; not copied; default "stage" */
    filch_stage_fn *fn;
    void *arg;       /* of fn */
    unsigned width;  /* items in progress at a time; default: one */
    size_t capacity; /* items that wait before it; default: as many as it is wide */
    bool ordered;    /* what it emits leaves in the order in which items entered; */
    unsigned ahead;  /* so many items may be finished before their turn, beside those in progress;
                        default: as many as it is wide */
    /* Gives an item of this stage back, in a task: it may wait, but not for the pipeline. Or NULL. */
    void (*drop)(void *item);
    void *reserved[4];
} filch_stage;

typedef struct filch_pipeline_config {
    const filch_stage *stages; /* copied */
    unsigned count;            /* 1 .. FILCH_STAGES_MAX */
    size_t results;            /* that wait for filch_pipeline_next; default: as many as the last
                                  stage is wide */
    void (*drop)(void *item);  /* gives a result back that nobody has received; may be NULL */
    filch_context *context;    /* its own is below this one; may be NULL */
    void *reserved[4];
} filch_pipeline_config;

/* Of one stage, all of one moment. entered == finished + failed + dropped + waiting + running. What
 * entered the first stage was pushed, what entered another was emitted by the one before. Of results,
 * `finished` are those that were received. */
typedef struct filch_stage_stats {
    uint64_t entered;
    uint64_t finished;       /* its function returned 0 */
    uint64_t failed;         /* its function returned something else, or panicked */
    uint64_t dropped;        /* its function was not called: the pipeline was stopped */
    size_t waiting, running; /* now */
} filch_stage_stats;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* A pipeline on rt, or with NULL on the calling task's runtime. All memory that it needs it takes
 * now. -EINVAL a value that makes no sense; -ENOMEM; -ECHILD. */
FILCH_API int filch_pipeline_create(filch_pipeline **out, filch_runtime *rt,
                                    const filch_pipeline_config *config);
/* Nothing is pushed any more: who waits to push gets -EPIPE, as does who comes. What is in it goes
 * on. Does not wait. -EPIPE it is closed already; -EINVAL NULL. */
FILCH_API int filch_pipeline_close(filch_pipeline *pipeline);
/* Closes it, and waits until every item has left its last stage: results may still be waiting then,
 * but only as many as there is room for. 0, or after a failure, when all functions have returned and
 * everything was dropped, the failure's code, which filch_error() then tells with the stage's name.
 * -ETIME until then it has not come to that, and goes on; -EDEADLK a function of the pipeline calls;
 * -EINVAL NULL, or a negative time; -ENOMEM, -EAGAIN no timer. Any number of times. */
FILCH_API int filch_pipeline_finish(filch_pipeline *pipeline, int64_t until);
/* Stops it, if it has not finished, waits until all functions have returned, drops what is left, and
 * frees it; nobody may call it any more. -EDEADLK a function of the pipeline calls: nothing has
 * happened. NULL is allowed. */
FILCH_API int filch_pipeline_destroy(filch_pipeline *pipeline);

/* ---- Operations ---- */

/* Hands an item to the first stage. Waits while that has no room: until `until`, -ETIMEDOUT, or until
 * the context, unless it is NULL, is done: its cause. -EPIPE it is closed; -ECANCELED it was stopped;
 * -EINVAL NULL, or a negative time; -ENOMEM, -EAGAIN no timer. On an error the item remains the
 * caller's. A function of the pipeline may push only without waiting: the first stage may be
 * waiting for it. */
FILCH_API int filch_pipeline_push(filch_pipeline *pipeline, void *item, filch_context *context,
                                  int64_t until);
/* The same, but does not wait: -EAGAIN there is no room. */
FILCH_API int filch_pipeline_try_push(filch_pipeline *pipeline, void *item);
/* The next result to *item; it is the caller's. Waits until there is one. -EPIPE the pipeline was
 * closed and there will be none; -ECANCELED it was stopped; -ETIMEDOUT; -EINVAL a NULL, or a negative
 * time; -ENOMEM, -EAGAIN no timer. */
FILCH_API int filch_pipeline_next(filch_pipeline *pipeline, void **item, int64_t until);

/* ---- For a stage's function, and what it has forked, until it returns ---- */

/* Hands an item to the next stage; it belongs to that whatever is returned. Suspends while there is
 * no room. -ECANCELED the pipeline was stopped: the item has been dropped; return. */
FILCH_API int filch_emit(filch_emitter *out, void *item);
/* The item for which the function is called is its own now: it will not be dropped. */
FILCH_API void filch_emitter_keep(filch_emitter *out);
/* The pipeline's context: done when nobody needs the result any more. */
FILCH_API filch_context *filch_emitter_context(const filch_emitter *out);

/* ---- Queries ---- */

/* Done when the pipeline is stopped; cancel it to stop it. Valid until it is destroyed. */
FILCH_API filch_context *filch_pipeline_context(const filch_pipeline *pipeline);
/* Why it was stopped, with the stage's name as `task`, or NULL there if it was from outside. NULL: it
 * was not. Valid until it is destroyed. */
FILCH_API const filch_failure *filch_pipeline_failure(filch_pipeline *pipeline);
/* Fills *out for stage 0 .. count - 1; `count` are the results. -EINVAL a NULL, or no such stage. */
FILCH_API int filch_pipeline_stats(filch_pipeline *pipeline, unsigned stage,
                                   filch_stage_stats *out);

FILCH_END_DECLS
#endif
