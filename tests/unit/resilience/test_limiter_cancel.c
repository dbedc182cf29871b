/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The permits of waiters that are cancelled, one after the other. */
#include <runtime/resilience/limiter.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { WAITERS = 40 };
static const int64_t day = 24 * 3600 * FILCH_SECOND;
static const filch_limit daily = {.rate = 1, .burst = 1, .period = 24 * 3600 * FILCH_SECOND};

typedef struct queue {
    filch_limiter *limiter;
    filch_context *contexts[WAITERS];
    int codes[WAITERS];
    int64_t begun, half, moved;
    filch_u32 over;
} queue;

static unsigned inside(filch_limiter *limiter)
{
    fl_wait_queue_lock(&limiter->wait_queue);
    unsigned count = limiter->wait_queue.inside;
    fl_wait_queue_unlock(&limiter->wait_queue);
    return count;
}

static void wait_for_line(filch_self self, filch_limiter *limiter, unsigned count)
{
    while (inside(limiter) != count)
        party_gives_way(self);
}

/* When the next one would be let in, who does not come. */
static int64_t time_of_next(filch_limiter *limiter)
{
    fl_wait_queue_lock(&limiter->wait_queue);
    fl_bucket bucket = limiter->bucket;
    fl_wait_queue_unlock(&limiter->wait_queue);
    fl_booking next;
    return fl_bucket_book(&bucket, 1, filch_now(), FILCH_FOREVER, &next) ? -1 : next.at;
}

/* The even ones first, so that there are more gaps than are remembered. */
static void cancel_all(queue *one, filch_self self)
{
    wait_for_line(self, one->limiter, WAITERS);
    for (unsigned i = 0; i < WAITERS; i += 2)
        filch_context_cancel(one->contexts[i], -EINTR);
    wait_for_line(self, one->limiter, WAITERS / 2);
    one->half = time_of_next(one->limiter);
    filch_limiter_set(one->limiter, daily);
    one->moved = time_of_next(one->limiter);
    for (unsigned i = 1; i < WAITERS; i += 2)
        filch_context_cancel(one->contexts[i], -ETIMEDOUT); /* a cause like any other */
    wait_for_line(self, one->limiter, 0);
}

/* Each comes when the one before it waits; the last party cancels them. */
static void wait_or_cancel(filch_self self, void *arg, unsigned index)
{
    queue *one = arg;
    if (index == WAITERS) {
        cancel_all(one, self);
        return;
    }
    wait_for_line(self, one->limiter, index);
    one->codes[index] = filch_limiter_acquire(one->limiter, 1, one->contexts[index], FILCH_FOREVER);
}

Test(limiter_cancel, cancelled_gaps_serve_waiters_none_remain)
{
    for (unsigned i = 0; i < CONFIGS; i++) {
        static queue one;
        one = (queue){.begun = filch_now()};
        filch_runtime *rt = config_runtime(i, 1000000);
        OK(filch_limiter_create(&one.limiter, daily));
        OK(filch_limiter_allow(one.limiter, 1));
        for (unsigned w = 0; w < WAITERS; w++)
            one.contexts[w] = child_of(NULL);
        parties_meet(rt, WAITERS - 3, 4, wait_or_cancel, &one);
        for (unsigned w = 0; w < WAITERS; w++) {
            cr_assert_eq(one.codes[w], w % 2 ? -ETIMEDOUT : -EINTR, "%u: %d", w, one.codes[w]);
            filch_context_release(one.contexts[w]);
        }
        cr_assert_geq(one.half, one.begun + day);
        cr_assert_lt(one.half, one.begun + WAITERS * day, "%s", config_name(i));
        cr_assert_geq(one.moved, one.begun + (WAITERS / 2 + 1) * day);
        cr_assert_leq(one.moved, filch_in((WAITERS / 2 + 1) * day), "the others have moved up");
        cr_assert_geq(time_of_next(one.limiter), one.begun + day);
        cr_assert_leq(time_of_next(one.limiter), filch_in(day), "%s", config_name(i));
        filch_limiter_destroy(one.limiter);
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Used permits stay used ---- */

static void *cancel_who_waits(void *arg)
{
    queue *one = arg;
    WAIT_WHILE(!inside(one->limiter) && !filch_u32_load(&one->over, FILCH_ACQUIRE));
    filch_context_cancel(one->contexts[0], -EINTR);
    return NULL;
}

Test(limiter_cancel, waited_permit_is_not_given_again)
{
    const int64_t period = FILCH_SECOND / 4;
    queue one = {.contexts = {child_of(NULL)}};
    filch_reservation first;
    pthread_t thread;
    OK(filch_limiter_create(&one.limiter, (filch_limit){.rate = 1, .burst = 1, .period = period}));
    OK(filch_limiter_reserve(one.limiter, 1, &first));
    OK(filch_limiter_acquire(one.limiter, 1, NULL, FILCH_FOREVER));
    cr_assert_geq(filch_now(), first.at + period);
    cr_assert_eq(pthread_create(&thread, NULL, cancel_who_waits, &one), 0);
    int rc = filch_limiter_acquire(one.limiter, 1, one.contexts[0], FILCH_FOREVER);
    cr_assert(rc == -EINTR || rc == 0, "too late to be cancelled");
    cr_assert_geq(time_of_next(one.limiter), first.at + (rc ? 2 : 3) * period);
    filch_u32_add(&one.over, 1, FILCH_RELEASE);
    pthread_join(thread, NULL);
    filch_limiter_destroy(one.limiter);
    filch_context_release(one.contexts[0]);
}
