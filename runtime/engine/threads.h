/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Threads that are not workers, counted for the detector of deadlocks (runtime/sync/deadlock.h):
 * those that have called Filch, and those of them that wait. The engine counts them where they
 * submit and wait; the detector reads the counts, and hears through fl_suspect when all may be at
 * rest.
 *
 * All counts are seq_cst: they are compared with each other and with the idle words of all
 * runtimes. */
#ifndef FL_THREADS_H
#define FL_THREADS_H

#include <filch/atomic.h>
#include <filch/base.h>
#include <runtime/platform/upcalls.h>

struct fl_threads {
    filch_u32 alive;   /* threads that have called Filch */
    filch_u32 waiting; /* of these, less those that were told */
    filch_u32 outside; /* tasks that wait for an event outside of the process */
    filch_u64 changes; /* of the three above */
    filch_u32 blind;   /* 1: threads cannot be counted */
};
extern struct fl_threads fl_threads;

/* Whether suspicions are heard, and how many: while the detector only warns, it passes over those
 * that cannot be a deadlock. The detector sets it. */
enum { FL_DETECTOR_OFF, FL_DETECTOR_WARNS, FL_DETECTOR_REPORTS };
extern filch_u32 fl_detector_on;

/* All may be at rest now. No lock is held. Any thread. */
static inline void fl_suspect(void)
{
    if (FILCH_UNLIKELY(filch_u32_load(&fl_detector_on, FILCH_RELAXED))) /* a look */
        fl_hooks.suspect();
}

/* The calling thread, which is not a worker, may wake others from now on until it ends. */
void fl_thread_noted(void);
/* Unregisters the calling thread. Otherwise a destructor of thread-specific data does, which is too late for a thread
 * of FILCH_VIRTUAL. */
void fl_thread_ends(void);
/* The calling thread is the library's own, and wakes nobody of its own accord. */
void fl_thread_exempt(void);
/* A thread that is not a worker begins to wait; it is awake again. */
void fl_thread_waits(void);
void fl_thread_told(void);
/* For reports: the calling thread, which is not a worker, is about to wait in `call`, a literal,
 * for this object. */
void fl_thread_names(const char *call, const void *object);
/* That call; NULL: none. */
const char *fl_thread_call(void);
/* It is in that call without a deadline, from one to the other. */
void fl_thread_enlist(void);
void fl_thread_delist(void);
/* Calls see(thread's number, call, object, arg) for each; call NULL: unknown. One that was told and
 * has not run since is among them. */
typedef void fl_thread_fn(int thread, const char *call, const void *object, void *arg);
void fl_threads_each(fl_thread_fn *see, void *arg);
/* Tasks that wait for an event outside of the process, one more or less. */
void fl_outside_expected(int change);
/* In a child of fork(): the calling thread is the only one. */
void fl_threads_forget(void);

/* ---- Code that runs unpinned ---- */

/* filch_unpinned: a task's worker goes home (runtime/platform/machine/affinity.h) while a function starts
 * threads or processes. The mask belongs to the thread, so the fiber must stay on it: suspending
 * inside is refused. fl_worker.unpinned names the fiber; only its own thread touches it. */

struct fl_fiber;

/* The fiber leaves filch_unpinned: it has returned, or a panic that began inside ends outside. Does
 * nothing if the fiber is not in it. */
void fl_unpinned_end(struct fl_fiber *fiber);
/* Dies: the fiber, which is in filch_unpinned, is about to suspend. */
FILCH_NORETURN FILCH_COLD void fl_unpinned_suspends(const struct fl_fiber *fiber);

#endif
