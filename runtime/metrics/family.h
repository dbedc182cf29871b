/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Metric families, internal part: an open hash table of members, one for each label set. It has at
 * least twice as many slots as there may be members, and no member leaves before the family goes.
 * So a search that meets an empty slot has seen all that could match, and needs no lock. Members
 * are added under the lock, after a second search.
 *
 * Two threads may ask for the same new set: the second one finds the member of the first under the
 * lock. Once the table is full, misses need no lock either: a thread that has seen `full` before
 * its search has seen every member there will ever be.
 *
 * Model: tests/model/family.c. Edges:
 *   PublishMember: store slot, release              -> FindMember, search: load slot, acquire;
 *                                                      it sees the member
 *   MarkFull: store full, release, by the thread    -> ReadFull, a request: load full, acquire,
 *      that added the last                             before its search; it sees all members
 * The hash is seeded anew for each family, so that values from outside do not collide on
 * purpose. */
#ifndef FL_FAMILY_H
#define FL_FAMILY_H

#include <filch/metrics.h>

#include <stdbool.h>

/* A label set and its metric. */
typedef struct fl_member {
    uint64_t hash;
    filch_counter *counter; /* one of these, as the kind of the family says */
    filch_gauge gauge;
    filch_distribution *distribution;
    char values[]; /* one after the other, each with its NUL */
} fl_member;

struct filch_family {
    /* Never changes */
    filch_metrics *metrics;
    filch_metric what; /* of all members; labels without values; texts are copies */
    unsigned labels, most, mask;
    uint32_t life; /* runtime/platform/given.h */
    uint64_t seed;
    fl_member *other;       /* for refused requests */
    filch_counter *refused; /* their number */
    char *texts;
    /* Shared */
    filch_u32 lock;
    unsigned sets;  /* under the lock */
    filch_u32 full; /* 1: sets == most */
    filch_ptr slots[];
};

#endif
