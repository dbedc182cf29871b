/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Memory of the library itself. OpenMP has no errors: without memory the process ends, with a message that
 * users of libgomp know. */
#ifndef FL_OPENMP_MEMORY_H
#define FL_OPENMP_MEMORY_H

#include <filch/base.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline FILCH_NORETURN void fl_omp_out_of_memory(size_t bytes)
{
    fprintf(stderr, "\nlibgomp: Out of memory allocating %zu bytes\n", bytes);
    exit(1);
}

/* Zero bytes. */
static inline void *fl_omp_allocate(size_t bytes)
{
    void *block = calloc(1, bytes);
    if (!block)
        fl_omp_out_of_memory(bytes);
    return block;
}

#endif
