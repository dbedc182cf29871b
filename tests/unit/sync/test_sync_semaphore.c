/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <pthread.h>
#include <runtime/platform/lock.h>
#include <sched.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

static filch_semaphore with(unsigned permits)
{
    filch_semaphore semaphore;
    OK(filch_semaphore_init(&semaphore, permits));
    return semaphore;
}

Test(sync_semaphore, permits_are_counted)
{
    filch_semaphore semaphore = with(3);
    cr_assert_eq(filch_semaphore_available(&semaphore), 3);
    filch_semaphore_acquire(&semaphore, 2);
    cr_assert_eq(filch_semaphore_try_acquire(&semaphore, 2), -EAGAIN);
    OK(filch_semaphore_try_acquire(&semaphore, 1));
    cr_assert_eq(filch_semaphore_available(&semaphore), 0);
    cr_assert_eq(filch_semaphore_acquire_until(&semaphore, 1, 0), -ETIMEDOUT);
    cr_assert_eq(filch_semaphore_acquire_until(&semaphore, 1, -5), -EINVAL);
    OK(filch_semaphore_give_back(&semaphore, 3));
    cr_assert_eq(filch_semaphore_available(&semaphore), 3);
}

Test(sync_semaphore, zeroed_semaphore_grants_only_zero_permits)
{
    filch_semaphore semaphore = {0};
    cr_assert_eq(filch_semaphore_try_acquire(&semaphore, 1), -EAGAIN);
    OK(filch_semaphore_try_acquire(&semaphore, 0));
    OK(filch_semaphore_give_back(&semaphore, 1));
    OK(filch_semaphore_try_acquire(&semaphore, 1));
}

Test(sync_semaphore, too_many_permits_are_refused)
{
    filch_semaphore semaphore;
    cr_assert_eq(filch_semaphore_init(&semaphore, (unsigned)FILCH_PERMITS_MAX + 1), -EINVAL);
    semaphore = with(FILCH_PERMITS_MAX);
    cr_assert_eq(filch_semaphore_give_back(&semaphore, 1), -EOVERFLOW);
    cr_assert(strstr(filch_error(), "permits") != NULL);
    cr_assert_eq(filch_semaphore_available(&semaphore), FILCH_PERMITS_MAX);
    cr_assert_eq(filch_semaphore_try_acquire(&semaphore, FILCH_PERMITS_MAX), 0, "not too many");
    cr_assert_eq(filch_semaphore_available(&semaphore), 0);
}

Test(sync_semaphore, reinitialised_semaphore_has_only_new_permits)
{
    filch_semaphore semaphore = with(7);
    OK(filch_semaphore_init(&semaphore, 3));
    cr_assert_eq(filch_semaphore_available(&semaphore), 3);
}

/* ---- First come, first served ---- */

typedef struct customer {
    filch_semaphore *semaphore;
    unsigned want;
    int64_t until;
    int rc;
    pthread_t thread;
} customer;

static void *buy(void *arg)
{
    customer *one = arg;
    one->rc = filch_semaphore_acquire_until(one->semaphore, one->want, one->until);
    return NULL;
}

static void start(customer *one)
{
    cr_assert_eq(pthread_create(&one->thread, NULL, buy, one), 0);
}

/* Until somebody waits, or it is too late. */
static void wait_for_one(filch_semaphore *semaphore, int64_t until)
{
    for (bool any = false; !any && filch_now() < until; sched_yield()) {
        fl_lock(&semaphore->permits.lock);
        any = semaphore->permits.waiters.first;
        fl_unlock(&semaphore->permits.lock);
    }
}

Test(sync_semaphore, who_wants_many_is_not_overtaken)
{
    filch_semaphore semaphore = with(2);
    customer many = {.semaphore = &semaphore, .want = 3, .until = FILCH_FOREVER};
    start(&many);
    wait_for_one(&semaphore, many.until);
    cr_assert_eq(filch_semaphore_try_acquire(&semaphore, 1), -EAGAIN);
    cr_assert_eq(filch_semaphore_available(&semaphore), 2);
    OK(filch_semaphore_give_back(&semaphore, 1));
    pthread_join(many.thread, NULL);
    cr_assert_eq(many.rc, 0);
    cr_assert_eq(filch_semaphore_available(&semaphore), 0);
}

Test(sync_semaphore, waiter_giving_up_lets_others_pass)
{
    filch_semaphore semaphore = with(2);
    customer many = {.semaphore = &semaphore, .want = 3, .until = filch_in(30 * FILCH_MILLISECOND)};
    customer few = {.semaphore = &semaphore, .want = 2, .until = FILCH_FOREVER};
    start(&many);
    wait_for_one(&semaphore, many.until);
    start(&few);
    pthread_join(few.thread, NULL);
    pthread_join(many.thread, NULL);
    cr_assert_eq(many.rc, -ETIMEDOUT);
    cr_assert_eq(few.rc, 0);
    cr_assert_eq(filch_semaphore_available(&semaphore), 0);
}

Test(sync_semaphore, one_give_back_serves_many_waiters)
{
    enum { CUSTOMERS = 5 };
    filch_semaphore semaphore = {0};
    customer all[CUSTOMERS];
    for (int i = 0; i < CUSTOMERS; i++) {
        all[i] = (customer){.semaphore = &semaphore, .want = 2, .until = FILCH_FOREVER};
        start(&all[i]);
    }
    OK(filch_semaphore_give_back(&semaphore, 2 * CUSTOMERS + 1));
    for (int i = 0; i < CUSTOMERS; i++)
        pthread_join(all[i].thread, NULL);
    cr_assert_eq(filch_semaphore_available(&semaphore), 1);
}

Test(sync_semaphore, requests_beyond_maximum_are_refused)
{
    filch_semaphore semaphore = {0};
    cr_assert_eq(filch_semaphore_try_acquire(&semaphore, (unsigned)FILCH_PERMITS_MAX + 1), -EINVAL);
    cr_assert_eq(filch_semaphore_acquire_until(&semaphore, UINT32_MAX, FILCH_FOREVER), -EINVAL);
    OK(filch_semaphore_give_back(&semaphore, 1));
    cr_assert_eq(filch_semaphore_try_acquire(&semaphore, 1), 0, "nobody stands in front");
}

static void acquire_too_many(void)
{
    filch_semaphore semaphore = with(1);
    filch_semaphore_acquire(&semaphore, (unsigned)FILCH_PERMITS_MAX + 1);
}

Test(sync_semaphore, acquire_beyond_maximum_dies_with_message)
{
    struct child child;
    child_run(&child, acquire_too_many);
    cr_assert(child_died(&child, "a request of 2147483648 permits"), "%s", child.text);
}
