/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Parallel prefix sums, of any associative operation. For engineers: running totals, offsets of
 * parts of different sizes, states of an automaton, linear recurrences.
 *
 *   FILCH_SCAN(totals, long, 0, FILCH_PLUS)
 *   FILCH_SCAN_EXCLUSIVE(offsets, size_t, 0, FILCH_PLUS)
 *   int rc = totals(self, in, n, out);              out[i] = in[0] + ... + in[i]
 *   int rc = offsets(self, in, n, out);             out[i] = in[0] + ... + in[i - 1], out[0] = 0
 *   int rc = FILCH_RUN(rt, totals, in, n, out);     outside a task
 *
 * combine(a, b), a function or a macro of two values, must be associative; it need not be
 * commutative. Further arguments are (type, name) pairs, as for a task: with (uint32_t, modulus) it
 * is combine(a, b, modulus), and the call is totals(self, in, n, out, modulus). identity must
 * change nothing that it is combined with; an identity of several fields is a macro, or
 * ((pair){0, 1}), in C++ (pair{0, 1}). Items may be of any type that can be copied bytewise and
 * needs an alignment of at most 64 bytes. combine is called on many threads at once, about twice
 * per item if other workers help; it must not fork, join or suspend.
 * out may be in; otherwise they must not overlap. A scan without helpers is the plain loop.
 * Otherwise items are combined in groups that depend on the helpers and their timing.
 * Floating-point operations are only nearly associative, so their results differ in the last bits
 * from run to run.
 *
 * Errors: 0; -EINVAL (a NULL argument, more items than memory has bytes, in and out that overlap
 * but are not the same). -ENOMEM: no memory for one value of more than 256 bytes (if there is none
 * for further values, the scan is not shared). From elsewhere also the errors of filch_run. On an
 * error out is left unchanged.
 * Panics: combine may panic. Then in is untouched, unless it is out, and each place of out holds
 * its old value or the one that belongs there.
 * Suspends: yes; the caller may continue on another worker.
 * Threads: tasks; any other thread calls filch_run_scan, or a scan through FILCH_RUN.
 * Since 0.1.0. */
#ifndef FILCH_SCAN_H
#define FILCH_SCAN_H
#include <filch/detail/hide_words.h>

#include <filch/detail/par_args.h>

/* A scan for the plain functions. Values are opaque bytes. Sums are in arrays that begin at a
 * multiple of 64 bytes. All functions get the caller's context and are called on many threads at
 * once; none may fork, join or suspend. */
typedef struct filch_scanning {
    size_t size; /* bytes of a value */
    /* Makes the sum of an empty range. */
    void (*make)(void *context, void *sum);
    /* Combines sum with in[0], ..., in[n - 1]. */
    void (*sum)(const void *in, size_t n, void *context, void *sum);
    /* The same, and for each i writes to out[i] the value of sum after in[i]; for an exclusive scan
     * the value before it. out may be in. */
    void (*scan)(const void *in, size_t n, void *out, void *context, void *sum);
} filch_scanning;

FILCH_BEGIN_DECLS

/* Scans in[0], ..., in[n - 1] into out with the functions of `how` and context. how is used until
 * the call returns. */
FILCH_API int filch_scan(filch_self self, const void *in, size_t n, void *out,
                         const filch_scanning *how, void *context);
/* The same on rt, for threads that are not its workers. The caller waits for the result, and may
 * compute parts of it. Errors: -EDEADLK on a worker of rt (call filch_scan with the task's self);
 * others are those of filch_run. */
FILCH_API int filch_run_scan(filch_runtime *rt, const void *in, size_t n, void *out,
                             const filch_scanning *how, void *context);

FILCH_END_DECLS

/* Defines a scan: FILCH_SCAN(name, T, identity, combine, pairs...), with identity and combine as
 * above. Then
 *
 *   int name(filch_self self, const T *in, size_t n, T *out, ...)
 *
 * stores in out[i] the combination of in[0], ..., in[i]. */
#define FILCH_SCAN(name, T, identity, ...)                                                         \
    FL_CHECKED(FL_SCAN_IN, name, name##_, (T, identity), __VA_ARGS__, ~)
/* The same without in[i] itself: out[0] is the identity. */
#define FILCH_SCAN_EXCLUSIVE(name, T, identity, ...)                                               \
    FL_CHECKED(FL_SCAN_EX, name, name##_, (T, identity), __VA_ARGS__, ~)

/* clang-format off */
#define FL_SCAN_IN(name, own, of, ...) FL_SCAN(FL_SCAN_INCLUSIVE, name, own, FL_OPEN of, __VA_ARGS__)
#define FL_SCAN_EX(name, own, of, ...) FL_SCAN(FL_SCAN_EXCLUSIVE, name, own, FL_OPEN of, __VA_ARGS__)
#define FL_SCAN(...) FL_SCAN_(__VA_ARGS__)
#define FL_SCAN_CALL(combine, ...) combine(__VA_ARGS__)
#define FL_SCAN_(FORM, name, own, T, identity, of_two, ...)                                        \
    FILCH_STATIC_ASSERT(__alignof__(T) <= 64, "items of " #name " are aligned too strictly");      \
    FILCH_STATIC_ASSERT(FL_PLAIN(T), "items of " #name " cannot be copied by bytes");              \
    FL_CONTEXT(own, __VA_ARGS__)                                                                   \
    FILCH_INLINE T own##combine(FILCH_UNUSED struct own##context fl_args, T fl_a, T fl_b)          \
    {                                                                                              \
        return FL_SCAN_CALL(of_two, fl_a, fl_b FL_MAP(FL_LOAD, __VA_ARGS__));                      \
    }                                                                                              \
    static void own##make(FILCH_UNUSED void *fl_context, void *fl_sum)                             \
    {                                                                                              \
        T fl_none = identity;                                                                      \
        *(T *)fl_sum = fl_none;                                                                    \
    }                                                                                              \
    FL_SCAN_SUM(own, T, __VA_ARGS__)                                                               \
    static void own##scan(const void *fl_from, size_t fl_n, void *fl_to, void *fl_context,         \
                            void *fl_sum)                                                          \
    {                                                                                              \
        FL_CONTEXT_UNPACK(own, __VA_ARGS__)                                                        \
        T const *fl_in = (T const *)fl_from;                                                       \
        T *fl_out = (T *)fl_to;                                                                    \
        T fl_total = *(T *)fl_sum;                                                                 \
        for (size_t fl_i = 0; fl_i < fl_n; fl_i++) {                                               \
            T fl_item = fl_in[fl_i];                                                               \
            FORM(own)                                                                              \
        }                                                                                          \
        *(T *)fl_sum = fl_total;                                                                   \
    }                                                                                              \
    static const filch_scanning own##scanning = {sizeof(T), own##make, own##sum,                   \
                                                   own##scan};                                     \
    FL_ENTRIES(name, own, filch_scan, filch_run_scan, (T const *fl_in, size_t fl_n, T *fl_out),    \
               (fl_in, fl_n, fl_out, &own##scanning), __VA_ARGS__)

#define FL_SCAN_INCLUSIVE(own)                                                                     \
    fl_total = own##combine(fl_args, fl_total, fl_item);                                           \
    fl_out[fl_i] = fl_total;
#define FL_SCAN_EXCLUSIVE(own)                                                                     \
    fl_out[fl_i] = fl_total;                                                                       \
    fl_total = own##combine(fl_args, fl_total, fl_item);

/* Four quarters side by side: one chain of operations, each waiting for the one before, would be
 * slower than memory. Not for values so large that four of them do not fit into registers. */
#define FL_SCAN_SUM(own, T, ...)                                                                   \
    static void own##sum(const void *fl_from, size_t fl_n, void *fl_context, void *fl_sum)         \
    {                                                                                              \
        FL_CONTEXT_UNPACK(own, __VA_ARGS__)                                                        \
        T const *fl_in = (T const *)fl_from;                                                       \
        const size_t fl_quarter = sizeof(T) <= 32 ? fl_n / 4 : 0;                                  \
        T fl_total = *(T *)fl_sum;                                                                 \
        if (fl_quarter) {                                                                          \
            T const *fl_in2 = fl_in + fl_quarter;                                                  \
            T const *fl_in3 = fl_in2 + fl_quarter;                                                 \
            T const *fl_in4 = fl_in3 + fl_quarter;                                                 \
            T fl_total2 = *fl_in2;                                                                 \
            T fl_total3 = *fl_in3;                                                                 \
            T fl_total4 = *fl_in4;                                                                 \
            fl_total = own##combine(fl_args, fl_total, *fl_in);                                    \
            for (size_t fl_i = 1; fl_i < fl_quarter; fl_i++) {                                     \
                fl_total = own##combine(fl_args, fl_total, fl_in[fl_i]);                           \
                fl_total2 = own##combine(fl_args, fl_total2, fl_in2[fl_i]);                        \
                fl_total3 = own##combine(fl_args, fl_total3, fl_in3[fl_i]);                        \
                fl_total4 = own##combine(fl_args, fl_total4, fl_in4[fl_i]);                        \
            }                                                                                      \
            fl_total = own##combine(fl_args, fl_total, fl_total2);                                 \
            fl_total = own##combine(fl_args, fl_total, fl_total3);                                 \
            fl_total = own##combine(fl_args, fl_total, fl_total4);                                 \
        }                                                                                          \
        for (size_t fl_i = 4 * fl_quarter; fl_i < fl_n; fl_i++)                                    \
            fl_total = own##combine(fl_args, fl_total, fl_in[fl_i]);                               \
        *(T *)fl_sum = fl_total;                                                                   \
    }
/* clang-format on */

#include <filch/detail/show_words.h>
#endif
