/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps fl_worker_here fl_timer_start_waiter
 *
 * Between two steps of the start of a timer (-Wl,--wrap) another thread starts it, too, or the waiter
 * is told and the timer is refused. */
#include <runtime/engine/worker.h>
#include <runtime/platform/error.h>
#include <runtime/sync/timer_shards.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* Its detector has timers of its own. */
static void without_detector(void)
{
    setenv("FILCH_DEADLOCK", "off", 1);
}

TestSuite(timer_steps, .init = without_detector);

/* ---- Two start the same timer ---- */

static __thread bool stops_here; /* where it looks for its worker, to choose a shard */
static signpost stopped, started;

fl_worker *__real_fl_worker_here(void);
fl_worker *__wrap_fl_worker_here(void);
fl_worker *__wrap_fl_worker_here(void)
{
    if (stops_here) {
        stops_here = false;
        signpost_raise(&stopped);
        signpost_wait(&started, 1);
    }
    return __real_fl_worker_here();
}

static fl_timer both;
static int64_t when;

static int64_t never_fires(fl_timer *timer, int64_t at, int64_t now)
{
    filch_die("an hour has not passed");
}

FILCH_TASK(int, start_on_worker)
{
    return fl_timer_start_fire(&both, when, never_fires);
}

static void *start_on_thread(void *unused)
{
    stops_here = true;
    cr_assert_eq(fl_timer_start_fire(&both, when, never_fires), -EALREADY);
    return NULL;
}

/* A worker and a thread have shards of their own. */
Test(timer_steps, racing_start_finds_timer_pending)
{
    filch_runtime *rt = config_runtime(0, 0);
    pthread_t thread;
    when = filch_in(3600 * FILCH_SECOND);
    cr_assert_eq(pthread_create(&thread, NULL, start_on_thread, NULL), 0);
    signpost_wait(&stopped, 1);
    cr_assert_eq(FILCH_RUN(rt, start_on_worker), 0);
    signpost_raise(&started);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_assert_eq(fl_timers_next(), when);
    cr_assert(fl_timer_stop(&both));
    cr_assert_eq(fl_timers_next(), INT64_MAX);
    OK(filch_runtime_destroy(rt));
}

/* ---- Told before the timer is refused ---- */

static filch_channel *sends_to; /* where a start of a waiter's timer does; NULL: nowhere */

int __real_fl_timer_start_waiter(fl_timer *timer, int64_t at, struct fl_waiter *waiter);
int __wrap_fl_timer_start_waiter(fl_timer *timer, int64_t at, struct fl_waiter *waiter);
int __wrap_fl_timer_start_waiter(fl_timer *timer, int64_t at, struct fl_waiter *waiter)
{
    if (!sends_to)
        return __real_fl_timer_start_waiter(timer, at, waiter);
    memset(timer, 0x77, sizeof *timer); /* a refused one is as it was: anything */
    return filch_channel_try_send(sends_to, &(int){7}) ? 1 : fl_fail(EAGAIN, "no thread");
}

FILCH_TASK(int, receive_for_an_hour, (int *, item))
{
    return filch_channel_receive_until(sends_to, item, when);
}

Test(timer_steps, refused_timer_keeps_delivered_item)
{
    filch_runtime *rt = config_runtime(0, 0);
    int item = 0;
    when = filch_in(3600 * FILCH_SECOND);
    sends_to = channel_of(sizeof item, 0);
    cr_assert_eq(FILCH_RUN(rt, receive_for_an_hour, &item), 0);
    cr_assert_eq(item, 7);
    filch_channel_destroy(sends_to);
    sends_to = NULL;
    OK(filch_runtime_destroy(rt));
}
