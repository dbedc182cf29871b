/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/timer_shards.h>

#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/lock.h>
#include <runtime/sync/timer_heap.h>
#include <runtime/sync/timer_thread.h>
#include <runtime/sync/wait.h>

#include <errno.h>

#ifdef FILCH_TINY
enum { SHARDS = 2 };
#else
enum { SHARDS = 16 };
#endif

typedef struct shard {
    filch_u32 lock; /* guards the heap, and stores to `earliest` */
    fl_timer_heap heap;
    filch_u64 earliest; /* no timer in the heap is due before it. Read without the lock, too */
} __attribute__((aligned(FILCH_APART))) shard;

static shard shards[SHARDS] = {[0 ... SHARDS - 1] = {.earliest = {INT64_MAX}}};
static filch_u64 sleeps_until; /* the timer thread; 0: it is awake, or being woken */

/* ---- The earliest times ---- */

/* A timer was added to a shard, whose lock is held. true: the timer thread sleeps for too long, and
 * the caller wakes the timer thread. */
static bool show_earlier(shard *of, uint64_t when)
{
    if (when >= filch_u64_load(&of->earliest, FILCH_RELAXED)) /* written under the lock */
        return false;
    filch_u64_store(&of->earliest, when, FILCH_SEQ_CST);           /* StartTimer */
    uint64_t until = filch_u64_load(&sleeps_until, FILCH_SEQ_CST); /* StartTimer */
    while (when < until)
        if (filch_u64_cas(&sleeps_until, &until, 0, FILCH_SEQ_CST)) /* StartTimer */
            return true;
    return false;
}

int64_t fl_timers_sleep(void)
{
    uint64_t next = INT64_MAX;
    filch_u64_store(&sleeps_until, INT64_MAX, FILCH_SEQ_CST); /* AnnounceRest */
    for (unsigned i = 0; i < SHARDS; i++) {
        uint64_t one = filch_u64_load(&shards[i].earliest, FILCH_SEQ_CST); /* AnnounceRest */
        next = one < next ? one : next;
    }
    filch_u64_store(&sleeps_until, next,
                    FILCH_RELAXED); /* saves wake-ups; before, all times caused one */
    return (int64_t)next;
}

/* ---- Due timers ---- */

/* Locks the shards that may have due timers. Returns their number. */
static unsigned lock_due(shard *due[SHARDS], int64_t now)
{
    unsigned count = 0;
    for (unsigned i = 0; i < SHARDS; i++)
        if (filch_u64_load(&shards[i].earliest, FILCH_RELAXED) <= (uint64_t)now) { /* a look */
            fl_lock(&shards[i].lock);
            due[count++] = &shards[i];
        }
    return count;
}

static shard *earliest_of(shard *const *due, unsigned count)
{
    shard *earliest = due[0];
    for (unsigned i = 1; i < count; i++)
        if (fl_timer_heap_next(&due[i]->heap) < fl_timer_heap_next(&earliest->heap))
            earliest = due[i];
    return earliest;
}

/* The heap has room: the timer was in it a moment ago. */
static void fire(shard *of, fl_timer *timer, int64_t when, int64_t now)
{
    int64_t next = timer->does.fire(timer, when, now);
    if (next)
        fl_timer_heap_add(&of->heap, &timer->timed, next);
}

/* 1: still to be delivered; 0: done; -1: nothing is due. */
static int take_one(shard *of, int64_t now, fl_batch *work_items, fl_due *out)
{
    int64_t when = fl_timer_heap_next(&of->heap);
    fl_timer *timer = (fl_timer *)fl_timer_heap_take(&of->heap, now);
    if (!timer)
        return -1;
    const fl_timer_does does = timer->does;
    *out = (fl_due){does.waiter, does.call, does.arg};
    if (does.fire) {
        fl_batch_submit(work_items); /* they are earlier */
        fire(of, timer, when, now);
    } else if (does.where) {
        fl_batch_add(work_items, does.where, does.arg);
    }
    return does.waiter ? fl_waiter_claim(does.waiter) : does.call != NULL;
}

unsigned fl_timers_take(fl_due all[FL_TIMERS_TAKEN])
{
    shard *due[SHARDS];
    int64_t now = fl_now();
    unsigned locked = lock_due(due, now), count = 0;
    fl_batch work_items;
    work_items.count = 0;
    for (unsigned taken = 0; locked && taken < FL_TIMERS_TAKEN; taken++) {
        int more = take_one(earliest_of(due, locked), now, &work_items, &all[count]);
        if (more < 0)
            break;
        count += (unsigned)more;
    }
    fl_batch_submit(&work_items);
    for (unsigned i = 0; i < locked; i++) {
        uint64_t next = (uint64_t)fl_timer_heap_next(&due[i]->heap);
        filch_u64_store(&due[i]->earliest, next, FILCH_RELAXED); /* later: see the header */
        fl_unlock(&due[i]->lock);
    }
    return count;
}

/* ---- All shards ---- */

void fl_timers_lock_all(void)
{
    for (unsigned i = 0; i < SHARDS; i++)
        fl_lock(&shards[i].lock);
}

void fl_timers_unlock_all(void)
{
    for (unsigned i = 0; i < SHARDS; i++)
        fl_unlock(&shards[i].lock);
}

int64_t fl_timers_next(void)
{
    int64_t next = INT64_MAX;
    fl_timers_lock_all();
    for (unsigned i = 0; i < SHARDS; i++) {
        int64_t one = fl_timer_heap_next(&shards[i].heap);
        next = one < next ? one : next;
    }
    fl_timers_unlock_all();
    return next;
}

void fl_timers_forget(void)
{
    for (unsigned i = 0; i < SHARDS; i++) {
        fl_timer_heap_clear(&shards[i].heap);
        filch_u64_store(&shards[i].earliest, INT64_MAX, FILCH_RELAXED); /* the only thread */
    }
    filch_u64_store(&sleeps_until, 0, FILCH_RELAXED); /* the only thread */
}

/* ---- Start and stop ---- */

/* 1 + the index of the caller's shard. */
static uint32_t shard_here(void)
{
    const fl_worker *here = fl_worker_here();
    return 1 + (here ? here->index % SHARDS : SHARDS - 1);
}

/* With the lock, which it releases. */
static int add(shard *to, fl_timer *timer, int64_t when)
{
    int rc = fl_timer_heap_add(&to->heap, &timer->timed, when);
    bool wake = !rc && show_earlier(to, (uint64_t)when);
    fl_unlock(&to->lock);
    if (wake)
        fl_timer_thread_wake();
    return rc ? fl_fail(ENOMEM, "no memory for a timer; wait for some to end") : 0;
}

/* For a timer that only its starter uses. Inline, so that `does` never goes through memory, where
 * it would be written and read in pieces of different sizes. */
FILCH_INLINE int start_own(fl_timer *timer, int64_t when, fl_timer_does does)
{
    int rc = fl_timer_thread_start();
    if (rc)
        return rc;
    uint32_t number = shard_here();
    shard *to = &shards[number - 1];
    timer->timed = (fl_timed){0};
    filch_u32_store(&timer->shard, number, FILCH_RELAXED); /* as said in the header */
    timer->does = does;
    fl_lock(&to->lock);
    return add(to, timer, when);
}

/* The shard that it was given by its first start, perhaps by this one. */
static shard *keep_shard(fl_timer *timer)
{
    uint32_t number = filch_u32_load(&timer->shard, FILCH_RELAXED); /* as said in the header */
    uint32_t here = number ? number : shard_here();
    if (!number && filch_u32_cas(&timer->shard, &number, here, FILCH_RELAXED)) /* the same */
        number = here;
    return &shards[number - 1];
}

/* For a timer that others may start and stop meanwhile. */
FILCH_INLINE int start_shared(fl_timer *timer, int64_t when, fl_timer_does does)
{
    int rc = fl_timer_thread_start();
    if (rc)
        return rc;
    shard *to = keep_shard(timer);
    fl_lock(&to->lock);
    if (timer->timed.place) {
        fl_unlock(&to->lock);
        return fl_fail(EALREADY, "this timer is pending; stop it first, or give it another time");
    }
    timer->does = does;
    return add(to, timer, when);
}

int fl_timer_start_waiter(fl_timer *timer, int64_t when, struct fl_waiter *waiter)
{
    return start_own(timer, when, (fl_timer_does){.waiter = waiter});
}

int fl_timer_start_call(fl_timer *timer, int64_t when, void (*call)(void *), void *arg)
{
    return start_own(timer, when, (fl_timer_does){.call = call, .arg = arg});
}

int fl_timer_start_work_item(fl_timer *timer, int64_t when, struct filch_runtime *rt,
                             struct fl_work_item *work_item)
{
    return start_shared(timer, when, (fl_timer_does){.where = rt, .arg = work_item});
}

int fl_timer_start_fire(fl_timer *timer, int64_t when, fl_fire_fn *fired)
{
    return start_shared(timer, when, (fl_timer_does){.fire = fired});
}

int fl_timer_start_both(fl_timer *timer, int64_t when, fl_fire_fn *fired, void (*call)(void *),
                        void *arg)
{
    return start_shared(timer, when, (fl_timer_does){.fire = fired, .call = call, .arg = arg});
}

/* NULL: it is not pending. Else its shard, with the lock. */
static shard *lock_pending(fl_timer *timer)
{
    uint32_t number = filch_u32_load(&timer->shard, FILCH_RELAXED); /* as said in the header */
    if (!number)
        return NULL;
    shard *of = &shards[number - 1];
    fl_lock(&of->lock);
    if (timer->timed.place)
        return of;
    fl_unlock(&of->lock);
    return NULL;
}

/* The heap has room for the timer that has just been taken out. */
bool fl_timer_reset(fl_timer *timer, int64_t when)
{
    shard *of = lock_pending(timer);
    if (!of)
        return false;
    fl_timer_heap_remove(&of->heap, &timer->timed);
    add(of, timer, when);
    return true;
}

bool fl_timer_take_back(fl_timer *timer, void **arg)
{
    shard *of = lock_pending(timer);
    if (!of)
        return false;
    *arg = timer->does.arg;
    fl_timer_heap_remove(&of->heap, &timer->timed);
    fl_unlock(&of->lock);
    return true;
}

bool fl_timer_stop(fl_timer *timer)
{
    void *arg;
    return fl_timer_take_back(timer, &arg);
}
