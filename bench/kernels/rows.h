/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The rows of the table of kernels, by the names of their records; table.c and peers.c make tables
 * of them. C and C++. */
#ifndef KERNELS_ROWS_H
#define KERNELS_ROWS_H

#ifdef KERNELS_HAVE_CRYPTO
#define CRYPTO_ROWS(ROW) ROW(tree_digest)
#else
#define CRYPTO_ROWS(ROW)
#endif

#define ROWS(ROW)                                                                                  \
    ROW(fib)                                                                                       \
    ROW(nqueens)                                                                                   \
    ROW(skynet)                                                                                    \
    ROW(uts_t1)                                                                                    \
    ROW(uts_t3)                                                                                    \
    ROW(cilksort)                                                                                  \
    ROW(matmul)                                                                                    \
    ROW(heat)                                                                                      \
    ROW(strassen)                                                                                  \
    ROW(fft)                                                                                       \
    ROW(lu)                                                                                        \
    ROW(cholesky)                                                                                  \
    ROW(knapsack)                                                                                  \
    ROW(integrate)                                                                                 \
    ROW(quicksort)                                                                                 \
    ROW(pi)                                                                                        \
    ROW(spmv)                                                                                      \
    ROW(bfs)                                                                                       \
    ROW(pagerank)                                                                                  \
    ROW(stencil_dag)                                                                               \
    ROW(tb_stencil)                                                                                \
    ROW(tb_fft)                                                                                    \
    ROW(tb_tree)                                                                                   \
    ROW(tb_random)                                                                                 \
    ROW(uts_t1l)                                                                                   \
    ROW(uts_t3l)                                                                                   \
    CRYPTO_ROWS(ROW)

#define PAR_ROWS(ROW)                                                                              \
    ROW(for)                                                                                       \
    ROW(mandelbrot)                                                                                \
    ROW(triangle)                                                                                  \
    ROW(for_100ns)                                                                                 \
    ROW(for_1us)                                                                                   \
    ROW(for_10us)                                                                                  \
    ROW(reduce)                                                                                    \
    ROW(scan)                                                                                      \
    ROW(sort)                                                                                      \
    ROW(radix)                                                                                     \
    ROW(wake)

/* Those that are compiled as C++, too: bench/CMakeLists.txt names their files. */
#define CPP_ROWS(ROW)                                                                              \
    ROW(fib)                                                                                       \
    ROW(nqueens)                                                                                   \
    ROW(skynet)                                                                                    \
    ROW(uts_t1)                                                                                    \
    ROW(uts_t3)                                                                                    \
    ROW(uts_t1l)                                                                                   \
    ROW(uts_t3l)                                                                                   \
    ROW(cilksort)                                                                                  \
    ROW(matmul)

#endif
