/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Atomic constructs on types for which the processor has no instruction: under one lock. clang calls libatomic
 * instead; other compilers call these. */
#include <runtime/openmp/kmpc/kmpc.h>

#include <runtime/openmp/abi.h>

/* *to = *left op *right */
typedef void operation_fn(void *to, void *left, void *right);

FL_OMP_ENTRY(void, __kmpc_atomic_start, void)
{
    GOMP_atomic_start();
}

FL_OMP_ENTRY(void, __kmpc_atomic_end, void)
{
    GOMP_atomic_end();
}

#define ATOMIC(size)                                                                               \
    FL_OMP_ENTRY(void, __kmpc_atomic_##size, fl_kmpc_ident *at, int32_t thread, void *variable,    \
                 void *value, operation_fn *operation)                                             \
    {                                                                                              \
        (void)at, (void)thread;                                                                    \
        GOMP_atomic_start();                                                                       \
        operation(variable, variable, value);                                                      \
        GOMP_atomic_end();                                                                         \
    }
ATOMIC(1)
ATOMIC(2)
ATOMIC(4)
ATOMIC(8)
ATOMIC(10)
ATOMIC(16)
ATOMIC(20)
ATOMIC(32)
