/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The memory of fibers: arenas, one mapping each, of equal units, whose size is a multiple of
 * FILCH_REGION_SIZE. A fiber has one unit, which lies so that masking `self` finds the header:
 *
 *     low                                                     high
 *     | guard | C stack, grows down | header | slots, used upwards |
 *                                 ^ a region begins, FILCH_HEADER_AT bytes before the header
 *
 * One page has the oldest frames, the header and the first slots. So a fiber whose task waits with few
 * frames and forks takes one page.
 *
 * A C stack that overflows meets the guard. A frame so large that it jumps over the guard lands in the
 * fork stack of the unit below, from its last slots down, which only a task with thousands of unjoined
 * forks uses. Below an arena it lands in any memory of the program. Code compiled with
 * -fstack-clash-protection touches each page of a frame in turn, so it cannot jump. With the default
 * stack of 256 KiB the guard has 128 KiB, and two units share one page table: 2 KiB of page table for
 * each fiber.
 *
 * Life: an arena stays mapped until its runtime is destroyed. While all of its fibers are idle, its
 * pages can be replaced by fresh ones (fl_arena_renew), which frees the page tables as well.
 * Threads: all calls under the lock of the fibers (runtime/engine/fiber.h), except fl_arena_renew: nobody else
 * uses an arena while it is renewed. */
#ifndef FL_ARENA_H
#define FL_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <urcu-bp.h>

struct fl_fiber;
struct fl_fibers;

/* In bytes. Unit, guard and stack are whole pages. */
typedef struct fl_layout {
    size_t unit;
    size_t guard;     /* at the unit's low end */
    size_t stack;     /* above the guard; ends where a region starts */
    size_t header_at; /* of the header, from the unit's low end; the C stack also has the
                         FILCH_HEADER_AT bytes below it */
} fl_layout;

typedef struct fl_arena {
    char *base;
    unsigned number;         /* in the order of creation */
    unsigned room, used;     /* units; those that hold fibers come first */
    unsigned idle, dirty;    /* fibers in `free`; those of them that have pages */
    unsigned mapped;         /* guards of that kind (runtime/platform/memory/guard.h) */
    bool renewing;           /* no fiber may be made in it for now */
    struct fl_fiber *free;   /* the last one put back comes first */
    struct fl_fibers *of;    /* for its renewal, */
    struct rcu_head renewal; /* after a grace period, */
    unsigned renews_in;      /* in a process of that fork generation */
} fl_arena;

fl_layout fl_layout_for(size_t stack);

/* last: the arena created last, or NULL. Returns NULL if there is no memory, or no address space
 * beyond the part reserved for the program. */
fl_arena *fl_arena_create(const fl_layout *layout, unsigned room, const fl_arena *last);
void fl_arena_destroy(fl_arena *arena, const fl_layout *layout);
/* Zero pages everywhere, no guards, no fibers. */
void fl_arena_renew(fl_arena *arena, const fl_layout *layout);

/* The low end of unit i. */
static inline char *fl_arena_unit(const fl_arena *arena, const fl_layout *layout, unsigned i)
{
    return arena->base + i * layout->unit;
}

#endif
