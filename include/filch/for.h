/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Parallel loops. For engineers with an index range and a body: there is no grain size to tune. A
 * loop that ends within a few microseconds never leaves its caller; a longer one is split when, and
 * only when, another worker comes to help (lazy splitting: Tzannes, Caragea, Barua, Vishkin, PPoPP
 * 2010).
 *
 *   FILCH_FOR(saxpy, i, (float *, y), (const float *, x), (float, a))
 *   {
 *       y[i] = a * x[i] + y[i];
 *   }
 *   saxpy(self, 0, n, y, x, a);                 from a task
 *   FILCH_RUN(rt, saxpy, 0, n, y, x, a);        outside a task; both return an int
 *
 * The body is inlined into a plain loop, so the compiler vectorizes it as usual. It may fork, join,
 * and run loops of its own with `self`. `return` ends an iteration, FILCH_STOP(code) the loop.
 * Iterations run in any order and at the same time: they must not depend on each other.
 *
 * Errors: 0; the first code that a body stopped with; -EINVAL (a range that ends before it begins,
 * no body); outside a task also the errors of filch_run.
 * Panics: a body may panic. The caller panics after the bodies that run elsewhere have returned.
 * Suspends: yes; the caller may continue on another worker.
 * Threads: tasks; any other thread calls filch_run_for, or a loop through FILCH_RUN.
 * Since 0.1.0. */
#ifndef FILCH_FOR_H
#define FILCH_FOR_H
#include <filch/detail/hide_words.h>

#include <filch/detail/par_args.h>

/* Runs [begin, end) in order. A nonzero return stops the loop with that code. */
typedef int filch_for_fn(filch_self self, size_t begin, size_t end, void *context);
/* Runs the block [i_begin, i_end) x [j_begin, j_end). */
typedef int filch_for_2d_fn(filch_self self, size_t i_begin, size_t i_end, size_t j_begin,
                            size_t j_end, void *context);

FILCH_BEGIN_DECLS

/* Calls body with context for parts that together cover [begin, end). hint: the smallest number of
 * iterations worth a task. The loop is then shared from its start, in pieces no smaller than that.
 * The owner of a piece calls body for parts that last a few microseconds. Use it for loops with
 * few, long iterations. 0: measured. */
FILCH_API int filch_for(filch_self self, size_t begin, size_t end, size_t hint, filch_for_fn *body,
                        void *context);
/* The same on rt, for threads that are not its workers. The caller waits until the loop has ended,
 * and may run parts of it. Errors: -EDEADLK on a worker of rt (call filch_for with the task's self);
 * others are those of filch_run. */
FILCH_API int filch_run_for(filch_runtime *rt, size_t begin, size_t end, size_t hint,
                            filch_for_fn *body, void *context);

/* Calls body with context for blocks that cover [i_begin, i_end) x [j_begin, j_end). The longer
 * side is halved repeatedly, so blocks are nearly square, and blocks that run one after the other
 * are neighbours in memory. */
FILCH_API int filch_for_2d(filch_self self, size_t i_begin, size_t i_end, size_t j_begin,
                           size_t j_end, filch_for_2d_fn *body, void *context);
/* The same for a caller outside rt. */
FILCH_API int fl_run_for_2d(filch_runtime *rt, size_t i_begin, size_t i_end, size_t j_begin,
                            size_t j_end, filch_for_2d_fn *body, void *context);

FILCH_END_DECLS

/* Defines a loop, with filch_for: FILCH_FOR(name, i, pairs...) body. The body runs for each index
 * i; pairs are up to five (type, name) of further arguments. Then
 *
 *   int name(filch_self self, size_t begin, size_t end, ...)
 *
 * runs the loop over [begin, end). */
#define FILCH_FOR(name, ...) FL_CHECKED(FL_FOR, name, name##_, 0, __VA_ARGS__, ~)
/* The same with a hint, as filch_for has it: FILCH_FOR_HINT(name, hint, i, pairs...) body. */
#define FILCH_FOR_HINT(name, hint, ...) FL_CHECKED(FL_FOR, name, name##_, hint, __VA_ARGS__, ~)
/* Defines a loop over a plane, with filch_for_2d: FILCH_FOR_2D(name, i, j, pairs...) body. Then
 * name(self, i_begin, i_end, j_begin, j_end, ...) runs it. */
#define FILCH_FOR_2D(name, i, ...) FL_CHECKED(FL_FOR_2D, name, name##_, i, __VA_ARGS__, ~)

/* clang-format off */
#define FL_FOR(name, own, hint, i, ...)                                                            \
    FL_CONTEXT(own, __VA_ARGS__)                                                                   \
    FILCH_INLINE void own##body(FL_BODY_PARAMS, size_t i FL_MAP(FL_PARAM, __VA_ARGS__));           \
    static int own##chunk(FILCH_UNUSED filch_self self, size_t fl_i, size_t fl_end,                \
                            void *fl_context)                                                      \
    {                                                                                              \
        FL_CONTEXT_UNPACK(own, __VA_ARGS__)                                                        \
        int fl_stop = 0;                                                                           \
        for (; fl_i < fl_end && !fl_stop; fl_i++)                                                  \
            own##body(self, &fl_stop, fl_i FL_MAP(FL_LOAD, __VA_ARGS__));                          \
        return fl_stop;                                                                            \
    }                                                                                              \
    FL_ENTRIES(name, own, filch_for, filch_run_for, (size_t fl_begin, size_t fl_end),              \
               (fl_begin, fl_end, hint, own##chunk), __VA_ARGS__)                                  \
    FILCH_INLINE void own##body(FL_BODY_PARAMS, size_t i FL_MAP(FL_PARAM, __VA_ARGS__))

#define FL_FOR_2D(name, own, i, j, ...)                                                            \
    FL_CONTEXT(own, __VA_ARGS__)                                                                   \
    FILCH_INLINE void own##body(FL_BODY_PARAMS, size_t i, size_t j                                 \
                                  FL_MAP(FL_PARAM, __VA_ARGS__));                                  \
    static int own##chunk(FILCH_UNUSED filch_self self, size_t fl_i, size_t fl_i_end,              \
                            size_t fl_j_begin, size_t fl_j_end, void *fl_context)                  \
    {                                                                                              \
        FL_CONTEXT_UNPACK(own, __VA_ARGS__)                                                        \
        int fl_stop = 0;                                                                           \
        for (; fl_i < fl_i_end && !fl_stop; fl_i++)                                                \
            for (size_t fl_j = fl_j_begin; fl_j < fl_j_end && !fl_stop; fl_j++)                    \
                own##body(self, &fl_stop, fl_i, fl_j FL_MAP(FL_LOAD, __VA_ARGS__));                \
        return fl_stop;                                                                            \
    }                                                                                              \
    FL_ENTRIES(name, own, filch_for_2d, fl_run_for_2d,                                          \
               (size_t fl_i_begin, size_t fl_i_end, size_t fl_j_begin, size_t fl_j_end),           \
               (fl_i_begin, fl_i_end, fl_j_begin, fl_j_end, own##chunk), __VA_ARGS__)              \
    FILCH_INLINE void own##body(FL_BODY_PARAMS, size_t i, size_t j FL_MAP(FL_PARAM, __VA_ARGS__))
/* clang-format on */

#include <filch/detail/show_words.h>
#endif
