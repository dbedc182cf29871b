/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Futures: a future holds one result, which any number of callers may await. For engineers and
 * service authors. D. P. Friedman, D. S. Wise, 1976; R. H. Halstead, Multilisp, 1985.
 *
 *   filch_future answer = {0};
 *   FILCH_ASYNC(NULL, &answer, fib, 30);        a task whose result goes to the future
 *   ...
 *   int rc = filch_await(&answer);              0, or the failure's code
 *   if (!rc)
 *       printf("%ld\n", FILCH_VALUE(long, &answer));
 *
 * A future is set once, by its task, or from anywhere by filch_future_set or FILCH_FUTURE_FAIL.
 * Futures can depend on others without a waiting fiber: filch_then, filch_when_all,
 * filch_when_any.
 * Life: a future is the caller's; zero bytes are an empty one. It must not move until it is done.
 * Its memory may be freed once an await has returned and it is not otherwise used. Before
 * abandoning a future that others await, call filch_future_break. A done future can be used again
 * after filch_future_reset. Destroy a runtime only when its tasks can end (the futures they await
 * are done) and when all futures that filch_then built on it are done.
 * Threads: tasks and any thread may call every function. Suspends: the awaits, and
 * filch_future_break, as <filch/wait.h> says.
 * Errors: 0 or a negative errno. When an await returns a failure's code, filch_error() has its
 * text.
 * Since 0.1.0. */
#ifndef FILCH_FUTURE_H
#define FILCH_FUTURE_H
#include <filch/detail/hide_words.h>

#include <filch/base.h>
#include <filch/context.h>
#include <filch/task.h>
#include <stdbool.h>

/* Room for a value, in bytes, in filch_future_set and filch_then. */
#define FILCH_FUTURE_BYTES 128

/* Opaque. */
typedef struct filch_future {
    filch_u32 stage;
    filch_u32 lock;
    filch_waiters waiters;
    size_t size; /* of the value */
    uint64_t room[FILCH_FUTURE_BYTES / 8] FILCH_ALIGNED(16);
} filch_future;

/* Callback of filch_then. It gets the value of the future that is done, and `arg`, and writes
 * its own result to `result`. Returns 0, or a negative errno for failure (any other number
 * counts as -EINVAL); the text that filch_error() has for that errno becomes the message. It may
 * suspend. */
typedef int filch_then_fn(filch_self self, const void *value, void *result, void *arg);

/* Fails a future as filch_future_fail does, with the place of the call: code, then a format and its
 * arguments. */
#define FILCH_FUTURE_FAIL(future, code, ...)                                                       \
    filch_future_fail(future, __FILE__, __LINE__, code, __VA_ARGS__)
/* Awaits a future and copies its value to *to, as filch_await_value does. */
#define FILCH_AWAIT_VALUE(to, future) filch_await_value(future, to, sizeof *(to))
/* The value, of this type, of a future that has one; otherwise the process ends by filch_die. */
#define FILCH_VALUE(type, future) (*(const type *)filch_future_value(future, sizeof(type)))

FILCH_BEGIN_DECLS

/* ---- Setting, once. FILCH_ASYNC (<filch/task.h>) starts a task that sets a future ---- */

/* Sets the value, `size` bytes, and wakes all waiters. Does not wait. Errors: -EALREADY (it
 * is done, or a started task will set it); -EINVAL (size exceeds FILCH_FUTURE_BYTES). */
FILCH_API int filch_future_set(filch_future *future, const void *value, size_t size);
/* Fails the future with code, a negative errno, and a message of `format` and its arguments, as
 * printf. file and line: the place in the source, for reports; file is not copied. Does not wait.
 * Errors: -EALREADY (it is done, or a started task will set it); -EINVAL (code is not a negative
 * errno). */
FILCH_API FILCH_PRINTF(5, 6) int filch_future_fail(filch_future *future, const char *file, int line,
                                                   int code, const char *format, ...);
/* Breaks the promise: the future will never be set. Present and later awaits get -EPIPE. When
 * the call returns, no waiter touches the future any more: it may be freed or reset. May
 * suspend. Errors: -EALREADY (it was done; no waiter touches it either). -EBUSY (a started task
 * will set it, or another call is using it: await it instead). */
FILCH_API int filch_future_break(filch_future *future);
/* Empties the future for reuse. There must be no other user. Does not wait. Error: -EBUSY (a task
 * or thread waits for it, or a started task will set it). */
FILCH_API int filch_future_reset(filch_future *future);

/* ---- Awaiting ---- */

/* Waits until it is done. Returns 0 or the failure's code. Suspends, or blocks. */
FILCH_API int filch_await(filch_future *future);
/* The same, until `until`. Errors: -ETIMEDOUT; -EINVAL (negative time); -ENOMEM or -EAGAIN (no
 * timer). */
FILCH_API int filch_await_until(filch_future *future, int64_t until);
/* Awaits as filch_await does, and copies the value of `size` bytes to `to`. Error: -EINVAL (it has
 * another size). */
FILCH_API int filch_await_value(filch_future *future, void *to, size_t size);

/* ---- Futures of futures ---- */

/* The first argument of these calls must be an empty future. It is set when the others are done,
 * which must stay in place until then. */

/* When `from` has a value, runs fn with it and arg as a detached task of rt (NULL: the caller's
 * runtime); the result of `size` bytes becomes the value of next. If `from` or fn fails, next fails
 * likewise. rt must not be destroyed before next is done. Does not wait. Errors: -EALREADY (next is
 * not empty); -EINVAL (no fn, size exceeds FILCH_FUTURE_BYTES, or rt is NULL outside a task);
 * -EDEADLK (next is from); -ECHILD. */
FILCH_API int filch_then(filch_future *next, filch_future *from, filch_runtime *rt,
                         filch_then_fn *fn, void *arg, size_t size);
/* The same with a given place, for the macro below. place must outlive the task. */
FILCH_API int fl_then_at(filch_future *next, filch_future *from, filch_runtime *rt,
                         filch_then_fn *fn, void *arg, size_t size, const filch_place *place);
/* Completes `all` when all `count` futures are done: without a value, or with the failure of the
 * first failed one in array order. With no futures: at once. The array itself is not needed after
 * the call. Does not wait.
 * Errors: -EALREADY (`all` is not empty); -EDEADLK (it is one of them); -EINVAL (one of them is
 * NULL); -ENOMEM. */
FILCH_API int filch_when_all(filch_future *all, filch_future *const *futures, size_t count);
/* Completes `any` when the first of the `count` futures is done, with a value or a failure; the
 * value of `any` is its index, a size_t. `losers`, unless NULL, is cancelled first, so that tasks
 * computing the others can stop. Once `any` is done it no longer depends on the others. Does not
 * wait. Errors: -EALREADY (`any` is not empty); -EDEADLK (it is one of them); -EINVAL (count is 0,
 * or one of them is NULL); -ENOMEM. */
FILCH_API int filch_when_any(filch_future *any, filch_future *const *futures, size_t count,
                             filch_context *losers);

/* ---- Queries ---- */

/* Returns true if it is done, with a value or a failure. */
FILCH_API bool filch_future_done(const filch_future *future);
/* Returns the address of the value of `size` bytes, valid until the future is reset. Calls
 * filch_die if there is none, or one of another size. */
FILCH_API const void *filch_future_value(const filch_future *future, size_t size);
/* Returns the failure; NULL: it has not failed. */
FILCH_API const filch_failure *filch_future_failure(const filch_future *future);

FILCH_END_DECLS

/* Reports name the callback. (filch_then)(next, from, rt, fn, arg, size) calls the function
 * itself. */
#define filch_then(next, from, rt, fn, ...)                                                        \
    (__extension__({                                                                               \
        static const filch_place fl_place_ = {{NULL, #fn}, __FILE__, __LINE__};                    \
        fl_then_at(next, from, rt, fn, __VA_ARGS__, &fl_place_);                                   \
    }))
#include <filch/detail/show_words.h>
#endif
