/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The nest locks of gcc's omp.h, which has room for the whole lock. Only in libgomp.so.1. */
#include <runtime/openmp/abi.h>

#include <runtime/openmp/worksharing.h>

FL_OMP_ENTRY(void, omp_init_nest_lock, fl_omp_nest_lock *one)
{
    fl_omp_init_nest_lock(one);
}

/* Hints change nothing: the lock adapts by itself. */
FL_OMP_ENTRY(void, omp_init_nest_lock_with_hint, fl_omp_nest_lock *one, int hint)
{
    (void)hint;
    fl_omp_init_nest_lock(one);
}

FL_OMP_ENTRY(void, omp_destroy_nest_lock, fl_omp_nest_lock *one)
{
    fl_omp_destroy_nest_lock(one);
}

FL_OMP_ENTRY(void, omp_set_nest_lock, fl_omp_nest_lock *one)
{
    fl_omp_set_nest_lock(one);
}

FL_OMP_ENTRY(void, omp_unset_nest_lock, fl_omp_nest_lock *one)
{
    fl_omp_unset_nest_lock(one);
}

FL_OMP_ENTRY(int, omp_test_nest_lock, fl_omp_nest_lock *one)
{
    return fl_omp_test_nest_lock(one);
}
