/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * J4 is an edge of runtime/engine/worker_set.h, E5 of runtime/engine/park.c, the others of sched/idle.h. */
#include <runtime/engine/seat.h>

#include <runtime/engine/count.h>
#include <runtime/engine/event.h>
#include <runtime/engine/execute.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/park.h>
#include <runtime/engine/threads.h>
#include <runtime/platform/error.h>
#include <sched/idle.h>
#include <sched/times.h>

#include <errno.h>

int fl_seat_take(fl_runtime *rt, unsigned index, fl_seat *seat)
{
    fl_worker *worker = rt->worker[index];
    fl_fiber *fiber = fl_fibers_get_more(&rt->fibers, fl_fiber_loop);
    if (!fiber)
        return fl_fail(ENOMEM, "no memory for the fork stack of seat %u; free some", index);
    *seat = (fl_seat){.guest = {.fiber = NULL}};
    fl_thread_noted();
    fl_guest_take_fiber(&seat->guest, fiber);
    filch_u32_exchange(&worker->park_word, FL_PARK_AWAKE, FILCH_SEQ_CST); /* J4 */
    fl_idle_return(&rt->idle);                                            /* J6 */
    fl_guest_begin_turn(fiber, worker);
    return 0;
}

void fl_seat_leave(fl_seat *seat)
{
    fl_worker *worker = seat->guest.fiber->worker;
    fl_runtime *rt = worker->rt;
    fl_guest_end_turn(seat->guest.fiber);
    fl_guest_put_fiber(&seat->guest, &rt->fibers);
    fl_worker_set_here(NULL);
    fl_turn(worker, FL_RETIRED);
    filch_u32_exchange(&worker->park_word, FL_PARK_RETIRED, FILCH_SEQ_CST); /* J4 */
    fl_idle_search(&rt->idle);                                              /* Q1 */
    fl_idle_retire(&rt->idle);                                              /* J3 */
    filch_fence_seq_cst();                                                  /* P5 */
    fl_wake_one(rt, worker->index + 1, FL_UNLESS_SEARCHING);
    filch_u32_add(&rt->inbox.visitors, (uint32_t)-1, FILCH_RELEASE); /* E5 */
}

void fl_seat_begin(fl_seat *seat, const filch_task *task)
{
    fl_fiber *fiber = seat->guest.fiber;
    fl_count(fiber->worker, FL_JOBS_RUN, 1);
    fl_fiber_runs(fiber, task, NULL, 0);
    fl_event_named(fiber->worker, FL_TRACE_JOB, 0, fl_fiber_task(fiber));
}

void fl_seat_end(fl_seat *seat)
{
    const fl_fiber *fiber = seat->guest.fiber;
    fl_event(fiber->worker, FL_TRACE_JOB_END, fiber->number, 0);
}
