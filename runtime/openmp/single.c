/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * single: the first thread to come runs it. A word counts the singles that a thread has taken, and each
 * thread counts those that it has met. So the threads that come later change nothing. The word shares a line
 * with the count of a barrier, which follows most singles. */
#include <runtime/openmp/team.h>
#include <runtime/openmp/worksharing.h>

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
