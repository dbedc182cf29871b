/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Task reductions: the descriptor that gcc builds for them, an array of words.
 *
 *   [0] number of reductions   [1] bytes of one thread's private copies   [2] their alignment
 *   [3] [4] are not ours       [5] is unused                              [6] is unused
 *   then for each reduction: address of the variable, offset of the copy, an unused word
 *
 * The library replaces the alignment by the address of a block of zero bytes with the copies of all
 * threads, and keeps the end of the block in [6]. The compiled code initialises the copies, combines them,
 * and says when the block is no longer used.
 *
 * Edges:
 *   DropHolder: add -1 to holders, acq_rel          |  DropHolder of the last holder: it frees
 *                                                      the block after all others */
#ifndef FL_OPENMP_REDUCTION_H
#define FL_OPENMP_REDUCTION_H

#include <runtime/openmp/abi.h>

/* The block of a work-sharing construct. The share and each thread that uses it hold it: the share may be
 * used again before they end, since constructs nest. */
typedef struct fl_omp_copies {
    filch_u32 holders;
    void *block;
} fl_omp_copies;

/* For `threads`; held by the caller. */
fl_omp_copies *fl_omp_copies_create(const uintptr_t *reductions, unsigned threads);
void fl_omp_copies_release(fl_omp_copies *copies);

/* The calling thread has entered a construct with task reductions: its tasks use the share's block
 * until GOMP_workshare_task_reduction_unregister. */
void fl_omp_reductions_begin(fl_omp_thread *thread, uintptr_t *reductions);

#endif
