/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Small races of the fork stack, the idle word and two deques, for tests/processors/run.py. It
 * interprets the machine code of these files, with all results that the processor's memory model
 * allows. A race NAME has NAME_begin (alone, at the start), NAME_0 and following (threads, of which
 * 0 is the owner), and NAME_end (alone, with the threads' results; 1: all is well).
 *
 * Everything but the slow paths of fork and join (slow.c), which need a runtime, is shipped code. */
#ifndef RACES_H
#define RACES_H

#include <filch/fork.h>
#include <sched/forkstack.h>
#include <sched/idle.h>

#define RACE __attribute__((noinline, used))
#define NOTHING 0L
#define SECOND (10L + (1 << 8)) /* the arguments of tasks[1] in the first slot */

void heavy_fence(void); /* membarrier(2): run.py plays it */

extern struct race_region {
    char below[FILCH_HEADER_AT];
    fl_forkstack stack;
    char apart[FL_SLOTS_OFFSET - sizeof(fl_forkstack)];
    filch_slot slot[8];
} region;
extern fl_idle idle;
extern filch_u32 woken; /* a slow fork has woken a worker */
extern const filch_task tasks[2];

static inline void begin(enum fl_forkside side)
{
    fl_forkstack_init(&region.stack);
    fl_forkstack_issue(&region.stack, side);
    fl_idle_init(&idle, 0);
}

static inline filch_self forked(int at, int task)
{
    region.slot[at].args[0] = 10 + (uint64_t)at + ((uint64_t)task << 8);
    return filch_fork_inline(&region.slot[at], &tasks[task]);
}

/* A join by a macro: the arguments of a task that is still here, or nothing. */
static inline long joined(int at, int task)
{
    filch_slot *slot = &region.slot[at];
    return filch_join_inline(slot, &tasks[task]) ? (long)slot->args[0] : NOTHING;
}

/* The arguments of the task that it got; 7: they are not those of the task. */
static inline long robbed(bool fenced)
{
    uint64_t top;
    filch_slot *slot;
    if (!fl_forkstack_rob_look(&region.stack, &top))
        return NOTHING;
    if (fenced)
        filch_fence_seq_cst();
    else
        heavy_fence();
    const filch_task *task = fl_forkstack_rob_take(&region.stack, top, &slot);
    if (!task)
        return NOTHING;
    long got = (long)slot->args[0];
    return got >> 8 == (task == &tasks[1]) ? got : 7;
}

/* They are 10, or 10 and 11, each once; the rest is nothing. */
static inline bool each_once(long count, long a, long b, long c)
{
    return a + b + c == (count == 1 ? 10 : 21);
}

#endif
