/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "table.h"

#include <string.h>

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
    CRYPTO_ROWS(ROW)

#define DECLARE(name) extern const kernel name##_serial, name##_filch, name##_handpool;
#define ENTRY(name) {{&name##_serial, &name##_filch, &name##_handpool}},

ROWS(DECLARE)

const kernel_row kernels[] = {ROWS(ENTRY)};
const size_t kernel_count = sizeof kernels / sizeof kernels[0];

const kernel_row *kernel_find(const char *name)
{
    for (size_t i = 0; i < kernel_count; i++)
        if (strcmp(kernels[i].column[KERNEL_SERIAL]->name, name) == 0)
            return &kernels[i];
    return NULL;
}

bool kernel_answer_is_right(const kernel_run *run)
{
    return !run->size->answer || run->answer == run->size->answer;
}
