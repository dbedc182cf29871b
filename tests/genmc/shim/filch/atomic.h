/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * In the place of include/filch/atomic.h for GenMC and other checkers of LLVM code: the same names,
 * without inline assembler, intrinsics of a processor and asymmetric fences. */
#ifndef FILCH_ATOMIC_H
#define FILCH_ATOMIC_H

#include <filch/base.h>

typedef enum {
    FILCH_RELAXED = __ATOMIC_RELAXED,
    FILCH_ACQUIRE = __ATOMIC_ACQUIRE,
    FILCH_RELEASE = __ATOMIC_RELEASE,
    FILCH_ACQ_REL = __ATOMIC_ACQ_REL,
    FILCH_SEQ_CST = __ATOMIC_SEQ_CST
} filch_order;

/* Macros, so that each order is a constant, as LLVM needs it. */
typedef struct {
    uint32_t filch_value;
} filch_u32;
typedef struct {
    uint64_t filch_value;
} filch_u64;
typedef struct {
    void *filch_value;
} filch_ptr;

#define LOAD(a, order) __atomic_load_n(&(a)->filch_value, order)
#define STORE(a, v, order) __atomic_store_n(&(a)->filch_value, v, order)
#define EXCHANGE(a, v, order) __atomic_exchange_n(&(a)->filch_value, v, order)
#define CAS(a, expected, v, order)                                                                 \
    __atomic_compare_exchange_n(&(a)->filch_value, expected, v, 0, order, __ATOMIC_RELAXED)
#define ADD(a, v, order) __atomic_fetch_add(&(a)->filch_value, v, order)
#define OR(a, v, order) __atomic_fetch_or(&(a)->filch_value, v, order)
#define AND(a, v, order) __atomic_fetch_and(&(a)->filch_value, v, order)

#define filch_u32_load LOAD
#define filch_u32_store STORE
#define filch_u32_exchange EXCHANGE
#define filch_u32_cas CAS
#define filch_u32_add ADD
#define filch_u32_or OR
#define filch_u32_and AND
#define filch_u64_load LOAD
#define filch_u64_store STORE
#define filch_u64_exchange EXCHANGE
#define filch_u64_cas CAS
#define filch_u64_add ADD
#define filch_u64_or OR
#define filch_u64_and AND
#define filch_ptr_load LOAD
#define filch_ptr_store STORE
#define filch_ptr_exchange EXCHANGE
#define filch_ptr_cas CAS

#define filch_fence_seq_cst() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define filch_pause() ((void)0)

#endif
