/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Guests: threads of the program that work in place of workers. For authors of libraries that
 * parallelise calls on their users' threads, and of runtimes for other languages, such as OpenMP.
 * Programs need only FILCH_RUN (<filch/task.h>), which does the same for one call.
 *
 *   filch_guest guest;                          threads of a team, until the last one arrives:
 *   if (filch_guest_attach(rt, &guest) == 0) {  if (is_last(barrier))
 *       work(guest.self);                           filch_help_set(rt, &barrier->round, round + 1);
 *       filch_guest_detach(&guest);             else
 *   }                                               filch_help_until(self, &barrier->round, round,
 *                                                                    FILCH_FOREVER);
 *
 * A guest takes the place of a sleeping worker, whose thread continues to sleep. Its forks can be
 * stolen. It keeps its thread: if its task waits in any call but filch_help_until, the thread
 * sleeps (docs/fork-join.md).
 * Life: a guest is attached and detached by one thread. Threads: any thread attaches itself and
 * calls filch_help_set; the other calls are for tasks. Suspends: filch_help_until only.
 * Errors: 0 or a negative errno.
 * Since 0.1.0. */
#ifndef FILCH_GUEST_H
#define FILCH_GUEST_H
#include <filch/detail/hide_words.h>

#include <filch/fork.h>
#include <filch/runtime.h>

/* An attached thread. Must not be copied or moved. self is its first free slot, for forks and for
 * calls of tasks; keep later ones in a variable of your own. */
typedef struct filch_guest {
    filch_self self;
    uint64_t opaque[16];
} filch_guest;

FILCH_BEGIN_DECLS

/* ---- Attached threads ---- */

/* Makes the calling thread a guest of rt until it detaches. Until then, everything it does with
 * guest->self is one task, and no other work runs in its worker's place unless it waits.
 * pthread_cancel is deferred until then. A panic that no filch_try catches ends the process, and so
 * does FILCH_RUN of the same runtime: pass self on instead. Does not wait. Errors, after which
 * nothing has changed: -EAGAIN (no worker sleeps, or there is no fiber; call FILCH_RUN instead, or
 * try later). -EDEADLK (the thread works for a runtime already: it is a worker, in filch_run, or
 * attached). -ENOTSUP (guests are turned off: filch_config.guest, queue). -ENOMEM (no memory, or
 * its C stack has less room left than a fiber's: filch_config.stack_size). -EINVAL (rt or guest is
 * NULL). -ECHILD. */
FILCH_API int filch_guest_attach(filch_runtime *rt, filch_guest *guest);

/* Detaches the calling thread, which must have joined all its forks; otherwise the process ends. It
 * also ends if an attached thread ends. Destructors of thread-local data may detach. Does nothing
 * in a child of fork(). */
FILCH_API void filch_guest_detach(filch_guest *guest);

/* ---- Barriers that run tasks ---- */

/* Waits until *word is not `value`, as a barrier does, and runs forked tasks of other callers on
 * top of the calling task until then. If there are none, the thread sleeps, and wakes for new ones
 * or for filch_help_set. If there is other work for its worker, or a quarter of its stack is in
 * use, the task suspends until the word changes, and the worker does that work. A task that runs on
 * top must not wait for the calling one. Tasks only. Returns 0; -ETIMEDOUT (the time `until` came
 * first: <filch/wait.h>); -EINVAL (until is negative); -ENOMEM or -EAGAIN (no timer for it). */
FILCH_API int filch_help_until(filch_self self, const filch_u32 *word, uint32_t value,
                               int64_t until);

/* Stores the value, and notifies tasks that wait in filch_help_until for that word. Any thread,
 * while the word exists; rt may be destroyed as soon as the notified tasks have returned. rt NULL:
 * the calling task's runtime. Does not suspend. Errors, after which nothing is stored: -EINVAL (rt
 * is NULL outside a task, or word is NULL); -ECHILD. */
FILCH_API int filch_help_set(filch_runtime *rt, filch_u32 *word, uint32_t value);

/* ---- Tasks that keep their thread ---- */

/* Keeps the calling task on its thread until filch_stay_end: for thread-locals, and for libraries
 * that require a single thread. The thread runs other tasks while the task waits. Its forks can be
 * stolen, and run elsewhere. Until the end, filch_blocking_begin fails with -EBUSY, also in tasks
 * that run on top of this one. Pairs may be nested; begin and end are called by the same task. A
 * task that returns before the end dies. Does nothing on a guest, which never changes its thread.
 * Does not suspend. */
FILCH_API void filch_stay_begin(filch_self self);

/* Ends the task's innermost filch_stay_begin; without one it dies. Does not suspend. */
FILCH_API void filch_stay_end(filch_self self);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
