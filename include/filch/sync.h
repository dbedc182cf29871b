/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Synchronisation that suspends: mutex, rwlock, semaphore, condition, wait group, once, barrier.
 * For engineers and service authors. What POSIX and Go have under these names, for tasks and for
 * threads at once: a task that waits gives its worker to others (<filch/wait.h>).
 *
 *   static filch_mutex mutex;                         zero bytes are ready for use
 *   filch_mutex_lock(&mutex);
 *   ...                                               may fork, join and wait meanwhile
 *   filch_mutex_unlock(&mutex);
 *
 *   filch_waitgroup group = {0};
 *   filch_waitgroup_add(&group, 2);                   before those start who call _done
 *   ...                                               two tasks call filch_waitgroup_done(&group)
 *   filch_waitgroup_wait(&group);
 *
 * Life: the caller's own objects; those that need a number have an _init. Nothing is destroyed; an
 * object may be freed as soon as no call on it is under way and nobody will make one: a thread that
 * has locked, unlocked, acquired or waited may free it at once, whatever it was that let it go on.
 * No object may be copied or moved while it is in use.
 * Forms: plain; _until, which waits until a point in time: -ETIMEDOUT, and -EINVAL for a negative
 * one, -ENOMEM or -EAGAIN if there is no timer; try, which does not wait: -EAGAIN.
 * Threads: all by tasks of any runtime and by any thread. May suspend: where it says "waits".
 * Nobody owns a lock: who has locked it may hand the duty of unlocking it to another task or
 * thread. To lock twice without unlocking waits for ever.
 * Errors: 0 or a negative errno; then nothing was taken. Misuse ends in filch_die, by name. */
#ifndef FILCH_SYNC_H
#define FILCH_SYNC_H

#include <filch/wait.h>

/* ---- Types; their members are the library's ---- */

typedef struct filch_mutex {
    filch_u32 state, lock;
    filch_waiters waiters;
} filch_mutex;

typedef struct filch_permits {
    filch_u64 balance;
    filch_u32 lock;
    filch_waiters waiters;
} filch_permits;

typedef struct filch_semaphore {
    filch_permits permits;
} filch_semaphore;

typedef struct filch_rwlock {
    filch_permits permits;
} filch_rwlock;

typedef struct filch_condition {
    filch_u32 lock;
    filch_waiters waiters;
} filch_condition;

typedef struct filch_waitgroup {
    filch_u32 count, lock;
    filch_waiters waiters;
} filch_waitgroup;

typedef struct filch_once_flag {
    filch_u32 state, lock;
    filch_waiters waiters;
    const void *caller;
} filch_once_flag;

typedef struct filch_barrier {
    filch_u32 lock;
    unsigned parties, arrived, round;
    filch_waiters waiters;
} filch_barrier;

FILCH_BEGIN_DECLS

/* ---- Mutex: one at a time. Whoever comes when it is free has it, waiter or not, until somebody has
 * waited for a millisecond: that one is handed it next ---- */

/* Waits until it is free, and takes it. */
FILCH_API void filch_mutex_lock(filch_mutex *mutex);
FILCH_API int filch_mutex_try_lock(filch_mutex *mutex);
FILCH_API int filch_mutex_lock_until(filch_mutex *mutex, int64_t until);
/* By whom it was locked, or by another to whom it was left. Dies if it is not locked. */
FILCH_API void filch_mutex_unlock(filch_mutex *mutex);

/* ---- Reader-writer lock: many readers, or one writer. First come, first served: readers that come
 * after a waiting writer wait behind it, so neither kind starves. A reader must not take it again
 * while it has it: a writer may wait in between ---- */

/* Wait until no writer has it, nor anybody came before. */
FILCH_API void filch_rwlock_read_lock(filch_rwlock *rwlock);
FILCH_API int filch_rwlock_try_read_lock(filch_rwlock *rwlock);
FILCH_API int filch_rwlock_read_lock_until(filch_rwlock *rwlock, int64_t until);
/* Dies if no reader has it. */
FILCH_API void filch_rwlock_read_unlock(filch_rwlock *rwlock);
/* Wait until nobody has it, nor anybody came before. */
FILCH_API void filch_rwlock_write_lock(filch_rwlock *rwlock);
FILCH_API int filch_rwlock_try_write_lock(filch_rwlock *rwlock);
FILCH_API int filch_rwlock_write_lock_until(filch_rwlock *rwlock, int64_t until);
/* Dies if no writer has it. */
FILCH_API void filch_rwlock_write_unlock(filch_rwlock *rwlock);

/* ---- Semaphore: permits, at most FILCH_PERMITS_MAX. First come, first served: who wants many is not
 * overtaken by those who want few. Zero bytes: no permits ---- */

#define FILCH_PERMITS_MAX INT32_MAX

/* With so many permits; nobody uses it yet. -EINVAL more than FILCH_PERMITS_MAX. */
FILCH_API int filch_semaphore_init(filch_semaphore *semaphore, unsigned permits);
/* Takes `count` permits at once; waits while there are fewer, or others wait. More than
 * FILCH_PERMITS_MAX: dies, or returns -EINVAL. */
FILCH_API void filch_semaphore_acquire(filch_semaphore *semaphore, unsigned count);
FILCH_API int filch_semaphore_try_acquire(filch_semaphore *semaphore, unsigned count);
FILCH_API int filch_semaphore_acquire_until(filch_semaphore *semaphore, unsigned count,
                                            int64_t until);
/* Adds them, by anybody. -EOVERFLOW there would be more than FILCH_PERMITS_MAX. */
FILCH_API int filch_semaphore_release(filch_semaphore *semaphore, unsigned count);
/* How many there are; perhaps no more when it is answered. */
FILCH_API unsigned filch_semaphore_available(const filch_semaphore *semaphore);

/* ---- Condition: waits for what others change under a mutex. Look again after each wait: what was
 * true when it was signalled may have changed before the mutex was had ---- */

/* Unlocks the mutex, waits for a signal, locks the mutex: no signal that is sent after the mutex
 * was unlocked is missed. */
FILCH_API void filch_condition_wait(filch_condition *condition, filch_mutex *mutex);
/* The same until then; the mutex is locked in any case when it returns, however long that takes.
 * Who is told -ETIMEDOUT has used up no signal. With a time of 0, or a negative one, the mutex is
 * not unlocked. */
FILCH_API int filch_condition_wait_until(filch_condition *condition, filch_mutex *mutex,
                                         int64_t until);
/* Wakes who has waited longest, or nobody; all. With or without the mutex. */
FILCH_API void filch_condition_signal(filch_condition *condition);
FILCH_API void filch_condition_broadcast(filch_condition *condition);

/* ---- Wait group: until all are done. Any number may wait; when it is at zero it may be used again
 * ---- */

/* So many more to be done, at most INT32_MAX in all (dies beyond). While somebody waits, only by
 * those who are not done themselves. */
FILCH_API void filch_waitgroup_add(filch_waitgroup *group, unsigned count);
/* One is done. Dies if none was left. */
FILCH_API void filch_waitgroup_done(filch_waitgroup *group);
/* Waits until none is left. What they wrote before they were done is seen. */
FILCH_API void filch_waitgroup_wait(filch_waitgroup *group);
FILCH_API int filch_waitgroup_wait_until(filch_waitgroup *group, int64_t until);

/* ---- Once ---- */

/* The first call calls fn(arg), which may wait; all others wait until fn has returned, and see what
 * it wrote. Dies when fn calls it on the same flag. */
FILCH_API void filch_once(filch_once_flag *flag, void (*fn)(void *arg), void *arg);

/* ---- Barrier: all parties wait for the last of them, again and again ---- */

/* For so many; nobody uses it yet. -EINVAL none. */
FILCH_API int filch_barrier_init(filch_barrier *barrier, unsigned parties);
/* Waits until all have come. 1 for one of them, the last to come; 0 for the others; -EINVAL it was
 * not initialised. */
FILCH_API int filch_barrier_wait(filch_barrier *barrier);
/* The same; who is told -ETIMEDOUT counts as not come. */
FILCH_API int filch_barrier_wait_until(filch_barrier *barrier, int64_t until);

FILCH_END_DECLS
#endif
