/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Waiting loops of a virtual thread: finds that it passes the same decision points again and again, and sees
 * nothing new there.
 *
 * A task waits for a lock of its own: `while (atomic_flag_test_and_set(&lock)) filch_explore_point();`. If its
 * thread had the highest priority forever, the holder could never unlock. So a thread in such a loop yields, as
 * the library's own loops do (fl_virtual_yield).
 *
 * Each decision point of the program has a key: its place and, for an access, the address and the value that the
 * memory has just before. A loop is a sequence of keys that repeats. After FL_LOOP_ROUNDS equal rounds its thread
 * waits. A different key, as of a value that another thread has stored, ends that. A loop that stores new values,
 * or goes through an array, has different keys in each round, so it never waits.
 *
 * The keys do not depend on the search, so a replay finds the same loops. The thread with the baton calls all of
 * this. */
#ifndef FL_LOOP_H
#define FL_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FL_LOOP_KEYS = 64,   /* decision points of one round, at most */
    FL_LOOP_ROUNDS = 16, /* equal ones, until the thread counts as waiting */
    FL_LOOP_VALUE = 64   /* bytes of an access that are compared, at most */
};

/* Zero bytes: no loop. */
typedef struct fl_virtual_loop {
    uint64_t keys[FL_LOOP_KEYS]; /* of the first round, or of the points since `keys[0]` */
    unsigned count;              /* of these */
    unsigned at;                 /* the next one of the present round; 0: between two rounds */
    unsigned rounds;             /* equal ones; 0: no key has come again */
} fl_virtual_loop;

/* A decision point that is no access. */
void fl_loop_point(fl_virtual_loop *loop, const void *place);
/* An access that follows at once. */
void fl_loop_access(fl_virtual_loop *loop, const void *place, const void *address, size_t size);

/* Does it wait? */
static inline bool fl_loop_waits(const fl_virtual_loop *loop)
{
    return loop->rounds >= FL_LOOP_ROUNDS;
}

/* The same, and it has ended a round: another thread should go on. */
static inline bool fl_loop_gives_way(const fl_virtual_loop *loop)
{
    return fl_loop_waits(loop) && loop->at == 0;
}

#endif
