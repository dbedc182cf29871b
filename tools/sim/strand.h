/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A strand: a fiber of the simulation, with its frames and its fork stack. It begins with the root
 * or with something stolen, and each frame is a task that has begun. Forked children are only a
 * range of numbers in their parent's frame. Thieves take the lowest number of the oldest frame that
 * has some; the owner joins the highest of the newest frame. So it is in a fork stack.
 *
 * A gift of many is a frame of its own: a range, which forks its upper half as long as there is
 * more than one (runtime/engine/run_work.c), and then calls the first. */
#ifndef SIM_STRAND_H
#define SIM_STRAND_H

#include "generate.h"

struct strand;

/* A forked child, or a range of them. Its parent cannot end before they have. */
typedef struct place {
    struct strand *strand;
    uint32_t frame, first, count;
} place;

enum stage { STAGE_PHASE, STAGE_FORK, STAGE_CALL, STAGE_JOIN };

typedef struct frame {
    union {
        node at;     /* of a task */
        place range; /* of a range: the children of another frame that it runs */
    } of;
    uint32_t phase;     /* the next one */
    uint32_t children;  /* forked ones of the current phase */
    uint32_t slot;      /* of its first forked child, in the fork stack: the children of the frames
                           below, stolen ones counted */
    uint32_t low, high; /* of them, low .. high - 1 are forked, neither joined nor stolen; those
                           below low are stolen, and not joined */
    bool is_range, calls;
    unsigned char stage; /* enum stage: the next thing to do */
    union {
        uint64_t word;  /* up to 64 children */
        uint64_t *many; /* more; NULL: none was stolen */
    } done;             /* by number: a stolen child has ended */
} frame;

typedef struct strand {
    frame *frames;
    uint32_t depth, room;
    uint32_t oldest;    /* no older frame has children to take */
    uint64_t available; /* children to take in all frames */
    uint64_t changes;   /* of what is oldest, by a steal; the tag of `top` */
    place origin;       /* the child, or range, that it runs; strand NULL: the root */
    /* Requests, as in sched/forkstack.h: its owner takes its slow path at the next fork (called),
     * or join (asked). */
    bool is_called, is_asked;
    int request;       /* the worker whose mailbox lies there, or -1 */
    int spins;         /* the worker that waits for a child of its newest frame, or -1 */
    bool is_suspended; /* it waits for that child, without a worker */
    bool was_switched; /* it waited since it began */
    bool is_gift;
    picoseconds began;
    uint64_t number;                /* of its being made ready, 1 and up */
    struct strand *next, *previous; /* in a ready deque, or in the list of unused ones */
    struct strand *made_before;     /* in the list of all */
} strand;

/* The frame of a task, or of a range, on top. false: no memory. */
bool strand_push(strand *s, frame f);
static inline frame *strand_top(strand *s)
{
    return &s->frames[s->depth - 1];
}
void strand_pop(strand *s);
void strand_free(strand *s);

/* Is the child with that number of a frame, which was stolen, done? */
bool frame_is_done(const frame *f, uint32_t child);
/* A phase with so many forked children begins. */
void frame_begin(frame *f, uint32_t children, bool calls);

/* Takes the oldest children of the oldest frame, at most so many, and at least one: `available` is
 * above 0. false: no memory. */
bool strand_take(strand *s, uint32_t most, place *taken);
/* Does the slot hold a forked child that is neither joined nor stolen? */
bool strand_offers(const strand *s, uint32_t slot);
/* Takes it, or an older child of the same frame. false: no memory. */
bool strand_take_at(strand *s, uint32_t slot, place *taken);
/* The newest frame's next child runs at its fork, so no thief takes it. false: no memory. */
bool strand_run_next(strand *s);
/* A stolen child has ended. */
void strand_finish(strand *s, uint32_t frame, uint32_t child);

/* The number of forked halves of a range, and the part with that number. */
uint32_t range_forks(uint32_t count);
place range_part(const place *range, uint32_t number);

#endif
