/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The strings of stencil-dag, for other files: kernel_run.data is this, with strings a and b of n
 * letters each. */
#ifndef KERNELS_STENCIL_DAG_H
#define KERNELS_STENCIL_DAG_H

#include "data.h"

typedef struct stencil_data {
    uint8_t *a, *b;
    uint32_t *row, *column; /* lengths along the edge of what is done */
    uint32_t *corner;       /* of block (i, j): the length above and left of its first cell */
    filch_u32 *waiting;     /* predecessors of each block that are not done */
    long n, side;           /* of the matrix; in blocks */
} stencil_data;

#endif
