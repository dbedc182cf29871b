/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The rules common to all calls that wait. For engineers and service authors.
 *
 * Waiters: a task suspends its fiber, and its worker runs other work; a thread that is not a worker
 * blocks on a futex. The same calls serve both, at the same time, on the same object. Before a
 * task suspends, its unjoined forks become ready for all workers, so a task may wait for its own
 * forks. After the call it may be on another thread.
 *
 * Times: `until` is a point in time, in nanoseconds of CLOCK_MONOTONIC: FILCH_FOREVER, a number
 * from filch_in(), or 0 (or any time that has passed), which means: do not wait. A call that has
 * not succeeded by then returns -ETIMEDOUT and has changed nothing. A call that would have to wait
 * until a negative time returns -EINVAL. A task that polls with calls that do not wait is suspended
 * now and then, as by filch_yield, so that others can run.
 *
 * Cancellation: a wait inside a job, a scope's child or a service's handler ends with -ECANCELED
 * when its context is done, and has changed nothing; docs/futures.md lists these calls, and those
 * that continue to wait. A call that need not wait succeeds. filch_shielded (<filch/context.h>)
 * excludes clean-up from this.
 *
 * Objects: zero bytes are ready for use (mutexes, wait groups, futures, ...). They need not be
 * destroyed, but must not have waiters when they go away.
 * Threads: any. Suspends: the calls that wait. Errors: 0 or a negative errno.
 * Since 0.1.0. */
#ifndef FILCH_WAIT_H
#define FILCH_WAIT_H
#include <filch/detail/hide_words.h>

#include <filch/atomic.h>

/* As a point in time: without a limit. */
#define FILCH_FOREVER INT64_MAX
/* A microsecond in nanoseconds, the unit of all times. */
#define FILCH_MICROSECOND INT64_C(1000)
/* A millisecond in nanoseconds. */
#define FILCH_MILLISECOND INT64_C(1000000)
/* A second in nanoseconds. */
#define FILCH_SECOND INT64_C(1000000000)

/* The waiters of one object, in order of arrival; zero bytes: none. Opaque. */
typedef struct filch_waiters {
    void *first, *last;
} filch_waiters;

FILCH_BEGIN_DECLS

/* Returns the time now, in nanoseconds of CLOCK_MONOTONIC. Any thread; never waits. */
FILCH_API int64_t filch_now(void);
/* Returns the time `ns` nanoseconds from now, at most FILCH_FOREVER; now, if ns is 0 or less. Any
 * thread; never waits. */
FILCH_API int64_t filch_in(int64_t ns);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
