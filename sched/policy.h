/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Whom to steal from: a policy is one small file and one row in the registry. For researchers who
 * compare strategies. A policy sees randomness and the number of workers only through its
 * arguments. */
#ifndef FL_POLICY_H
#define FL_POLICY_H

#include <stdint.h>

typedef struct fl_policy {
    const char *name; /* first: the registry is searched by it */
    const char *what; /* one line for people */
    /* The victim of attempt number `attempt` (0 .. workers - 2) of one search round of worker
     * `self`; never self. workers > 1. rng is the worker's own. */
    unsigned (*victim)(unsigned self, unsigned workers, unsigned attempt, uint64_t *rng);
} fl_policy;

extern const fl_policy fl_policy_random;

/* All policies, ended by NULL; the first is the default. */
extern const fl_policy *const fl_policies[];

#endif
