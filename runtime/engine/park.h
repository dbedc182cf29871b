/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Sleeping and waking, and the calls that publish work. runtime/engine/park.c has their protocol. */
#ifndef FL_PARK_H
#define FL_PARK_H

#include <runtime/engine/choose_sleeper.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <sched/idle.h>

/* The caller's search found nothing. true: search again; false: the runtime is finished. nap: ns,
 * 0: none. */
bool fl_sleep(fl_worker *worker, int64_t nap);
/* Puts a work item into the inbox and wakes a worker for it. */
void fl_submit(fl_runtime *rt, fl_work_item *work_item, fl_wake_hint hint);
/* As fl_submit, from a thread that is not a worker of rt: rt may be destroyed as soon as the work
 * item is done, but not before the caller has left it. */
void fl_submit_across(fl_runtime *rt, fl_work_item *work_item, fl_wake_hint hint, fl_unless unless);
/* The same for count work items, at least one; either all are fibers or none is. unless:
 * FL_UNLESS_AWAKE. */
void fl_submit_all_across(fl_runtime *rt, fl_work_item *const *work_items, unsigned count,
                          fl_wake_hint hint);
/* After publishing something and a seq_cst fence: wakes one sleeper, except if `unless` holds. */
void fl_wake_one(fl_runtime *rt, fl_wake_hint hint, fl_unless unless);
/* The caller, a searcher, found work. */
void fl_found(fl_worker *worker, bool gift);
void fl_unpark_all(fl_runtime *rt);

/* The worker has something to do that no other one can do (runtime/engine/suspend.h): wakes it. */
void fl_call_back(fl_worker *worker);

/* ---- For helpers (runtime/engine/help.h) ---- */

/* The end of a helper's wait: *word is not `value`, or the time `at` has come; 0: never. */
typedef struct fl_until {
    const filch_u32 *word;
    uint32_t value;
    int64_t at;
    /* ns of unsuccessful tries before it sleeps: first with pauses (0: the usual time), then with yields */
    unsigned spin, yields;
    const char *call; /* for reports, a literal; NULL: filch_help_until */
} fl_until;

static inline bool fl_until_over(const fl_until *until)
{
    return filch_u32_load(until->word, FILCH_SEQ_CST) != until->value; /* ParkHelper */
}

static inline bool fl_until_ended(const fl_until *until)
{
    return fl_until_over(until) || (until->at && fl_now() >= until->at);
}

/* As fl_sleep, of a worker within a task. It also returns when that is over. Its ready deque and
 * its fork stack are empty. */
void fl_sleep_helping(fl_worker *worker, int64_t nap, const fl_until *help);
/* After a store to a word that helpers may wait for: ChangeWord. */
void fl_wake_helpers(fl_runtime *rt);
/* Has a woken worker not run yet, whose wake-up was for it alone? */
bool fl_called_back(const fl_runtime *rt);

/* ---- For guests (runtime/engine/guest.h) ---- */

/* A sleeper, whose place the calling thread takes; it counts as running. NULL: none sleeps. */
fl_worker *fl_park_borrow(fl_runtime *rt);
/* It sleeps again, or its thread wakes for what it would have to do. */
void fl_park_return(fl_worker *worker);
/* The worker's own thread lends it, as running; and waits until it is handed back. It spins for up to
 * `patience` ns before it sleeps. */
void fl_park_lend(fl_worker *worker);
void fl_park_await(fl_worker *worker, unsigned patience);
void fl_park_hand_back(fl_worker *worker);
/* Pushes onto the worker's own ready deque and wakes a worker for it. -ENOMEM. */
int fl_push_ready(fl_worker *worker, void *item);
/* The same for work items that are no fibers. Returns how many fit in memory; the first so many
 * were pushed. */
unsigned fl_push_ready_all(fl_worker *worker, fl_work_item *const *work_items, unsigned count);

#endif
