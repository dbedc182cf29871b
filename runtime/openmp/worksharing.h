/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Shared by the files of the work-sharing constructs: how a thread enters and leaves a construct,
 * takes chunks, and waits for others. runtime/openmp/share.h has the edges. */
#ifndef FL_OPENMP_WORKSHARING_H
#define FL_OPENMP_WORKSHARING_H

#include <runtime/openmp/openmp.h>
#include <runtime/openmp/ranges.h>
#include <runtime/platform/spin.h>

/* Declares and begins to define an entry point. */
#define FL_OMP_ENTRY(type, name, ...)                                                              \
    FL_OMP_API type name(__VA_ARGS__);                                                             \
    type name(__VA_ARGS__)

/* Beside the kinds of icv.h, which gcc passes as well: that of the ICV. */
enum { FL_OMP_RUNTIME = 0 };

/* And that of a share whose threads steal chunks from each other (ranges.h). */
enum { FL_OMP_STEALING = FL_OMP_AUTO + 1 };

/* A construct, as a thread that meets it knows it. The construct's opener uses it. */
typedef struct fl_omp_plan {
    unsigned short kind; /* FL_OMP_STATIC, FL_OMP_DYNAMIC or FL_OMP_GUIDED */
    bool ordered;
    bool steals;                 /* dynamic, and not monotonic: its threads may steal chunks */
    unsigned dims;               /* of a doacross loop nest; 0: not one */
    const void *counts;          /* and its iterations in each dimension, 64-bit numbers */
    uint64_t start, end, step;   /* modulo 2^64; step is negative in a loop that counts down */
    uint64_t distance;           /* from start to end, 0 if there are no iterations */
    uint64_t stride;             /* |step| */
    uint64_t chunk;              /* 0: the default */
    size_t memory;               /* bytes for the compiled code; 0: none */
    const uintptr_t *reductions; /* descriptor (reduction.h); NULL: none */
} fl_omp_plan;

typedef void fl_omp_open(fl_omp_share *share, const void *how);

/* An fl_omp_open; how: an fl_omp_plan. */
void fl_omp_open_plan(fl_omp_share *share, const void *how);

/* share.c: opens construct `number`, or waits until it is open. */
fl_omp_share *fl_omp_share_meet(fl_omp_thread *thread, uint64_t number, fl_omp_open *open,
                                const void *how);

/* ordered.c, ordered.c: a thread takes and finishes a chunk of a tracked loop. */
void fl_omp_ordered_pass(fl_omp_thread *thread);
struct fl_omp_across *fl_omp_across_new(const fl_omp_share *share, const fl_omp_plan *plan);
void fl_omp_across_begin(fl_omp_thread *thread);
void fl_omp_across_end(fl_omp_thread *thread);
void fl_omp_chunk_begin(fl_omp_thread *thread, uint64_t from, uint64_t count);
void fl_omp_chunk_end(fl_omp_thread *thread);

static inline void fl_omp_share_in(fl_omp_thread *thread, fl_omp_share *share)
{
    fl_omp_sharing *sharing = &thread->sharing;
    sharing->share = share;
    sharing->chunk = thread->number;
    sharing->from = sharing->to = sharing->ended = 0;
}

/* Enters the next construct. */
static inline fl_omp_share *fl_omp_share_enter(fl_omp_thread *thread, fl_omp_open *open,
                                               const void *how)
{
    fl_omp_shares *shares = &thread->team->shares;
    uint64_t number = thread->sharing.met++;
    fl_omp_share *share = &shares->ring[number & shares->mask];
    if (thread->number == 0)
        shares->met = number + 1;
    if (filch_u64_load(&share->state, FILCH_ACQUIRE) != 2 * number + 2) /* EnterShare */
        share = fl_omp_share_meet(thread, number, open, how);
    fl_omp_share_in(thread, share);
    return share;
}

/* One thread leaves. fl_omp_share_leave and fl_omp_share_end let the others know. */
static inline fl_omp_share *fl_omp_share_out(fl_omp_thread *thread)
{
    fl_omp_share *share = thread->sharing.share;
    if (FILCH_UNLIKELY(share->tracked))
        fl_omp_chunk_end(thread);
    thread->sharing.share = NULL;
    return share;
}

/* share.c: wakes the threads that sleep until all have left. */
void fl_omp_share_wake(fl_omp_share *share, unsigned threads);

static inline void fl_omp_share_depart(fl_omp_share *share)
{
    const unsigned threads = share->threads; /* later it may be another construct's share */
    const uint32_t left = filch_u32_add(&share->left, 1, FILCH_RELEASE); /* LeaveShare */
    if (FILCH_UNLIKELY(left & FL_OMP_AWAITED))
        fl_omp_share_wake(share, threads);
}

/* `nowait`. */
static inline void fl_omp_share_leave(fl_omp_thread *thread)
{
    fl_omp_share *share = fl_omp_share_out(thread);
    if (share->threads > 1)
        fl_omp_share_depart(share);
}

/* true: the parallel region is cancelled. */
bool fl_omp_share_end(fl_omp_thread *thread);

/* plan.c. The size of a guided chunk, if `rest` iterations are left. */
static inline uint64_t fl_omp_guided(const fl_omp_share *share, uint64_t rest)
{
    uint64_t count = (rest - 1) / share->threads + 1;
    count = count > share->chunk ? count : share->chunk;
    return count < rest ? count : rest;
}
bool fl_omp_take_guided(fl_omp_share *share, uint64_t *from, uint64_t *count);

/* Takes a chunk. A team of one has static loops only (fl_omp_open_plan). A dynamic loop looks for
 * cancellation after the add, which has fetched the line. */
static inline bool fl_omp_take(fl_omp_sharing *sharing, uint64_t *from, uint64_t *count)
{
    fl_omp_share *share = sharing->share;
    uint64_t chunk;
    if (share->kind == FL_OMP_GUIDED)
        return fl_omp_take_guided(share, from, count);
    if (share->kind == FL_OMP_STEALING) {
        chunk = fl_omp_ranges_take(share, &sharing->chunk);
    } else if (share->kind == FL_OMP_DYNAMIC) {
        /* No overflow: a thread asks once after the last chunk. */
        chunk = filch_u64_add(&share->next, 1, FILCH_RELAXED); /* a number, no data */
    } else {
        chunk = sharing->chunk;
        const uint64_t rest = share->chunks - chunk; /* not used if chunk is too large */
        sharing->chunk = rest > share->threads ? chunk + share->threads : share->chunks;
    }
    if (chunk >= share->chunks ||
        FILCH_UNLIKELY(filch_u32_load(&share->cancelled, FILCH_RELAXED))) /* a look */
        return false;
    *from = chunk * share->chunk + (chunk < share->longer ? chunk : share->longer);
    *count = share->chunk + (chunk < share->longer);
    if (share->count - *from < *count)
        *count = share->count - *from;
    return true;
}

/* Finishes its chunk, and takes another. */
static inline bool fl_omp_next(fl_omp_thread *thread, uint64_t *from, uint64_t *count)
{
    bool tracked = thread->sharing.share->tracked;
    if (FILCH_UNLIKELY(tracked))
        fl_omp_chunk_end(thread);
    bool taken = fl_omp_take(&thread->sharing, from, count);
    if (FILCH_UNLIKELY(tracked) && taken)
        fl_omp_chunk_begin(thread, *from, *count);
    return taken;
}

/* Waiting for another thread of the team: spins, then yields, then naps. A nap is short, so that no
 * other thread has to end it. */
typedef struct fl_omp_patience {
    fl_spin spin;
    unsigned turns;
} fl_omp_patience;

fl_omp_patience fl_omp_patience_begin(const fl_omp_team *team);
void fl_omp_patience_turn(fl_omp_patience *patience);
/* The same without naps. false: it is time to sleep. */
bool fl_omp_patience_yield(fl_omp_patience *patience);

static inline bool fl_omp_team_cancelled(const fl_omp_team *team)
{
    return filch_u32_load(&team->cancelled, FILCH_RELAXED); /* a look */
}

#endif
