/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Work-sharing constructs of a team: for, sections, scope, and single. The threads of a team meet them
 * in the same order, so each thread counts the constructs that it has met, and the number finds the
 * construct's share in a ring. The first thread to arrive opens the share, and the others wait until it is
 * open. A share is free again when all threads have left it, or have passed a barrier after it. A
 * thread that is a whole ring ahead of the slowest waits until the share is free.
 *
 * Numbers never restart. Each region begins with a number that no thread of an earlier region can have
 * reached, so shares that a cancelled region has left behind are free, too.
 *
 * A single needs no share (sections.c). tests/model/sharing.c is the model.
 *
 * Edges:
 *   OpenShare: store state, release                 -> EnterShare: load state, acquire; the open
 *                                                      share
 *   LeaveShare: add to left, release                -> ReuseShare: load left, acquire; all
 *                                                      threads have left it */
#ifndef FL_OPENMP_SHARE_H
#define FL_OPENMP_SHARE_H

#include <filch/atomic.h>
#include <filch/base.h>

#include <stdbool.h>
#include <stdint.h>

typedef struct fl_omp_share fl_omp_share;

enum { FL_OMP_LINE = 64 };

/* One construct, on cache lines of their own: words that its threads change, and what its opener
 * writes. All counts are of iterations, whose numbers begin at 0. Chunk c has `chunk` iterations, and one
 * more if c < longer; the last one may have fewer. */
struct fl_omp_share {
    filch_u64 state; /* 2n + 2: construct n is open; 2n + 1: a thread is about to open it */
    filch_u64 next;  /* dynamic: the next chunk. guided: the next iteration */
    filch_u32 left;  /* threads that have left it; FL_OMP_AWAITED: others sleep until all have */
    filch_u32 cancelled; /* 1: its threads get no more chunks */
    char apart1[FL_OMP_LINE - 2 * sizeof(filch_u64) - 2 * sizeof(filch_u32)];
    unsigned threads;    /* of the team */
    unsigned short kind; /* FL_OMP_STATIC, FL_OMP_DYNAMIC, FL_OMP_GUIDED or FL_OMP_STEALING */
    bool ordered;        /* its iterations take turns */
    bool tracked;        /* each thread keeps its chunk: ordered, or across */
    uint64_t start, step, end, count; /* of the loop: value i is start + i * step */
    uint64_t chunk, longer, chunks;
    void *memory;                 /* that the compiled code has asked for */
    struct fl_omp_copies *copies; /* of task reductions (reduction.h); NULL: none */
    struct fl_omp_across *across; /* ordered.c; NULL: no such loop */
    fl_omp_share *stray;          /* the next stray share of the team */
    struct fl_omp_range *ranges;  /* of its threads (ranges.h); kept from construct to construct */
    char apart2[FL_OMP_LINE - 5 * sizeof(void *)];
    filch_u64 turn; /* ordered: the first iteration of the chunk that may go on */
    char apart3[FL_OMP_LINE - sizeof(filch_u64)];
};

#define FL_OMP_AWAITED 0x80000000U

/* Of a team. It must stay where it was initialised. */
typedef struct fl_omp_shares {
    fl_omp_share *ring;
    unsigned mask;
    uint64_t base, base_single; /* the first numbers of the present region */
    uintptr_t *reductions;      /* GOMP_parallel_reductions: of all threads; NULL: none */
    filch_ptr strays;           /* shares of single threads, freed with the next region */
    filch_ptr copied;           /* the data that a single with copyprivate broadcasts */
    filch_u32 cancelled;        /* 1: the loop that has no share is cancelled (see below) */
    char apart1[FILCH_APART];
    uint64_t met; /* constructs that thread 0 has met */
    char apart2[FILCH_APART];
    fl_omp_share one; /* the ring of a team of one */
} fl_omp_shares;

/* Of a thread, in a region. */
typedef struct fl_omp_sharing {
    uint64_t met;        /* constructs */
    uint64_t passed;     /* constructs that it had met when it last left one through a barrier */
    uint64_t singles;    /* singles that it has met */
    fl_omp_share *share; /* the one that it is in; NULL: none */
    uint64_t chunk;      /* static: its next chunk. FL_OMP_STEALING: whose range it has */
    uint64_t from, to;   /* iterations of its chunk, of a tracked loop; equal: it has none */
    uint64_t ended;      /* ordered regions of the chunk that have ended */
    filch_u64 *posted;   /* doacross: the word of the chunk */
} fl_omp_sharing;

struct fl_omp_thread;
struct fl_omp_team;
struct fl_omp_first;

/* Of a team of `threads`. -ENOMEM: no memory. */
int fl_omp_shares_init(fl_omp_shares *shares, unsigned threads);
void fl_omp_shares_clear(fl_omp_shares *shares);

/* The beginning of a region. singles: that were taken in earlier ones. First one thread calls fl_omp_shares_begin, while no other thread of the
 * team runs, and then fl_omp_share_first if the region begins with an open construct. Later each thread
 * calls fl_omp_sharing_begin, and in such a region fl_omp_sharing_enter_first. */
void fl_omp_shares_begin(fl_omp_shares *shares, uint64_t singles);
void fl_omp_share_first(struct fl_omp_team *team, const struct fl_omp_first *first);
void fl_omp_sharing_begin(struct fl_omp_thread *thread);
void fl_omp_sharing_enter_first(struct fl_omp_thread *thread);

/* Cancels the loop or the sections that the calling thread is in. gcc compiles a static loop in place, so
 * the thread is in no share then; such a loop ends with a barrier, which calls
 * fl_omp_shares_passed while all threads are in it. */
void fl_omp_share_cancel(struct fl_omp_thread *thread);
bool fl_omp_share_cancelled(const struct fl_omp_thread *thread);

static inline void fl_omp_shares_passed(fl_omp_shares *shares)
{
    if (FILCH_UNLIKELY(filch_u32_load(&shares->cancelled, FILCH_RELAXED))) /* a look */
        filch_u32_store(&shares->cancelled, 0, FILCH_RELAXED); /* the barrier orders it */
}

#endif
