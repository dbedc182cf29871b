/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Limiters by key: a hash table with chains, whose entries are made with it. An entry whose bucket is
 * full knows nothing that a new one would not know, so it is taken for another key when there is no
 * room; reservations that were made in it lie behind it, and to give one back changes nothing.
 *
 *   an entry is       used                          no room is left for another key
 *   free              made, for this key            (there is none)
 *   of this key       its bucket decides            taken, if nobody uses it and its bucket is full
 *
 * Locks: the table's (that of `line`) for all but what is inside a limiter, which has its own; the
 * table's comes first. It is not held while somebody uses an entry: `users` keep the entry, and
 * `line.inside` the table.
 * Threads: any. */
#ifndef FL_LIMITERS_H
#define FL_LIMITERS_H

#include <runtime/policy/limiter.h>

typedef struct fl_limiter_entry {
    filch_limiter limiter;
    struct fl_limiter_entry *next; /* of its chain */
    uint64_t hash;
    size_t size;
    unsigned users; /* who wait in it, or are about to */
    char key[];
} fl_limiter_entry;

struct filch_limiters {
    /* Never changes */
    uint64_t seed;
    size_t key_size, stride;
    unsigned keys, mask;
    char *entries;
    /* Under the lock */
    fl_line line; /* for the lock and the end; nobody stands in it */
    filch_limit limit;
    unsigned used, hand; /* entries that have a key; where the next search begins */
    int64_t none_before; /* no entry can be taken */
    fl_limiter_entry *chains[];
};

#endif
