/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A wait queue: waiters for an object, first come, first served, until a time has come, a context
 * is done, or the object goes away. The wait queue's lock guards the object too. Its holder may
 * take waiters out (fl_waiters_claim of runtime/sync/wait.h) and tell them when it is free.
 *
 *   waits                                     closes
 *   inside + 1, under the lock                closed, under the lock; tells all -EIDRM
 *   waits without the lock
 *   inside - 1, under the lock; does what     waits until inside is 0
 *   it has to do, releases it (last touch)    frees the object
 *
 * Threads: any. Zero bytes: nobody is there. */
#ifndef FL_WAIT_QUEUE_H
#define FL_WAIT_QUEUE_H

#include <filch/context.h>
#include <runtime/platform/lock.h>
#include <runtime/sync/wait.h>

typedef struct fl_wait_queue {
    filch_u32 lock;
    bool closed;
    unsigned inside; /* waiters, and those that were told and have not yet come back */
    filch_waiters waiters, closer;
} fl_wait_queue;

static inline void fl_wait_queue_lock(fl_wait_queue *wait_queue)
{
    fl_lock(&wait_queue->lock);
}

/* Also the last touch of a thread that was inside: it lets the closer go on. */
void fl_wait_queue_unlock(fl_wait_queue *wait_queue);

/* Waits; the lock is held at the call and on return. `data` is for the teller. Returns the code it
 * was told; -ETIMEDOUT (at once, if until is past); the context's cause; -EIDRM; -ENOMEM, -EAGAIN
 * no timer; -ECANCELED the context of the calling task, if this one is not below it. context NULL:
 * none. Suspends, or blocks. */
int fl_wait_queue_wait(fl_wait_queue *wait_queue, void *data, int64_t until,
                       filch_context *context);

/* The same, but if the waiter has not been told by the time `look`, calls looks(data) with the
 * lock, which looks() releases; looks() may tell this very waiter. The waiter keeps its place, and
 * waits until `until`. looks NULL: no call. */
int fl_wait_queue_wait_looking(fl_wait_queue *wait_queue, void *data, int64_t look,
                               void (*looks)(void *data), int64_t until, filch_context *context);

/* Tells all waiters, and all later ones, -EIDRM. */
void fl_wait_queue_close(fl_wait_queue *wait_queue);
/* After that: waits until no call is inside. call: the public call that waits, a literal, for
 * reports. */
void fl_wait_queue_await(const char *call, fl_wait_queue *wait_queue);

#endif
