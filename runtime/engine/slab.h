/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Slabs: new fibers in a row of units of one arena. Making a fiber takes a system call for its guard, and a
 * page fault for its header and for the top of its stack. The worker that reserved the units does so without the
 * lock of the fibers, so that no other worker waits, and with one system call for all guards.
 *
 * Threads: the one that reserved the slab. Others may read the fibers' atomic words. */
#ifndef FL_SLAB_H
#define FL_SLAB_H

#include <runtime/engine/fiber.h>
#include <runtime/platform/arena.h>
#include <runtime/platform/guard.h>

enum { FL_SLAB_MOST = FL_GUARDS_MOST };

typedef struct fl_slab {
    fl_arena *arena;
    unsigned first, count; /* units; up to FL_SLAB_MOST */
    uint32_t number;       /* of the first fiber */
} fl_slab;

/* Makes its fibers, in zero pages, each to run entry(fiber). Returns how many guards are mapped
 * (runtime/platform/guard.h). */
unsigned fl_slab_make(const fl_slab *slab, const fl_fibers *of, void (*entry)(void *));

/* An empty stack, on which entry(fiber) will be called. */
void fl_fiber_lay(fl_fiber *fiber, void (*entry)(void *));

#endif
