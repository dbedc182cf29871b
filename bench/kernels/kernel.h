/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The language of a kernel's body: a handful of words for tasks, forks and joins. The same body is
 * compiled
 *
 *   KERNEL_AS_SERIAL    as its serial elision: a fork is an ordinary call, a join is nothing, and
 *                       `self` does not exist
 *   KERNEL_AS_FILCH     as a Filch program
 *   KERNEL_AS_HANDPOOL  for the hand-written pool in bench/peers: the very same wrappers around
 *                       another fork and join
 *   KERNEL_AS_OPENMP    as OpenMP tasks
 *   KERNEL_AS_TBB       as C++, with a task_group of oneTBB in each task that forks; kernels of
 *                       CPP_ROWS (rows.h) only
 *   KERNEL_AS_ASYNC     as C++, the same kernels with std::async: each fork is a thread
 *
 * so that columns differ in nothing but who runs the tasks.
 *
 *   TASK(long, fib, (int, n)) { ... }    VOID_TASK(walk, (node *, n)) { ... }
 *   FORK(long, left, fib, n - 1);        JOIN(long, left, fib);   the destination stands in both
 *   FORK_LATER(long, left, fib, n - 1);  JOIN_LATER(long, left, fib, n - 1);  the elision calls it
 *                                        where it is joined, as one worker does
 *   FORK_ADD(sum, fib, n - 1);           JOIN_ADD(sum, fib);      for loops: adds the result to sum
 *   FORK_VOID(walk, n->left);            JOIN_VOID(walk);
 *   CALL(fib, n - 2)                     an ordinary call of a task
 *   RUN(place, fib, 42)                  from outside
 *   RANGE_TASK(sweep, 64, grid, rows)    VOID_TASK(sweep, (grid *, with), (long, from), (long, to)): halves the range
 *                                        until it is no longer than 64, for which it calls rows(with, from, to)
 *
 * Joins come in the reverse order of forks; nothing between the two may return, and nobody may read
 * a destination before its join. KERNEL(fib) is the record's name in this column. */
#ifndef KERNELS_KERNEL_H
#define KERNELS_KERNEL_H

#include "table.h"

#define KERNEL(name) FL_CAT(name##_, KERNEL_SUFFIX)

#if defined(KERNEL_AS_SERIAL) || defined(KERNEL_AS_OPENMP) || defined(KERNEL_AS_TBB) ||            \
    defined(KERNEL_AS_ASYNC)

/* Tasks are functions with the parameters of the list, and no others. */
#define PLAIN(R, name, ...) static R name(LIST(PARAM, __VA_ARGS__))
#define LIST(m, ...) FL_CAT(LIST_, FL_COUNT(__VA_ARGS__))(m, __VA_ARGS__)
#define LIST_1(m, f, a) m a
#define LIST_2(m, f, a, b) m a, m b
#define LIST_3(m, f, a, b, c) m a, m b, m c
#define LIST_4(m, f, a, b, c, d) LIST_3(m, f, a, b, c), m d
#define LIST_5(m, f, a, b, c, d, e) LIST_4(m, f, a, b, c, d), m e
#define PARAM(type, name) type name
#define ARGUMENT(type, name) name
#define FIRST(name, ...) name
#define APPLY(m, ...) m(__VA_ARGS__)
#define TASK(R, ...) APPLY(MAKE_TASK, R, FIRST(__VA_ARGS__), __VA_ARGS__)
#define VOID_TASK(...) APPLY(MAKE_VOID_TASK, FIRST(__VA_ARGS__), __VA_ARGS__)
#define CALL(name, ...) name(__VA_ARGS__)

#endif

#ifdef KERNEL_AS_SERIAL

#define KERNEL_SUFFIX serial
#define MAKE_TASK(R, ...) PLAIN(R, __VA_ARGS__)
#define MAKE_VOID_TASK(...) PLAIN(void, __VA_ARGS__)
#define FORK(type, to, name, ...) type to = name(__VA_ARGS__)
#define JOIN(type, to, name) ((void)0)
#define FORK_LATER(type, to, ...) ((void)0)
#define JOIN_LATER FORK
#define FORK_ADD(sum, name, ...) ((sum) += name(__VA_ARGS__))
#define JOIN_ADD(sum, name) ((void)0)
#define FORK_VOID(name, ...) name(__VA_ARGS__)
#define JOIN_VOID(name) ((void)0)
#define RUN(place, name, ...) ((void)(place), name(__VA_ARGS__))

#elif defined(KERNEL_AS_OPENMP)

#ifndef KERNEL_SUFFIX /* of another compiler's OpenMP it is another one */
#define KERNEL_SUFFIX openmp
#endif
#define OMP(...) _Pragma(#__VA_ARGS__)
#define MAKE_TASK(R, name, ...)                                                                    \
    PLAIN(R, name, __VA_ARGS__);                                                                   \
    FILCH_UNUSED static R name##_team(int kernel_team, LIST(PARAM, __VA_ARGS__))                   \
    {                                                                                              \
        R result;                                                                                  \
        OMP(omp parallel num_threads(kernel_team))                                                 \
        OMP(omp single) result = name(LIST(ARGUMENT, __VA_ARGS__));                                \
        return result;                                                                             \
    }                                                                                              \
    PLAIN(R, name, __VA_ARGS__)
#define MAKE_VOID_TASK(name, ...)                                                                  \
    PLAIN(void, name, __VA_ARGS__);                                                                \
    FILCH_UNUSED static void name##_team(int kernel_team, LIST(PARAM, __VA_ARGS__))                \
    {                                                                                              \
        OMP(omp parallel num_threads(kernel_team))                                                 \
        OMP(omp single) name(LIST(ARGUMENT, __VA_ARGS__));                                         \
    }                                                                                              \
    PLAIN(void, name, __VA_ARGS__)
/* A wait is for all children, so all but the first join of a task find nothing to do. */
#define FORK(type, to, name, ...)                                                                  \
    type to;                                                                                       \
    OMP(omp task shared(to)) to = name(__VA_ARGS__)
#define FORK_VOID(name, ...) OMP(omp task) name(__VA_ARGS__)
#define FORK_ADD(sum, name, ...)                                                                   \
    do {                                                                                           \
        OMP(omp task shared(sum))                                                                  \
        {                                                                                          \
            const __typeof__(sum) kernel_part = name(__VA_ARGS__);                                 \
            OMP(omp atomic) sum += kernel_part;                                                    \
        }                                                                                          \
    } while (0)
#define JOIN_VOID(name)                                                                            \
    do {                                                                                           \
        OMP(omp taskwait)                                                                          \
    } while (0)
#define JOIN(type, to, name) JOIN_VOID(name)
#define JOIN_ADD(sum, name) JOIN_VOID(name)
#define FORK_LATER FORK
#define JOIN_LATER(type, to, ...) JOIN_VOID()
#define RUN(place, name, ...) name##_team(*(const int *)(place), __VA_ARGS__)

#elif defined(KERNEL_AS_TBB) || defined(KERNEL_AS_ASYNC)

#ifdef KERNEL_AS_TBB
#include "../peers/tbb_place.h"
#define KERNEL_SUFFIX tbb
#define RUN(place, name, ...)                                                                      \
    static_cast<tbb_place *>(place)->arena.execute([&] { return name(__VA_ARGS__); })
#else
#include "../peers/async_place.h"
#define KERNEL_SUFFIX async
#define RUN(place, name, ...) ((void)(place), name(__VA_ARGS__))
#endif
#define MAKE_TASK(R, name, ...)                                                                    \
    static inline R name##_body(peer_frame &kernel_frame, LIST(PARAM, __VA_ARGS__));               \
    PLAIN(R, name, __VA_ARGS__)                                                                    \
    {                                                                                              \
        peer_frame frame;                                                                          \
        return name##_body(frame, LIST(ARGUMENT, __VA_ARGS__));                                    \
    }                                                                                              \
    static inline R name##_body(FILCH_UNUSED peer_frame &kernel_frame, LIST(PARAM, __VA_ARGS__))
#define MAKE_VOID_TASK(name, ...) MAKE_TASK(void, name, __VA_ARGS__)
#define FORK(type, to, name, ...)                                                                  \
    type to{};                                                                                     \
    kernel_frame.fork([=, &to] { to = name(__VA_ARGS__); })
#define FORK_VOID(name, ...) kernel_frame.fork([=] { name(__VA_ARGS__); })
#define FORK_ADD(sum, name, ...)                                                                   \
    kernel_frame.fork([=, &sum] { __atomic_fetch_add(&sum, name(__VA_ARGS__), __ATOMIC_RELAXED); })
#define JOIN_VOID(name) kernel_frame.join()
#define JOIN(type, to, name) kernel_frame.join()
#define JOIN_ADD(sum, name) kernel_frame.join()
#define FORK_LATER FORK
#define JOIN_LATER(type, to, ...) kernel_frame.join()

#else

#define TASK FILCH_TASK
#define VOID_TASK FILCH_VOID_TASK
#define FORK(type, to, ...) FILCH_FORK(__VA_ARGS__)
#define JOIN(type, to, name) FILCH_JOIN(type to, name)
#define FORK_LATER FORK
#define JOIN_LATER(type, to, name, ...) JOIN(type, to, name)
#define FORK_ADD(sum, ...) FILCH_FORK(__VA_ARGS__)
#define JOIN_ADD(sum, name)                                                                        \
    do {                                                                                           \
        FILCH_JOIN(__typeof__(sum) kernel_part, name);                                             \
        (sum) += kernel_part;                                                                      \
    } while (0)
#define FORK_VOID FILCH_FORK
#define JOIN_VOID FILCH_JOIN_VOID
#define CALL(name, ...) name(self, __VA_ARGS__)
#define RUN(place, ...) FILCH_RUN((filch_runtime *)(place), __VA_ARGS__)

#if defined(KERNEL_AS_FILCH) && !defined(KERNEL_SUFFIX) /* compiled by clang, it is another one */
#define KERNEL_SUFFIX filch
#endif

#ifdef KERNEL_AS_HANDPOOL
#include "../peers/handpool.h"
#define KERNEL_SUFFIX handpool
#define filch_fork_moving(self, task, moves) ((void)(moves), handpool_fork(self, task))
#define fl_join_moves(slot) (slot)
#define filch_join_inline(slot, task) handpool_join(slot)
#define fl_run_or_die(place, task, slot, file, line)                                               \
    ((void)(file), (void)(line), handpool_run((handpool *)(void *)(place), task, slot))
#undef FILCH_CHECK /* it looks into fork stacks, which this column has none of */
#define FILCH_CHECK(call) ((void)0)
#endif

#endif

/* clang-format off */
#define RANGE_TASK(name, most, type, each)                                                         \
    VOID_TASK(name, (type *, with), (long, from), (long, to))                                      \
    {                                                                                              \
        if (to - from <= (most)) {                                                                 \
            each(with, from, to);                                                                  \
            return;                                                                                \
        }                                                                                          \
        const long middle = from + (to - from) / 2;                                                \
        FORK_VOID(name, with, middle, to);                                                         \
        CALL(name, with, from, middle);                                                            \
        JOIN_VOID(name);                                                                           \
    }
/* clang-format on */

#endif
