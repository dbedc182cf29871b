/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Waiting, as everything that waits has it in common. For engineers and service authors.
 *
 * Who waits: a task suspends its fiber, and its worker goes on with other work; a thread that is no
 * worker blocks on a futex. The same calls serve both, at the same time, on the same object. In a
 * task, forks that were not joined become ready for everybody before it suspends, so a task may
 * wait for what it has forked; after the call it may be on another thread.
 *
 * How long: `until` is a point in time, in nanoseconds of CLOCK_MONOTONIC: FILCH_FOREVER, a number
 * from filch_in(), or 0 (or any time that is past): do not wait. A call that may not wait, or has
 * waited until then in vain, returns -ETIMEDOUT and has changed nothing. A call that would
 * have to wait until a negative time returns -EINVAL.
 *
 * For how many: objects that are zero bytes are ready for use (mutexes, wait groups, futures, ...);
 * nothing has to be destroyed, but nobody may wait on what goes away. */
#ifndef FILCH_WAIT_H
#define FILCH_WAIT_H

#include <filch/atomic.h>

#define FILCH_FOREVER INT64_MAX
#define FILCH_MICROSECOND INT64_C(1000)
#define FILCH_MILLISECOND INT64_C(1000000)
#define FILCH_SECOND INT64_C(1000000000)

/* Those who wait for one object, first come first; zero bytes: nobody. Its members are the
 * library's. */
typedef struct filch_waiters {
    void *first, *last;
} filch_waiters;

FILCH_BEGIN_DECLS

/* The time now, and the time `ns` nanoseconds from now (at most FILCH_FOREVER; 0 or less: now). Any
 * thread. */
FILCH_API int64_t filch_now(void);
FILCH_API int64_t filch_in(int64_t ns);

FILCH_END_DECLS
#endif
