/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Histograms: loops of the splitter that sum up tables of counters. Without a helper the caller's
 * own array is the only table, or, for few bins and many indices, one of four counters a bin. */
#include <filch/find.h>
#include <runtime/engine/panic.h>
#include <runtime/par/call_from_outside.h>
#include <runtime/par/range.h>
#include <runtime/par/split.h>
#include <runtime/platform/error.h>
#include <stdlib.h>

enum {
    LANES = 4,
    LANES_BINS = 4096, /* more bins are seldom equal in a row, and four tables leave the cache */
    LANES_WORTH = 16,  /* indices a bin that are worth clearing and adding up four tables */
    CHUNK_WORTH = 256  /* counters that are made and added up in a tenth of a chunk's time */
};

typedef struct histogram_call {
    size_t begin, end;
    filch_histogram_fn *chunk;
    uint64_t *counts;
    size_t bins;
    void *context;
    size_t lanes;
    fl_loop loop;
    size_t bad_index, bad_bin; /* if the loop stopped with -ERANGE and there was a bad bin */
    bool bad;
} histogram_call;

static int chunk(filch_self self, size_t begin, size_t end, void *context, void *sum)
{
    histogram_call *call = context;
    filch_tally *tally = sum;
    int code = call->chunk(self, begin, end, call->context, tally);
    if (code && tally->refused && fl_loop_stop(&call->loop, code)) {
        call->bad = true;
        call->bad_index = tally->index;
        call->bad_bin = tally->bin;
    }
    return code;
}

static filch_tally new_tally(const histogram_call *call, size_t lanes)
{
    filch_tally tally = {NULL, call->bins, lanes, false, 0, 0};
    tally.counts = calloc(call->bins * lanes, sizeof *tally.counts);
    return tally;
}

static bool make(void *context, void *sum)
{
    const histogram_call *call = context;
    filch_tally tally = new_tally(call, call->lanes);
    memcpy(sum, &tally, sizeof tally);
    return tally.counts;
}

static void drop(void *context, void *sum)
{
    (void)context;
    free(((filch_tally *)sum)->counts);
}

static void join(void *context, void *left, void *right)
{
    const histogram_call *call = context;
    uint64_t *to = ((filch_tally *)left)->counts;
    const uint64_t *from = ((filch_tally *)right)->counts;
    for (size_t k = 0; k < call->bins * call->lanes; k++)
        to[k] += from[k];
    drop(context, right);
}

static const fl_sums tallies = {sizeof(filch_tally), make, join, drop};

/* The caller's tally: with one lane the result itself. */
static filch_tally first_tally(histogram_call *call)
{
    filch_tally tally = {call->counts, call->bins, 1, false, 0, 0};
    if (call->bins <= LANES_BINS && (call->end - call->begin) / LANES_WORTH >= call->bins) {
        filch_tally four = new_tally(call, LANES);
        if (four.counts)
            tally = four;
    }
    call->lanes = tally.lanes;
    return tally;
}

static void add_up(histogram_call *call, const filch_tally *tally)
{
    for (size_t bin = 0; bin < call->bins; bin++) {
        const uint64_t *lane = tally->counts + bin * LANES;
        call->counts[bin] = lane[0] + lane[1] + lane[2] + lane[3];
    }
}

static void clear_counts(void *histogram)
{
    const histogram_call *call = histogram;
    if (call->bins)
        memset(call->counts, 0, call->bins * sizeof *call->counts);
}

FILCH_TASK(int, run_histogram, (histogram_call *, call))
{
    filch_tally tally = first_tally(call);
    bool own = tally.counts == call->counts;
    if (own)
        clear_counts(call);
    FL_ON_PANIC(clear_counts, call);
    FL_ON_PANIC(free, own ? NULL : tally.counts);
    call->loop.worth = call->bins * call->lanes / CHUNK_WORTH;
    int code = fl_loop_run(self, &call->loop, call->begin, call->end, &tally);
    if (!code && !own)
        add_up(call, &tally);
    if (code)
        clear_counts(call);
    if (!own)
        free(tally.counts);
    return code;
}

static int histogram(filch_self self, filch_runtime *rt, histogram_call *call)
{
    const char *who = "filch_histogram";
    int rc = fl_range_refuse(who, call->begin, call->end);
    if (!rc)
        rc = fl_items_refuse(who, call->counts, call->bins, sizeof *call->counts);
    if (rc)
        return rc;
    if (!call->chunk)
        return fl_fail(EINVAL, "%s without a function that counts; pass one", who);
    call->loop = (fl_loop){.chunk = chunk, .context = call, .sums = &tallies};
    rc = fl_enter(who, self, rt, &run_histogram_task, call);
    if (call->bad)
        return fl_fail(ERANGE,
                       "%s: index %zu maps to bin %zu, but there are %zu bins; return a smaller "
                       "bin, or create more",
                       who, call->bad_index, call->bad_bin, call->bins);
    return rc;
}

int filch_histogram(filch_self self, size_t begin, size_t end, filch_histogram_fn *chunk_fn,
                    uint64_t *counts, size_t bins, void *context)
{
    histogram_call call = {begin, end, chunk_fn, counts, bins, context, .bad = false};
    return histogram(self, NULL, &call);
}

int fl_run_histogram(filch_runtime *rt, size_t begin, size_t end, filch_histogram_fn *chunk_fn,
                     uint64_t *counts, size_t bins, void *context)
{
    histogram_call call = {begin, end, chunk_fn, counts, bins, context, .bad = false};
    return histogram(NULL, rt, &call);
}
