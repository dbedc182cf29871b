/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Timers that start a task. The work item is made when the timer is started, and handed over under
 * the lock of its shard. So starting the task needs nothing that could be refused, and a timer that
 * is not pending has handed it over. */
#include <runtime/sync/timer.h>

#include <filch/timer.h>
#include <runtime/engine/external.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>

#include <errno.h>
#include <stdlib.h>

FILCH_STATIC_ASSERT(sizeof(fl_timer) <= sizeof(filch_timer), "no room for a timer");

static fl_timer *within(filch_timer *timer)
{
    return (fl_timer *)(void *)timer->reserved;
}

static int refuse(int64_t when)
{
    return fl_fail(EINVAL, "a timer for %lld ns; give a time from filch_in()", (long long)when);
}

int fl_timer_start_at(filch_timer *timer, filch_runtime *rt, int64_t when, filch_go_fn *fn,
                      void *arg, const filch_place *place)
{
    FL_GIVEN_IN("filch_timer_start", timer);
    int rc = fl_runtime_meant(&rt, "filch_timer_start");
    if (rc)
        return rc;
    if (!fn)
        return fl_fail(EINVAL, "filch_timer_start without a function; pass one");
    if (when < 0)
        return refuse(when);
    fl_work_item *work_item = fl_work_item_detached(fn, arg, place);
    if (!work_item)
        return fl_fail(ENOMEM, "no memory for the task of a timer; wait for some to end");
    rc = fl_timer_start_work_item(within(timer), when, rt, work_item);
    if (rc)
        fl_work_item_give(work_item);
    return rc;
}

int(filch_timer_start)(filch_timer *timer, filch_runtime *rt, int64_t when, filch_go_fn *fn,
                       void *arg)
{
    static const filch_place nowhere = {.task.name = "(filch_timer_start)"};
    return fl_timer_start_at(timer, rt, when, fn, arg, &nowhere);
}

bool filch_timer_stop(filch_timer *timer)
{
    FL_MUST_GIVE(timer);
    void *work_item;
    bool stopped = fl_timer_take_back(within(timer), &work_item);
    if (stopped)
        fl_work_item_give(work_item);
    return stopped;
}

int filch_timer_reset(filch_timer *timer, int64_t when)
{
    FL_GIVEN(timer);
    if (when < 0)
        return refuse(when);
    return fl_timer_reset(within(timer), when)
               ? 0
               : fl_fail(ENOENT, "this timer is not pending; start it");
}

/* ---- Tickers ---- */

/* A ticker is a timer that sends, under the lock of its shard: so a thread that has stopped it is
 * alone with it, and nothing about it is shared. A tick's number comes from the clock, not from the
 * last tick, so that nothing adds up. */

struct filch_ticker {
    fl_timer timer; /* first */
    filch_channel *channel;
    uint32_t life; /* runtime/platform/given.h */
    int64_t start, period;
    uint64_t sent; /* the last one's number */
};

/* 0: beyond all times. */
static int64_t time_of(const filch_ticker *ticker, uint64_t number)
{
    int64_t after, when;
    return __builtin_mul_overflow(number, ticker->period, &after) ||
                   __builtin_add_overflow(ticker->start, after, &when)
               ? 0
               : when;
}

static int64_t send_tick(fl_timer *timer, int64_t when, int64_t now)
{
    (void)when;
    filch_ticker *ticker = (filch_ticker *)timer;
    uint64_t number = (uint64_t)((now - ticker->start) / ticker->period);
    filch_tick tick = {time_of(ticker, number), number, number - ticker->sent - 1};
    int rc = filch_channel_try_send(ticker->channel, &tick);
    if (!rc)
        ticker->sent = number;
    return rc == -EPIPE ? 0 : time_of(ticker, number + 1);
}

static int start(filch_ticker *ticker, int64_t period)
{
    if (period <= 0)
        return fl_fail(EINVAL, "a ticker with a period of %lld ns; give it one above 0",
                       (long long)period);
    ticker->period = period;
    ticker->start = fl_now();
    ticker->sent = 0;
    int64_t first = time_of(ticker, 1);
    return first ? fl_timer_start_fire(&ticker->timer, first, send_tick) : 0;
}

int filch_ticker_create(filch_ticker **out, int64_t period)
{
    FL_GIVEN(out);
    filch_ticker *ticker = calloc(1, sizeof *ticker);
    if (!ticker)
        return fl_fail(ENOMEM, "no memory for a ticker; free some");
    fl_life_begin(&ticker->life);
    int rc = filch_channel_create(&ticker->channel, sizeof(filch_tick), 1);
    if (!rc)
        rc = start(ticker, period);
    if (rc)
        filch_ticker_destroy(ticker);
    else
        *out = ticker;
    return rc;
}

filch_channel *filch_ticker_channel(filch_ticker *ticker)
{
    FL_MUST_LIVE(ticker);
    return ticker->channel;
}

void filch_ticker_stop(filch_ticker *ticker)
{
    FL_MUST_LIVE(ticker);
    filch_tick late;
    fl_timer_stop(&ticker->timer);
    filch_channel_try_receive(ticker->channel, &late);
}

int filch_ticker_reset(filch_ticker *ticker, int64_t period)
{
    FL_ALIVE(ticker);
    filch_ticker_stop(ticker);
    return start(ticker, period);
}

void filch_ticker_destroy(filch_ticker *ticker)
{
    FL_MAY_LIVE(ticker);
    if (!ticker)
        return;
    fl_timer_stop(&ticker->timer);
    filch_channel_destroy(ticker->channel);
    fl_life_end(&ticker->life);
    free(ticker);
}
