/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What every Filch header needs from the compiler, and the one way the library gives up.
 * Nothing here has state; every name may be used from any thread. */
#ifndef FILCH_BASE_H
#define FILCH_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define FILCH_BEGIN_DECLS extern "C" {
#define FILCH_END_DECLS }
#define FILCH_STATIC_ASSERT(condition, message) static_assert(condition, message)
#define FILCH_CONSTANT constexpr /* made by the compiler, or not at all */
#else
#define FILCH_BEGIN_DECLS
#define FILCH_END_DECLS
#define FILCH_STATIC_ASSERT(condition, message) _Static_assert(condition, message)
#define FILCH_CONSTANT const
#endif

#define FILCH_API __attribute__((visibility("default")))
#define FILCH_INLINE static inline __attribute__((always_inline))
#define FILCH_COLD __attribute__((cold, noinline))
#define FILCH_NORETURN __attribute__((noreturn))
#define FILCH_UNUSED __attribute__((unused))
#define FILCH_ALIGNED(bytes) __attribute__((aligned(bytes)))
#define FILCH_PRINTF(at, first) __attribute__((__format__(__printf__, at, first)))
#define FILCH_LIKELY(x) __builtin_expect(!!(x), 1)
#define FILCH_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Nobody who writes one such block makes another processor's next one bounce: two 64-byte lines,
 * since processors prefetch lines in pairs. */
#define FILCH_APART 128

FILCH_BEGIN_DECLS

/* Ends the process on misuse that cannot be returned as an error: writes one line, "filch: " and
 * the message (what is wrong; what to do), to stderr and calls abort(). Any thread; never returns.
 */
FILCH_API FILCH_NORETURN FILCH_COLD FILCH_PRINTF(1, 2) void filch_die(const char *format, ...);

/* The explanation behind the last negative errno that a Filch call returned on this thread, for a
 * person to read: what was wrong and what to do. Never NULL; "" when there was none. What is no
 * mistake (-EPIPE closed, -EAGAIN not at once, -ETIMEDOUT, -ECANCELED, ...) has one sentence for all
 * calls. Valid until this thread's next failing call, in a task also until its next call that waits:
 * then it may be on another thread. */
FILCH_API const char *filch_error(void);

FILCH_END_DECLS
#endif
