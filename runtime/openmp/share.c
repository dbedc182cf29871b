/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The ring of a team's shares: opening, reusing and leaving them. runtime/openmp/share.h has the idea and
 * the edges. */
#include <runtime/openmp/worksharing.h>

#include <runtime/openmp/memory.h>
#include <runtime/openmp/reduction.h>
#include <runtime/platform/futex.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
#ifdef FILCH_TINY
    RING = 2,
    YIELDS = 1,
#else
    RING = 64,    /* constructs that the fastest thread may be ahead of the slowest; a power of 2 */
    YIELDS = 100, /* that follow spinning */
#endif
    SPIN = 20000,   /* ns */
    NAP = 50000,    /* ns, each one after that */
    SLEEP = 1000000 /* ns between two looks for cancellation */
};

/* ---- Life of the ring ---- */

int fl_omp_shares_init(fl_omp_shares *shares, unsigned threads)
{
    memset(shares, 0, sizeof *shares);
    shares->ring = &shares->one;
    if (threads == 1)
        return 0;
    const size_t bytes =
        (RING * sizeof *shares->ring + FILCH_APART - 1) / FILCH_APART * FILCH_APART;
    shares->ring = aligned_alloc(FILCH_APART, bytes);
    if (!shares->ring)
        return -ENOMEM;
    memset(shares->ring, 0, bytes);
    shares->mask = RING - 1;
    return 0;
}

/* Frees the memory of the last construct. */
static void clear(fl_omp_share *share)
{
    free(share->memory);
    fl_omp_copies_release(share->copies);
    free(share->across);
    share->memory = NULL;
    share->copies = NULL;
    share->across = NULL;
}

static void free_strays(fl_omp_shares *shares)
{
    fl_omp_share *stray = filch_ptr_load(&shares->strays, FILCH_RELAXED); /* no thread runs */
    filch_ptr_store(&shares->strays, NULL, FILCH_RELAXED);                /* as above */
    while (stray) {
        fl_omp_share *next = stray->stray;
        clear(stray);
        free(stray->ranges);
        free(stray);
        stray = next;
    }
}

void fl_omp_shares_clear(fl_omp_shares *shares)
{
    if (!shares->ring)
        return;
    free_strays(shares);
    for (unsigned i = 0; i <= shares->mask; i++) {
        clear(&shares->ring[i]);
        free(shares->ring[i].ranges);
    }
    if (shares->ring != &shares->one)
        free(shares->ring);
    shares->ring = NULL;
}

/* ---- Opening ---- */

static void open_share(fl_omp_share *share, unsigned threads, fl_omp_open *open, const void *how)
{
    clear(share);
    share->threads = threads;
    filch_u32_store(&share->cancelled, 0, FILCH_RELAXED); /* OpenShare shows it */
    filch_u32_store(&share->left, 0, FILCH_RELAXED);      /* as above */
    open(share, how);
}

static void show(fl_omp_share *share, uint64_t number)
{
    filch_u64_store(&share->state, 2 * number + 2, FILCH_RELEASE); /* OpenShare */
}

static bool have_left(unsigned threads, uint32_t left)
{
    return (left & ~FL_OMP_AWAITED) == threads;
}

/* Has each thread of this region left the share, whose state is that? */
static bool is_free(const fl_omp_thread *thread, const fl_omp_share *share, uint64_t state)
{
    const uint64_t last = state / 2; /* 1 + the number of its last construct */
    return last <= thread->team->shares.base || last <= thread->sharing.passed ||
           have_left(thread->team->size,
                     filch_u32_load(&share->left, FILCH_ACQUIRE)); /* ReuseShare */
}

/* Sleeps until all have left the share, or it has another state. Now and then it returns too early. */
static void await_left(unsigned threads, fl_omp_share *share, uint64_t state)
{
    const uint32_t left = filch_u32_or(&share->left, FL_OMP_AWAITED, FILCH_RELAXED); /* a look */
    if (!have_left(threads, left) &&
        filch_u64_load(&share->state, FILCH_RELAXED) == state) /* a look; the sleep is bounded */
        fl_futex_wait_until(&share->left, left | FL_OMP_AWAITED, fl_now() + SLEEP);
}

void fl_omp_share_wake(fl_omp_share *share, unsigned threads)
{
    if (have_left(threads, filch_u32_load(&share->left, FILCH_RELAXED))) /* a look */
        fl_futex_wake(&share->left, INT_MAX);
}

/* In a cancelled region some threads leave no share, so another one may be unable to go on in the
 * ring. It gets a share of its own, without iterations, and soon sees the cancellation. */
static fl_omp_share *open_stray(fl_omp_team *team, fl_omp_open *open, const void *how)
{
    fl_omp_share *share = fl_omp_allocate(sizeof *share);
    open_share(share, team->size, open, how);
    filch_u32_store(&share->cancelled, 1, FILCH_RELAXED);               /* its own */
    share->stray = filch_ptr_load(&team->shares.strays, FILCH_RELAXED); /* a guess for the CAS */
    void *last = share->stray;
    while (!filch_ptr_cas(&team->shares.strays, &last, share,
                          FILCH_RELAXED)) /* the region's end shows it */
        share->stray = last;
    return share;
}

/* A thread of a team of several comes. It opens the construct if the share is free, and no other thread
 * does. NULL: the region is cancelled. */
static fl_omp_share *open_or_wait(fl_omp_thread *thread, uint64_t number, fl_omp_open *open,
                                  const void *how)
{
    const fl_omp_shares *shares = &thread->team->shares;
    fl_omp_share *share = &shares->ring[number & shares->mask];
    const uint64_t opened = 2 * number + 2, claimed = opened - 1;
    fl_omp_patience patience = fl_omp_patience_begin(thread->team);
    uint64_t state;
    while ((state = filch_u64_load(&share->state, FILCH_ACQUIRE)) != opened) { /* EnterShare */
        const bool is_old = state < claimed;
        if (is_old && is_free(thread, share, state) &&
            filch_u64_cas(&share->state, &state, claimed,
                          FILCH_RELAXED)) { /* ReuseShare has come before */
            open_share(share, thread->team->size, open, how);
            show(share, number);
            break;
        }
        if (fl_omp_team_cancelled(thread->team))
            return NULL;
        if (!is_old)
            fl_omp_patience_turn(&patience);
        else if (!fl_omp_patience_yield(&patience))
            await_left(thread->team->size, share, state);
    }
    return share;
}

fl_omp_share *fl_omp_share_meet(fl_omp_thread *thread, uint64_t number, fl_omp_open *open,
                                const void *how)
{
    fl_omp_team *team = thread->team;
    fl_omp_share *share = team->shares.ring;
    if (team->size > 1) {
        share = open_or_wait(thread, number, open, how);
        return share ? share : open_stray(team, open, how);
    }
    open_share(share, 1, open, how);
    show(share, number);
    return share;
}

/* ---- Regions ---- */

void fl_omp_shares_begin(fl_omp_shares *shares, uint64_t singles)
{
    /* No other thread of the team runs, and the begin of the region shows all this. */
    shares->base = shares->met + shares->mask + 1; /* others were less than a ring ahead */
    shares->met = shares->base;
    shares->base_single = singles;
    filch_u32_store(&shares->cancelled, 0, FILCH_RELAXED); /* as above */
    shares->reductions = NULL;
    if (FILCH_UNLIKELY(filch_ptr_load(&shares->strays, FILCH_RELAXED))) /* as above */
        free_strays(shares);
}

void fl_omp_share_first(fl_omp_team *team, const fl_omp_first *first)
{
    fl_omp_shares *shares = &team->shares;
    fl_omp_share *share = &shares->ring[shares->base & shares->mask];
    open_share(share, team->size, first->open, first->how);
    show(share, shares->base);
}

void fl_omp_sharing_begin(fl_omp_thread *thread)
{
    const fl_omp_shares *shares = &thread->team->shares;
    thread->sharing = (fl_omp_sharing){.met = shares->base,
                                       .passed = shares->base,
                                       .singles = shares->base_single};
}

void fl_omp_sharing_enter_first(fl_omp_thread *thread)
{
    fl_omp_shares *shares = &thread->team->shares;
    fl_omp_share_in(thread, &shares->ring[thread->sharing.met++ & shares->mask]);
    if (thread->number == 0)
        shares->met = thread->sharing.met;
}

/* ---- Leaving, cancelling ---- */

bool fl_omp_share_end(fl_omp_thread *thread)
{
    fl_omp_share *share = fl_omp_share_out(thread);
    const bool cancelled = fl_omp_barrier();
    if (!cancelled)
        thread->sharing.passed = thread->sharing.met;
    else
        fl_omp_share_depart(share);
    return cancelled;
}

void fl_omp_share_cancel(fl_omp_thread *thread)
{
    fl_omp_share *share = thread->sharing.share;
    filch_u32 *flag = share ? &share->cancelled : &thread->team->shares.cancelled;
    filch_u32_store(flag, 1, FILCH_RELAXED); /* a flag; the barrier after the loop orders it */
}

bool fl_omp_share_cancelled(const fl_omp_thread *thread)
{
    const fl_omp_share *share = thread->sharing.share;
    const filch_u32 *flag = share ? &share->cancelled : &thread->team->shares.cancelled;
    return filch_u32_load(flag, FILCH_RELAXED); /* a look */
}

/* ---- Waiting ---- */

fl_omp_patience fl_omp_patience_begin(const fl_omp_team *team)
{
    const bool spins = !fl_omp_globals.passive && team->size <= fl_omp_globals.processors;
    return (fl_omp_patience){.spin = fl_spin_begin(spins ? SPIN : 0)};
}

bool fl_omp_patience_yield(fl_omp_patience *patience)
{
    if (fl_spin_on(&patience->spin))
        return true;
    if (patience->turns++ >= YIELDS)
        return false;
    fl_yield();
    return true;
}

void fl_omp_patience_turn(fl_omp_patience *patience)
{
    if (!fl_omp_patience_yield(patience))
        fl_futex_nap(NAP);
}
