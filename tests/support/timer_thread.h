/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The timer thread's own files are opened by the first wait. A test in which somebody may be about
 * to wait for a number that is closed meanwhile starts it before, so that none of them gets that
 * number. */
#ifndef SUPPORT_TIMER_THREAD_H
#define SUPPORT_TIMER_THREAD_H

#include <tests/support/test.h>
#include <unistd.h>

static inline void timer_thread_start(void)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(filch_wait_fd(ends[0], POLLIN, filch_in(1000)), -ETIMEDOUT);
    close(ends[0]);
    close(ends[1]);
}

/* Its thread has begun, and asks for nothing that belongs to its beginning any more. */
static inline void timer_thread_has_begun(void)
{
    filch_ticker *ticker;
    filch_tick tick;
    OK(filch_ticker_create(&ticker, 1));
    OK(filch_receive(filch_ticker_channel(ticker), &tick));
    filch_ticker_destroy(ticker);
}

#endif
