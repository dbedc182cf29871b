/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Parallel search with early exit, for engineers: the first index for which something holds,
 * whether it holds for any, whether for all.
 *
 *   FILCH_FIND(first_negative, i, (const double *, x)) { return x[i] < 0; }
 *   size_t where;
 *   if (first_negative(self, 0, n, &where, x) == 0) ...             0: *where is the smallest index
 *   FILCH_ALL(sorted, i, (const int *, v)) { return i == 0 || v[i - 1] <= v[i]; }
 *   if (sorted(self, 0, n, v) == 1) ...                             1 yes, 0 no, negative: an error
 *
 * From elsewhere: FILCH_RUN(rt, first_negative, ...). The body says whether the condition holds
 * for index i. Indices are examined in any order, including some behind the first hit; once they
 * cannot matter, no more of them are started.
 *
 * Errors: -ENOENT (no match; find only); the code that a body stopped with (FILCH_STOP_WITH: a
 * negative one); -EINVAL (a range that ends before it begins, no body or no place for the result).
 * From elsewhere also the errors of filch_run. On an error, and when a body panics, *where is not
 * touched.
 * Suspends: yes.
 * Threads: functions with `self`: tasks; those with `rt`: callers outside rt.
 * Since 0.1.0. */
#ifndef FILCH_FIND_H
#define FILCH_FIND_H
#include <filch/detail/hide_words.h>

#include <filch/detail/par_args.h>
#include <stdbool.h>

/* Looks for the first match in [begin, end). Stores its index in *where, or leaves *where alone.
 * A nonzero return stops the search with that code. */
typedef int filch_find_fn(filch_self self, size_t begin, size_t end, size_t *where, void *context);

FILCH_BEGIN_DECLS

/* Stores the smallest index of [begin, end) that fn finds in *where, and returns 0. */
FILCH_API int filch_find(filch_self self, size_t begin, size_t end, size_t *where,
                         filch_find_fn *fn, void *context);
/* The same from outside rt; waits for the result. Errors also: those of filch_run. */
FILCH_API int filch_run_find(filch_runtime *rt, size_t begin, size_t end, size_t *where,
                             filch_find_fn *fn, void *context);

/* Returns 1 if fn finds something, 0 if not. */
FILCH_API int filch_any(filch_self self, size_t begin, size_t end, filch_find_fn *fn,
                        void *context);
/* The same from outside rt; waits for the result. Errors also: those of filch_run. */
FILCH_API int filch_run_any(filch_runtime *rt, size_t begin, size_t end, filch_find_fn *fn,
                            void *context);

/* Returns 1 if fn, which looks for a counterexample, finds none, and 0 if it does. */
FILCH_API int filch_all(filch_self self, size_t begin, size_t end, filch_find_fn *fn,
                        void *context);
/* The same from outside rt; waits for the result. Errors also: those of filch_run. */
FILCH_API int filch_run_all(filch_runtime *rt, size_t begin, size_t end, filch_find_fn *fn,
                            void *context);

FILCH_END_DECLS

/* FILCH_FIND(name, i, pairs...) body: name(self, begin, end, &where, ...)
 * FILCH_ANY and FILCH_ALL(name, i, pairs...) body: name(self, begin, end, ...) */
#define FILCH_FIND(name, ...) FL_CHECKED(FL_FIND_FIRST, name, name##_, ~, __VA_ARGS__, ~)
#define FILCH_ANY(name, ...) FL_CHECKED(FL_ANY, name, name##_, ~, __VA_ARGS__, ~)
#define FILCH_ALL(name, ...) FL_CHECKED(FL_ALL, name, name##_, ~, __VA_ARGS__, ~)

/* clang-format off */
#define FL_FIND_FIRST(name, own, x, ...)                                                           \
    FL_FIND(name, own, filch_find, filch_run_find, true,                                           \
            (size_t fl_begin, size_t fl_end, size_t *fl_where),                                    \
            (fl_begin, fl_end, fl_where, own##chunk), __VA_ARGS__)
#define FL_ANY(name, own, x, ...)                                                                  \
    FL_FIND(name, own, filch_any, filch_run_any, true, (size_t fl_begin, size_t fl_end),           \
            (fl_begin, fl_end, own##chunk), __VA_ARGS__)
#define FL_ALL(name, own, x, ...)                                                                  \
    FL_FIND(name, own, filch_all, filch_run_all, false, (size_t fl_begin, size_t fl_end),          \
            (fl_begin, fl_end, own##chunk), __VA_ARGS__)
#define FL_FIND(name, own, plain, run, wanted, fixed, given, i, ...)                               \
    FL_CONTEXT(own, __VA_ARGS__)                                                                   \
    FILCH_INLINE bool own##body(FL_BODY_PARAMS, size_t i FL_MAP(FL_PARAM, __VA_ARGS__));           \
    static int own##chunk(FILCH_UNUSED filch_self self, size_t fl_i, size_t fl_end,                \
                            size_t *fl_where, FILCH_UNUSED void *fl_context)                       \
    {                                                                                              \
        FL_CONTEXT_UNPACK(own, __VA_ARGS__)                                                        \
        int fl_stop = 0;                                                                           \
        for (; fl_i < fl_end; fl_i++) {                                                            \
            bool fl_holds = own##body(self, &fl_stop, fl_i FL_MAP(FL_LOAD, __VA_ARGS__));          \
            if (fl_stop)                                                                           \
                return fl_stop;                                                                    \
            if (fl_holds == wanted) {                                                              \
                *fl_where = fl_i;                                                                  \
                return 0;                                                                          \
            }                                                                                      \
        }                                                                                          \
        return 0;                                                                                  \
    }                                                                                              \
    FL_ENTRIES(name, own, plain, run, fixed, given, __VA_ARGS__)                                   \
    FILCH_INLINE bool own##body(FL_BODY_PARAMS, size_t i FL_MAP(FL_PARAM, __VA_ARGS__))
/* clang-format on */

#include <filch/detail/show_words.h>
#endif
