/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The base of all headers: compiler attributes, errors and the fatal exit, the failure of a task,
 * and the version.
 *
 * Errors: negative errnos with one meaning in all headers; filch_error() has the details:
 *   -EINVAL     an argument is wrong, or missing: correct the call
 *   -ENOMEM     no memory: release some, or ask for less
 *   -EAGAIN     a try_ call would have to wait: wait, or retry. Else: no thread or timer could
 *               be started: raise the limit of threads (ulimit -u), or try later
 *   -EMFILE, -ENFILE   no file for a timer or a thread: close some, or raise the limit (ulimit -n)
 *   -ETIMEDOUT  the time `until` has come, or the context's: give up, or call again
 *   -ECANCELED  the context, scope or pipeline was cancelled: clean up and return
 *   -EPIPE      closed: there is nothing more to send or receive
 *   -EIDRM      the object was destroyed during the call: do not use it again
 *   -EBUSY      in use: let the users end first
 *   -EALREADY   done before: a mistake, or harmless, as the function's comment says
 *   -EDEADLK    the call would wait for itself: make it from another task, or from outside
 *   -ECHILD     a runtime of the parent process, in a child of fork(): create a new one
 *   -EEXIST     the name or key is taken: choose another one, or wait until its owner ends
 *   -ENOSPC     a limit is reached, or a device is full: raise the limit, or remove something
 *   -ENOTSUP    this build, setting or broker cannot do that: choose one that can
 *
 * NULL where an object is needed: a function that returns an int returns -EINVAL; any other ends
 * the process by filch_die. Both name the function and the argument. A function's comment says
 * where NULL has a meaning. Destroying, releasing or retaining NULL does nothing. A NULL runtime is
 * the calling task's own; a NULL context is never done.
 * A destroyed object must not be used. Until its memory is reused, each call on it ends the process
 * through filch_die. Objects that are ready when their bytes are zero, or after an _init, have no
 * destroy and no such check.
 * Threads: any. Suspends: no.
 * Since 0.1.0. */
#ifndef FILCH_BASE_H
#define FILCH_BASE_H
#if !defined(__cplusplus) && (!defined(__STDC_VERSION__) || __STDC_VERSION__ < 201112L)
#error "Filch needs C11 or later (compile with -std=c11)"
#endif
#include <filch/detail/hide_words.h>

#include <stddef.h>
#include <stdint.h>

/* ---- Compilers: the words of the headers, which programs may use ---- */

#ifdef __cplusplus
#define FILCH_BEGIN_DECLS extern "C" {
#define FILCH_END_DECLS }
#define FILCH_STATIC_ASSERT(condition, message) static_assert(condition, message)
#define FILCH_CONSTANT constexpr /* initialised at compile time, or rejected */
#else
/* Opens declarations of C functions, in C++ by `extern "C" {`. */
#define FILCH_BEGIN_DECLS
/* Closes them. */
#define FILCH_END_DECLS
/* Rejects the program with the message, a literal, if the constant condition is false. */
#define FILCH_STATIC_ASSERT(condition, message) _Static_assert(condition, message)
/* An object that is initialised at compile time; in C++ `constexpr`. */
#define FILCH_CONSTANT const
#endif

/* A function that the library exports. */
#define FILCH_API __attribute__((__visibility__("default")))
/* Forces inlining in optimized builds without address sanitizer. Elsewhere speed does not matter, and
 * compilers would take several times as long for the templates of sorts. (FILCH_TSAN: this tree's
 * own builds with thread sanitizer.) */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FL_SANITIZED 1
#endif
#endif
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || defined(FL_SANITIZED) ||            \
    defined(FILCH_TSAN)
#define FL_FORCE_INLINE
#else
#define FL_FORCE_INLINE __attribute__((__always_inline__))
#endif

/* A function that is inlined into each caller, except without optimization and with address
 * sanitizer. */
#define FILCH_INLINE static inline FL_FORCE_INLINE
/* A function that is rarely called. */
#define FILCH_COLD __attribute__((__cold__, __noinline__))
/* A function that does not return. */
#define FILCH_NORETURN __attribute__((__noreturn__))
/* A function, variable or parameter that may be unused. */
#define FILCH_UNUSED __attribute__((__unused__))
/* Aligns a type or an object to a number of bytes, a power of two. */
#define FILCH_ALIGNED(bytes) __attribute__((__aligned__(bytes)))
/* A function with a format as printf takes it: parameter `at`, counted from 1, whose arguments
 * begin at parameter `first`. The compiler checks its calls. */
#define FILCH_PRINTF(at, first) __attribute__((__format__(__printf__, at, first)))
/* The condition x, which is usually true. */
#define FILCH_LIKELY(x) __builtin_expect(!!(x), 1)
/* The condition x, which is usually false. */
#define FILCH_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Distance that prevents false sharing: two 64-byte lines, since processors prefetch lines in
 * pairs. */
#define FILCH_APART 128

/* ---- Errors ---- */

FILCH_BEGIN_DECLS

/* Ends the process on misuse that cannot be returned as an error: writes one line, "filch: " and
 * the message of `format` and its arguments, as printf (the error; the remedy), to stderr and calls
 * abort(). Any thread; never returns. */
FILCH_API FILCH_NORETURN FILCH_COLD FILCH_PRINTF(1, 2) void filch_die(const char *format, ...);

/* Returns the explanation of the last negative errno that a Filch call returned on this thread: the
 * cause and the remedy, for people. Never NULL; "" if there was none. Expected errors (closed, not
 * at once, too late, cancelled and the like) have one sentence for all calls. Valid until this
 * thread's next failing call; in a task also only until its next call that waits, which may move it
 * to another thread. */
FILCH_API const char *filch_error(void);

/* Returns the text of filch_error() if it explains `code`, a negative errno; else "". Valid for as
 * long. */
FILCH_API const char *filch_error_about(int code);

/* Sets the text of filch_error() on this thread by `format` and its arguments, as printf, at most
 * 255 bytes, and returns code, a negative errno. For libraries on top of Filch, and for functions
 * of jobs and futures, which return their errors. */
FILCH_API FILCH_COLD FILCH_PRINTF(2, 3) int filch_error_set(int code, const char *format, ...);

FILCH_END_DECLS

/* The failure of a task, as the future, scope or pool that waits for it reports it. A plain value:
 * it may be copied, and one thread writes at a time. */
typedef struct filch_failure {
    int code;          /* a negative errno; 0: no failure */
    int line;          /* the source line, or 0 */
    const char *file;  /* the source file, or NULL */
    const char *task;  /* the task's name, or NULL */
    char message[104]; /* for people; cut if too long */
} filch_failure;

/* ---- Version ---- */

/* The macros name the version of the headers, filch_version() that of the library. For programs
 * that run on several versions, and for bug reports. The build, filch.pc and the CMake package read
 * the numbers from here.
 *
 *   #if FILCH_VERSION_NUMBER >= 100                    at least 0.1.0
 *   if (strcmp(filch_version(), FILCH_VERSION) != 0)   the headers are another version's
 */

/* The first number of the version. */
#define FILCH_VERSION_MAJOR 0
/* The second number. */
#define FILCH_VERSION_MINOR 1
/* The third number. */
#define FILCH_VERSION_PATCH 0

/* The version as a text: "0.1.0". */
#define FILCH_VERSION                                                                              \
    FL_VERSION_TEXT(FILCH_VERSION_MAJOR)                                                           \
    "." FL_VERSION_TEXT(FILCH_VERSION_MINOR) "." FL_VERSION_TEXT(FILCH_VERSION_PATCH)
#define FL_VERSION_TEXT(number) FL_VERSION_QUOTED(number)
#define FL_VERSION_QUOTED(number) #number

/* The version as a number, for comparisons: 0.1.0 is 100, 1.2.3 is 10203. */
#define FILCH_VERSION_NUMBER                                                                       \
    (FILCH_VERSION_MAJOR * 10000 + FILCH_VERSION_MINOR * 100 + FILCH_VERSION_PATCH)

FILCH_BEGIN_DECLS

/* Returns the version of the library that runs, as FILCH_VERSION: a constant string. */
FILCH_API const char *filch_version(void);

FILCH_END_DECLS

#include <filch/detail/show_words.h>
#endif
