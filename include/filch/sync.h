/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Synchronisation that suspends: mutex, rwlock, semaphore, condition, wait group, once, barrier.
 * For engineers and service authors. They work like those of POSIX and Go, and serve tasks and
 * threads together. While a task waits, its worker runs something else (<filch/wait.h>).
 *
 *   static filch_mutex mutex;                         zero bytes are ready for use
 *   filch_mutex_lock(&mutex);
 *   ...                                               may fork, join and wait
 *   filch_mutex_unlock(&mutex);
 *
 *   filch_waitgroup group = {0};
 *   filch_waitgroup_add(&group, 2);                   before the tasks that call _done start
 *   ...                                               two tasks call filch_waitgroup_done(&group)
 *   filch_waitgroup_wait(&group);
 *
 * Life: objects belong to the caller; those that need a number have an _init. There is no
 * destroy: an object may be freed once no call on it is running or will be made. A thread that
 * has locked, unlocked, acquired or waited may free it at once, even if the call that woke it has
 * not returned. An object in use must not be copied or moved.
 * Forms: plain; _until, which waits until a point in time (-ETIMEDOUT; -EINVAL for a negative
 * time; -ENOMEM or -EAGAIN if there is no timer); try, which does not wait (-EAGAIN). An _until
 * call returns -ECANCELED when the context of its job or scope is done; a plain one continues to
 * wait. filch_barrier_wait takes the time itself and is an _until call.
 * Locks have no owner: a task may leave the unlocking to another task or thread. Locking twice
 * without unlocking waits forever.
 * Threads: tasks of any runtime and any thread. Suspends: calls that wait.
 * Errors: 0 or a negative errno; nothing was taken then. Misuse ends in filch_die, naming the call.
 * Since 0.1.0. */
#ifndef FILCH_SYNC_H
#define FILCH_SYNC_H
#include <filch/detail/hide_words.h>

#include <filch/wait.h>

#include <stdbool.h>

/* ---- Types; opaque ---- */

/* A mutex. Zero bytes: unlocked. */
typedef struct filch_mutex {
    filch_u32 state, lock;
    filch_waiters waiters;
    bool woken;
} filch_mutex;

/* The permits of a semaphore or reader-writer lock. */
typedef struct filch_permits {
    filch_u64 balance;
    filch_u32 lock;
    filch_waiters waiters;
} filch_permits;

/* A semaphore. Zero bytes: no permits. */
typedef struct filch_semaphore {
    filch_permits permits;
} filch_semaphore;

/* A reader-writer lock. Zero bytes: unlocked. */
typedef struct filch_rwlock {
    filch_permits permits;
} filch_rwlock;

/* A condition. Zero bytes: no waiters. */
typedef struct filch_condition {
    filch_u32 lock;
    filch_waiters waiters;
} filch_condition;

/* A wait group. Zero bytes: no tasks. */
typedef struct filch_waitgroup {
    filch_u32 count, lock;
    filch_waiters waiters;
} filch_waitgroup;

/* The flag of filch_once. Zero bytes: not called yet. */
typedef struct filch_once_flag {
    filch_u32 state, lock;
    filch_waiters waiters;
    const void *caller;
} filch_once_flag;

/* A barrier, set up by filch_barrier_init. */
typedef struct filch_barrier {
    filch_u32 lock;
    unsigned parties, arrived, round;
    filch_waiters waiters;
} filch_barrier;

FILCH_BEGIN_DECLS

/* ---- Mutex: one holder at a time. The first caller to find it free takes it, waiter or not. A
 * caller that has waited for a millisecond gets it next ---- */

/* Waits until it is free, and locks it. */
FILCH_API void filch_mutex_lock(filch_mutex *mutex);
/* Locks it if it is free now; else -EAGAIN. */
FILCH_API int filch_mutex_try_lock(filch_mutex *mutex);
/* Waits until it is free, or until `until`. Errors: -ETIMEDOUT; -ECANCELED (the context of its job
 * or scope is done); -EINVAL (a negative time); -ENOMEM or -EAGAIN (no timer). */
FILCH_API int filch_mutex_lock_until(filch_mutex *mutex, int64_t until);
/* Unlocks it; any caller. Does not wait. Dies if it is not locked. */
FILCH_API void filch_mutex_unlock(filch_mutex *mutex);

/* ---- Reader-writer lock: many readers, or one writer. First come, first served: readers that
 * arrive after a waiting writer lock after it, so neither kind starves. A reader must not lock it
 * again while it holds it: a writer may be waiting in between ---- */

/* Waits until no writer holds it and no earlier caller waits. */
FILCH_API void filch_rwlock_read_lock(filch_rwlock *rwlock);
/* Locks it if it would not have to wait; else -EAGAIN. */
FILCH_API int filch_rwlock_try_read_lock(filch_rwlock *rwlock);
/* As filch_rwlock_read_lock, until `until`. Errors: -ETIMEDOUT; -ECANCELED (the context of its job
 * or scope is done); -EINVAL (a negative time); -ENOMEM or -EAGAIN (no timer). */
FILCH_API int filch_rwlock_read_lock_until(filch_rwlock *rwlock, int64_t until);
/* Unlocks it. Dies if no reader holds it. */
FILCH_API void filch_rwlock_read_unlock(filch_rwlock *rwlock);
/* Waits until no caller holds it and no earlier caller waits. */
FILCH_API void filch_rwlock_write_lock(filch_rwlock *rwlock);
/* Locks it if it would not have to wait; else -EAGAIN. */
FILCH_API int filch_rwlock_try_write_lock(filch_rwlock *rwlock);
/* As filch_rwlock_write_lock, until `until`. Errors: -ETIMEDOUT; -ECANCELED (the context of its job
 * or scope is done); -EINVAL (a negative time); -ENOMEM or -EAGAIN (no timer). */
FILCH_API int filch_rwlock_write_lock_until(filch_rwlock *rwlock, int64_t until);
/* Unlocks it. Dies if no writer holds it. */
FILCH_API void filch_rwlock_write_unlock(filch_rwlock *rwlock);

/* ---- Semaphore: permits, at most FILCH_PERMITS_MAX. First come, first served: a large request
 * is not overtaken by small ones. Zero bytes: no permits ---- */

/* The most permits of a semaphore. */
#define FILCH_PERMITS_MAX INT32_MAX

/* Sets the number of permits, before first use. Error: -EINVAL (more than FILCH_PERMITS_MAX). */
FILCH_API int filch_semaphore_init(filch_semaphore *semaphore, unsigned permits);
/* Takes `count` permits at once; waits while there are fewer, or others wait. Dies for
 * more than FILCH_PERMITS_MAX. */
FILCH_API void filch_semaphore_acquire(filch_semaphore *semaphore, unsigned count);
/* Takes `count` permits if it would not have to wait; else -EAGAIN. Error: -EINVAL (more than
 * FILCH_PERMITS_MAX). */
FILCH_API int filch_semaphore_try_acquire(filch_semaphore *semaphore, unsigned count);
/* As filch_semaphore_acquire, until `until`. Errors: -ETIMEDOUT; -ECANCELED (the context of its job
 * or scope is done); -EINVAL (a negative time, or more than FILCH_PERMITS_MAX); -ENOMEM or -EAGAIN
 * (no timer). */
FILCH_API int filch_semaphore_acquire_until(filch_semaphore *semaphore, unsigned count,
                                            int64_t until);
/* Adds `count` permits; any caller. Error: -EOVERFLOW (there would be more than FILCH_PERMITS_MAX:
 * give back only what was taken). */
FILCH_API int filch_semaphore_give_back(filch_semaphore *semaphore, unsigned count);
/* Returns the number of permits; possibly outdated on return. */
FILCH_API unsigned filch_semaphore_available(const filch_semaphore *semaphore);

/* ---- Condition: waits for a change that others make under a mutex. Check the condition again
 * after each wait: it may have changed between the signal and the locking of the mutex ---- */

/* Unlocks the mutex, waits for a signal, locks the mutex. No signal sent after the unlocking is
 * missed. */
FILCH_API void filch_condition_wait(filch_condition *condition, filch_mutex *mutex);
/* The same, until `until`. On return the mutex is locked in any case, even if that takes longer. A
 * caller that gets -ETIMEDOUT has consumed no signal. With a time of 0, or a negative one, the
 * mutex is not unlocked. Errors: -ETIMEDOUT; -ECANCELED (the context of its job or scope is done);
 * -EINVAL (a negative time); -ENOMEM or -EAGAIN (no timer). */
FILCH_API int filch_condition_wait_until(filch_condition *condition, filch_mutex *mutex,
                                         int64_t until);
/* Wakes the longest waiter, if any. With or without the mutex; does not wait. */
FILCH_API void filch_condition_signal(filch_condition *condition);
/* Wakes all waiters. With or without the mutex; does not wait. */
FILCH_API void filch_condition_broadcast(filch_condition *condition);

/* ---- Wait group: waits for a number of tasks. Any number may wait; at zero it may be used
 * again ---- */

/* Adds `count` tasks, at most INT32_MAX in all (dies beyond). While there are waiters, only
 * tasks of the group that are not done may call it. */
FILCH_API void filch_waitgroup_add(filch_waitgroup *group, unsigned count);
/* Marks one task as done. Dies if none was left. */
FILCH_API void filch_waitgroup_done(filch_waitgroup *group);
/* Waits until none is left. Writes that the tasks made before they were done are visible. */
FILCH_API void filch_waitgroup_wait(filch_waitgroup *group);
/* The same, until `until`. Errors: -ETIMEDOUT; -ECANCELED (the context of its job or scope is
 * done); -EINVAL (a negative time); -ENOMEM or -EAGAIN (no timer). */
FILCH_API int filch_waitgroup_wait_until(filch_waitgroup *group, int64_t until);

/* ---- Once ---- */

/* The first call calls fn(arg), which may wait; all others wait until fn has returned, and see
 * its writes. Dies if fn calls it with the same flag. */
FILCH_API void filch_once(filch_once_flag *flag, void (*fn)(void *arg), void *arg);

/* ---- Barrier: all parties wait for the last of them, any number of rounds ---- */

/* Sets the number of parties, before first use. Error: -EINVAL (0 parties). */
FILCH_API int filch_barrier_init(filch_barrier *barrier, unsigned parties);
/* Waits until all parties have arrived, or `until`. Returns 1 for the last to arrive, 0 for the
 * others. Errors, after which the caller counts as not arrived: -ETIMEDOUT; -ECANCELED (the context
 * of its job or scope is done); -EINVAL (not initialised, or a negative time); -ENOMEM or -EAGAIN
 * (no timer). */
FILCH_API int filch_barrier_wait(filch_barrier *barrier, int64_t until);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
