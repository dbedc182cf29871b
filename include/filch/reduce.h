/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Parallel reductions: one value of many. For engineers with an index range, a value for each index
 * and a way to combine two.
 *
 *   FILCH_REDUCE(dot, double, 0.0, FILCH_PLUS, i, (const double *, x), (const double *, y))
 *   {
 *       return x[i] * y[i];
 *   }
 *   double sum;
 *   int rc = dot(self, 0, n, &sum, x, y);           from a task
 *   int rc = FILCH_RUN(rt, dot, 0, n, &sum, x, y);  from elsewhere
 *
 * combine(a, b), a function or a macro of two values, must be associative; it need not be
 * commutative: values are combined in the order of the range. identity must change nothing that it
 * is combined with; it is the value of an empty range, and may be used any number of times. A
 * result may be of any type that is copied by its bytes and aligned to 16 bytes at most. An
 * identity of several fields is a macro, or a compound literal in parentheses: ((stats){0, 1}), in
 * C++ (stats{0, 1}).
 *
 * Floating-point sums are only nearly associative: FILCH_REDUCE gives a result that differs in its
 * last bits from run to run. FILCH_REDUCE_DETERMINISTIC, used in the same way, gives the same bits
 * for the same range and values, on any number of workers, from anywhere: it evaluates
 *
 *   tree(i, i + 1) = value(i)
 *   tree(i, j)     = combine(tree(i, i + h), tree(i + h, j)), h the largest power of two < j - i
 *
 * whoever computes which part. So the tree depends on nothing but the number of values, and a sum's
 * error grows with its depth only (pairwise summation: Higham, Accuracy and Stability of Numerical
 * Algorithms, 4.1). As it goes down to single indices, few long iterations are shared as well as
 * many short ones; and eight values that follow each other are combined by straight code.
 *
 * That is what the free form does with them, too: a sum in the order of the range would be one
 * chain of additions, each waiting for the one before. So bodies are inlined nine times: what is
 * long, put into a function that the body calls. Results of more than 32 bytes are combined one by
 * one.
 *
 * Errors: 0; the first code that a body stopped with (FILCH_STOP_WITH); -EINVAL a range that ends
 * before it begins, something that is NULL or 0; -ENOMEM no memory for one result, if it has more
 * than 64 bytes, or, in the deterministic form, for one a level of the tree, if they have more than
 * 512 (where there is none for more, the rest is not shared); from elsewhere also what filch_run
 * returns. On an error *out is not touched.
 * Suspends: yes; the caller goes on perhaps on another worker. */
#ifndef FILCH_REDUCE_H
#define FILCH_REDUCE_H

#include <filch/par_args.h>
#include <stdbool.h>

/* A reduction for the plain functions: results that they know only as so many bytes, aligned
 * as their size divides, to 16 at most. They may own memory; they are moved by copying their bytes. All functions
 * get the caller's context, and are called on many threads at once. */
typedef struct filch_reduction {
    size_t size;
    /* Makes the result of an empty range. false: no memory. */
    bool (*make)(void *context, void *sum);
    /* Combines sum with the values of [begin, end), in their order. Not 0: all stops with that
     * code; sum must still be one that can be dropped. */
    int (*chunk)(filch_self self, size_t begin, size_t end, void *context, void *sum);
    /* Makes left the combination of both; right is spent: what it owned is left's or is freed. */
    void (*join)(void *context, void *left, void *right);
    /* Frees what a sum owns that nobody wants any more, after a stop; NULL: nothing. */
    void (*drop)(void *context, void *sum);
} filch_reduction;

FILCH_BEGIN_DECLS

/* Reduces [begin, end) and moves the result to out. hint: so many iterations, at least, are worth a
 * task (see filch_for); 0: the loop finds out. how is used until the call returns. */
FILCH_API int filch_reduce(filch_self self, size_t begin, size_t end, size_t hint,
                           const filch_reduction *how, void *out, void *context);
FILCH_API int filch_run_reduce(filch_runtime *rt, size_t begin, size_t end, size_t hint,
                               const filch_reduction *how, void *out, void *context);

/* The same by a tree that is always the same: the one above, but its leaves are blocks of `block`
 * indices, counted from begin; only the last may be shorter. how->chunk is given one block at a
 * time, with a sum just made. If most > block, it may also be given a whole subtree of up to `most`
 * indices: then it must itself combine in the order of the tree. A block is the least that can be
 * shared, and costs some tens of nanoseconds: take 1 for long iterations, 1,000 for short ones. */
FILCH_API int filch_reduce_deterministic(filch_self self, size_t begin, size_t end, size_t block,
                                         size_t most, const filch_reduction *how, void *out,
                                         void *context);
FILCH_API int filch_run_reduce_deterministic(filch_runtime *rt, size_t begin, size_t end,
                                             size_t block, size_t most, const filch_reduction *how,
                                             void *out, void *context);

FILCH_END_DECLS

/* FILCH_REDUCE(name, R, identity, combine, i, pairs...) body
 * FILCH_REDUCE_DETERMINISTIC(name, R, identity, combine, i, pairs...) body
 *     name(self, begin, end, &result, ...) */
#define FILCH_REDUCE(name, R, identity, combine, ...)                                              \
    FL_REDUCE(FL_REDUCE_FREE, name, R, identity, combine, FL_NAME(__VA_ARGS__, ~), __VA_ARGS__)
#define FILCH_REDUCE_DETERMINISTIC(name, R, identity, combine, ...)                                \
    FL_REDUCE(FL_REDUCE_TREE, name, R, identity, combine, FL_NAME(__VA_ARGS__, ~), __VA_ARGS__)

/* Results of this size stay in registers while eight of them are combined. */
#define FL_REDUCE_SMALL(R) (sizeof(R) <= 32)
/* clang vectorizes the plain loop over integers; gcc -O2 does not. */
#ifdef __clang__
#define FL_REDUCE_EIGHTS(R) (FL_REDUCE_SMALL(R) && __builtin_classify_type(*(R *)0) != 1)
#else
#define FL_REDUCE_EIGHTS(R) FL_REDUCE_SMALL(R)
#endif
/* The deepest subtree that a chunk combines itself. */
#define FL_REDUCE_LEVELS(R) (FL_REDUCE_SMALL(R) ? 14 : 0)

/* clang-format off */
#define FL_REDUCE(FORM, name, R, identity, combine, i, ...)                                        \
    FILCH_STATIC_ASSERT(__alignof__(R) <= 16, "results of " #name " are aligned too strictly");    \
    FILCH_STATIC_ASSERT(FL_PLAIN(R), "results of " #name " cannot be copied by their bytes");      \
    FL_CONTEXT(name, __VA_ARGS__)                                                                  \
    FILCH_INLINE R name##_body(FL_BODY_PARAMS, size_t i FL_MAP(FL_PARAM, __VA_ARGS__));            \
    FL_REDUCE_EIGHT(name, R, combine, __VA_ARGS__)                                                 \
    static bool name##_make(FILCH_UNUSED void *fl_context, void *fl_sum)                           \
    {                                                                                              \
        R fl_none = identity;                                                                      \
        *(R *)fl_sum = fl_none;                                                                    \
        return true;                                                                               \
    }                                                                                              \
    static void name##_join(FILCH_UNUSED void *fl_context, void *fl_left, void *fl_right)          \
    {                                                                                              \
        R fl_a = *(R *)fl_left;                                                                    \
        R fl_b = *(R *)fl_right;                                                                   \
        *(R *)fl_left = combine(fl_a, fl_b);                                                       \
    }                                                                                              \
    FORM(name, R, combine, __VA_ARGS__)                                                            \
    FILCH_INLINE R name##_body(FL_BODY_PARAMS, size_t i FL_MAP(FL_PARAM, __VA_ARGS__))

#define FL_REDUCE_EIGHT(name, R, combine, ...)                                                     \
    FILCH_INLINE R name##_eight(filch_self self, int *fl_stop, size_t fl_i                         \
                                FL_MAP(FL_PARAM, __VA_ARGS__))                                     \
    {                                                                                              \
        FL_REDUCE_PAIR(name, R, combine, 0, 1, __VA_ARGS__)                                        \
        FL_REDUCE_PAIR(name, R, combine, 2, 3, __VA_ARGS__)                                        \
        FL_REDUCE_PAIR(name, R, combine, 4, 5, __VA_ARGS__)                                        \
        FL_REDUCE_PAIR(name, R, combine, 6, 7, __VA_ARGS__)                                        \
        R fl_low = combine(fl_pair0, fl_pair2);                                                    \
        R fl_high = combine(fl_pair4, fl_pair6);                                                   \
        return combine(fl_low, fl_high);                                                           \
    }
#define FL_REDUCE_PAIR(name, R, combine, k, l, ...)                                                \
    FL_REDUCE_VALUE(name, R, k, __VA_ARGS__)                                                       \
    FL_REDUCE_VALUE(name, R, l, __VA_ARGS__)                                                       \
    R fl_pair##k = combine(fl_value##k, fl_value##l);
#define FL_REDUCE_VALUE(name, R, k, ...)                                                           \
    R fl_value##k = name##_body(self, fl_stop, fl_i + k FL_MAP(FL_ARG, __VA_ARGS__));              \
    if (*fl_stop)                                                                                  \
        return fl_value##k;

/* The next eight values, or one, in fl_value, and how many they are in fl_width. */
#define FL_REDUCE_NEXT(name, R, eights, ...)                                                       \
    const size_t fl_width = (eights) && fl_end - fl_i >= 8 ? 8 : 1;                                \
    R fl_value = fl_width == 8                                                                     \
                     ? name##_eight(self, &fl_stop, fl_i FL_MAP(FL_LOAD, __VA_ARGS__))             \
                     : name##_body(self, &fl_stop, fl_i FL_MAP(FL_LOAD, __VA_ARGS__));             \
    if (fl_stop)                                                                                   \
        return fl_stop;                                                                            \
    fl_i += fl_width;
#define FL_REDUCE_CHUNK(name)                                                                      \
    static int name##_chunk(FILCH_UNUSED filch_self self, size_t fl_i, size_t fl_end,              \
                            FILCH_UNUSED void *fl_context, void *fl_sum)
#define FL_REDUCE_ENTRIES(name, R, algorithm, ...)                                                 \
    static const filch_reduction name##_reduction = {sizeof(R), name##_make, name##_chunk,         \
                                                     name##_join, NULL};                           \
    FL_ENTRIES(name, algorithm, (size_t fl_begin, size_t fl_end, R *fl_out), __VA_ARGS__)

#define FL_REDUCE_FREE(name, R, combine, ...)                                                      \
    FL_REDUCE_CHUNK(name)                                                                          \
    {                                                                                              \
        FL_CONTEXT_UNPACK(name, __VA_ARGS__)                                                       \
        R fl_total = *(R *)fl_sum;                                                                 \
        int fl_stop = 0;                                                                           \
        while (fl_i < fl_end) {                                                                    \
            FL_REDUCE_NEXT(name, R, FL_REDUCE_EIGHTS(R), __VA_ARGS__)                              \
            fl_total = combine(fl_total, fl_value);                                                \
        }                                                                                          \
        *(R *)fl_sum = fl_total;                                                                   \
        return 0;                                                                                  \
    }                                                                                              \
    FL_REDUCE_ENTRIES(name, R, reduce, (fl_begin, fl_end, 0, &name##_reduction, fl_out),           \
                      __VA_ARGS__)

/* The tree of a chunk: fl_left holds the left halves that wait for their right ones, the largest
 * first; that many values are a subtree as fl_done has bits. */
#define FL_REDUCE_TREE(name, R, combine, ...)                                                      \
    FL_REDUCE_CHUNK(name)                                                                          \
    {                                                                                              \
        FL_CONTEXT_UNPACK(name, __VA_ARGS__)                                                       \
        R fl_left[FL_REDUCE_LEVELS(R) + 1];                                                        \
        R *fl_top = fl_left;                                                                       \
        int fl_stop = 0;                                                                           \
        for (size_t fl_done = 0; fl_i < fl_end;) {                                                 \
            FL_REDUCE_NEXT(name, R, FL_REDUCE_SMALL(R), __VA_ARGS__)                               \
            for (size_t fl_size = fl_width; fl_done & fl_size; fl_size *= 2) {                     \
                fl_top--;                                                                          \
                fl_value = combine(*fl_top, fl_value);                                             \
            }                                                                                      \
            *fl_top++ = fl_value;                                                                  \
            fl_done += fl_width;                                                                   \
        }                                                                                          \
        R fl_total = *--fl_top;                                                                    \
        while (fl_top > fl_left) {                                                                 \
            fl_top--;                                                                              \
            fl_total = combine(*fl_top, fl_total);                                                 \
        }                                                                                          \
        *(R *)fl_sum = fl_total;                                                                   \
        return 0;                                                                                  \
    }                                                                                              \
    FL_REDUCE_ENTRIES(name, R, reduce_deterministic,                                               \
                      (fl_begin, fl_end, 1, (size_t)1 << FL_REDUCE_LEVELS(R), &name##_reduction,   \
                       fl_out), __VA_ARGS__)
/* clang-format on */

#endif
