/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Claims about brokers: when a connection that is watched wakes. */
#ifndef SERVICE_BROKER_WAKES_H
#define SERVICE_BROKER_WAKES_H

#include <poll.h>
#include <runtime/service/loop.h>
#include <tests/service/broker_bench.h>

static inline bool bench_wakes(bench *b, bool wants, int64_t *until)
{
    struct pollfd fds[FL_WAKER_FDS];
    *until = FILCH_FOREVER;
    unsigned count = b->kind->watch(b->consumer, wants, fds, FL_WAKER_FDS, until);
    return poll(fds, count, 0) > 0 || *until <= beside_host.now(&beside_host);
}

static inline bool bench_is_awake(bench *b, int64_t *until)
{
    return bench_wakes(b, true, until);
}

static inline bool bench_comes_awake(bench *b)
{
    int64_t until;
    for (unsigned tries = 0; tries < 20 && !bench_is_awake(b, &until); tries++)
        b->tested->pass(100 * FILCH_MILLISECOND);
    return bench_is_awake(b, &until);
}

/* A message, and a second later its retry, wake the connection. False: that second was over too early to see it. */
static inline bool bench_retry_wakes(bench *b)
{
    int64_t until;
    bench_is_empty(b);
    cr_assert_eq(bench_publish(b, (filch_message){0}), 0);
    if (b->kind->turn) /* a turn takes nothing away that only `receive` may take */
        cr_assert_eq(b->kind->turn(b->consumer), FL_BROKER_OK);
    cr_assert(bench_comes_awake(b), "within two seconds");
    if (!bench_retries_later(b))
        return false;
    bench_is_awake(b, &until);
    if (b->kind->caps.delay && until > beside_host.now(&beside_host) + bench_second(b->tested)) {
        b->tested->pass(bench_second(b->tested)); /* then a descriptor wakes */
        cr_assert(bench_comes_awake(b), "after the delay");
    }
    return true;
}

static inline void a_watched_connection_wakes(const tested_broker *tested)
{
    if (!tested->kind->watch)
        return;
    for (bool seen = false; !seen;) {
        bench b = bench_begin(tested);
        seen = bench_retry_wakes(&b);
        bench_end(&b);
    }
}

/* The service polls, then a message comes, then the service calls `turn`. */
static inline void message_before_turn_wakes(const tested_broker *tested)
{
    if (!tested->kind->watch)
        return;
    bench b = bench_begin(tested);
    bench_is_empty(&b);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    if (tested->kind->turn)
        cr_assert_eq(tested->kind->turn(b.consumer), FL_BROKER_OK);
    cr_assert(bench_comes_awake(&b), "within two seconds");
    bench_next_is(&b, "1");
    bench_end(&b);
}

static inline void full_service_is_not_kept_awake(const tested_broker *tested)
{
    int64_t until;
    if (!tested->kind->watch || !tested->kind->caps.delay)
        return;
    bench b;
    for (;;) {
        b = bench_begin(tested);
        int64_t since = filch_now();
        cr_assert_eq(bench_publish(&b, (filch_message){.delay = bench_second(tested)}), 0);
        if (bench_stays_empty(&b, since))
            break;
        bench_end(&b);
    }
    tested->pass(bench_second(tested));
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    if (tested->kind->turn)
        cr_assert_eq(tested->kind->turn(b.consumer), FL_BROKER_OK);
    cr_assert_not(bench_wakes(&b, false, &until));
    for (unsigned i = 0; i < 2; i++)
        bench_ack(&b, bench_receive(&b));
    bench_end(&b);
}

#endif
