/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Tickers: exact times, however late they are sent, and every miss is reported. */
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { MS = 1000000 };

static int ticks_are_exact(filch_ticker *ticker, int64_t period, unsigned count)
{
    int64_t start = 0;
    uint64_t number = 0;
    while (count > 0) {
        filch_tick tick;
        if (filch_channel_receive(filch_ticker_channel(ticker), &tick) || filch_now() < tick.when)
            return 1;
        if (tick.missed != tick.number - number - 1)
            return 2;
        number = tick.number;
        if (!start)
            start = tick.when - (int64_t)number * period;
        if (tick.when != start + (int64_t)number * period)
            return 3;
        count--;
    }
    return 0;
}

FILCH_TASK(int, take_ticks, (int64_t, period), (unsigned, count))
{
    filch_ticker *ticker;
    int rc = filch_ticker_create(&ticker, period);
    if (rc)
        return rc;
    rc = ticks_are_exact(ticker, period, count);
    filch_ticker_destroy(ticker);
    return rc;
}

Test(ticker, times_are_exact_and_misses_counted)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 0);
        cr_assert_eq(FILCH_RUN(rt, take_ticks, MS / 3, 20), 0);
        cr_assert_eq(FILCH_RUN(rt, take_ticks, 1, 20), 0, "each nanosecond");
        OK(filch_runtime_destroy(rt));
    }
}

Test(ticker, untaken_ticks_are_dropped_and_counted)
{
    filch_ticker *ticker;
    filch_tick last = {0, 0, 0}, tick;
    OK(filch_ticker_create(&ticker, MS));
    do { /* until a tick has been missed */
        OK(filch_sleep(3 * MS));
        OK(filch_channel_receive(filch_ticker_channel(ticker), &tick));
        cr_assert_eq(tick.missed, tick.number - last.number - 1);
        cr_assert(!last.number ||
                  tick.when - last.when == (int64_t)(tick.number - last.number) * MS);
        last = tick;
    } while (!tick.missed);
    filch_ticker_destroy(ticker);
}

Test(ticker, stop_clears_and_reset_starts_anew)
{
    filch_ticker *ticker;
    filch_tick tick;
    OK(filch_ticker_create(&ticker, 100000));
    filch_channel *ticks = filch_ticker_channel(ticker);
    OK(filch_channel_receive(ticks, &tick));
    for (unsigned i = 0; i < 20; i++) {
        OK(filch_sleep(200000));
        filch_ticker_stop(ticker);
        cr_assert_eq(filch_channel_receive_until(ticks, &tick, filch_in(150000)), -ETIMEDOUT);
        int64_t from = filch_now();
        OK(filch_ticker_reset(ticker, 50000));
        OK(filch_channel_receive(ticks, &tick));
        cr_assert_geq(tick.when, from + 50000);
        cr_assert_eq(tick.missed, tick.number - 1);
    }
    cr_assert_eq(filch_ticker_reset(ticker, 0), -EINVAL);
    cr_assert_eq(filch_channel_try_receive(ticks, &tick), -EAGAIN);
    filch_ticker_destroy(ticker);
}

Test(ticker, closing_channel_ends_ticker_and_loop)
{
    filch_ticker *ticker;
    unsigned count = 0;
    OK(filch_ticker_create(&ticker, 50000));
    FILCH_EACH(filch_tick, tick, filch_ticker_channel(ticker))
    {
        if (++count == 3)
            OK(filch_channel_close(filch_ticker_channel(ticker)));
        if (count > 4)
            break;
    }
    cr_assert_leq(count, 4, "one may have been sent before");
    filch_ticker_destroy(ticker);
}

FILCH_TASK(int, wait_for_a_tick, (filch_ticker *, ticker), (signpost *, there))
{
    filch_tick tick;
    signpost_raise(there);
    return filch_channel_receive(filch_ticker_channel(ticker), &tick);
}

static void *destroy_it(void *ticker)
{
    filch_ticker_destroy(ticker);
    return NULL;
}

static filch_ticker *doomed;
static signpost waiting;

static void destroy_when_waited_for(filch_self self, void *unused)
{
    signpost_wait(&waiting, 1);
    filch_sleep(MS);
    destroy_it(doomed);
}

Test(ticker, destroy_wakes_waiting_receiver)
{
    filch_runtime *rt = config_runtime(2, 0);
    OK(filch_ticker_create(&doomed, FILCH_FOREVER));
    OK(filch_go(rt, destroy_when_waited_for, NULL));
    cr_assert_eq(FILCH_RUN(rt, wait_for_a_tick, doomed, &waiting), -EIDRM);
    OK(filch_runtime_destroy(rt));
    filch_ticker_destroy(NULL);
}

Test(ticker, bad_arguments_are_refused)
{
    filch_ticker *ticker = NULL;
    cr_assert_eq(filch_ticker_create(NULL, 1), -EINVAL);
    cr_assert_eq(filch_ticker_create(&ticker, 0), -EINVAL);
    cr_assert_eq(filch_ticker_create(&ticker, -1), -EINVAL);
    cr_assert_null(ticker);
}
