/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A ticker is a timer that sends, under the lock of its shard: so a thread that has stopped it is
 * alone with it, and nothing about it is shared. A tick's number comes from the clock, not from the
 * last tick, so that nothing adds up. */
#include <filch/timer.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/sync/timer.h>

#include <errno.h>
#include <stdlib.h>

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
    int rc = filch_try_send(ticker->channel, &tick);
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
    filch_try_receive(ticker->channel, &late);
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
