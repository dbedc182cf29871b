/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Parallel search with early exit, filters and histograms. For engineers with an index range or an
 * array.
 *
 *   FILCH_FIND(first_negative, i, (const double *, x)) { return x[i] < 0; }
 *   size_t where;
 *   if (first_negative(self, 0, n, &where, x) == 0) ...             0: *where is the smallest index
 *   FILCH_ALL(sorted, i, (const int *, v)) { return i == 0 || v[i - 1] <= v[i]; }
 *   if (sorted(self, 0, n, v) == 1) ...                             1 yes, 0 no, negative: an error
 *
 *   FILCH_PACK(above, float, item, (float, least)) { return item > least; }
 *   size_t count;
 *   int rc = above(self, in, n, out, &count, least);
 *
 *   FILCH_HISTOGRAM(lengths, i, (const char *const *, word)) { return strlen(word[i]); }
 *   uint64_t counts[32];
 *   int rc = lengths(self, 0, n, counts, 32, word);           from a task
 *   int rc = FILCH_RUN(rt, lengths, 0, n, counts, 32, word);  outside a task
 *
 * Bodies run in no particular order and at the same time. A body may fork, join and call algorithms
 * with `self`; FILCH_STOP_WITH in it stops the whole call.
 *
 * Errors: 0; the first code that a body stopped with; -EINVAL (a range that ends before it begins,
 * a NULL argument); outside a task also the errors of filch_run. Results are then untouched, unless
 * the part says otherwise.
 * Panics: a body may panic; then so does the caller.
 * Suspends: yes; the caller may continue on another worker.
 * Threads: functions with `self`: tasks; those with `rt`: callers outside rt.
 * Since 0.1.0. */
#ifndef FILCH_FIND_H
#define FILCH_FIND_H
#include <filch/detail/hide_words.h>

#include <errno.h>
#include <filch/detail/par_args.h>
#include <stdbool.h>

/* ---- Search: the first index for which a body holds, whether it holds for any, or for all ---- */

/* Indices are examined in any order, including some after the first match; once they cannot matter,
 * no more of them are started. A body stops the search with a negative code. */

/* Looks for the first match in [begin, end). Stores its index in *where, or leaves *where alone.
 * A nonzero return stops the search with that code. */
typedef int filch_find_fn(filch_self self, size_t begin, size_t end, size_t *where, void *context);

FILCH_BEGIN_DECLS

/* Stores in *where the smallest index of [begin, end) that fn(self, begin, end, where, context)
 * finds, and returns 0. Further error: -ENOENT (no match: *where is untouched). */
FILCH_API int filch_find(filch_self self, size_t begin, size_t end, size_t *where,
                         filch_find_fn *fn, void *context);
/* The same for a caller outside rt. */
FILCH_API int fl_run_find(filch_runtime *rt, size_t begin, size_t end, size_t *where,
                          filch_find_fn *fn, void *context);

/* Returns 1 if fn finds an index of [begin, end), 0 if not. context is passed to fn. */
FILCH_API int filch_any(filch_self self, size_t begin, size_t end, filch_find_fn *fn,
                        void *context);
/* The same for a caller outside rt. */
FILCH_API int fl_run_any(filch_runtime *rt, size_t begin, size_t end, filch_find_fn *fn,
                         void *context);

/* Returns 1 if fn, which looks for a counterexample in [begin, end), finds none, and 0 if it does.
 * context is passed to fn. */
FILCH_API int filch_all(filch_self self, size_t begin, size_t end, filch_find_fn *fn,
                        void *context);
/* The same for a caller outside rt. */
FILCH_API int fl_run_all(filch_runtime *rt, size_t begin, size_t end, filch_find_fn *fn,
                         void *context);

FILCH_END_DECLS

/* Defines a search, with filch_find: FILCH_FIND(name, i, pairs...) body. The body returns whether
 * index i matches; pairs are up to five (type, name) of further arguments. Then
 *
 *   int name(filch_self self, size_t begin, size_t end, size_t *where, ...)
 *
 * stores the smallest match in *where; it returns as filch_find. */
#define FILCH_FIND(name, ...) FL_CHECKED(FL_FIND_FIRST, name, name##_, ~, __VA_ARGS__, ~)
/* Defines a question, as FILCH_FIND: FILCH_ANY(name, i, pairs...) body. Then
 * name(self, begin, end, ...) returns 1 if the body holds for any index, 0 if for none. */
#define FILCH_ANY(name, ...) FL_CHECKED(FL_ANY, name, name##_, ~, __VA_ARGS__, ~)
/* Defines a question, as FILCH_FIND: FILCH_ALL(name, i, pairs...) body. Then
 * name(self, begin, end, ...) returns 1 if the body holds for all indices, 0 if not. */
#define FILCH_ALL(name, ...) FL_CHECKED(FL_ALL, name, name##_, ~, __VA_ARGS__, ~)

/* clang-format off */
#define FL_FIND_FIRST(name, own, x, ...)                                                           \
    FL_FIND(name, own, filch_find, fl_run_find, true,                                           \
            (size_t fl_begin, size_t fl_end, size_t *fl_where),                                    \
            (fl_begin, fl_end, fl_where, own##chunk), __VA_ARGS__)
#define FL_ANY(name, own, x, ...)                                                                  \
    FL_FIND(name, own, filch_any, fl_run_any, true, (size_t fl_begin, size_t fl_end),           \
            (fl_begin, fl_end, own##chunk), __VA_ARGS__)
#define FL_ALL(name, own, x, ...)                                                                  \
    FL_FIND(name, own, filch_all, fl_run_all, false, (size_t fl_begin, size_t fl_end),          \
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

/* ---- Filter that keeps the order (stream compaction) ---- */

/* FILCH_PACK copies those of in[0], ..., in[n - 1] for which the body returns true to out[0], ...,
 * out[count - 1]. The body is called once for each item; `item` is the item's value. Items may be
 * of any type of at most FILCH_PACK_MOST bytes that can be copied bytewise and needs an alignment
 * of at most 64 bytes.
 *
 * out needs room for the kept items only: nothing after them is written. It may be in itself (the
 * items after the kept ones are then unspecified), or begin before it and overlap it; it must not
 * begin inside.
 *
 * Further errors: -EINVAL (more items than memory has bytes, an out that begins inside in). On an
 * error *count is unchanged. After a stop, out (even if it is in) has some of the items several
 * times, and others not at all. Without memory for a few megabytes the caller does all the work
 * alone.
 * Panics: in is untouched, unless out overlaps it, and each place of out holds its old value or an
 * item of in. In place, some items are then there several times, others not at all. */

/* Bytes of the largest item. */
#define FILCH_PACK_MOST 4096

/* Copies those of in[0], ..., in[n - 1] that are to be kept to out, in order, stores their
 * number in *kept, and writes nothing after them. out may be in, or begin before it and reach into
 * it. A nonzero return stops everything with that code. */
typedef int filch_pack_fn(filch_self self, const void *in, size_t n, void *out, size_t *kept,
                          void *context);

FILCH_BEGIN_DECLS

/* Calls keep with context for parts that together cover in[0], ..., in[n - 1], items of `size`
 * bytes, and collects the kept items in out, *count of them. */
FILCH_API int filch_pack(filch_self self, const void *in, size_t n, size_t size, void *out,
                         size_t *count, filch_pack_fn *keep, void *context);
/* The same for a caller outside rt. */
FILCH_API int fl_run_pack(filch_runtime *rt, const void *in, size_t n, size_t size, void *out,
                          size_t *count, filch_pack_fn *keep, void *context);

FILCH_END_DECLS

/* Defines a filter, with filch_pack: FILCH_PACK(name, T, item, pairs...) body. The body returns
 * whether to keep an item of type T; pairs are up to five (type, name) of further arguments. Then
 *
 *   int name(filch_self self, const T *in, size_t n, T *out, size_t *count, ...)
 *
 * copies the kept items to out, and stores their number in *count. */
#define FILCH_PACK(name, T, ...) FL_CHECKED(FL_PACK, name, name##_, T, __VA_ARGS__, ~)

/* clang-format off */
/* No branch on the body's result: each item is written to the next free place, and overwritten
 * if it is not kept. At the end that would write past the last item kept; so the chunk's tail of
 * unkept items is cut off first, and the last item kept is stored by itself. */
#define FL_PACK(name, own, T, item, ...)                                                           \
    FILCH_STATIC_ASSERT(sizeof(T) <= FILCH_PACK_MOST,                                              \
                        "items of " #name " are too large: pack pointers or indices to them");     \
    FILCH_STATIC_ASSERT(__alignof__(T) <= 64, "items of " #name " are aligned too strictly");      \
    FILCH_STATIC_ASSERT(FL_PLAIN(T), "items of " #name " cannot be copied by bytes");              \
    FL_CONTEXT(own, __VA_ARGS__)                                                                   \
    FILCH_INLINE bool own##body(FL_BODY_PARAMS, T item FL_MAP(FL_PARAM, __VA_ARGS__));             \
    static int own##keep(FILCH_UNUSED filch_self self, const void *fl_from, size_t fl_n,           \
                           void *fl_to, size_t *fl_kept, void *fl_context)                         \
    {                                                                                              \
        FL_CONTEXT_UNPACK(own, __VA_ARGS__)                                                        \
        T const *fl_in = (T const *)fl_from;                                                       \
        T *fl_out = (T *)fl_to;                                                                    \
        size_t fl_at = 0;                                                                          \
        int fl_stop = 0;                                                                           \
        bool fl_last = false;                                                                      \
        while (fl_n && !fl_last) {                                                                 \
            fl_n--;                                                                                \
            fl_last = own##body(self, &fl_stop, fl_in[fl_n] FL_MAP(FL_LOAD, __VA_ARGS__));         \
            if (fl_stop)                                                                           \
                return fl_stop;                                                                    \
        }                                                                                          \
        *fl_kept = 0;                                                                              \
        if (!fl_last)                                                                              \
            return 0;                                                                              \
        T fl_end = fl_in[fl_n];                                                                    \
        _Pragma("GCC unroll 4")                                                                    \
        for (size_t fl_i = 0; fl_i < fl_n; fl_i++) {                                               \
            T fl_item = fl_in[fl_i];                                                               \
            fl_out[fl_at] = fl_item;                                                               \
            fl_at += own##body(self, &fl_stop, fl_item FL_MAP(FL_LOAD, __VA_ARGS__));              \
            if (fl_stop)                                                                           \
                return fl_stop;                                                                    \
        }                                                                                          \
        fl_out[fl_at] = fl_end;                                                                    \
        *fl_kept = fl_at + 1;                                                                      \
        return 0;                                                                                  \
    }                                                                                              \
    FL_ENTRIES(name, own, filch_pack, fl_run_pack, (T const *fl_in, size_t fl_n, T *fl_out, size_t *fl_count), \
               (fl_in, fl_n, sizeof(T), fl_out, fl_count, own##keep), __VA_ARGS__)                 \
    FILCH_INLINE bool own##body(FL_BODY_PARAMS, T item FL_MAP(FL_PARAM, __VA_ARGS__))
/* clang-format on */

/* ---- Histograms: how often each of `bins` small numbers comes up ---- */

/* The body of FILCH_HISTOGRAM returns the bin of index i, a size_t. counts is overwritten, not
 * added to.
 *
 * Counters are not shared: each helper counts into a table of its own, which is added to the
 * caller's when it is done. So with many bins, only parts that take ten times as long are shared,
 * and a helper without memory for a table leaves its part to the caller. Up to 4,096 bins have
 * four counters each, used in turn: otherwise each of several equal bins in a row would wait until
 * the previous count is stored.
 *
 * Further errors: -ERANGE (a body returned a bin out of range; filch_error() names it and the
 * index). After that, after a stop, and after a panic of a body, all counts are 0. It never fails
 * for lack of memory. */

/* The counters of a chunk. */
typedef struct filch_tally {
    uint64_t *counts; /* bin b has counters b * lanes, ..., b * lanes + lanes - 1; use any of
                         them */
    size_t bins;
    size_t lanes; /* 4 or 1 */
    /* Set by filch_tally_refuse. */
    bool refused;
    size_t index, bin;
} filch_tally;

/* Counts the bin of each index of [begin, end). A nonzero return stops everything with that
 * code. */
typedef int filch_histogram_fn(filch_self self, size_t begin, size_t end, void *context,
                               filch_tally *tally);

FILCH_BEGIN_DECLS

/* Calls chunk with context for parts that together cover [begin, end), and overwrites counts with
 * the count of each of the bins. */
FILCH_API int filch_histogram(filch_self self, size_t begin, size_t end, filch_histogram_fn *chunk,
                              uint64_t *counts, size_t bins, void *context);
/* The same for a caller outside rt. */
FILCH_API int fl_run_histogram(filch_runtime *rt, size_t begin, size_t end,
                               filch_histogram_fn *chunk, uint64_t *counts, size_t bins,
                               void *context);

FILCH_END_DECLS

/* For a chunk that meets a bin >= bins: records it and returns the code that the chunk returns. */
FILCH_UNUSED static inline int filch_tally_refuse(filch_tally *tally, size_t index, size_t bin)
{
    tally->refused = true;
    tally->index = index;
    tally->bin = bin;
    return -ERANGE;
}

/* The counts of a tally, and their layout. */
FILCH_INLINE FILCH_UNUSED uint64_t *fl_tally_of(const filch_tally *tally, size_t *bins,
                                                size_t *lanes)
{
    *bins = tally->bins;
    *lanes = tally->lanes;
    return tally->counts;
}

/* Defines a histogram, with filch_histogram: FILCH_HISTOGRAM(name, i, pairs...) body. The body
 * returns the bin of index i; pairs are up to five (type, name) of further arguments. Then
 *
 *   int name(filch_self self, size_t begin, size_t end, uint64_t *counts, size_t bins, ...)
 *
 * counts the indices of [begin, end) by their bins. */
#define FILCH_HISTOGRAM(name, ...) FL_CHECKED(FL_HISTOGRAM, name, name##_, ~, __VA_ARGS__, ~)

/* clang-format off */
#define FL_HISTOGRAM(name, own, x, i, ...)                                                         \
    FL_CONTEXT(own, __VA_ARGS__)                                                                   \
    FILCH_INLINE size_t own##body(FL_BODY_PARAMS, size_t i FL_MAP(FL_PARAM, __VA_ARGS__));         \
    static int own##chunk(FILCH_UNUSED filch_self self, size_t fl_i, size_t fl_end,                \
                            FILCH_UNUSED void *fl_context, filch_tally *fl_tally)                  \
    {                                                                                              \
        FL_CONTEXT_UNPACK(own, __VA_ARGS__)                                                        \
        size_t fl_bins, fl_lanes;                                                                  \
        uint64_t *const fl_counts = fl_tally_of(fl_tally, &fl_bins, &fl_lanes);                    \
        int fl_stop = 0;                                                                           \
        if (fl_lanes == 4)                                                                         \
            for (; fl_end - fl_i >= 4; fl_i += 4) {                                                \
                FL_HISTOGRAM_ADD(own, 0, 4, __VA_ARGS__)                                           \
                FL_HISTOGRAM_ADD(own, 1, 4, __VA_ARGS__)                                           \
                FL_HISTOGRAM_ADD(own, 2, 4, __VA_ARGS__)                                           \
                FL_HISTOGRAM_ADD(own, 3, 4, __VA_ARGS__)                                           \
            }                                                                                      \
        else                                                                                       \
            for (; fl_i < fl_end; fl_i++) {                                                        \
                FL_HISTOGRAM_ADD(own, 0, 1, __VA_ARGS__)                                           \
            }                                                                                      \
        for (; fl_i < fl_end; fl_i++) {                                                            \
            FL_HISTOGRAM_ADD(own, 0, 4, __VA_ARGS__)                                               \
        }                                                                                          \
        return 0;                                                                                  \
    }                                                                                              \
    FL_ENTRIES(name, own, filch_histogram, fl_run_histogram,                                    \
               (size_t fl_begin, size_t fl_end, uint64_t *fl_counts, size_t fl_bins),              \
               (fl_begin, fl_end, own##chunk, fl_counts, fl_bins), __VA_ARGS__)                    \
    FILCH_INLINE size_t own##body(FL_BODY_PARAMS, size_t i FL_MAP(FL_PARAM, __VA_ARGS__))

#define FL_HISTOGRAM_ADD(own, k, lanes, ...)                                                       \
    size_t fl_bin##k = own##body(self, &fl_stop, fl_i + k FL_MAP(FL_LOAD, __VA_ARGS__));           \
    if (fl_stop)                                                                                   \
        return fl_stop;                                                                            \
    if (FILCH_UNLIKELY(fl_bin##k >= fl_bins))                                                      \
        return filch_tally_refuse(fl_tally, fl_i + k, fl_bin##k);                                  \
    fl_counts[fl_bin##k * (lanes) + k]++;
/* clang-format on */

#include <filch/detail/show_words.h>
#endif
