/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A pipeline, internal part. One lock protects all of it; no user's function is called under it.
 * Each stage has a ring of waiting items, and up to its width of runners: tasks that take one item
 * at a time, and end when nothing can be taken. The results are a last stage without a function.
 * All memory is taken at creation.
 *
 * Where an item is                        it leaves when                      done by
 *   with its pusher, in the wait queue    the first ring has room             fl_stage_refill
 *   in a ring                             a runner of the stage takes it      fl_stage_take
 *   with its function                     it is emitted, or dropped           filch_emit, runner
 *   with its emitter, at the next door    the next ring has room              fl_stage_refill
 *   in a seat of an ordered stage         its turn has come, and the next     settle
 *                                         ring has room
 *   with its emitter, at its seat         the seat is empty                   settle
 *
 * An ordered stage numbers the items that its runners take. Number t has seat t % window until its
 * turn has come and its function has returned. The window is bounded: width + ahead. An item that
 * the function emits goes to the seat, and moves on in turn; a second item waits until the first
 * has gone. The item whose turn has come waits for none behind it, so one can always go on as soon
 * as the next stage can.
 *
 * Invariants when the lock is free and the pipeline is not stopped:
 *   - while an item waits at a door, or in the wait queue, that ring is full; while an item waits at a
 *     seat, it is taken; the seat whose turn it is is taken only if the next ring is full;
 *   - if more items can be taken than runners are starting (`starting`), as many runners
 *     as the stage is wide are active. Each active one looks again before it ends.
 * Every change restores them before unlocking (fl_stage_enter, _take, _done).
 *
 * Stopping: a failure, or the end of the pipeline's context, which calls a waiter that watches it.
 * The waiters are told. A task, the sweeper, drops the items in rings and seats; no more enter.
 * Results that are in their ring by then stay for filch_pipeline_next; only destruction drops them
 * as well (`abandoned`). A pipeline is destroyed by ending its context.
 * Life: `active` runners, the sweeper, waiters to push (wait_queue.inside) or to receive (receiving), and
 * the watch will touch it again; when none of them is left, it may be freed. Unlocking is the last
 * touch of each.
 * Locks: a context's is never taken while the pipeline's is held, nor the other way round.
 * Threads: any. */
#ifndef FL_PIPELINE_H
#define FL_PIPELINE_H

#include <filch/pipeline.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/worker.h>
#include <runtime/sync/wait.h>
#include <runtime/sync/wait_queue.h>

typedef struct fl_pipe_stage fl_pipe_stage;

typedef struct fl_pipe_runner {
    fl_work_item item; /* first */
    struct fl_pipe_runner *next;
    fl_pipe_stage *stage;
} fl_pipe_runner;

typedef struct fl_seat {
    void *held;
    filch_waiters waiters; /* emitters, too */
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
    uint32_t life;            /* runtime/platform/given.h */
    fl_wait_queue wait_queue; /* pushers; its lock is that of all below */
    fl_waiter watcher;        /* of the context, */
    fl_node watch;            /* in its queue */
    fl_work_item sweeper;
    bool watched, closed, stopped, sweeping;
    bool abandoned; /* it is being destroyed: results are dropped, too */
    filch_failure failure;
    filch_on_error on_error; /* never changes, like the next two */
    filch_stage_failed_fn *failed;
    void *failed_arg;
    size_t receiving;
    filch_waiters receivers, finishers;
    size_t active, waiting, held; /* runners; items in rings but the results', in seats */
    unsigned count;
    fl_pipe_stage stages[]; /* count, and the results */
};

/* The record with which a receiver waits. */
typedef struct fl_receipt {
    void *item;
    bool told; /* it is no longer counted in `receiving` */
} fl_receipt;

struct filch_emitter {
    fl_pipe_stage *stage;
    void *item;
    fl_seat *seat; /* NULL: the stage is not ordered */
    bool kept;     /* under the lock: it is not the stage's any more */
};

/* Work to do when the lock is free. */
typedef struct fl_pipe_after {
    fl_node *told;          /* 0: their items have moved */
    fl_node *ended;         /* it is closed, or stopped */
    fl_pipe_runner *roused; /* to be started */
    bool sweep;
} fl_pipe_after;

#endif
