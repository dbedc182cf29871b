/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Entry points of other libraries named libomp.so.5 that are not there. clang and flang do not call them. A program
 * that does is told so, and ends. */
#include <runtime/openmp/kmpc/kmpc.h>

#include <stdio.h>
#include <stdlib.h>

static FILCH_NORETURN FILCH_COLD void missing(const char *name)
{
    fprintf(stderr, "libomp on Filch: %s is not implemented\n", name);
    abort();
}

#define MISSING(name)                                                                              \
    FL_OMP_ENTRY(void, name, void)                                                                 \
    {                                                                                              \
        missing(#name);                                                                            \
    }

/* ---- Constructs ---- */

MISSING(__kmpc_calc_original_ivs_rectang)
MISSING(__kmpc_end_sections)
MISSING(__kmpc_for_collapsed_init)
MISSING(__kmpc_get_parent_taskid)
MISSING(__kmpc_get_taskid)
MISSING(__kmpc_invoke_task_func)
MISSING(__kmpc_next_section)
MISSING(__kmpc_omp_get_target_async_handle_ptr)
MISSING(__kmpc_omp_has_task_team)
MISSING(__kmpc_process_loop_nest_rectang)
MISSING(__kmpc_proxy_task_completed)
MISSING(__kmpc_proxy_task_completed_ooo)
MISSING(__kmpc_push_num_threads_list)
MISSING(__kmpc_push_num_threads_list_strict)
MISSING(__kmpc_sections_init)
MISSING(__kmpc_task_get_depnode)
MISSING(__kmpc_task_get_successors)
MISSING(kmp_threadprivate_insert)
MISSING(kmp_threadprivate_insert_private_data)

/* ---- Settings: in C and, with a final _, in Fortran ---- */

#define BOTH(name)                                                                                 \
    MISSING(name)                                                                                  \
    MISSING(name##_)
BOTH(kmp_create_affinity_mask)
BOTH(kmp_destroy_affinity_mask)
BOTH(kmp_get_affinity)
BOTH(kmp_get_affinity_mask_proc)
BOTH(kmp_get_affinity_max_proc)
BOTH(kmp_get_library)
BOTH(kmp_get_num_known_threads)
BOTH(kmp_get_stacksize)
BOTH(kmp_set_affinity)
BOTH(kmp_set_affinity_mask_proc)
BOTH(kmp_set_defaults)
BOTH(kmp_set_disp_num_buffers)
BOTH(kmp_set_library)
BOTH(kmp_set_library_serial)
BOTH(kmp_set_library_throughput)
BOTH(kmp_set_library_turnaround)
BOTH(kmp_set_stacksize)
BOTH(kmp_unset_affinity_mask_proc)
BOTH(omp_get_interop_int)
BOTH(omp_get_interop_name)
BOTH(omp_get_interop_ptr)
BOTH(omp_get_interop_rc_desc)
BOTH(omp_get_interop_str)
BOTH(omp_get_interop_type_desc)
BOTH(omp_get_num_interop_properties)
MISSING(kmp_aligned_malloc_)
MISSING(kmp_calloc_)
MISSING(kmp_free_)
MISSING(kmp_get_blocktime_)
MISSING(kmp_get_cancellation_status_)
MISSING(kmp_get_stacksize_s_)
MISSING(kmp_malloc_)
MISSING(kmp_realloc_)
MISSING(kmp_set_blocktime_)
MISSING(kmp_set_stacksize_s_)
MISSING(kmp_set_thread_affinity_mask_initial)
MISSING(kmp_set_warnings_off_)
MISSING(kmp_set_warnings_on_)
MISSING(omp_control_tool_)

/* ---- Names that Fortran modules for other compilers use ---- */

#define MODULE(name) MISSING(kmpc_##name)
MODULE(aligned_malloc)
MODULE(calloc)
MODULE(free)
MODULE(get_affinity_mask_proc)
MODULE(malloc)
MODULE(realloc)
MODULE(set_affinity_mask_proc)
MODULE(set_blocktime)
MODULE(set_defaults)
MODULE(set_disp_num_buffers)
MODULE(set_library)
MODULE(set_stacksize)
MODULE(set_stacksize_s)
MODULE(unset_affinity_mask_proc)

/* ---- Atomic operations by type: clang has instructions or libatomic for all of them ---- */

#define ATOMIC(type, operation) MISSING(__kmpc_atomic_##type##_##operation)
#define WITH_RESULT(type, operation)                                                               \
    ATOMIC(type, operation)                                                                        \
    ATOMIC(type, operation##_cpt)
#define REVERSIBLE(type, operation)                                                                \
    WITH_RESULT(type, operation)                                                                   \
    ATOMIC(type, operation##_rev)                                                                  \
    ATOMIC(type, operation##_cpt_rev)
#define ARITHMETIC(type)                                                                           \
    WITH_RESULT(type, add)                                                                         \
    WITH_RESULT(type, mul)                                                                         \
    REVERSIBLE(type, sub)                                                                          \
    REVERSIBLE(type, div)                                                                          \
    ATOMIC(type, rd)                                                                               \
    ATOMIC(type, wr)                                                                               \
    ATOMIC(type, swp)
#define ORDERED(type)                                                                              \
    ARITHMETIC(type)                                                                               \
    WITH_RESULT(type, min)                                                                         \
    WITH_RESULT(type, max)
#define INTEGER(type)                                                                              \
    ORDERED(type)                                                                                  \
    WITH_RESULT(type, andb)                                                                        \
    WITH_RESULT(type, andl)                                                                        \
    WITH_RESULT(type, orb)                                                                         \
    WITH_RESULT(type, orl)                                                                         \
    WITH_RESULT(type, xor)                                                                         \
    WITH_RESULT(type, eqv)                                                                         \
    WITH_RESULT(type, neqv)                                                                        \
    REVERSIBLE(type, shl)                                                                          \
    REVERSIBLE(type, shr)                                                                          \
    ATOMIC(type, mul_float8)                                                                       \
    ATOMIC(type, div_float8)                                                                       \
    REVERSIBLE(type##u, div)                                                                       \
    REVERSIBLE(type##u, shr)
#define EXCHANGE(size)                                                                             \
    MISSING(__kmpc_atomic_bool_##size##_cas)                                                       \
    MISSING(__kmpc_atomic_bool_##size##_cas_cpt)                                                   \
    WITH_RESULT(val, size##_cas)

INTEGER(fixed1)
INTEGER(fixed2)
INTEGER(fixed4)
INTEGER(fixed8)
ORDERED(float4)
ORDERED(float8)
ORDERED(float10)
ARITHMETIC(cmplx4)
ARITHMETIC(cmplx8)
ARITHMETIC(cmplx10)
ATOMIC(float4, add_float8)
ATOMIC(float4, sub_float8)
ATOMIC(float4, mul_float8)
ATOMIC(float4, div_float8)
ATOMIC(cmplx4, add_cmplx8)
ATOMIC(cmplx4, sub_cmplx8)
ATOMIC(cmplx4, mul_cmplx8)
ATOMIC(cmplx4, div_cmplx8)
EXCHANGE(1)
EXCHANGE(2)
EXCHANGE(4)
EXCHANGE(8)
