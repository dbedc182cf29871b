/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * ParkSleeper to LeavePark of runtime/engine/park.c on the shipped sched/idle.c: a worker that naps
 * leaves by itself while a publisher wakes one of two sleepers. No token is left beside a worker in
 * the futex. */
#include "threads.h"

#include <sched/idle.c>
#include <tests/processors/races/park_words.h>

enum { NAPPER, SLEEPER };

static fl_idle idle;
static bool left;

static void begin(void)
{
    fl_idle_init(&idle, 0);
    for (unsigned i = 0; i < WORKERS; i++) {
        fl_idle_search(&idle);
        fl_idle_sleep(&idle);
        filch_u32_store(&park_word[i], PARKED, FILCH_SEQ_CST); /* not yet shared */
    }
}

static void *publisher(void *unused)
{
    if (fl_idle_claim(&idle, FL_UNLESS_SEARCHING))
        unpark_one(NAPPER);
    return unused;
}

static void *napper(void *unused)
{
    uint32_t word = PARKED;
    left = filch_u32_cas(&park_word[NAPPER], &word, AWAKE, FILCH_SEQ_CST) && /* LeavePark */
           fl_idle_retract(&idle);
    if (left && fl_idle_has_token(&idle)) /* RecheckToken */
        unpark_one(SLEEPER);
    return unused;
}

static void end(void)
{
    bool token = fl_idle_has_token(&idle);
    bool asleep = filch_u32_load(&park_word[SLEEPER], FILCH_SEQ_CST) == PARKED;
    assert(!(left && token && asleep) && "a token is left beside a worker in the futex");
}

THREADS(begin, end, publisher, napper)
