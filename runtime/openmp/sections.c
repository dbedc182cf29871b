/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * sections: a dynamic loop over them, with chunks of one. Sections have the numbers 1, 2, ...; 0 means that
 * there are no more. */
#include <runtime/openmp/loop.h>
#include <runtime/openmp/team.h>
#include <runtime/openmp/worksharing.h>

static fl_omp_plan plan_of(unsigned sections)
{
    return (fl_omp_plan){.kind = FL_OMP_DYNAMIC, .distance = sections, .stride = 1, .chunk = 1};
}

/* A team of one has all sections in one chunk. */
static unsigned next(fl_omp_thread *thread)
{
    fl_omp_sharing *sharing = &thread->sharing;
    uint64_t section, count;
    if (sharing->share->threads > 1)
        return fl_omp_take(sharing, &section, &count) ? (unsigned)section + 1 : 0;
    if (filch_u32_load(&sharing->share->cancelled, FILCH_RELAXED)) /* its own */
        return 0;
    return sharing->ended < sharing->share->count ? (unsigned)++sharing->ended : 0;
}

static unsigned start(unsigned sections, uintptr_t *reductions, void **mem)
{
    fl_omp_thread *thread = fl_omp_here();
    fl_omp_plan plan = plan_of(sections);
    fl_omp_plan_extras(&plan, reductions, mem);
    fl_omp_share_enter(thread, fl_omp_open_plan, &plan);
    fl_omp_share_extras(thread, reductions, mem);
    return next(thread);
}

FL_OMP_ENTRY(unsigned, GOMP_sections_start, unsigned sections)
{
    return start(sections, NULL, NULL);
}

FL_OMP_ENTRY(unsigned, GOMP_sections2_start, unsigned sections, uintptr_t *reductions, void **mem)
{
    return start(sections, reductions, mem);
}

FL_OMP_ENTRY(unsigned, GOMP_sections_next, void)
{
    return next(fl_omp_here());
}

FL_OMP_ENTRY(void, GOMP_sections_end, void)
{
    fl_omp_share_end(fl_omp_here());
}

FL_OMP_ENTRY(bool, GOMP_sections_end_cancel, void)
{
    return fl_omp_share_end(fl_omp_here());
}

FL_OMP_ENTRY(void, GOMP_sections_end_nowait, void)
{
    fl_omp_share_leave(fl_omp_here());
}

/* ---- parallel sections ---- */

static void fork_sections(fl_omp_fn *fn, void *data, unsigned threads, unsigned sections,
                          unsigned flags)
{
    const fl_omp_plan plan = plan_of(sections);
    const fl_omp_first first = {fl_omp_open_plan, &plan};
    fl_omp_fork(fn, data, threads, flags, &first);
}

FL_OMP_ENTRY(void, GOMP_parallel_sections_start, fl_omp_fn *fn, void *data, unsigned threads,
             unsigned sections)
{
    fork_sections(fn, data, threads, sections, 0);
}

FL_OMP_ENTRY(void, GOMP_parallel_sections, fl_omp_fn *fn, void *data, unsigned threads,
             unsigned sections, unsigned flags)
{
    fork_sections(fn, data, threads, sections, flags);
    fn(data);
    fl_omp_join();
}

/* ---- Single ---- */

/* single: the first thread to come runs it. A word counts the singles that a thread has taken, and each
 * thread counts those that it has met. So the threads that come later change nothing. The word shares a line
 * with the count of a barrier, which follows most singles. */

static bool take(fl_omp_thread *thread)
{
    fl_omp_hot *hot = thread->team->state;
    if (!hot)
        return true;
    const uint64_t number = thread->sharing.singles++;
    uint64_t taken = filch_u64_load(&hot->single, FILCH_RELAXED); /* a look */
    return taken == number && filch_u64_cas(&hot->single, &taken, number + 1,
                                            FILCH_RELAXED); /* a number; barriers order the rest */
}

FL_OMP_ENTRY(bool, GOMP_single_start, void)
{
    return take(fl_omp_here());
}

/* With copyprivate. NULL: the calling thread runs it, and then calls GOMP_single_copy_end. Otherwise, the
 * other thread's data, valid until the barrier that the compiled code has after its use. */
FL_OMP_ENTRY(void *, GOMP_single_copy_start, void)
{
    fl_omp_thread *thread = fl_omp_here();
    if (take(thread))
        return NULL;
    if (fl_omp_barrier())
        return NULL; /* the region is cancelled, and there may be no data */
    return filch_ptr_load(&thread->team->shares.copied, FILCH_RELAXED); /* the barrier orders it */
}

FL_OMP_ENTRY(void, GOMP_single_copy_end, void *data)
{
    filch_ptr_store(&fl_omp_here()->team->shares.copied, data, FILCH_RELAXED); /* as above */
    fl_omp_barrier();
}
