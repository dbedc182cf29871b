/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Tokens and park words, with the steps of runtime/engine/park.c on the shipped sched/idle.c:
 * ParkSleeper to LeavePark, and the last to sleep against a push. */
#include "park_words.h"
#include "races.h"

enum { FIRST, SECOND_WORKER };

static filch_u64 item;

static bool asleep(unsigned worker)
{
    return filch_u32_load(&park_word[worker], FILCH_RELAXED) == PARKED;
}

/* Two workers sleep. One leaves of its own accord while a publisher wakes one. */
RACE void nap_wake_begin(void)
{
    fl_idle_init(&idle, 0);
    for (unsigned i = 0; i < WORKERS; i++) {
        fl_idle_search(&idle);
        fl_idle_sleep(&idle);
        filch_u32_store(&park_word[i], PARKED, FILCH_SEQ_CST);
    }
}
RACE long nap_wake_0(void)
{
    uint32_t word = PARKED;
    if (!filch_u32_cas(&park_word[FIRST], &word, AWAKE, FILCH_SEQ_CST) || /* LeavePark */
        !fl_idle_retract(&idle))
        return 2;                 /* a token is there, or coming: it takes it, or parks again */
    if (fl_idle_has_token(&idle)) /* RecheckToken */
        unpark_one(SECOND_WORKER);
    return 1;
}
RACE long nap_wake_1(void)
{
    if (fl_idle_claim(&idle, FL_UNLESS_SEARCHING))
        unpark_one(FIRST);
    return NOTHING;
}
/* No token is left beside a worker in the futex while the other one is gone. */
RACE bool nap_wake_end(long left, long publisher)
{
    return publisher == 0 && !(left == 1 && fl_idle_has_token(&idle) && asleep(SECOND_WORKER));
}

/* A worker parks while a publisher, which has seen it in S, makes a token. */
RACE void park_wake_begin(void)
{
    fl_idle_init(&idle, 0);
    fl_idle_search(&idle);
    fl_idle_sleep(&idle);
    filch_u32_store(&park_word[FIRST], AWAKE, FILCH_SEQ_CST);
    filch_u32_store(&park_word[SECOND_WORKER], AWAKE, FILCH_SEQ_CST);
}
RACE long park_wake_0(void)
{
    filch_u32_exchange(&park_word[FIRST], PARKED, FILCH_SEQ_CST); /* ParkSleeper */
    return fl_idle_take_token(&idle);                             /* TakeToken; else in the futex */
}
RACE long park_wake_1(void)
{
    if (fl_idle_claim(&idle, FL_UNLESS_SEARCHING))
        unpark_one(FIRST);
    return NOTHING;
}
RACE bool park_wake_end(long taken, long publisher)
{
    return publisher == 0 && (taken || !asleep(FIRST));
}

/* The last searcher goes to sleep while an item is pushed: the classic pair. */
RACE void push_sleep_begin(void)
{
    fl_idle_init(&idle, 0);
    fl_idle_search(&idle);
}
RACE long push_sleep_0(void)
{
    filch_u64_store(&item, 1, FILCH_RELEASE);
    filch_fence_seq_cst(); /* PublisherFence */
    return fl_idle_claim(&idle, FL_UNLESS_NAPPING);
}
RACE long push_sleep_1(void)
{
    fl_idle_sleep(&idle);
    filch_fence_seq_cst(); /* LastScan */
    return (long)filch_u64_load(&item, FILCH_RELAXED);
}
RACE bool push_sleep_end(long woke, long seen)
{
    return woke || seen;
}

/* The last searcher finds other work while an item is pushed: its look, or the push, sees it. */
RACE void push_found_begin(void)
{
    fl_idle_init(&idle, 0);
    fl_idle_search(&idle);
    fl_idle_search(&idle);
    fl_idle_sleep(&idle);
}
RACE long push_found_0(void)
{
    return push_sleep_0();
}
RACE long push_found_1(void)
{
    if (!fl_idle_was_last(fl_idle_found(&idle)))
        return 2;
    filch_fence_seq_cst(); /* EndSearch */
    return (long)filch_u64_load(&item, FILCH_RELAXED);
}
RACE bool push_found_end(long woke, long seen)
{
    return woke || seen;
}
