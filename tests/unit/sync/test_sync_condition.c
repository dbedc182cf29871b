/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static filch_mutex mutex;
static filch_condition changed;

Test(sync_condition, timed_out_wait_keeps_mutex_locked)
{
    filch_mutex_lock(&mutex);
    cr_assert_eq(filch_condition_wait_until(&changed, &mutex, filch_in(FILCH_MICROSECOND)),
                 -ETIMEDOUT);
    cr_assert_eq(filch_mutex_try_lock(&mutex), -EAGAIN);
    cr_assert_eq(filch_condition_wait_until(&changed, &mutex, 1), -ETIMEDOUT);
    cr_assert_eq(filch_mutex_try_lock(&mutex), -EAGAIN);
    cr_assert_eq(filch_condition_wait_until(&changed, &mutex, 0), -ETIMEDOUT);
    cr_assert_eq(filch_mutex_try_lock(&mutex), -EAGAIN);
    cr_assert_eq(filch_condition_wait_until(&changed, &mutex, -1), -EINVAL);
    cr_assert_eq(filch_mutex_try_lock(&mutex), -EAGAIN);
    filch_mutex_unlock(&mutex);
}

Test(sync_condition, nobody_is_signalled_before_waiting)
{
    filch_condition_signal(&changed);
    filch_condition_broadcast(&changed);
    filch_mutex_lock(&mutex);
    cr_assert_eq(filch_condition_wait_until(&changed, &mutex, filch_in(FILCH_MILLISECOND)),
                 -ETIMEDOUT);
}

/* ---- As many are woken as are signalled ---- */

static signpost waiting, woken;
static unsigned tickets; /* under the mutex */

static void take_ticket(filch_self self, void *unused, unsigned index)
{
    filch_mutex_lock(&mutex);
    signpost_raise(&waiting);
    while (!tickets)
        filch_condition_wait(&changed, &mutex);
    tickets--;
    filch_mutex_unlock(&mutex);
    signpost_raise(&woken);
}

enum { TAKERS = 12, THREADS = 2, ALL = TAKERS + THREADS };

static void *meet(void *rt)
{
    parties_meet(rt, TAKERS, THREADS, take_ticket, NULL);
    return NULL;
}

static void wake_all(unsigned config, bool at_once)
{
    filch_runtime *rt = config_runtime(config, 1000000);
    pthread_t thread;
    filch_u32_store(&waiting, 0, FILCH_RELEASE);
    filch_u32_store(&woken, 0, FILCH_RELEASE);
    cr_assert_eq(pthread_create(&thread, NULL, meet, rt), 0);
    signpost_wait(&waiting, ALL); /* the last ones wait when the mutex can be had */
    for (unsigned i = 0; i < (at_once ? 1 : ALL); i++) {
        filch_mutex_lock(&mutex);
        tickets += at_once ? ALL : 1;
        (at_once ? filch_condition_broadcast : filch_condition_signal)(&changed);
        filch_mutex_unlock(&mutex);
        signpost_wait(&woken, at_once ? ALL : i + 1);
        cr_assert_eq(signpost_count(&woken), at_once ? ALL : i + 1);
    }
    pthread_join(thread, NULL);
    cr_assert_eq(tickets, 0);
    OK(filch_runtime_destroy(rt));
}

Test(sync_condition, each_signal_wakes_one)
{
    for (unsigned i = 0; i < CONFIGS; i++)
        wake_all(i, false);
}

Test(sync_condition, a_broadcast_wakes_all)
{
    for (unsigned i = 0; i < CONFIGS; i++)
        wake_all(i, true);
}
