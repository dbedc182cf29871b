/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals
 *
 * Waits that have no timer, since the timer thread has no thread, or no memory: an error says so, and
 * no permit or attempt is lost. */
#include <filch/adaptive.h>
#include <filch/limiter.h>
#include <filch/retry.h>
#include <tests/support/engine.h>
#include <tests/support/refuse.h>
#include <tests/support/test.h>

static const int64_t hour = 3600 * FILCH_SECOND; /* not past when it is looked at */

enum { TIMERS = 100000 };
static filch_timer timers[TIMERS];

static void unused(filch_self self, void *arg)
{
}

/* Then there is no timer for a wait. */
static unsigned fill_the_heap(filch_runtime *rt)
{
    unsigned count = 0;
    while (count < TIMERS && !filch_timer_start(&timers[count], rt, filch_in(hour), unused, NULL))
        count++;
    return count;
}

FILCH_TASK(int, wait_for_both, (filch_limiter *, limiter), (filch_adaptive *, adaptive))
{
    filch_reservation before, after;
    if (filch_limiter_reserve(limiter, 1, &before) || filch_limiter_give_back(&before))
        return 1;
    if (filch_limiter_acquire(limiter, 1, NULL, FILCH_FOREVER) != -ENOMEM)
        return 2;
    if (filch_limiter_reserve(limiter, 1, &after) || after.at > before.at)
        return 3;
    if (filch_adaptive_acquire(adaptive, NULL, filch_in(FILCH_SECOND)) != -ENOMEM)
        return 4;
    return 0;
}

Test(refused_waits, limits_without_a_timer_take_nothing)
{
    filch_runtime *rt = runtime_at_rest(2);
    filch_limiter *limiter;
    filch_adaptive *adaptive;
    const filch_limit seldom = {.rate = 1, .burst = 1, .period = hour};
    OK(filch_limiter_create(&limiter, seldom));
    OK(filch_adaptive_create(&adaptive, &(filch_adaptive_config){.max = 1}));
    OK(filch_limiter_allow(limiter, 1));
    OK(filch_adaptive_try_acquire(adaptive));
    refuse(GROWTH, 0, true); /* of the timer thread's heap */
    unsigned count = fill_the_heap(rt);
    cr_assert_lt(count, TIMERS);
    int rc = FILCH_RUN(rt, wait_for_both, limiter, adaptive);
    refuse_no_more(GROWTH);
    cr_assert_eq(rc, 0, "step %d", rc);
    for (unsigned i = 0; i < count; i++)
        cr_assert(filch_timer_stop(&timers[i]));
    OK(filch_adaptive_give_back(adaptive, FILCH_ADAPTIVE_OK, 1));
    cr_assert_eq(filch_adaptive_try_acquire(adaptive), 0, "nobody was admitted");
    filch_limiter_destroy(limiter);
    filch_adaptive_destroy(adaptive);
    OK(filch_runtime_destroy(rt));
}

static int fails_for_now(void *calls)
{
    ++*(unsigned *)calls;
    return -ETIMEDOUT;
}

FILCH_TASK(int, retries, (int64_t, base), (unsigned *, calls), (unsigned *, attempts))
{
    filch_retry_policy policy = {.base = base, .jitter = FILCH_JITTER_NONE};
    return filch_retry_run(&policy, NULL, fails_for_now, calls, attempts);
}

/* Before anything has started the timer thread. */
Test(refused_waits, a_retry_without_a_timer_ends)
{
    filch_runtime *rt = runtime_at_rest(2);
    unsigned calls = 0, attempts = 0;
    refuse(THREADS, 0, true);
    cr_assert_eq(FILCH_RUN(rt, retries, hour, &calls, &attempts), -EAGAIN);
    cr_assert_gt(refuse_no_more(THREADS), 0);
    cr_assert(calls == 1 && attempts == 1);
    cr_assert_eq(FILCH_RUN(rt, retries, 1000, &calls, &attempts), -ETIMEDOUT);
    cr_assert(calls == 4 && attempts == 3);
    OK(filch_runtime_destroy(rt));
}
