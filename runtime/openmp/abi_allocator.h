/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Memory allocators (OpenMP 5.1, 2.13 and 3.13), as gcc's omp.h declares them. Handles are addresses, or
 * the numbers of the predefined allocators. */
#ifndef FL_OPENMP_ABI_ALLOCATOR_H
#define FL_OPENMP_ABI_ALLOCATOR_H

#include <runtime/openmp/openmp.h>

/* omp_alloctrait_t */
typedef struct fl_omp_trait {
    int key;
    uintptr_t value;
} fl_omp_trait;

FL_OMP_API uintptr_t omp_init_allocator(uintptr_t space, int count, const fl_omp_trait *traits);
FL_OMP_API void omp_destroy_allocator(uintptr_t allocator);
FL_OMP_API void omp_set_default_allocator(uintptr_t allocator);
FL_OMP_API uintptr_t omp_get_default_allocator(void);
FL_OMP_API void *omp_alloc(size_t size, uintptr_t allocator);
FL_OMP_API void *omp_aligned_alloc(size_t alignment, size_t size, uintptr_t allocator);
FL_OMP_API void *omp_calloc(size_t count, size_t size, uintptr_t allocator);
FL_OMP_API void *omp_aligned_calloc(size_t alignment, size_t count, size_t size,
                                    uintptr_t allocator);
FL_OMP_API void *omp_realloc(void *block, size_t size, uintptr_t allocator,
                             uintptr_t free_allocator);
FL_OMP_API void omp_free(void *block, uintptr_t allocator);
FL_OMP_API void *GOMP_alloc(size_t alignment, size_t size, uintptr_t allocator);
FL_OMP_API void GOMP_free(void *block, uintptr_t allocator);

#endif
