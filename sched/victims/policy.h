/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Victim policies: how a thief chooses. A policy is one small file and one row in the registry, for
 * researchers who compare strategies. It keeps no state and calls nothing else: its argument holds
 * all it may know of the search, of the platform and of the other workers. So the same file runs in
 * the library, in models and in simulations. */
#ifndef FL_POLICY_H
#define FL_POLICY_H

#include <stdint.h>

/* A worker looks for work in rounds; each has workers - 1 attempts. */
typedef struct fl_search {
    unsigned self, workers; /* at least 2 workers */
    unsigned attempt;       /* of this round, 0 .. workers - 2 */
    unsigned misses;        /* unsuccessful rounds since something was found */
    unsigned last;          /* the victim of that find; self: none yet */
    uint64_t *rng;          /* the worker's own (sched/rng.h) */
    /* How far another worker is: 0 on the same core, 1 in the same cache, and so on. */
    unsigned (*distance)(const struct fl_search *search, unsigned other);
    /* About how much can be taken there. It costs a cache miss or more. */
    unsigned (*length)(const struct fl_search *search, unsigned other);
    const void *world; /* the context of those two */
} fl_search;

typedef struct fl_policy {
    const char *name; /* first: the registry is searched by it */
    const char *what; /* one line for people */
    /* The victim of this attempt: one of the workers, never self. */
    unsigned (*victim)(const fl_search *search);
} fl_policy;

extern const fl_policy fl_policy_random;
extern const fl_policy fl_policy_round_robin;
extern const fl_policy fl_policy_last_victim;
extern const fl_policy fl_policy_nearest;
extern const fl_policy fl_policy_power_of_two;
extern const fl_policy fl_policy_richest;

/* All policies, ended by NULL; the first is the default. */
extern const fl_policy *const fl_policies[];

/* The next row; after the last comes the first. For callers that try each policy in turn. */
static inline const fl_policy *const *fl_policy_next(const fl_policy *const *row)
{
    return row[1] ? row + 1 : fl_policies;
}

/* ---- For policies ---- */

/* The others, numbered 0 .. workers - 2. */
static inline unsigned fl_nth_other(const fl_search *search, unsigned n)
{
    return n < search->self ? n : n + 1;
}

/* Each of them equally likely. */
unsigned fl_any_other(const fl_search *search);
/* Of `samples` random ones, the one with most to take; the first of equals. */
unsigned fl_longest_of(const fl_search *search, unsigned samples);

#endif
