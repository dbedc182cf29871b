/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pools with all policies, to which memory or threads are refused. Linked with a wrapper of tsearch. */
#ifndef TESTS_POOLS_REFUSED_H
#define TESTS_POOLS_REFUSED_H

#include <search.h>
#include <tests/support/pools.h>
#include <tests/support/refuse.h>

/* Its nodes are libc's own. */
REFUSED(void *, tsearch, MEMORY, ENOMEM, NULL,
        (const void *key, void **root, int (*compare)(const void *, const void *)),
        (key, root, compare))

typedef struct policies {
    filch_limiter *limiter;
    filch_breaker *breaker;
    filch_dead_letter_queue *letters;
} policies;

static const filch_retry_policy again = {.attempts = 3, .base = 1000, .cap = 1000};

static inline policies have_policies(void)
{
    const filch_breaker_config never = {.consecutive = 1000000};
    policies all;
    OK(filch_limiter_create(&all.limiter, (filch_limit){.rate = 1000000, .burst = 1}));
    OK(filch_breaker_create(&all.breaker, &never));
    OK(filch_dead_letter_queue_create(&all.letters, NULL));
    return all;
}

static inline void end_policies(policies *all)
{
    filch_dead_letter_queue_destroy(all->letters);
    filch_breaker_destroy(all->breaker);
    filch_limiter_destroy(all->limiter);
}

static inline filch_pool_config config_with(const policies *all, filch_pool_order order)
{
    return (filch_pool_config){.workers = 2,
                               .order = order,
                               .timed = true,
                               .retry = &again,
                               .limiter = all->limiter,
                               .breaker = all->breaker,
                               .dead_letters = all->letters};
}

#endif
