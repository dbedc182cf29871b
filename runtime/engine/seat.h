/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Seats: the workers of a runtime without threads. For runtimes of other languages, whose threads have
 * to be their own (runtime/openmp): each takes a seat, and is that worker until it leaves it.
 *
 * A seat's thread works on its own stack, like a guest (runtime/engine/guest.h), and its fiber never
 * leaves it. No thread runs a worker's loop, so a fiber cannot suspend.
 *   A join whose task was stolen helps with tasks forked by that task, for as long as it takes
 *   (runtime/engine/help.h).
 *   filch_help_until runs forked tasks, and sleeps in its seat; tasks that joins have put into a ready
 *   deque are run there, too.
 *   Any other call that waits would wait for ever; the seat's owner makes none.
 * There are no jobs: nothing is submitted to such a runtime.
 *
 * A seat that nobody has taken is a retired worker. It is counted in R, holds nothing, and no wake-up goes
 * to it. To take it is J6 of sched/idle.h, to leave it Q1 and J3; its thread stores the park word, which
 * nobody else changes meanwhile (J5 is for resizing, which such a runtime does not). Which thread takes
 * which seat, and when, is for the owner to say: two threads must not take one.
 *
 * Rejected: guests in a runtime with threads. A guest that waits in a join gives its worker back, and the
 * worker's thread would run tasks that have to stay with the threads of the program. */
#ifndef FL_SEAT_H
#define FL_SEAT_H

#include <runtime/engine/guest.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <sched/forkstack.h>

typedef struct fl_seat {
    fl_guest guest;
} fl_seat;

/* A runtime of config->workers seats. Errors: as filch_runtime_create. */
int fl_seats_create(fl_runtime **out, const filch_config *config);
/* All seats have been left. */
void fl_seats_destroy(fl_runtime *rt);

/* The calling thread takes that seat, and works there (fl_worker_here) until the owner says otherwise: it
 * may have seats of other runtimes as well. -ENOMEM. */
int fl_seat_take(fl_runtime *rt, unsigned index, fl_seat *seat);
/* It has joined all its forks there. It works nowhere then. */
void fl_seat_leave(fl_seat *seat);

/* For reports and traces: the thread begins such a task in its seat, or has ended it. */
void fl_seat_begin(fl_seat *seat, const filch_task *task);
void fl_seat_end(fl_seat *seat);

static inline fl_worker *fl_seat_worker(const fl_seat *seat)
{
    return seat->guest.fiber->worker;
}

static inline filch_self fl_seat_self(const fl_seat *seat)
{
    return fl_first_slot(&seat->guest.fiber->stack);
}

#endif
