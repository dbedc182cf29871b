/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Limiters and adaptive limits to which memory, or a timer, is refused: an error says so, no permit
 * is lost, nothing is held. */
#include <criterion/criterion.h>
#include <errno.h>
#include <filch/adaptive.h>
#include <filch/filch.h>
#include <filch/limiter.h>
#include <tests/support/held.h>
#include <tests/support/rest.h>

static const filch_limit seldom = {.rate = 1, .burst = 1, .period = 3600 * FILCH_SECOND};

static bool heap_stays; /* the timer thread's does not grow */

WRAPPED(void *, realloc, void *block, size_t size)
{
    if (__atomic_load_n(&heap_stays, __ATOMIC_RELAXED))
        return NULL;
    void *got = __real_realloc(block, size);
    return block ? got : holding(got);
}

TestSuite(refused_limits, .init = warm_up);

Test(refused_limits, none_is_made_without_memory)
{
    filch_limiter *limiter = NULL;
    filch_limiters *limiters = NULL;
    filch_adaptive *adaptive = NULL;
    refuse(MEMORY, 0, true);
    cr_assert_eq(filch_limiter_create(&limiter, seldom), -ENOMEM);
    cr_assert_eq(filch_adaptive_create(&adaptive, NULL), -ENOMEM);
    cr_assert_eq(filch_limiters_create(&limiters, seldom, 10, 10), -ENOMEM);
    refuse(MEMORY, 1, true);
    cr_assert_eq(filch_limiters_create(&limiters, seldom, 10, 10), -ENOMEM);
    refuse_no_more(MEMORY);
    cr_assert_null(limiter, "untouched");
    cr_assert_null(limiters);
    cr_assert_null(adaptive);
    nothing_held();
}

Test(refused_limits, what_is_in_use_needs_no_memory)
{
    filch_limiter *limiter;
    filch_limiters *limiters;
    filch_adaptive *adaptive;
    filch_reservation later;
    cr_assert_eq(filch_limiter_create(&limiter, seldom), 0);
    cr_assert_eq(filch_limiters_create(&limiters, seldom, 4, 4), 0);
    cr_assert_eq(filch_adaptive_create(&adaptive, NULL), 0);
    refuse(MEMORY, 0, true);
    cr_assert_eq(filch_limiter_allow(limiter, 1), 0);
    cr_assert_eq(filch_limiter_reserve(limiter, 1, &later), 0);
    cr_assert_eq(filch_limiter_give_back(&later), 0);
    for (unsigned key = 0; key < 4; key++)
        cr_assert_eq(filch_limiters_allow(limiters, &key, sizeof key, 1), 0);
    cr_assert_eq(filch_adaptive_try_acquire(adaptive), 0);
    cr_assert_eq(filch_adaptive_give_back(adaptive, FILCH_ADAPTIVE_OK, 1), 0);
    cr_assert_eq(refuse_no_more(MEMORY), 0);
    filch_limiter_destroy(limiter);
    filch_limiters_destroy(limiters);
    filch_adaptive_destroy(adaptive);
    nothing_held();
}

enum { TIMERS = 100000 };
static filch_timer timers[TIMERS];

static void unused(filch_self self, void *arg)
{
    (void)self, (void)arg;
}

/* Then there is no timer for who waits. */
static unsigned fill_the_heap(filch_runtime *rt)
{
    unsigned count = 0;
    while (count < TIMERS &&
           !filch_timer_start(&timers[count], rt, filch_in(3600 * FILCH_SECOND), unused, NULL))
        count++;
    return count;
}

FILCH_TASK(int, wait_for_both, (filch_limiter *, limiter), (filch_adaptive *, adaptive))
{
    filch_reservation before, after;
    if (filch_limiter_reserve(limiter, 1, &before) || filch_limiter_give_back(&before))
        return 1;
    if (filch_limiter_wait(limiter, 1, NULL, FILCH_FOREVER) != -ENOMEM)
        return 2;
    if (filch_limiter_reserve(limiter, 1, &after) || after.at > before.at)
        return 3;
    if (filch_adaptive_acquire(adaptive, NULL, filch_in(FILCH_SECOND)) != -ENOMEM)
        return 4;
    return 0;
}

Test(refused_limits, who_waits_without_a_timer_is_told_and_takes_nothing)
{
    filch_runtime *rt;
    filch_limiter *limiter;
    filch_adaptive *adaptive;
    rt = runtime_at_rest(2);
    cr_assert_eq(filch_limiter_create(&limiter, seldom), 0);
    cr_assert_eq(filch_adaptive_create(&adaptive, &(filch_adaptive_config){.max = 1}), 0);
    cr_assert_eq(filch_limiter_allow(limiter, 1), 0);
    cr_assert_eq(filch_adaptive_try_acquire(adaptive), 0);
    __atomic_store_n(&heap_stays, true, __ATOMIC_RELAXED);
    unsigned count = fill_the_heap(rt);
    cr_assert_lt(count, TIMERS);
    int rc = FILCH_RUN(rt, wait_for_both, limiter, adaptive);
    __atomic_store_n(&heap_stays, false, __ATOMIC_RELAXED);
    cr_assert_eq(rc, 0, "step %d", rc);
    for (unsigned i = 0; i < count; i++)
        cr_assert(filch_timer_stop(&timers[i]));
    cr_assert_eq(filch_adaptive_give_back(adaptive, FILCH_ADAPTIVE_OK, 1), 0);
    cr_assert_eq(filch_adaptive_try_acquire(adaptive), 0, "nobody was admitted");
    filch_limiter_destroy(limiter);
    filch_adaptive_destroy(adaptive);
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}
