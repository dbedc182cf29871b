/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Members that add to a test's batcher, one after the other. */
#ifndef TESTS_BATCH_CREW_H
#define TESTS_BATCH_CREW_H

#include <tests/support/patterns.h>
#include <tests/support/tasks.h>

enum { MS = 1000000, MOST = 24 };

static drain to;
static batch_item items[MOST];

static inline void new_items(void)
{
    for (unsigned i = 0; i < MOST; i++)
        items[i] = (batch_item){.number = i};
}

/* With new items; the drain is as told, and open. */
static inline filch_batcher *new_batcher(filch_runtime *rt, size_t size, unsigned in_flight)
{
    filch_batcher_config config = drain_config(&to, size, in_flight);
    new_items();
    return batcher_of(rt, &config);
}

/* Until the batcher says so. */
#define WAIT_FOR(batcher, condition)                                                               \
    for (filch_batcher_stats now = batcher_stats(batcher); !(condition);                           \
         now = batcher_stats(batcher))                                                             \
    sched_yield()

static inline void add(filch_batcher *batcher, unsigned from, unsigned count)
{
    for (unsigned i = from; i < from + count; i++)
        OK(filch_batcher_add_then(batcher, &items[i], note_outcome, NULL, FILCH_FOREVER));
}

static struct adder {
    filch_batcher *batcher;
    batch_item *batch_item;
    int64_t until;
    int rc, outcome;
} adders[MOST];

static inline void add_and_wait(void *arg)
{
    struct adder *one = arg;
    one->rc = filch_batcher_add(one->batcher, one->batch_item, &one->outcome, one->until);
}

static inline uint64_t seen(filch_batcher *batcher)
{
    filch_batcher_stats all = batcher_stats(batcher);
    return all.added + all.waits + all.refused;
}

/* Returns when it waits, or was too late for that. */
static inline void start_adder(crew *all, enum crew_kind kind, filch_batcher *batcher, unsigned i,
                               int64_t until)
{
    uint64_t before = seen(batcher);
    adders[i] = (struct adder){batcher, &items[i], until, 1, 1};
    crew_start(all, kind, add_and_wait, &adders[i]);
    WAIT_WHILE(seen(batcher) == before);
}

#endif
