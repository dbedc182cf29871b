/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Barriers, critical regions, ordered, single, and cancellation. */
#include <runtime/openmp/kmpc/kmpc.h>

#include <runtime/openmp/abi.h>

/* ---- Barriers ---- */

static bool barrier(void)
{
    fl_kmpc_leave_loop(fl_omp_here());
    return fl_omp_barrier();
}

FL_OMP_ENTRY(void, __kmpc_barrier, fl_kmpc_ident *at, int32_t thread)
{
    (void)at, (void)thread;
    barrier();
}

FL_OMP_ENTRY(int32_t, __kmpc_cancel_barrier, fl_kmpc_ident *at, int32_t thread)
{
    (void)at, (void)thread;
    return barrier();
}

/* 1: the calling thread is thread 0, and the others wait for its __kmpc_end_barrier_master. */
FL_OMP_ENTRY(int32_t, __kmpc_barrier_master, fl_kmpc_ident *at, int32_t thread)
{
    (void)at, (void)thread;
    barrier();
    if (fl_omp_here()->number == 0)
        return 1;
    barrier();
    return 0;
}

FL_OMP_ENTRY(void, __kmpc_end_barrier_master, fl_kmpc_ident *at, int32_t thread)
{
    (void)at, (void)thread;
    barrier();
}

/* The others do not wait for thread 0. */
FL_OMP_ENTRY(int32_t, __kmpc_barrier_master_nowait, fl_kmpc_ident *at, int32_t thread)
{
    (void)at, (void)thread;
    barrier();
    return fl_omp_here()->number == 0;
}

FL_OMP_ENTRY(void, __kmpc_flush, fl_kmpc_ident *at)
{
    (void)at;
    filch_fence_seq_cst(); /* a full fence is all that flush asks for */
}

/* ---- critical: the compiled code sets 32 bytes aside for each name, which begin as 0 ---- */

FL_OMP_ENTRY(void, __kmpc_critical, fl_kmpc_ident *at, int32_t thread, void **name)
{
    (void)at, (void)thread;
    GOMP_critical_name_start(name);
}

FL_OMP_ENTRY(void, __kmpc_critical_with_hint, fl_kmpc_ident *at, int32_t thread, void **name,
             uint32_t hint)
{
    (void)hint;
    __kmpc_critical(at, thread, name);
}

FL_OMP_ENTRY(void, __kmpc_end_critical, fl_kmpc_ident *at, int32_t thread, void **name)
{
    (void)at, (void)thread;
    GOMP_critical_name_end(name);
}

/* ---- ordered ---- */

FL_OMP_ENTRY(void, __kmpc_ordered, fl_kmpc_ident *at, int32_t thread)
{
    (void)at, (void)thread;
    GOMP_ordered_start();
}

FL_OMP_ENTRY(void, __kmpc_end_ordered, fl_kmpc_ident *at, int32_t thread)
{
    (void)at, (void)thread;
    GOMP_ordered_end();
}

/* ---- single, scope ---- */

FL_OMP_ENTRY(int32_t, __kmpc_single, fl_kmpc_ident *at, int32_t thread)
{
    (void)at, (void)thread;
    return GOMP_single_start();
}

FL_OMP_ENTRY(void, __kmpc_end_single, fl_kmpc_ident *at, int32_t thread)
{
    (void)at, (void)thread;
}

/* data: not NULL from the thread that has run the single. Returns its data to all. */
FL_OMP_ENTRY(void *, __kmpc_copyprivate_light, fl_kmpc_ident *at, int32_t thread, void *data)
{
    (void)at, (void)thread;
    filch_ptr *copied = &fl_omp_here()->team->shares.copied;
    if (data)
        filch_ptr_store(copied, data, FILCH_RELAXED); /* the barrier orders it */
    barrier();
    return filch_ptr_load(copied, FILCH_RELAXED); /* as above */
}

FL_OMP_ENTRY(void, __kmpc_copyprivate, fl_kmpc_ident *at, int32_t thread, size_t size, void *data,
             void (*copy)(void *to, void *from), int32_t ran)
{
    (void)size;
    void *from = __kmpc_copyprivate_light(at, thread, ran ? data : NULL);
    if (!ran && !fl_omp_team_cancelled(fl_omp_here()->team)) /* else there may be no data */
        copy(data, from);
    barrier();
}

FL_OMP_ENTRY(void, __kmpc_scope, fl_kmpc_ident *at, int32_t thread, void *unused)
{
    (void)at, (void)thread, (void)unused;
}

FL_OMP_ENTRY(void, __kmpc_end_scope, fl_kmpc_ident *at, int32_t thread, void *unused)
{
    (void)at, (void)thread, (void)unused;
}

/* ---- Cancellation: clang numbers the kinds, gcc has a bit for each ---- */

static int bit_of(int32_t kind)
{
    return kind > 0 ? 1 << (kind - 1) : 0;
}

FL_OMP_ENTRY(int32_t, __kmpc_cancel, fl_kmpc_ident *at, int32_t thread, int32_t kind)
{
    (void)at, (void)thread;
    return GOMP_cancel(bit_of(kind), true);
}

FL_OMP_ENTRY(int32_t, __kmpc_cancellationpoint, fl_kmpc_ident *at, int32_t thread, int32_t kind)
{
    (void)at, (void)thread;
    return GOMP_cancellation_point(bit_of(kind));
}

/* ---- error ---- */

FL_OMP_ENTRY(void, __kmpc_error, fl_kmpc_ident *at, int severity, const char *message)
{
    enum { WARNING = 1 };
    (void)at;
    (severity == WARNING ? GOMP_warning : GOMP_error)(message, SIZE_MAX);
}
