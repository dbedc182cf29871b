/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What others have to know of the matrices of matmul and strassen: kernel_run.data starts with
 * pointers to a, b and c. */
#ifndef KERNELS_MATMUL_H
#define KERNELS_MATMUL_H

/* Rows are longer than a power of two, so that those of a leaf do not share cache sets: a row has
 * n + MATMUL_PAD entries. */
enum { MATMUL_PAD = 16 };

#endif
