/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Locks. omp_lock_t of clang's omp.h has room for that of gcc's; its omp_nest_lock_t is a pointer, as in
 * Fortran. */
#include <runtime/openmp/kmpc/kmpc.h>

#include <runtime/openmp/abi.h>

/* ---- Nest locks of C: as Fortran's ---- */

FL_OMP_ENTRY(void, omp_init_nest_lock, fl_omp_nest_lock **one)
{
    omp_init_nest_lock_(one);
}

FL_OMP_ENTRY(void, omp_init_nest_lock_with_hint, fl_omp_nest_lock **one, int hint)
{
    (void)hint;
    omp_init_nest_lock_(one);
}

FL_OMP_ENTRY(void, omp_destroy_nest_lock, fl_omp_nest_lock **one)
{
    omp_destroy_nest_lock_(one);
}

FL_OMP_ENTRY(void, omp_set_nest_lock, fl_omp_nest_lock **one)
{
    omp_set_nest_lock_(one);
}

FL_OMP_ENTRY(void, omp_unset_nest_lock, fl_omp_nest_lock **one)
{
    omp_unset_nest_lock_(one);
}

FL_OMP_ENTRY(int, omp_test_nest_lock, fl_omp_nest_lock **one)
{
    return omp_test_nest_lock_(one);
}

/* ---- The same, with a place in the source ---- */

#define LOCK(result, operation, name, lock)                                                        \
    FL_OMP_ENTRY(result, __kmpc_##operation##_##name, fl_kmpc_ident *at, int32_t thread,           \
                 lock *one)                                                                        \
    {                                                                                              \
        (void)at, (void)thread;                                                                    \
        return omp_##operation##_##name##_(one);                                                   \
    }
#define LOCKS(name, lock)                                                                          \
    LOCK(void, init, name, lock)                                                                   \
    LOCK(void, destroy, name, lock)                                                                \
    LOCK(void, set, name, lock)                                                                    \
    LOCK(void, unset, name, lock)                                                                  \
    LOCK(int, test, name, lock)                                                                    \
    FL_OMP_ENTRY(void, __kmpc_init_##name##_with_hint, fl_kmpc_ident *at, int32_t thread,          \
                 lock *one, uintptr_t hint)                                                        \
    {                                                                                              \
        (void)hint;                                                                                \
        __kmpc_init_##name(at, thread, one);                                                       \
    }
LOCKS(lock, fl_omp_user_lock)
LOCKS(nest_lock, fl_omp_nest_lock *)
