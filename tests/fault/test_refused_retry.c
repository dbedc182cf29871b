/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A run of attempts that has no timer to wait by, since the timer thread cannot have its thread. */
#include <criterion/criterion.h>
#include <errno.h>
#include <filch/filch.h>
#include <filch/retry.h>
#include <stdlib.h>
#include <tests/support/child.h>
#include <tests/support/refuse.h>

static const int64_t hour = 3600 * FILCH_SECOND; /* not past when it is looked at */

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

static void run_without_the_timer_thread(void)
{
    filch_runtime *rt = NULL;
    unsigned calls = 0, attempts = 0;
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = 2}) == 0);
    refuse(THREADS, 0, true);
    CHILD_CHECK(FILCH_RUN(rt, retries, hour, &calls, &attempts) == -EAGAIN);
    CHILD_CHECK(refuse_no_more(THREADS) > 0);
    CHILD_CHECK(calls == 1 && attempts == 1);
    CHILD_CHECK(FILCH_RUN(rt, retries, 1000, &calls, &attempts) == -ETIMEDOUT);
    CHILD_CHECK(calls == 4 && attempts == 3);
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

Test(refused_retry, without_a_timer_to_wait_by_the_run_ends_and_later_it_works)
{
    struct child child;
    child_run(&child, run_without_the_timer_thread);
    cr_assert(child_passed(&child), "%s", child.text);
}
