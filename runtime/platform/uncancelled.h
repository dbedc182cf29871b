/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * pthread_cancel and threads that call Filch. A wait for a task, an object or a lock is no
 * cancellation point (a futex by syscall()), so a cancelled thread finishes it first. Other system
 * calls on the way are cancellation points; where the thread would leave a lock, a registered
 * waiter or a half-built object behind, cancellation is held until that is done. Deferred
 * cancellation only: asynchronous cancellation cannot be supported by any library that has
 * locks. */
#ifndef FL_UNCANCELLED_H
#define FL_UNCANCELLED_H

#include <pthread.h>

/* Returns the argument for fl_cancel_release. May be nested. Async-signal-safe in glibc: a
 * thread-local word. */
static inline int fl_cancel_hold(void)
{
    int was;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &was);
    return was;
}

static inline void fl_cancel_release(int was)
{
    pthread_setcancelstate(was, NULL);
}

#endif
