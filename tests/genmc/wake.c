/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * PublisherFence, ReadSleepers against AnnounceSleep, LastScan on the shipped sched/idle.c: a
 * publisher puts an item down while the last searcher goes to sleep. The searcher sees the item, or
 * is woken. */
#include "threads.h"

#include <sched/idle.c>

static fl_idle idle;
static filch_u32 item;
static bool woken, seen;

static void begin(void)
{
    fl_idle_init(&idle, 0);
    fl_idle_search(&idle);
}

static void *publisher(void *unused)
{
    filch_u32_store(&item, 1, FILCH_RELEASE); /* the put */
    filch_fence_seq_cst();                    /* PublisherFence */
    woken = fl_idle_claim(&idle, FL_UNLESS_SEARCHING);
    return unused;
}

static void *searcher(void *unused)
{
    fl_idle_sleep(&idle);
    filch_fence_seq_cst(); /* LastScan */
    seen = filch_u32_load(&item, FILCH_RELAXED);
    return unused;
}

static void end(void)
{
    assert((woken || seen) && "a worker sleeps beside an item");
}

THREADS(begin, end, publisher, searcher)
