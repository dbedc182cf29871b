/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/model/system/waiting.h>

#include <runtime/sync/timer.h>
#include <tests/model/system/reaches.h>

#include <errno.h>
#include <string.h>

static filch_u32 timers_lock, pending;
static fl_timer_heap heap;

/* The lock is held. */
static void count_pending(void)
{
    filch_u32_store(&pending, (uint32_t)heap.count, FILCH_RELAXED);
}

static int add(fl_timer *timer, int64_t when)
{
    fl_lock(&timers_lock);
    int rc = fl_timer_heap_add(&heap, &timer->timed, when);
    count_pending();
    fl_unlock(&timers_lock);
    return rc;
}

int fl_timer_start_waiter(fl_timer *timer, int64_t when, fl_waiter *waiter)
{
    *timer = (fl_timer){.does.waiter = waiter};
    return add(timer, when);
}

int fl_timer_start_call(fl_timer *timer, int64_t when, void (*call)(void *), void *arg)
{
    *timer = (fl_timer){.does = {.call = call, .arg = arg}};
    return add(timer, when);
}

bool fl_timer_stop(fl_timer *timer)
{
    fl_lock(&timers_lock);
    bool was = timer->timed.place;
    fl_timer_heap_remove(&heap, &timer->timed);
    count_pending();
    fl_unlock(&timers_lock);
    reaches_note(was ? "a timer stopped" : "a timer stopped too late");
    return was;
}

static void take_one(void)
{
    fl_timer_does due = {0};
    fl_lock(&timers_lock);
    fl_timer *timer = (fl_timer *)fl_timer_heap_take(&heap, FILCH_FOREVER - 1);
    count_pending();
    if (timer && (!timer->does.waiter || fl_waiter_claim(timer->does.waiter)))
        due = timer->does;
    else if (timer)
        reaches_note("a time limit too late");
    fl_unlock(&timers_lock);
    if (due.call)
        reaches_note("a timer's call");
    if (due.waiter)
        fl_waiter_tell(due.waiter, NULL, -ETIMEDOUT);
    else if (due.call)
        due.call(due.arg);
}

void waiting_timer_thread(void)
{
    for (;;) {
        mc_await(&pending, 4, 0, MC_HERE);
        take_one();
    }
}

MC_UNCHECKED unsigned waiting_objects(void)
{
    return heap.entries != NULL;
}

void waiting_setup_timers(void)
{
    memset(&timers_lock, 0, sizeof timers_lock);
    memset(&pending, 0, sizeof pending);
    memset(&heap, 0, sizeof heap);
    mc_name(&timers_lock, "timers' lock");
    mc_name(&pending, "timers pending");
}
