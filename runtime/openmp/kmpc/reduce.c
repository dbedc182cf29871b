/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Reductions of regions and loops: the compiled code combines the thread's values itself. It is told how:
 * under a lock, or by atomic operations where it has them. */
#include <runtime/openmp/kmpc/kmpc.h>

#include <runtime/openmp/locks.h>

typedef void reduce_fn(void *to, void *from);

enum { UNDER_LOCK = 1, BY_ATOMICS = 2, MOST_ATOMICS = 4 };

static int32_t begin(const fl_kmpc_ident *at, int32_t count, filch_u32 *lock)
{
    if (fl_omp_here()->team->size == 1)
        return UNDER_LOCK;
    if (at && at->flags & FL_KMPC_ATOMIC && count <= MOST_ATOMICS)
        return BY_ATOMICS;
    fl_omp_lock(lock, "a reduction");
    fl_kmpc_here.reducing = lock;
    return UNDER_LOCK;
}

static void end(void)
{
    if (fl_kmpc_here.reducing)
        fl_omp_unlock(fl_kmpc_here.reducing);
    fl_kmpc_here.reducing = NULL;
}

#define REDUCE(name)                                                                               \
    FL_OMP_ENTRY(int32_t, name, fl_kmpc_ident *at, int32_t thread, int32_t count, size_t size,     \
                 void *data, reduce_fn *combine, filch_u32 *lock)                                  \
    {                                                                                              \
        (void)thread, (void)size, (void)data, (void)combine;                                       \
        return begin(at, count, lock);                                                             \
    }
REDUCE(__kmpc_reduce)
REDUCE(__kmpc_reduce_nowait)

FL_OMP_ENTRY(void, __kmpc_end_reduce_nowait, fl_kmpc_ident *at, int32_t thread, filch_u32 *lock)
{
    (void)at, (void)thread, (void)lock;
    end();
}

FL_OMP_ENTRY(void, __kmpc_end_reduce, fl_kmpc_ident *at, int32_t thread, filch_u32 *lock)
{
    __kmpc_end_reduce_nowait(at, thread, lock);
    fl_omp_barrier();
}
