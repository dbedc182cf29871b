/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Limiters by key: a hash table with chains, whose entries are made with it. An entry whose bucket
 * is full holds nothing that a new one would not, so it is taken for another key when there is no
 * room. Its earlier reservations lie in the past, and giving one back changes nothing.
 *
 *   an entry is       used                          no room is left for another key
 *   free              made, for this key            (there is none)
 *   of this key       its bucket decides            taken, if nobody uses it and its bucket is full
 *
 * Locks: the table's (that of `line`) for all but the inside of a limiter, which has its own; the
 * table's comes first. It is not held while an entry is in use: `users` keep the entry, and
 * `line.inside` the table.
 * Threads: any. */
#ifndef FL_LIMITERS_H
#define FL_LIMITERS_H

#include <runtime/resilience/limiter.h>
#include <runtime/sync/wait_queue.h>

typedef struct fl_limiter_entry {
    filch_limiter limiter;
    struct fl_limiter_entry *next; /* of its chain */
    uint64_t hash;
    size_t size;
    unsigned users; /* waiting in it, or about to */
    char key[];
} fl_limiter_entry;

struct filch_keyed_limiter {
    /* Never changes */
    uint64_t seed;
    size_t key_size, stride;
    unsigned keys, mask;
    char *entries;
    uint32_t life; /* runtime/platform/given.h */
    /* Under the lock */
    fl_wait_queue wait_queue; /* for the lock and the end; nobody stands in it */
    filch_limit limit;
    unsigned used, hand; /* entries that have a key; where the next search begins */
    int64_t none_before; /* no entry can be taken */
    fl_limiter_entry *chains[];
};

#endif
