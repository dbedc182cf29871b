/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The matrices of matmul and strassen, for other files: kernel_run.data starts with pointers to a,
 * b and c. */
#ifndef KERNELS_MATMUL_H
#define KERNELS_MATMUL_H

/* Rows are longer than a power of two, so that those of a leaf do not share cache sets: a row has
 * n + MATMUL_PAD entries. */
enum { MATMUL_PAD = 16 };

#endif
