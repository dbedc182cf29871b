/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Virtual threads: the threads of a process of which one runs at a time, in an order that a seed
 * decides. This is the deterministic mode FILCH_VIRTUAL (docs/explore.md).
 *
 * Two workers race for a task; a sleeper looks again just before it is woken. On real processors the
 * order of such steps is different in each run, and the one that fails may come once a week. A virtual thread is a real thread that runs only while it has the baton. It gives the
 * baton on at decision points: before a lock, a fork, a join, in a spin, or where it waits. The
 * choice of the next thread (runtime/platform/virtual/choice.h) and the virtual clock depend on the
 * seed alone, so the same seed gives the same run.
 *
 *   holder:  choose the next; give it the baton; await the own one
 *   next:    has the baton; goes on
 *
 * The words of the baton are the whole protocol (runtime/platform/virtual/baton.h); all else in virtual.c is
 * plain data of its holder. The model checker has no virtual threads: it chooses schedules itself.
 *
 * The lower half of the library calls these functions: futexes wait and wake here, spins yield,
 * clocks are read here, threads are started here (runtime/platform/thread.h). So the layers above
 * need nothing but decision points.
 *
 * Rejected: virtual threads as stacks of one system thread. It needs thread-local storage of its own
 * for each stack, and neither the sanitizers nor gdb would know them. A switch would cost 50 ns
 * instead of 2 us or more, but schedules are found by choosing switches well, not by many.
 *
 * A thread that is not virtual must not touch what virtual threads share: it is told so, and the
 * process ends. */
#ifndef FL_VIRTUAL_H
#define FL_VIRTUAL_H

#include <filch/atomic.h>
#include <filch/base.h>

#include <stdbool.h>
#include <stdint.h>

enum { FL_VIRTUAL_MOST = 64 /* workers */ };

typedef struct fl_virtual_options {
    unsigned workers;
    bool is_team; /* of OpenMP: the caller is one of its threads */
    uint64_t seed;
    unsigned depth;     /* of PCT; 0: a random walk */
    uint64_t steps;     /* decision points that PCT expects */
    uint64_t limit;     /* of decision points; 0: none */
    const char *replay; /* a schedule to follow; NULL: none */
    const char *record; /* where to write the schedule; NULL: nowhere */
} fl_virtual_options;

typedef struct fl_virtual_thread fl_virtual_thread;

extern filch_u32 fl_virtual_on;

/* Is the process in this mode? It begins before any thread of the library, and does not end. */
static inline bool fl_virtual(void)
{
    return FILCH_UNLIKELY(filch_u32_load(&fl_virtual_on, FILCH_RELAXED)); /* never changes back */
}

/* Begins, with the calling thread as number 0. Again: checks that the number of workers is the same.
 * Errors through fl_fail: -EINVAL, -ENOMEM, those of the files. */
int fl_virtual_begin(const fl_virtual_options *options);

/* ---- Life of a thread; the caller is a virtual thread ---- */

/* A thread that is about to be started. serves: the library itself. NULL: no memory, or too many. */
fl_virtual_thread *fl_virtual_create(bool serves);
/* It could not be started. */
void fl_virtual_forget(fl_virtual_thread *thread);
/* In the new thread: its first and its last call. */
void fl_virtual_enter(fl_virtual_thread *thread);
void fl_virtual_leave(void);
/* Waits until it has left. */
void fl_virtual_join(const fl_virtual_thread *thread);

/* ---- Decisions; the caller is a virtual thread ---- */

void fl_virtual_point(const void *place);
/* One before an access of the program, as fl_explore_access (<filch/trace.h>). */
void fl_virtual_access(const void *address, size_t size, unsigned kind, const void *place);
/* The same, for a caller that waits for others in a loop: another thread goes on, if one can. */
void fl_virtual_yield(void);
/* As fl_futex_wait_until and fl_futex_wake. */
bool fl_virtual_wait(filch_u32 *word, uint32_t value, int64_t until);
void fl_virtual_wake(filch_u32 *word, int count);

/* A decision point in the library. */
FILCH_INLINE void fl_point(void)
{
    if (fl_virtual())
        fl_virtual_point(NULL);
}

/* ---- Any thread ---- */

/* The virtual clock, in ns. Each decision point and each reading moves it. If no thread can run, it
 * moves to the next time that one waits for. */
int64_t fl_virtual_now(void);
/* The same, without moving it. */
int64_t fl_virtual_clock(void);
/* -ENOTSUP through fl_fail in this mode: the call depends on the world outside, which has no seed. */
int fl_virtual_refuse(const char *call);

#endif
