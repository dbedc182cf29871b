/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The matrix of spmv, for other files: kernel_run.data is this, row i the entries from start[i] to
 * start[i + 1]. */
#ifndef KERNELS_SPMV_H
#define KERNELS_SPMV_H

#include "data.h"

typedef struct spmv_data {
    uint32_t *x, *y;
    uint32_t *start, *columns, *values;
    long n;
} spmv_data;

#endif
