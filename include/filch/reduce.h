/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Parallel reductions: many values are combined into one. For engineers with an index range, a
 * value for each index and a way to combine two.
 *
 *   FILCH_REDUCE(dot, double, 0.0, FILCH_PLUS, i, (const double *, x), (const double *, y))
 *   {
 *       return x[i] * y[i];
 *   }
 *   double sum;
 *   int rc = dot(self, 0, n, &sum, x, y);           from a task
 *   int rc = FILCH_RUN(rt, dot, 0, n, &sum, x, y);  outside a task
 *
 * combine(a, b), a function or a macro of two values, must be associative; it need not be
 * commutative: values are combined in the order of the range. identity must change nothing that it
 * is combined with; it is the value of an empty range, and may be used any number of times. A
 * result may be of any type that can be copied bytewise and needs an alignment of at most 16 bytes.
 * An identity of several fields is a macro, or a compound literal in parentheses: ((stats){0, 1}),
 * in C++ (stats{0, 1}).
 *
 * Floating-point sums are only nearly associative: FILCH_REDUCE gives a result that differs in its
 * last bits from run to run. FILCH_REDUCE_DETERMINISTIC, used in the same way, gives the same bits
 * for the same range and values, on any number of workers, from anywhere. It evaluates
 *
 *   tree(i, i + 1) = value(i)
 *   tree(i, j)     = combine(tree(i, i + h), tree(i + h, j)), h the largest power of two < j - i
 *
 * regardless of how the parts are shared. So the tree depends on nothing but the number of values,
 * and a sum's error grows with its depth only (pairwise summation: Higham, Accuracy and Stability
 * of Numerical Algorithms, 4.1). The tree goes down to single indices, so few long iterations are
 * shared as well as many short ones. Eight consecutive values are combined by straight-line code.
 *
 * FILCH_REDUCE does this too: a sum in the order of the range would be one chain of additions,
 * each waiting for the one before. Bodies are therefore inlined nine times: put long code into a
 * function that the body calls. Results of more than 32 bytes are combined one by one.
 *
 * If combine(a, b) equals combine(b, a), the order of the range need not be kept: use
 * FILCH_REDUCE_COMMUTATIVE in the same way. It sums a chunk in 16 lanes, lane k the values k, k +
 * 16, k + 32 and so on, which the compiler keeps in vector registers. Bodies are inlined seventeen
 * times there. FILCH_REDUCE does this by itself for FILCH_PLUS, FILCH_TIMES, FILCH_MIN and
 * FILCH_MAX of integers and floating-point numbers. A minimum of 0.0 and -0.0 may be either; with
 * a NaN among the values, it may be any.
 *
 * Errors: 0; the first code that a body stopped with (FILCH_STOP_WITH); -EINVAL (a range that ends
 * before it begins, a NULL or zero argument). -ENOMEM: no memory for one result of more than 64
 * bytes, or, in the deterministic form, for one result of more than 512 bytes per level of the
 * tree. If there is no memory for further results, the rest is not shared. From elsewhere also the
 * errors of filch_run. On an error, and when a body panics, *out is unchanged.
 * Suspends: yes; the caller may continue on another worker.
 * Threads: tasks; any other thread calls filch_run_reduce, or a reduction through FILCH_RUN.
 * Since 0.1.0. */
#ifndef FILCH_REDUCE_H
#define FILCH_REDUCE_H
#include <filch/detail/hide_words.h>

#include <filch/detail/par_args.h>
#include <filch/detail/reduce_macros.h>
#include <stdbool.h>

/* A reduction for the plain functions. Results are opaque bytes, aligned to the largest power of
 * two, up to 16, that divides their size. They may own memory; they are moved by copying their
 * bytes. All functions get the caller's context and are called on many threads at once. */
typedef struct filch_reduction {
    size_t size; /* bytes of a result */
    /* Makes the result of an empty range. Returns false if there is no memory. */
    bool (*make)(void *context, void *sum);
    /* Combines sum with the values of [begin, end), in order. A nonzero return stops the
     * reduction with that code; sum must still be droppable. */
    int (*chunk)(filch_self self, size_t begin, size_t end, void *context, void *sum);
    /* Stores the combination of both in left. right is spent: left takes over or frees what it
     * owned. */
    void (*join)(void *context, void *left, void *right);
    /* Frees memory that a sum owns, if a stop left it unused; NULL: nothing to free. */
    void (*drop)(void *context, void *sum);
} filch_reduction;

FILCH_BEGIN_DECLS

/* Reduces [begin, end) with the functions of `how` and context, and moves the result to out. hint:
 * the smallest number of iterations worth a task (see filch_for); 0: measured. how is used until
 * the call returns. */
FILCH_API int filch_reduce(filch_self self, size_t begin, size_t end, size_t hint,
                           const filch_reduction *how, void *out, void *context);
/* The same on rt, for threads that are not its workers. The caller waits for the result, and may
 * compute parts of it. Errors: -EDEADLK on a worker of rt (call filch_reduce with the task's self);
 * others are those of filch_run. */
FILCH_API int filch_run_reduce(filch_runtime *rt, size_t begin, size_t end, size_t hint,
                               const filch_reduction *how, void *out, void *context);

/* The same by a fixed tree: the one above, with blocks of `block` indices as leaves, counted
 * from begin; only the last may be shorter. how->chunk is called for one block at a time, with a
 * newly made sum. If most > block, it may also get a whole subtree of up to `most` indices, and
 * must then combine in the order of the tree. A block is the smallest unit that can be shared
 * and costs tens of nanoseconds: use 1 for long iterations, 1,000 for short ones. */
FILCH_API int filch_reduce_deterministic(filch_self self, size_t begin, size_t end, size_t block,
                                         size_t most, const filch_reduction *how, void *out,
                                         void *context);
/* The same for a caller outside rt. */
FILCH_API int fl_run_reduce_deterministic(filch_runtime *rt, size_t begin, size_t end, size_t block,
                                          size_t most, const filch_reduction *how, void *out,
                                          void *context);

FILCH_END_DECLS

/* Defines a reduction: FILCH_REDUCE(name, R, identity, combine, i, pairs...) body. The body returns
 * the value of index i, an R; identity and combine as above; pairs are up to five (type, name) of
 * further arguments. Then
 *
 *   int name(filch_self self, size_t begin, size_t end, R *result, ...)
 *
 * stores the combined value of [begin, end) in *result. */
#define FILCH_REDUCE(name, R, identity, combine, ...)                                              \
    FL_CHECKED(FL_REDUCE, name, name##_, (FL_REDUCE_FREE, R, identity, combine), __VA_ARGS__, ~)
/* The same for a combine that may also change the order of the values. */
#define FILCH_REDUCE_COMMUTATIVE(name, R, identity, combine, ...)                                  \
    FL_CHECKED(FL_REDUCE, name, name##_, (FL_REDUCE_ANY_ORDER, R, identity, combine), __VA_ARGS__, \
               ~)
/* The same, with the same bits on every run. */
#define FILCH_REDUCE_DETERMINISTIC(name, R, identity, combine, ...)                                \
    FL_CHECKED(FL_REDUCE, name, name##_, (FL_REDUCE_TREE, R, identity, combine), __VA_ARGS__, ~)

#include <filch/detail/show_words.h>
#endif
