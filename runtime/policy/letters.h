/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dead letters from within. The queue decides (too old, too many, who requeues), counts, and calls
 * users; where letters are, and which are taken, is the store's.
 *
 *   a letter is    listed  put in again       removed, too old, too many   its submission
 *   kept           yes     taken              gone                         -
 *   taken          no      -EBUSY             -EBUSY; stays                done: gone; failed: kept
 *   gone           no      -ENOENT            -ENOENT                      -
 *
 * Who makes a letter be gone counts why, once; then its data goes with the last hold. So a call that
 * comes second finds nothing, and found + put is the sum of all there is.
 * No lock is held while a store or a user's function is called; the queue's own is for its numbers.
 *
 * Memory: a letter is one block with its name and bytes. It is held by the memory store, by whoever
 * lists it, and by the call that made it. When its job has been submitted again a pointer's data is the
 * job's (`given`): the holder that has taken it says so before it drops its hold.
 *
 * Edges:
 *   Z9 drop: add -1 to refs, acq_rel   -> Z9 of the last; it sees what the others did */
#ifndef FL_LETTERS_H
#define FL_LETTERS_H

#include <filch/letters.h>
#include <runtime/sync/lock.h>

typedef struct fl_letter {
    filch_letter is; /* first; never changes once it is in a store */
    filch_u32 refs;
    bool given; /* its pointer belongs to somebody else */
    /* In the memory store, under its lock */
    struct fl_letter *left, *right;
    FILCH_ALIGNED(_Alignof(max_align_t)) char bytes[]; /* then the name */
} fl_letter;

struct filch_letters {
    filch_letters_config config; /* never changes; name and store are there */
    filch_letter_store store;
    filch_u32 lock;
    filch_letters_stats stats; /* under it; without kept and taken */
};

/* One moment, as two clocks tell it, in ns. */
typedef struct fl_moment {
    int64_t now;  /* filch_now() */
    int64_t date; /* since 1970 */
} fl_moment;
fl_moment fl_letters_moment(void);

/* As filch_letter_create; with size but without data the bytes are for the caller to write. */
int fl_letter_new(fl_letter **out, const filch_letter *from);

/* ---- As without fl_, at a moment of one's choice ---- */

int fl_letters_put(filch_letters *letters, const filch_letter_draft *draft, uint64_t *id,
                   fl_moment at);
int fl_letters_next(filch_letters *letters, uint64_t after, filch_letter **out, int64_t date);
int fl_letters_requeue(filch_letters *letters, uint64_t id, filch_requeue_fn *fn, void *arg,
                       int64_t date);
int fl_letters_requeue_all(filch_letters *letters, filch_requeue_fn *fn, void *arg, size_t *count,
                           int64_t date);
int fl_letters_purge(filch_letters *letters, int64_t age, size_t *count, int64_t date);
int fl_letters_stats_read(filch_letters *letters, filch_letters_stats *out, int64_t date);

/* ---- For the files of this module ---- */

/* Adds 1 to one of letters->stats. */
void fl_letters_count(filch_letters *letters, uint64_t *which);
/* Removes it from the store, counts that, and drops its data. -ENOENT, -EBUSY; the store's. */
int fl_letters_discard(filch_letters *letters, uint64_t id, uint64_t *which);

/* In memory. */
int fl_letters_memory_create(void **out);
extern const filch_letter_store fl_letters_memory;

#endif
