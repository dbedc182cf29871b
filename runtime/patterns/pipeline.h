/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A pipeline from within. One lock protects all of it; nobody's function is called under it. Each
 * stage has a ring of items that wait, and runners, as many as it is wide: tasks that take one item
 * at a time, and end when nothing can be taken. The results are a last stage without a function. All
 * memory is taken at creation.
 *
 * Where an item is                        it leaves when                      done by
 *   with who pushes, in the line          the first ring has room             fl_stage_refill
 *   in a ring                             a runner of the stage takes it      fl_stage_take
 *   with its function                     it is emitted, or dropped           filch_emit, runner
 *   with who emits, at the next door      the next ring has room              fl_stage_refill
 *   in a seat of an ordered stage         its turn has come, and the next     settle
 *                                         ring has room
 *   with who emits, at its seat           the seat is empty                   settle
 *
 * An ordered stage numbers the items that its runners take; number t has seat t % window until it is
 * its turn and its function has returned. The window is bounded: width + ahead. What the function
 * emits goes to the seat, from where it is moved on in turn; the second thing it emits waits until
 * the first has gone. The one whose turn it is waits for nobody behind it, so that there is always one
 * that can go on, as soon as the next stage can.
 *
 * What must hold when the lock is free and the pipeline is not stopped:
 *   - while somebody waits at a door, or in the line, that ring is full; while somebody waits at a
 *     seat, it is taken; the seat whose turn it is is taken only if the next ring is full;
 *   - if more items can be taken than runners are on their way to look (`starting`), as many runners
 *     as the stage is wide are active. Each active one looks again before it ends.
 * Whoever changes something restores that before unlocking (fl_stage_enter, _take, _done).
 *
 * Stopping: who fails, or the pipeline's context, which is watched by a waiter that is called when it
 * is done. Those who wait are told; a task, the sweeper, drops what lies in rings and seats; nothing
 * gets in there any more. A pipeline is destroyed by ending its context.
 * Life: `active` runners, the sweeper, who waits to push (line.inside) or to receive (receiving),
 * and the watch will touch it again; when nobody of them is left, it may be freed. Unlocking is the
 * last touch of each.
 * Locks: a context's is never taken while the pipeline's is held, nor the other way round.
 * Threads: any. */
#ifndef FL_PIPELINE_H
#define FL_PIPELINE_H

#include <filch/pipeline.h>
#include <runtime/core/worker.h>
#include <runtime/sync/line.h>

typedef struct fl_pipe_stage fl_pipe_stage;

typedef struct fl_pipe_runner {
    fl_job item; /* first */
    struct fl_pipe_runner *next;
    fl_pipe_stage *stage;
} fl_pipe_runner;

typedef struct fl_seat {
    void *held;
    filch_waiters waiters; /* who emits, too */
    bool taken;            /* by `held` */
    bool done;             /* its function has returned */
} fl_seat;

struct fl_pipe_stage {
    /* Never changes */
    filch_stage config; /* fn NULL: the results */
    filch_task task;    /* its name */
    filch_pipeline *pipeline;
    size_t window; /* ordered */
    void **ring;
    fl_seat *seats;
    /* Under the lock */
    size_t first; /* of the ring */
    filch_waiters door;
    fl_pipe_runner *idle;
    unsigned starting;
    uint64_t number, turn; /* ordered: that the next one taken gets; that may leave */
    filch_stage_stats stats;
};

struct filch_pipeline {
    filch_runtime *rt;
    filch_context *context;
    fl_line line;      /* who pushes; its lock is that of all below */
    fl_waiter watcher; /* of the context, */
    fl_node watch;     /* in its queue */
    fl_job sweeper;
    bool watched, closed, stopped, sweeping;
    filch_failure failure;
    size_t receiving;
    filch_waiters receivers, finishers;
    size_t active, waiting, held; /* runners; items in rings but the results', in seats */
    unsigned count;
    fl_pipe_stage stages[]; /* count, and the results */
};

struct filch_emitter {
    fl_pipe_stage *stage;
    void *item;
    fl_seat *seat; /* NULL: the stage is not ordered */
    bool kept;     /* under the lock: it is not the stage's any more */
};

/* What has to be done when the lock is free. */
typedef struct fl_pipe_after {
    fl_node *told;          /* 0: their items have moved */
    fl_node *ended;         /* it is closed, or stopped */
    fl_pipe_runner *roused; /* to be started */
    bool sweep;
} fl_pipe_after;

/* ---- Under the lock (pipeline_flow.c) ---- */

static inline void fl_pipe_lock(filch_pipeline *pipeline)
{
    fl_lock(&pipeline->line.lock);
}
/* Unlocks, and does that; tells who waits for the end, if it has come. */
void fl_pipe_leave(filch_pipeline *pipeline, fl_pipe_after *after);
/* Every item has left its last stage, or was dropped. */
bool fl_pipe_drained(const filch_pipeline *pipeline);
/* And nobody waits in it. */
bool fl_pipe_ended(const filch_pipeline *pipeline);
static inline bool fl_stage_has_room(const fl_pipe_stage *stage)
{
    return stage->stats.waiting < stage->config.capacity;
}
/* There is room. */
void fl_stage_enter(fl_pipe_stage *stage, void *item, fl_pipe_after *after);
/* The oldest of its ring, which then has room: for those before it. */
void *fl_stage_leave(fl_pipe_stage *stage, fl_pipe_after *after);
/* For a runner. false: there is nothing to do. */
bool fl_stage_take(fl_pipe_stage *stage, filch_emitter *out, fl_pipe_after *after);
/* The function has returned; what it has emitted may leave. */
void fl_stage_done(fl_pipe_stage *stage, const filch_emitter *out, fl_pipe_after *after);
/* To the next stage, or its seat: true; false: it has to wait in *queue. */
bool fl_stage_emit(filch_emitter *out, void *item, filch_waiters **queue, fl_pipe_after *after);
/* false: it is stopped already, or there is nothing left to stop. */
bool fl_pipe_stop(filch_pipeline *pipeline, const filch_failure *why, fl_pipe_after *after);
/* Something that lies in a ring or a seat of a stopped one, and whose it is. */
bool fl_pipe_sweep(filch_pipeline *pipeline, void **item, fl_pipe_stage **of);

/* ---- No lock (pipeline_task.c) ---- */

void fl_pipe_run(filch_self self, fl_job *item);
void fl_pipe_sweep_task(filch_self self, fl_job *item);
/* Stops it when its context is done, perhaps at once. */
void fl_pipe_watch(filch_pipeline *pipeline);
/* The calling task is a function of the pipeline. */
bool fl_pipe_here(const filch_pipeline *pipeline);

#endif
