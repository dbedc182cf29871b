/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Futures: places for one result each, which many may await. For engineers and service authors.
 * D. P. Friedman, D. S. Wise, 1976; R. H. Halstead, Multilisp, 1985.
 *
 *   filch_future answer = {0};
 *   FILCH_ASYNC(NULL, &answer, fib, 30);        a task whose result lands in the future
 *   ...
 *   int rc = filch_await(&answer);              0, or what went wrong
 *   if (!rc)
 *       printf("%ld\n", FILCH_VALUE(long, &answer));
 *
 * Set once, by its task, or from anywhere by filch_future_set or FILCH_FUTURE_FAIL. Futures can be
 * built on others, without a fiber that waits: filch_then, filch_when_all, filch_when_any.
 * Life: caller-owned; zero bytes are an empty future. It must stay where it is until it is done;
 * once an await has returned, and nobody else uses it, its memory may go away. Who gives a future
 * away that others wait for calls filch_future_break. Done futures are used again after
 * filch_future_reset. A runtime ends when its tasks have: destroy it after what its tasks await has
 * come, and after all futures that are built on it by filch_then.
 * Threads: all may be called by tasks and by any thread; where a call waits, see <filch/wait.h>.
 * Errors: 0 or a negative errno. An await that returns a failure's code says in filch_error() what
 * it was. */
#ifndef FILCH_FUTURE_H
#define FILCH_FUTURE_H

#include <filch/context.h>
#include <filch/failure.h>
#include <filch/task.h>
#include <stdbool.h>

/* Bytes that filch_future_set and filch_then have room for. */
#define FILCH_FUTURE_BYTES 128

/* Its members are the library's. */
typedef struct filch_future {
    filch_u32 stage;
    filch_u32 lock;
    filch_waiters waiters;
    size_t size; /* of the value */
    uint64_t room[FILCH_FUTURE_BYTES / 8] FILCH_ALIGNED(16);
} filch_future;

/* What filch_then calls: with the value of the future that is done and `arg`, it writes its own
 * result to `result`. Returns 0, or a negative errno: then that has failed (any other number counts
 * as -EINVAL), and what filch_error() says of that errno becomes the message. It may suspend. */
typedef int filch_then_fn(filch_self self, const void *value, void *result, void *arg);

/* Fails a future, and says where that is written. */
#define FILCH_FUTURE_FAIL(future, code, ...)                                                       \
    filch_future_fail(future, __FILE__, __LINE__, code, __VA_ARGS__)
/* Awaits a future and moves its value to *to. */
#define FILCH_AWAIT_VALUE(to, future) filch_await_value(future, to, sizeof *(to))
/* The value of a future that has one. */
#define FILCH_VALUE(type, future) (*(const type *)filch_future_value(future, sizeof(type)))

FILCH_BEGIN_DECLS

/* ---- Setting: once. FILCH_ASYNC (<filch/task.h>) starts a task that does it ---- */

/* Gives it a value of `size` bytes and wakes who awaits it. Does not wait. -EALREADY it is done, or
 * what was started will set it; -EINVAL size is more than FILCH_FUTURE_BYTES. */
FILCH_API int filch_future_set(filch_future *future, const void *value, size_t size);
/* Makes it fail with a negative errno, and with what the format and its arguments say. file is not
 * copied. Does not wait. -EALREADY; -EINVAL code is no negative errno. */
FILCH_API FILCH_PRINTF(5, 6) int filch_future_fail(filch_future *future, const char *file, int line,
                                                   int code, const char *format, ...);
/* Breaks the promise: nobody will set it. Who awaits it, now or later, gets -EPIPE. When it returns,
 * nobody who has waited touches the future any more: it may be freed or reset. May suspend.
 * -EALREADY it was done; that nobody touches it is true then, too. -EBUSY what was started will set
 * it, or somebody is at it just now: await that. */
FILCH_API int filch_future_break(filch_future *future);
/* Makes it empty, to be set again. By who knows that nobody else uses it. -EBUSY somebody waits, or
 * what was started will set it. */
FILCH_API int filch_future_reset(filch_future *future);

/* ---- Awaiting ---- */

/* Waits until it is done: 0, or its failure's code. Suspends, or blocks. */
FILCH_API int filch_await(filch_future *future);
/* Waits until then: -ETIMEDOUT. -EINVAL a negative time; -ENOMEM, -EAGAIN no timer. */
FILCH_API int filch_await_until(filch_future *future, int64_t until);
/* As filch_await; the value, which has size bytes, goes to `to`. -EINVAL it has another size. */
FILCH_API int filch_await_value(filch_future *future, void *to, size_t size);

/* ---- Futures of futures. What stands on the left must be empty; it is set when those on the right
 * are done, which must stay as they are until then ---- */

/* When `from` has a value, fn runs with it as a detached task of rt, or with NULL of the caller's
 * runtime, and its result of `size` bytes becomes the value of next. If `from` or fn fails, next
 * fails with the same. rt must not be destroyed before next is done. Does not wait. -EALREADY next
 * is not empty; -EINVAL no fn, size is more than FILCH_FUTURE_BYTES, or rt is NULL where no task
 * calls; -ECHILD. */
FILCH_API int filch_then(filch_future *next, filch_future *from, filch_runtime *rt,
                         filch_then_fn *fn, void *arg, size_t size);
/* When all are done, all is: with no value, or with the failure of the first of them, in the order of
 * the array, that has failed. Of none: at once. The array itself may go. Does not wait. -EALREADY
 * `all` is not empty; -ENOMEM. */
FILCH_API int filch_when_all(filch_future *all, filch_future *const *futures, size_t count);
/* When the first of them is done, with a value or a failure, any is, and its value is that one's
 * index, a size_t. Before that `losers`, unless it is NULL, is cancelled: for who still computes the
 * others. Once any is done the others do not matter to it. -EALREADY any is not empty; -EINVAL count
 * is 0; -ENOMEM. */
FILCH_API int filch_when_any(filch_future *any, filch_future *const *futures, size_t count,
                             filch_context *losers);

/* ---- Queries ---- */

/* Does it have a value, or a failure? */
FILCH_API bool filch_future_done(const filch_future *future);
/* Where the value of `size` bytes lies, for as long as the future is not reset. Ends in filch_die if
 * it has none, or one of another size. */
FILCH_API const void *filch_future_value(const filch_future *future, size_t size);
/* Why it failed; NULL: it has not. */
FILCH_API const filch_failure *filch_future_failure(const filch_future *future);

FILCH_END_DECLS
#endif
