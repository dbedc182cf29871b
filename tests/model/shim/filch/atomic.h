/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Stands in for include/filch/atomic.h when the library is compiled for the model checker: the same
 * types and names, but each operation is a step that the checker schedules. */
#ifndef FILCH_ATOMIC_H
#define FILCH_ATOMIC_H

#include <filch/base.h>
#include <tests/model/checker/check.h>

typedef enum {
    FILCH_RELAXED = MC_RELAXED,
    FILCH_ACQUIRE = MC_ACQUIRE,
    FILCH_RELEASE = MC_RELEASE,
    FILCH_ACQ_REL = MC_ACQ_REL,
    FILCH_SEQ_CST = MC_SEQ_CST
} filch_order;

#define SHIM_KIND(kind, type, number)                                                              \
    typedef struct {                                                                               \
        type filch_value;                                                                          \
    } filch_##kind;                                                                                \
    FILCH_INLINE type shim_##kind##_load(const filch_##kind *a, filch_order order, const char *at) \
    {                                                                                              \
        return (type)(number)mc_load(&a->filch_value, sizeof *a, (mc_order)order, at);             \
    }                                                                                              \
    FILCH_INLINE void shim_##kind##_store(filch_##kind *a, type v, filch_order order,              \
                                          const char *at)                                          \
    {                                                                                              \
        mc_store(&a->filch_value, sizeof *a, (number)v, (mc_order)order, at);                      \
    }                                                                                              \
    FILCH_INLINE type shim_##kind##_change(filch_##kind *a, enum mc_change change, type v,         \
                                           filch_order order, const char *at)                      \
    {                                                                                              \
        return (type)(number)mc_change(&a->filch_value, sizeof *a, change, (number)v,              \
                                       (mc_order)order, at);                                       \
    }                                                                                              \
    FILCH_INLINE int shim_##kind##_cas(filch_##kind *a, type *expected, type v, filch_order order, \
                                       const char *at)                                             \
    {                                                                                              \
        uint64_t old = (number)*expected;                                                          \
        bool done = mc_cas(&a->filch_value, sizeof *a, &old, (number)v, (mc_order)order, at);      \
        *expected = (type)(number)old;                                                             \
        return done;                                                                               \
    }

SHIM_KIND(u32, uint32_t, uint32_t)
SHIM_KIND(u64, uint64_t, uint64_t)
SHIM_KIND(ptr, void *, uintptr_t)

#define filch_u32_load(a, order) shim_u32_load(a, order, MC_HERE)
#define filch_u64_load(a, order) shim_u64_load(a, order, MC_HERE)
#define filch_ptr_load(a, order) shim_ptr_load(a, order, MC_HERE)
#define filch_u32_store(a, v, order) shim_u32_store(a, v, order, MC_HERE)
#define filch_u64_store(a, v, order) shim_u64_store(a, v, order, MC_HERE)
#define filch_ptr_store(a, v, order) shim_ptr_store(a, v, order, MC_HERE)
#define filch_u32_exchange(a, v, order) shim_u32_change(a, MC_EXCHANGE, v, order, MC_HERE)
#define filch_u64_exchange(a, v, order) shim_u64_change(a, MC_EXCHANGE, v, order, MC_HERE)
#define filch_ptr_exchange(a, v, order) shim_ptr_change(a, MC_EXCHANGE, v, order, MC_HERE)
#define filch_u32_add(a, v, order) shim_u32_change(a, MC_ADD, v, order, MC_HERE)
#define filch_u64_add(a, v, order) shim_u64_change(a, MC_ADD, v, order, MC_HERE)
#define filch_u32_or(a, v, order) shim_u32_change(a, MC_OR, v, order, MC_HERE)
#define filch_u64_or(a, v, order) shim_u64_change(a, MC_OR, v, order, MC_HERE)
#define filch_u32_and(a, v, order) shim_u32_change(a, MC_AND, v, order, MC_HERE)
#define filch_u64_and(a, v, order) shim_u64_change(a, MC_AND, v, order, MC_HERE)
#define filch_u32_cas(a, e, v, order) shim_u32_cas(a, e, v, order, MC_HERE)
#define filch_u64_cas(a, e, v, order) shim_u64_cas(a, e, v, order, MC_HERE)
#define filch_ptr_cas(a, e, v, order) shim_ptr_cas(a, e, v, order, MC_HERE)

#define filch_fence_seq_cst() mc_fence(MC_HERE)
#define filch_fence_light() mc_light(MC_HERE)
#define filch_pause() mc_pause(MC_HERE)

#endif
