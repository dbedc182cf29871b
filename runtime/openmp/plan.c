/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Schedules: which iterations each chunk has. Loops count iterations from 0, in 64 bits, so a chunk is
 * a number or two, and nothing overflows at the ends of a type's range.
 *
 * static without a chunk size has one chunk for each thread, and their sizes differ by one at most. With
 * a size, thread t gets the chunks t, t + threads, ... A dynamic loop hands out the same chunks to the
 * threads that ask, by one add; one that is not monotonic has a range of chunks for each thread
 * (runtime/openmp/ranges.h). A guided chunk has its thread's part of the rest: the larger of the
 * chunk size and rest / threads, rounded up. A team of one runs every loop in one chunk.
 * runtime/openmp/share.h has the edges. */
#include <runtime/openmp/loop.h>

#include <runtime/openmp/icv.h>
#include <runtime/openmp/memory.h>
#include <runtime/openmp/ranges.h>

void fl_omp_plan_schedule(fl_omp_plan *plan, unsigned sched, uint64_t chunk)
{
    unsigned kind = sched & ~FL_OMP_MONOTONIC;
    bool monotonic = sched & FL_OMP_MONOTONIC;
    if (kind == FL_OMP_RUNTIME) {
        const fl_omp_schedule schedule = fl_omp_icv_here()->schedule;
        kind = (unsigned)schedule.kind;
        monotonic |= schedule.monotonic;
        chunk = schedule.chunk > 0 ? (uint64_t)schedule.chunk : 0;
    }
    if (kind != FL_OMP_DYNAMIC && kind != FL_OMP_GUIDED) {
        chunk = kind == FL_OMP_AUTO ? 0 : chunk;
        kind = FL_OMP_STATIC;
    }
    plan->kind = (unsigned short)kind;
    plan->steals = kind == FL_OMP_DYNAMIC && !monotonic && !plan->ordered && !plan->dims;
    plan->chunk = chunk;
}

static void divide(fl_omp_share *share, uint64_t chunk)
{
    if (chunk || share->kind != FL_OMP_STATIC) {
        share->chunk = chunk ? chunk : 1;
        share->longer = 0;
        share->chunks = share->count ? (share->count - 1) / share->chunk + 1 : 0;
    } else {
        share->chunk = share->count / share->threads;
        share->longer = share->count % share->threads;
        share->chunks = share->chunk ? share->threads : share->longer;
    }
}

void fl_omp_open_plan(fl_omp_share *share, const void *how)
{
    const fl_omp_plan *plan = how;
    const bool alone = share->threads == 1;
    share->kind = alone ? FL_OMP_STATIC : plan->kind;
    share->ordered = plan->ordered && !alone;
    share->start = plan->start;
    share->step = plan->step;
    share->end = plan->end;
    share->count = plan->distance ? (plan->distance - 1) / plan->stride + 1 : 0;
    divide(share, alone ? 0 : plan->chunk);
    filch_u64_store(&share->next, 0, FILCH_RELAXED); /* OpenShare shows it */
    filch_u64_store(&share->turn, 0, FILCH_RELAXED); /* as above */
    if (plan->steals && !alone && fl_omp_ranges_open(share))
        share->kind = FL_OMP_STEALING;
    if (plan->memory)
        share->memory = fl_omp_allocate(plan->memory);
    if (plan->reductions)
        share->copies = fl_omp_copies_create(plan->reductions, share->threads);
    share->across = plan->dims && !alone ? fl_omp_across_new(share, plan) : NULL;
    share->tracked = share->ordered || share->across;
}

bool fl_omp_take_guided(fl_omp_share *share, uint64_t *from, uint64_t *count)
{
    uint64_t next = filch_u64_load(&share->next, FILCH_RELAXED); /* a guess for the CAS */
    do {
        const uint64_t rest = share->count - next;
        if (!rest || filch_u32_load(&share->cancelled, FILCH_RELAXED)) /* a look */
            return false;
        *from = next;
        *count = fl_omp_guided(share, rest);
    } while (!filch_u64_cas(&share->next, &next, next + *count, FILCH_RELAXED)); /* no data */
    return true;
}

/* ---- Chunks of tracked loops ---- */

void fl_omp_chunk_begin(fl_omp_thread *thread, uint64_t from, uint64_t count)
{
    fl_omp_sharing *sharing = &thread->sharing;
    sharing->from = from;
    sharing->to = from + count;
    sharing->ended = 0;
    if (sharing->share->across)
        fl_omp_across_begin(thread);
}

void fl_omp_chunk_end(fl_omp_thread *thread)
{
    fl_omp_sharing *sharing = &thread->sharing;
    if (sharing->from == sharing->to)
        return;
    if (sharing->share->across)
        fl_omp_across_end(thread);
    if (sharing->share->ordered)
        fl_omp_ordered_pass(thread);
    sharing->from = sharing->to;
}
