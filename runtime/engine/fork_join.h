/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The slow halves of fork and join, for the engine; include/filch/fork.h has the public ones. */
#ifndef FL_FORK_JOIN_H
#define FL_FORK_JOIN_H

#include <filch/task.h>
#include <runtime/engine/counters.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/worker.h>
#include <sched/forkstack.h>

/* How a join found its task: the caller's to run; ended. */
enum fl_outcome { FL_JOIN_KEPT, FL_JOIN_DONE, FL_JOIN_FAILED };
/* The join of a task that was in `slot` and is erased: waits for it if it was taken. joined: the
 * task that the join names, NULL: any; kept: the counter for one that was not taken. */
enum fl_outcome fl_settle(filch_slot *slot, const filch_task *joined, enum fl_counter kept);

/* A panic's join, of the last unjoined fork: it is not run, or its outcome is dropped.
 * May suspend. */
void fl_drop(filch_slot *slot);

/* Dies unless the fiber of self is what the calling thread, a worker, runs. */
void fl_refuse_stranger(filch_self self, const char *what);

/* ---- Forks that find the stack full ---- */

/* Excess forks: those that find the fork stack full. Each runs at once, in its fork, and its join
 * finds the result in its slot. For programs that fork in a loop without a bound.
 *
 * The last FL_RESERVE slots of a fork stack are for them. `limit` lies at the first of these, so
 * each fork into the reserve takes the slow path. The first one closes the stack. It takes its own
 * task back as a join does (a thief may be faster) and flushes older ones as for a suspension. Then
 * it raises `top` to the last slot, which never holds a task. From then on no thief looks at the
 * reserve, and every join takes the slow path, since its slot lies below top. So a slot of the
 * reserve is the owner's alone; its state is DONE or PANICKED as after a theft. The join of the
 * newest slot below the reserve lowers top, and so opens the stack again. (Queues outside the fork
 * stacks do not use top. Their joins always take the slow path, and no thief takes a task that is
 * in no queue.)
 *
 * Loops. The inline path moves `self` by one slot at a time, so a region bounds the forks of a
 * caller that cannot take another self. Callers that can (<filch/detail/join_order.h>) are moved
 * back to the first slot of the reserve when FL_ASIDE slots of it are in use: these are moved to
 * the heap, last in, first out. The join that reaches the slot below the reserve then restores
 * them, and joins the newest of them instead; the caller takes this slot as its self. A function
 * that runs meanwhile joins its forks before it ends, so the slots of its callers are in their
 * places again when these go on. A panic drops and restores the slots moved since its boundary.
 *
 * If there is no memory to move slots to the heap, forks go on in the reserve while it has room, as
 * they do where self cannot be moved (recursion, filch_fork). Then the process ends with a message.
 *
 * Edges (both ends are the owner's; the order is the one that the words have elsewhere):
 *   MarkState: store state, release                 -> ReadResult, join: load state, acquire
 *   MarkTask: store task, release                   -> its own loads
 *
 * Tasks only: the owner of the fork stack. */

static inline bool fl_in_reserve(const filch_slot *slot)
{
    return slot >= fl_excess_slot(fl_forkstack_of((filch_slot *)(uintptr_t)slot));
}

/* Does no thief look at the reserve? */
static inline bool fl_excess_closed(fl_fiber *fiber)
{
    return !fiber->worker->rt->queue->close || fl_forkstack_closed(&fiber->stack);
}

/* Slow fork: runs the task in self - 1, which lies in the reserve. May suspend. */
void fl_excess_run(filch_self self);
/* FL_ASIDE slots are in use: moves them to the heap if it can. Returns the caller's new self. */
filch_self fl_excess_make_room(filch_self self);

/* Slow join of `slot`: the slot to join, which is another one if slots were moved to the heap. */
filch_slot *fl_excess_put_back(filch_slot *slot);
/* The newest unjoined task, if it is on the heap and `slot` lies below the reserve; else NULL. */
const filch_task *fl_excess_aside(filch_slot *slot);
/* Drops and restores the slots that the fiber has moved to the heap since `end`. */
void fl_excess_unwind(fl_fiber *fiber, const struct fl_aside *end);

#endif
