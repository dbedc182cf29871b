/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The common parts of the typed macros of the parallel algorithms. For authors of algorithms,
 * and for readers who want to see a macro's expansion. The arguments that a body gets besides
 * its index or items travel in a context on the caller's stack. A list is up to five (type, name)
 * pairs, then ~, as FL_MAP of <filch/task.h> takes it; FL_CHECKED refuses any other.
 *
 *   FL_CONTEXT(scale_, list)        struct scale_context { float *x; float a; };
 *   FL_CONTEXT_UNPACK(scale_, list) fl_args, a local copy of *fl_context that the compiler may keep
 *                                   in registers
 *   FL_MAP(FL_PARAM, list)          , float *x, float a
 *   FL_MAP(FL_LOAD, list)           , fl_args.x, fl_args.a
 *   FL_BODY_PARAMS                  filch_self self, int *fl_stop: the first parameters of a body
 *   FL_ENTRIES(scale, scale_, filch_for, filch_run_for, (size_t fl_begin, size_t fl_end),
 *              (fl_begin, fl_end, 0, scale_chunk), list)
 * The names that a macro generates for `scale` begin with scale_, such as scale_call and
 * scale_chunk. A program's own functions and macros, less and combine among them, need other
 * names. FL_ENTRIES defines the two functions for callers:
 *   int scale(filch_self self, size_t fl_begin, size_t fl_end, float *x, float a)
 *       fills a context and returns filch_for(self, fl_begin, fl_end, 0, scale_chunk, context)
 *   int scale_call(const char *fl_file, int fl_line, filch_runtime *fl_rt, ...)
 *       the same with filch_run_for(fl_rt, ...), which keeps no place; FILCH_RUN(rt, scale, ...)
 *       calls it */
#ifndef FILCH_PAR_ARGS_H
#define FILCH_PAR_ARGS_H
#include <filch/detail/hide_words.h>

#include <filch/task.h>

/* ---- Operations for reductions, scans and sorts ---- */

/* The sum of a and b. */
#define FILCH_PLUS(a, b) ((a) + (b))
/* The product of a and b. */
#define FILCH_TIMES(a, b) ((a) * (b))
/* The lesser of a and b; of equals a. */
#define FILCH_MIN(a, b) ((b) < (a) ? (b) : (a))
/* The greater of a and b; of equals a. */
#define FILCH_MAX(a, b) ((a) < (b) ? (b) : (a))
/* Whether a comes before b in ascending order. */
#define FILCH_LESS(a, b) ((a) < (b))
/* Whether a comes before b in descending order. */
#define FILCH_GREATER(a, b) ((b) < (a))

/* ---- Stop of an algorithm, from within a body ---- */

/* Stops the algorithm and ends the body: nothing more of it is started, and the call returns
 * `code`, a nonzero int. */
#define FILCH_STOP(code)                                                                           \
    do {                                                                                           \
        *fl_stop = (code);                                                                         \
        return;                                                                                    \
    } while (0)
/* The same for bodies that return a value; any value will do. */
#define FILCH_STOP_WITH(code, value) return *fl_stop = (code), (value)

/* Whether values of type T can be copied bytewise. In C, always. */
#ifdef __cplusplus
#define FL_PLAIN(T) __is_trivially_copyable(T)
#else
#define FL_PLAIN(T) 1
#endif

/* clang-format off */
#define FL_CONTEXT(own, ...) struct own##context { FL_FIELDS(__VA_ARGS__) };
#define FL_CONTEXT_UNPACK(own, ...)                                                                \
    FILCH_UNUSED struct own##context fl_args = *(struct own##context *)fl_context;
#define FL_CONTEXT_SET(type, name) fl_args.name = name;
#define FL_BODY_PARAMS FILCH_UNUSED filch_self self, FILCH_UNUSED int *fl_stop
#define FL_OPEN(...) __VA_ARGS__

#define FL_ENTRIES(name, own, plain, run, fixed, given, ...)                                       \
    FL_ARITY(own, FL_COUNT(FL_OPEN fixed, __VA_ARGS__), 0)                                         \
    FL_ENTRY(name, (filch_self self), self, plain, own, fixed, given, __VA_ARGS__)                 \
    FL_ENTRY(own##call, FL_ENTRY_OUTSIDE, fl_rt, run, own, fixed, given, __VA_ARGS__)
#define FL_ENTRY_OUTSIDE                                                                           \
    (FILCH_UNUSED const char *fl_file, FILCH_UNUSED int fl_line, filch_runtime *fl_rt)
#define FL_ENTRY(function, place, to, plain, own, fixed, given, ...)                               \
    FILCH_UNUSED static inline int function(FL_OPEN place,                                         \
                                            FL_OPEN fixed FL_MAP(FL_PARAM, __VA_ARGS__))           \
    {                                                                                              \
        struct own##context fl_args;                                                               \
        FL_MAP(FL_CONTEXT_SET, __VA_ARGS__) return plain(to, FL_OPEN given, &fl_args);             \
    }
/* clang-format on */

#include <filch/detail/show_words.h>
#endif
