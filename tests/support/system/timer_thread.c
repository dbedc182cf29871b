/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/system.h>
#include <tests/support/test.h>

void timer_thread_start(void)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(filch_wait_fd(ends[0], POLLIN, filch_in(1000)), -ETIMEDOUT);
    close(ends[0]);
    close(ends[1]);
}

void timer_thread_has_begun(void)
{
    filch_ticker *ticker;
    filch_tick tick;
    OK(filch_ticker_create(&ticker, 1));
    OK(filch_channel_receive(filch_ticker_channel(ticker), &tick));
    filch_ticker_destroy(ticker);
}
