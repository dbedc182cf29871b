/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dead letters, internal part. The queue decides (too old, too many, which call requeues), counts,
 * and calls users' functions. The store keeps the letters, and knows which are taken.
 *
 *   a letter is    listed  put in again       removed, too old, too many   its submission
 *   kept           yes     taken              gone                         -
 *   taken          no      -EBUSY             -EBUSY; stays                done: gone; failed: kept
 *   gone           no      -ENOENT            -ENOENT                      -
 *
 * The call that makes a letter gone counts the reason, once; then its data goes with the last hold.
 * So a second call finds nothing, and found + put is the sum of all there is. No lock is held while
 * a store or a user's function is called; the queue's own is for its numbers.
 *
 * Memory: a letter is one block with its name and bytes. The memory store, a call that lists it,
 * and the call that made it hold it. When its job has been submitted again a pointer's data is the
 * job's (`given`): the holder that has taken it says so before it drops its hold.
 *
 * Edges:
 *   DropLetters: add -1 to refs, acq_rel            -> DropLetters of the last; it sees what the
 *                                                      others did */
#ifndef FL_DEAD_LETTERS_H
#define FL_DEAD_LETTERS_H

#include <filch/dead_letters.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/users.h>

typedef struct fl_dead_letter {
    filch_dead_letter is; /* first; never changes once it is in a store */
    filch_u32 refs;
    bool given; /* its pointer belongs to another owner */
    /* In the memory store, under its lock */
    struct fl_dead_letter *left, *right;
    FILCH_ALIGNED(_Alignof(max_align_t)) char bytes[]; /* then the name */
} fl_dead_letter;

struct filch_dead_letter_queue {
    filch_dead_letter_queue_config config; /* never changes; name and store are there */
    filch_dead_letter_store store;
    filch_u32 lock;
    uint32_t life;                       /* runtime/platform/given.h */
    filch_dead_letter_queue_stats stats; /* under it; without kept and taken */
    fl_users users;
};

/* One moment, by two clocks, in ns. */
typedef struct fl_moment {
    int64_t now;  /* filch_now() */
    int64_t date; /* since 1970 */
} fl_moment;
fl_moment fl_dead_letters_moment(void);

/* As filch_dead_letter_create; with a size but no data, the caller writes the bytes. */
int fl_dead_letter_new(fl_dead_letter **out, const filch_dead_letter *from);

/* ---- As without fl_, at a given moment ---- */

int fl_dead_letters_next(filch_dead_letter_queue *letters, uint64_t after, filch_dead_letter **out,
                         int64_t date);
int fl_dead_letters_stats_read(filch_dead_letter_queue *letters, filch_dead_letter_queue_stats *out,
                               int64_t date);

/* ---- For the files of this module ---- */

/* Adds 1 to one of letters->stats. */
void fl_dead_letters_count(filch_dead_letter_queue *letters, uint64_t *which);
/* Removes it from the store, counts that, and drops its data. -ENOENT, -EBUSY; the store's. */
int fl_dead_letters_discard(filch_dead_letter_queue *letters, uint64_t id, uint64_t *which);

/* ---- Putting letters ---- */

/* Putting a dead letter into a queue. */

/* filch_dead_letter_queue_put at a given moment. */
int fl_dead_letters_put(filch_dead_letter_queue *letters, const filch_dead_letter_draft *draft,
                        uint64_t *id, fl_moment at);

#endif
