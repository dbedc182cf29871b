/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The macros behind <filch/reduce.h>: bodies, chunks and trees of the three kinds of reduction. */
#ifndef FILCH_DETAIL_REDUCE_MACROS_H
#define FILCH_DETAIL_REDUCE_MACROS_H
#include <filch/detail/hide_words.h>

#include <filch/detail/par_args.h>

/* Results of this size stay in registers while eight of them are combined. */
#define FL_REDUCE_SMALL(R) (sizeof(R) <= 32)
/* Is R a number, and combine a commutative one of <filch/detail/par_args.h>? */
#define FL_REDUCE_NUMBER(R)                                                                        \
    (__builtin_classify_type(*(R *)0) == 1 || __builtin_classify_type(*(R *)0) == 8)
#define FL_REDUCE_IS(combine, other) (__builtin_strcmp(#combine, other) == 0)
#define FL_REDUCE_COMMUTES(R, combine)                                                             \
    (FL_REDUCE_NUMBER(R) &&                                                                        \
     (FL_REDUCE_IS(combine, "FILCH_PLUS") || FL_REDUCE_IS(combine, "FILCH_TIMES") ||               \
      FL_REDUCE_IS(combine, "FILCH_MIN") || FL_REDUCE_IS(combine, "FILCH_MAX")))
/* clang finds wider vectors in the plain loop: over integers, and over all numbers if it may
 * reorder their additions and has AVX. Measured: docs/internals/decisions.md. */
#if defined(__clang__) && defined(__FAST_MATH__) && defined(__AVX__)
#define FL_REDUCE_PLAIN(R) FL_REDUCE_NUMBER(R)
#elif defined(__clang__)
#define FL_REDUCE_PLAIN(R) (__builtin_classify_type(*(R *)0) == 1)
#else
#define FL_REDUCE_PLAIN(R) 0
#endif
/* The deepest subtree that a chunk combines itself. */
#define FL_REDUCE_LEVELS(R) (FL_REDUCE_SMALL(R) ? 14 : 0)

/* clang-format off */
#define FL_REDUCE(name, own, of, ...) FL_REDUCE_(name, own, FL_OPEN of, __VA_ARGS__)
#define FL_REDUCE_(...) FL_REDUCED(__VA_ARGS__)
#define FL_REDUCED(name, own, FORM, R, identity, combine, i, ...)                                  \
    FILCH_STATIC_ASSERT(__alignof__(R) <= 16, "results of " #name " are aligned too strictly");    \
    FILCH_STATIC_ASSERT(FL_PLAIN(R), "results of " #name " cannot be copied bytewise");      \
    FL_CONTEXT(own, __VA_ARGS__)                                                                   \
    FILCH_INLINE R own##body(FL_BODY_PARAMS, size_t i FL_MAP(FL_PARAM, __VA_ARGS__));              \
    FL_REDUCE_EIGHT(own, R, combine, __VA_ARGS__)                                                  \
    static bool own##make(FILCH_UNUSED void *fl_context, void *fl_sum)                             \
    {                                                                                              \
        R fl_none = identity;                                                                      \
        *(R *)fl_sum = fl_none;                                                                    \
        return true;                                                                               \
    }                                                                                              \
    static void own##join(FILCH_UNUSED void *fl_context, void *fl_left, void *fl_right)            \
    {                                                                                              \
        R fl_a = *(R *)fl_left;                                                                    \
        R fl_b = *(R *)fl_right;                                                                   \
        *(R *)fl_left = combine(fl_a, fl_b);                                                       \
    }                                                                                              \
    FORM(name, own, R, combine, __VA_ARGS__)                                                       \
    FILCH_INLINE R own##body(FL_BODY_PARAMS, size_t i FL_MAP(FL_PARAM, __VA_ARGS__))

#define FL_REDUCE_EIGHT(own, R, combine, ...)                                                      \
    FILCH_INLINE R own##eight(filch_self self, int *fl_stop, size_t fl_i                           \
                                FL_MAP(FL_PARAM, __VA_ARGS__))                                     \
    {                                                                                              \
        FL_REDUCE_PAIR(own, R, combine, 0, 1, __VA_ARGS__)                                         \
        FL_REDUCE_PAIR(own, R, combine, 2, 3, __VA_ARGS__)                                         \
        FL_REDUCE_PAIR(own, R, combine, 4, 5, __VA_ARGS__)                                         \
        FL_REDUCE_PAIR(own, R, combine, 6, 7, __VA_ARGS__)                                         \
        R fl_low = combine(fl_pair0, fl_pair2);                                                    \
        R fl_high = combine(fl_pair4, fl_pair6);                                                   \
        return combine(fl_low, fl_high);                                                           \
    }
#define FL_REDUCE_PAIR(own, R, combine, k, l, ...)                                                 \
    FL_REDUCE_VALUE(own, R, k, __VA_ARGS__)                                                        \
    FL_REDUCE_VALUE(own, R, l, __VA_ARGS__)                                                        \
    R fl_pair##k = combine(fl_value##k, fl_value##l);
#define FL_REDUCE_VALUE(own, R, k, ...)                                                            \
    R fl_value##k = own##body(self, fl_stop, fl_i + k FL_MAP(FL_ARG, __VA_ARGS__));                \
    if (*fl_stop)                                                                                  \
        return fl_value##k;

/* Puts the next eight values, or one, into fl_value, and their number into fl_width. */
#define FL_REDUCE_NEXT(own, R, eights, ...)                                                        \
    const size_t fl_width = (eights) && fl_end - fl_i >= 8 ? 8 : 1;                                \
    R fl_value = fl_width == 8                                                                     \
                     ? own##eight(self, &fl_stop, fl_i FL_MAP(FL_LOAD, __VA_ARGS__))               \
                     : own##body(self, &fl_stop, fl_i FL_MAP(FL_LOAD, __VA_ARGS__));               \
    if (fl_stop)                                                                                   \
        return fl_stop;                                                                            \
    fl_i += fl_width;
/* The lanes of a commutative reduction: sixteen variables, fl_lane0 to fl_lane15. An array would
 * stay in memory, because gcc -O2 unrolls no loop over it. */
#define FL_LANES(m, ...)                                                                           \
    m(0, __VA_ARGS__) m(1, __VA_ARGS__) m(2, __VA_ARGS__) m(3, __VA_ARGS__) m(4, __VA_ARGS__)      \
    m(5, __VA_ARGS__) m(6, __VA_ARGS__) m(7, __VA_ARGS__) m(8, __VA_ARGS__) m(9, __VA_ARGS__)      \
    m(10, __VA_ARGS__) m(11, __VA_ARGS__) m(12, __VA_ARGS__) m(13, __VA_ARGS__)                    \
    m(14, __VA_ARGS__) m(15, __VA_ARGS__)
#define FL_LANE_OPEN(k, R) R fl_lane##k = fl_none;
#define FL_LANE_NEXT(k, R, own, combine, ...)                                                      \
    R fl_value##k = own##body(self, &fl_stop, fl_i + k FL_MAP(FL_LOAD, __VA_ARGS__));              \
    if (fl_stop)                                                                                   \
        return fl_stop;                                                                            \
    fl_lane##k = combine(fl_lane##k, fl_value##k);
#define FL_LANE_FOLD(k, l, combine) fl_lane##k = combine(fl_lane##k, fl_lane##l);
/* All into fl_lane0, halves of a vector at a time. */
#define FL_LANES_FOLD(combine)                                                                     \
    FL_LANE_FOLD(0, 8, combine) FL_LANE_FOLD(1, 9, combine) FL_LANE_FOLD(2, 10, combine)           \
    FL_LANE_FOLD(3, 11, combine) FL_LANE_FOLD(4, 12, combine) FL_LANE_FOLD(5, 13, combine)         \
    FL_LANE_FOLD(6, 14, combine) FL_LANE_FOLD(7, 15, combine) FL_LANE_FOLD(0, 4, combine)          \
    FL_LANE_FOLD(1, 5, combine) FL_LANE_FOLD(2, 6, combine) FL_LANE_FOLD(3, 7, combine)            \
    FL_LANE_FOLD(0, 2, combine) FL_LANE_FOLD(1, 3, combine) FL_LANE_FOLD(0, 1, combine)
#define FL_REDUCE_CHUNK(own)                                                                       \
    static int own##chunk(FILCH_UNUSED filch_self self, size_t fl_i, size_t fl_end,                \
                            FILCH_UNUSED void *fl_context, void *fl_sum)
#define FL_REDUCE_ENTRIES(name, own, R, plain, run, ...)                                           \
    static const filch_reduction own##reduction = {sizeof(R), own##make, own##chunk,               \
                                                     own##join, NULL};                             \
    FL_ENTRIES(name, own, plain, run, (size_t fl_begin, size_t fl_end, R *fl_out), __VA_ARGS__)

#define FL_REDUCE_FREE(name, own, R, combine, ...)                                                 \
    FL_REDUCE_RANGE(name, own, R, combine, FL_REDUCE_COMMUTES(R, combine), __VA_ARGS__)
#define FL_REDUCE_ANY_ORDER(name, own, R, combine, ...)                                            \
    FL_REDUCE_RANGE(name, own, R, combine, 1, __VA_ARGS__)

#define FL_REDUCE_RANGE(name, own, R, combine, commutes, ...)                                      \
    FL_REDUCE_CHUNK(own)                                                                           \
    {                                                                                              \
        FL_CONTEXT_UNPACK(own, __VA_ARGS__)                                                        \
        R fl_total = *(R *)fl_sum;                                                                 \
        int fl_stop = 0;                                                                           \
        const bool fl_small = FL_REDUCE_SMALL(R) && !FL_REDUCE_PLAIN(R);                           \
        if (fl_small && (commutes) && fl_end - fl_i >= 16) {                                       \
            R fl_none = fl_total;                                                                  \
            own##make(fl_context, &fl_none);                                                       \
            FL_LANES(FL_LANE_OPEN, R)                                                              \
            for (; fl_end - fl_i >= 16; fl_i += 16) {                                              \
                FL_LANES(FL_LANE_NEXT, R, own, combine, __VA_ARGS__)                               \
            }                                                                                      \
            FL_LANES_FOLD(combine)                                                                 \
            fl_total = combine(fl_total, fl_lane0);                                                \
        }                                                                                          \
        while (fl_i < fl_end) {                                                                    \
            FL_REDUCE_NEXT(own, R, fl_small && !(commutes), __VA_ARGS__)                           \
            fl_total = combine(fl_total, fl_value);                                                \
        }                                                                                          \
        *(R *)fl_sum = fl_total;                                                                   \
        return 0;                                                                                  \
    }                                                                                              \
    FL_REDUCE_ENTRIES(name, own, R, filch_reduce, filch_run_reduce,                                \
                      (fl_begin, fl_end, 0, &own##reduction, fl_out), __VA_ARGS__)

/* The tree of a chunk: fl_left holds the left halves that wait for their right ones, the largest
 * first; that many values are a subtree as fl_done has bits. */
#define FL_REDUCE_TREE(name, own, R, combine, ...)                                                 \
    FL_REDUCE_CHUNK(own)                                                                           \
    {                                                                                              \
        FL_CONTEXT_UNPACK(own, __VA_ARGS__)                                                        \
        R fl_left[FL_REDUCE_LEVELS(R) + 1];                                                        \
        R *fl_top = fl_left;                                                                       \
        int fl_stop = 0;                                                                           \
        for (size_t fl_done = 0; fl_i < fl_end;) {                                                 \
            FL_REDUCE_NEXT(own, R, FL_REDUCE_SMALL(R), __VA_ARGS__)                                \
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
    FL_REDUCE_ENTRIES(name, own, R, filch_reduce_deterministic, fl_run_reduce_deterministic,    \
                      (fl_begin, fl_end, 1, (size_t)1 << FL_REDUCE_LEVELS(R), &own##reduction,     \
                       fl_out), __VA_ARGS__)
/* clang-format on */

#include <filch/detail/show_words.h>
#endif
