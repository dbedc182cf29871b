/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The decision point before an access of the program. */
#ifndef FL_ACCESS_H
#define FL_ACCESS_H

#include <filch/fork.h>
#include <filch/trace.h>
#include <runtime/points/target.h>

#include <stdbool.h>

/* Slots of the own fork stack lie below the frames in the same region. They are the library's. */
static inline bool fl_is_slot(const void *address)
{
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0), there = (uintptr_t)address;
    return there < here && (there ^ here) < FILCH_REGION_SIZE;
}

static inline void fl_access(const void *address, size_t size, unsigned kind, const void *place)
{
    if (!fl_is_slot(address))
        fl_accesses(address, size, kind, place);
}

/* The instruction of the program behind the call. */
#define FL_HERE __builtin_return_address(0)

enum { FL_UPDATE = FILCH_EXPLORE_WRITES | FILCH_EXPLORE_ATOMIC };

typedef int fl_tsan_order; /* the compilers' numbers: 0 relaxed to 5 seq_cst */

#endif
