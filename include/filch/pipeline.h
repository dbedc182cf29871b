/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pipelines: items pass through stages. Each stage processes up to `width` items at a time and has
 * a bounded queue before it. For service authors and students.
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
 *   filch_pipeline_close(pipeline);
 *   int rc = filch_pipeline_wait(pipeline, FILCH_FOREVER);          0, or the first failure's code
 *   filch_pipeline_destroy(pipeline);
 *
 * A stage's function is called for each item and emits items to the next stage: one (a map),
 * none (a filter), or several. An emit waits while the next stage has no room, so a slow stage
 * slows down all stages before it, and finally the source. Items emitted by the last stage are
 * results, for filch_pipeline_next; a last stage that emits nothing is a sink.
 * Order: items emitted by an ordered stage leave it in the order in which its inputs entered it.
 * Items are pointers. An item belongs to the stage it entered until that stage emits it. If the
 * function returns or panics without having emitted that item, the item goes to the stage's `drop`.
 * An emitted item belongs to the next stage; do not touch it afterwards.
 * Failure: the first function that returns an errno or panics stops the pipeline, unless `on_error`
 * says otherwise; the end of its context does too. Functions in progress then see the context done,
 * and everything else is dropped. Results that exist by then are kept: filch_pipeline_next still
 * returns them, until the pipeline is destroyed.
 * Life: a pipeline is created, used, closed and destroyed. The runtime must exist until then. A
 * child of fork() cannot use its copy.
 * Threads: tasks and any thread may call every function. Suspends: pushes, emits, and the calls
 * that wait for results or the end, as <filch/wait.h> says.
 * Errors: 0 or a negative errno.
 * Since 0.1.0. */
#ifndef FILCH_PIPELINE_H
#define FILCH_PIPELINE_H
#include <filch/detail/hide_words.h>

#include <filch/base.h>
#include <filch/context.h>
#include <filch/runtime.h>
#include <stdbool.h>

/* The most stages of a pipeline. */
#define FILCH_STAGES_MAX 64
/* The most items in progress in a stage. */
#define FILCH_STAGE_WIDTH_MAX 65536
/* The most items that wait before a stage. */
#define FILCH_STAGE_ROOM_MAX 1048576

typedef struct filch_pipeline filch_pipeline;
/* The destination of a function's emits, valid during the call. */
typedef struct filch_emitter filch_emitter;

/* Processes an item; `self` is for forks. It may wait. Returns 0, or a negative errno, with
 * which the pipeline fails (any other number counts as -EINVAL). The text that filch_error() has
 * for that errno becomes the message. */
typedef int filch_stage_fn(filch_self self, filch_emitter *out, void *item, void *arg);

/* A zero field means the default. */
typedef struct filch_stage {
    const char *name; /* for reports; not copied; default "stage" */
    filch_stage_fn *fn;
    void *arg;       /* for fn */
    unsigned width;  /* items in progress at a time; default: one */
    size_t capacity; /* items that wait before it; default: width */
    bool ordered;    /* items it emits leave in the order in which its inputs entered */
    unsigned ahead;  /* items that may be finished before their turn, not counting those in
                        progress; default: width */
    /* Releases an item of this stage, in a task: it may wait, but not for the pipeline. Or NULL. */
    void (*drop)(void *item);
    void *reserved[4];
} filch_stage;

/* The reaction to a function that fails: it returns an errno, or panics. */
typedef enum filch_on_error {
    FILCH_ERROR_STOP,   /* stops the pipeline */
    FILCH_ERROR_DROP,   /* drops the item, counts it as failed, and continues */
    FILCH_ERROR_REPORT, /* the same, but calls `failed` first */
    FILCH_ERROR_CHOICES
} filch_on_error;

/* Receives an item whose stage failed, in the task that ran it, before the item is dropped. It may
 * read the item, wait, and panic, which stops the pipeline. `why` has the stage's name as
 * `task`. */
typedef void filch_stage_failed_fn(void *item, const filch_failure *why, void *arg);

typedef struct filch_pipeline_config {
    const filch_stage *stages; /* copied */
    unsigned count;            /* 1 .. FILCH_STAGES_MAX */
    size_t results;            /* the most results that wait for filch_pipeline_next; default: the
                                  last stage's width */
    void (*drop)(void *item);  /* releases a result that was not received; may be NULL */
    filch_context *context;    /* parent of the pipeline's own; may be NULL */
    filch_on_error on_error;
    filch_stage_failed_fn *failed; /* for FILCH_ERROR_REPORT only */
    void *failed_arg;
    void *reserved[4];
} filch_pipeline_config;

/* A consistent snapshot of one stage. entered == finished + failed + dropped + waiting +
 * running. Items are pushed into the first stage; later stages receive those that the one before
 * emits. For results, `finished` counts those received. */
typedef struct filch_stage_stats {
    uint64_t entered;
    uint64_t finished;       /* its function returned 0 */
    uint64_t failed;         /* its function returned something else, or panicked */
    uint64_t dropped;        /* its function was not called: the pipeline was stopped */
    size_t waiting, running; /* now */
} filch_stage_stats;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* Creates a pipeline of the stages of config on rt (NULL: the calling task's runtime). Allocates
 * all memory that it will need. Errors: -EINVAL (a field is out of range); -ENOMEM; -ECHILD. */
FILCH_API int filch_pipeline_create(filch_pipeline **out, filch_runtime *rt,
                                    const filch_pipeline_config *config);
/* Closes it: present and later pushers get -EPIPE. Items in the pipeline continue. Does not wait.
 * May be called again. */
FILCH_API void filch_pipeline_close(filch_pipeline *pipeline);
/* Waits until it is closed and every item has left the last stage; results may still be waiting,
 * up to their limit. Returns 0. After a failure it returns the failure's code, when all
 * functions have returned and everything but the results was dropped; filch_error() then names
 * the stage. May be called again.
 * Errors: -ETIMEDOUT (not finished at `until`; it continues, and filch_pipeline_failure is NULL);
 * -EDEADLK (called by a function of the pipeline); -EINVAL (NULL, or a negative time); -ENOMEM or
 * -EAGAIN (no timer). */
FILCH_API int filch_pipeline_wait(filch_pipeline *pipeline, int64_t until);
/* Stops it if it has not finished, waits until all functions have returned, drops the rest, and
 * frees it; do not use it afterwards. NULL is allowed. Error: -EDEADLK (called by a function
 * of the pipeline; nothing has happened). */
FILCH_API int filch_pipeline_destroy(filch_pipeline *pipeline);

/* ---- Operations ---- */

/* Pushes an item to the first stage. Waits while that has no room, until `until` or until the
 * context (may be NULL) is done. On an error the item remains the caller's. A function of the
 * pipeline may push only without waiting: the first stage may be waiting for it.
 * Errors: -ETIMEDOUT; the context's cause; -EPIPE (closed); -ECANCELED (stopped); -EINVAL (NULL,
 * or a negative time); -ENOMEM or -EAGAIN (no timer). */
FILCH_API int filch_pipeline_push(filch_pipeline *pipeline, void *item, filch_context *context,
                                  int64_t until);
/* The same, but does not wait: -EAGAIN if there is no room. */
FILCH_API int filch_pipeline_try_push(filch_pipeline *pipeline, void *item);
/* Stores the next result in *item; it is then the caller's. Waits until there is one. Errors:
 * -EPIPE (closed, and none will come); -ECANCELED (stopped, and none is left); -ETIMEDOUT. Also
 * -EINVAL (NULL, or a negative time); -ENOMEM or -EAGAIN (no timer). */
FILCH_API int filch_pipeline_next(filch_pipeline *pipeline, void **item, int64_t until);

/* ---- For a stage's function and its forks, until it returns ---- */

/* Emits an item, which belongs to the next stage even on an error. Suspends while there is no
 * room. Error: -ECANCELED (the pipeline was stopped and the item dropped): return. */
FILCH_API int filch_emit(filch_emitter *out, void *item);
/* Keeps the item for which the function is called: it will not be dropped. */
FILCH_API void filch_emitter_keep(filch_emitter *out);
/* Returns the pipeline's context, done when the result is no longer needed. */
FILCH_API filch_context *filch_emitter_context(const filch_emitter *out);

/* ---- Queries ---- */

/* Returns the pipeline's context: done when it is stopped; cancel it to stop it. Valid until it
 * is destroyed. */
FILCH_API filch_context *filch_pipeline_context(const filch_pipeline *pipeline);
/* Returns the failure that stopped it, with the stage's name as `task` (NULL if stopped from
 * outside); NULL: not stopped. Valid until it is destroyed. */
FILCH_API const filch_failure *filch_pipeline_failure(filch_pipeline *pipeline);
/* Fills the first `size` bytes of *out with the numbers of stage 0 .. count - 1; `count` means
 * the results. size is the caller's sizeof *out. Error: -EINVAL (NULL, or no such stage). */
FILCH_API int filch_pipeline_stats_read(filch_pipeline *pipeline, unsigned stage,
                                        filch_stage_stats *out, size_t size);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
