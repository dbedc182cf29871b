/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The memory of a kernel's instance: one block, which begins with the kernel's description of its
 * data; the data follow. C and C++. */
#ifndef KERNELS_DATA_H
#define KERNELS_DATA_H

#include "table.h"

#include <stdlib.h>

enum { DATA_LINE = 64 };

/* The beginning of an instance's block. */
#define DATA(type, run) ((type *)(run)->data)

/* Makes run->data: `size` bytes that describe the data, DATA_LINE at most, and `bytes` of data at
 * data_items(). False without memory. data_teardown frees it. */
static inline bool data_setup(kernel_run *run, size_t size, size_t bytes)
{
    const size_t whole = ((DATA_LINE + bytes) | (DATA_LINE - 1)) + 1;
    run->data = size > DATA_LINE ? NULL
                : run->memory    ? run->memory
                                 : aligned_alloc(DATA_LINE, whole);
    return run->data != NULL;
}

static inline void *data_items(const kernel_run *run)
{
    return (char *)run->data + DATA_LINE;
}

static inline void data_teardown(kernel_run *run)
{
    if (run->data != run->memory)
        free(run->data);
}

#endif
