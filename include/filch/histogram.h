/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Parallel histograms, for engineers: how often each of `bins` small numbers comes up.
 *
 *   FILCH_HISTOGRAM(lengths, i, (const char *const *, word)) { return strlen(word[i]); }
 *   uint64_t counts[32];
 *   int rc = lengths(self, 0, n, counts, 32, word);           from a task
 *   int rc = FILCH_RUN(rt, lengths, 0, n, counts, 32, word);  from elsewhere
 *
 * The body returns the bin of index i, a size_t. counts is overwritten, not added to.
 *
 * Counters are not shared: each helper counts into a table of its own, which is added to the
 * caller's when it is done. So with many bins, only parts that take ten times as long are shared,
 * and a helper without memory for a table leaves its part to the caller. Up to 4,096 bins have
 * four counters each, used in turn: otherwise each of several equal bins in a row would wait until
 * the count before is stored.
 *
 * Errors: 0; -ERANGE (a body returned a bin out of range; filch_error() names it and the index);
 * the first code that a body stopped with (FILCH_STOP_WITH). After both, and after a panic of a
 * body, all counts are 0. -EINVAL (a range that ends before it begins, a NULL argument); from
 * elsewhere also the errors of filch_run: counts is then unchanged. It never fails for lack of
 * memory.
 * Suspends: yes; the caller may continue on another worker.
 * Threads: functions with `self`: tasks; those with `rt`: callers outside rt.
 * Since 0.1.0. */
#ifndef FILCH_HISTOGRAM_H
#define FILCH_HISTOGRAM_H
#include <filch/detail/hide_words.h>

#include <errno.h>
#include <filch/detail/par_args.h>
#include <stdbool.h>

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

/* Overwrites counts with how often chunk counted each of the bins in [begin, end). */
FILCH_API int filch_histogram(filch_self self, size_t begin, size_t end, filch_histogram_fn *chunk,
                              uint64_t *counts, size_t bins, void *context);
/* The same from outside rt; waits for the result. Errors also: those of filch_run. */
FILCH_API int filch_run_histogram(filch_runtime *rt, size_t begin, size_t end,
                                  filch_histogram_fn *chunk, uint64_t *counts, size_t bins,
                                  void *context);

FILCH_END_DECLS

/* For a chunk that meets a bin >= bins: notes it and gives the chunk its return value. */
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

/* FILCH_HISTOGRAM(name, i, pairs...) body: name(self, begin, end, counts, bins, ...) */
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
    FL_ENTRIES(name, own, filch_histogram, filch_run_histogram,                                    \
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
