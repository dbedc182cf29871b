/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Memory, settings, and names that only libomp.so.5 has. */
#include <runtime/openmp/kmpc/kmpc.h>

#include <runtime/openmp/abi.h>
#include <runtime/openmp/query.h>

#include <stdlib.h>

/* ---- Memory allocators: the compiled code adds the thread ---- */

#define WITH_THREAD(result, name, as, parameters, ...)                                             \
    FL_OMP_ENTRY(result, name, int32_t thread, UNPACK parameters)                                  \
    {                                                                                              \
        (void)thread;                                                                              \
        return as(__VA_ARGS__);                                                                    \
    }
#define UNPACK(...) __VA_ARGS__

WITH_THREAD(void *, __kmpc_alloc, omp_alloc, (size_t size, uintptr_t allocator), size, allocator)
WITH_THREAD(void *, __kmpc_aligned_alloc, omp_aligned_alloc,
            (size_t alignment, size_t size, uintptr_t allocator), alignment, size, allocator)
WITH_THREAD(void *, __kmpc_calloc, omp_calloc, (size_t count, size_t size, uintptr_t allocator),
            count, size, allocator)
WITH_THREAD(void *, __kmpc_realloc, omp_realloc,
            (void *block, size_t size, uintptr_t allocator, uintptr_t free_allocator), block, size,
            allocator, free_allocator)
WITH_THREAD(void, __kmpc_free, omp_free, (void *block, uintptr_t allocator), block, allocator)
WITH_THREAD(uintptr_t, __kmpc_init_allocator, omp_init_allocator,
            (uintptr_t space, int count, const fl_omp_trait *traits), space, count, traits)
WITH_THREAD(void, __kmpc_destroy_allocator, omp_destroy_allocator, (uintptr_t allocator), allocator)
WITH_THREAD(void, __kmpc_set_default_allocator, omp_set_default_allocator, (uintptr_t allocator),
            allocator)

FL_OMP_ENTRY(uintptr_t, __kmpc_get_default_allocator, int32_t thread)
{
    (void)thread;
    return omp_get_default_allocator();
}

#define CONSTANT(name, value)                                                                      \
    FL_OMP_API extern const uintptr_t name;                                                        \
    const uintptr_t name = value;
CONSTANT(omp_null_allocator, 0)
CONSTANT(omp_default_mem_alloc, 1)
CONSTANT(omp_large_cap_mem_alloc, 2)
CONSTANT(omp_const_mem_alloc, 3)
CONSTANT(omp_high_bw_mem_alloc, 4)
CONSTANT(omp_low_lat_mem_alloc, 5)
CONSTANT(omp_cgroup_mem_alloc, 6)
CONSTANT(omp_pteam_mem_alloc, 7)
CONSTANT(omp_thread_mem_alloc, 8)
CONSTANT(omp_default_mem_space, 0)
CONSTANT(omp_large_cap_mem_space, 1)
CONSTANT(omp_const_mem_space, 2)
CONSTANT(omp_high_bw_mem_space, 3)
CONSTANT(omp_low_lat_mem_space, 4)

FL_OMP_ENTRY(void *, kmp_malloc, size_t size)
{
    return malloc(size);
}

FL_OMP_ENTRY(void *, kmp_aligned_malloc, size_t size, size_t alignment)
{
    return omp_aligned_alloc(alignment, size, omp_default_mem_alloc);
}

FL_OMP_ENTRY(void *, kmp_calloc, size_t count, size_t size)
{
    return calloc(count, size);
}

FL_OMP_ENTRY(void *, kmp_realloc, void *block, size_t size)
{
    return realloc(block, size);
}

FL_OMP_ENTRY(void, kmp_free, void *block)
{
    free(block);
}

/* ---- Settings ---- */

FL_OMP_ENTRY(int, __kmpc_get_target_offload, void)
{
    enum { DISABLED, DEFAULT, MANDATORY };
    static const int as[] = {[FL_OMP_OFFLOAD_DEFAULT] = DEFAULT,
                             [FL_OMP_OFFLOAD_MANDATORY] = MANDATORY,
                             [FL_OMP_OFFLOAD_DISABLED] = DISABLED};
    return as[fl_omp_globals.offload];
}

FL_OMP_ENTRY(int, __kmpc_pause_resource, int kind)
{
    return omp_pause_resource_all(kind);
}

/* How long a thread spins before it sleeps, in ms: decided by OMP_WAIT_POLICY here. */
FL_OMP_ENTRY(void, kmp_set_blocktime, int time)
{
    (void)time;
}

FL_OMP_ENTRY(int, kmp_get_blocktime, void)
{
    return 0;
}

FL_OMP_ENTRY(void, kmp_set_stacksize_s, size_t size)
{
    fl_omp_globals.stack_size = size;
}

FL_OMP_ENTRY(size_t, kmp_get_stacksize_s, void)
{
    return fl_omp_globals.stack_size;
}

FL_OMP_ENTRY(int, kmp_get_cancellation_status, int kind)
{
    (void)kind;
    return fl_omp_globals.cancellation;
}

/* There are no warnings. */
FL_OMP_ENTRY(void, kmp_set_warnings_on, void)
{
}

FL_OMP_ENTRY(void, kmp_set_warnings_off, void)
{
}

/* There is no tool. */
FL_OMP_ENTRY(int, omp_control_tool, int command, int modifier, void *argument)
{
    enum { NO_TOOL = -2 };
    (void)command, (void)modifier, (void)argument;
    return NO_TOOL;
}

/* ---- Names that the Fortran modules use for functions with values ---- */

#define COMPILED(result, name, parameters, ...)                                                    \
    FL_OMP_ENTRY(result, ompc_##name, UNPACK parameters)                                           \
    {                                                                                              \
        return omp_##name(__VA_ARGS__);                                                            \
    }
COMPILED(void, set_num_threads, (int value), value)
COMPILED(void, set_dynamic, (int value), value)
COMPILED(void, set_nested, (int value), value)
COMPILED(void, set_max_active_levels, (int value), value)
COMPILED(void, set_schedule, (unsigned kind, int chunk), kind, chunk)
COMPILED(int, get_ancestor_thread_num, (int level), level)
COMPILED(int, get_team_size, (int level), level)
COMPILED(void, set_affinity_format, (const char *format), format)
COMPILED(size_t, get_affinity_format, (char *text, size_t size), text, size)
COMPILED(void, display_affinity, (const char *format), format)
COMPILED(size_t, capture_affinity, (char *text, size_t size, const char *format), text, size,
         format)
