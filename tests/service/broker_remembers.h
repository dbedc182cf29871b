/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Claims about brokers: keys that stay taken for a time (filch_message.dedup_for). */
#ifndef SERVICE_BROKER_REMEMBERS_H
#define SERVICE_BROKER_REMEMBERS_H

#include <tests/service/broker_bench.h>

static inline void remembered_key_outlasts_message(const tested_broker *tested)
{
    const filch_message once = {.dedup = "k", .dedup_for = 20 * bench_second(tested)};
    bench b = bench_begin(tested);
    if (!tested->kind->caps.remembers) {
        cr_assert_eq(bench_publish(&b, once), -ENOTSUP);
        bench_end(&b);
        return;
    }
    cr_assert_eq(bench_publish(&b, once), 0);
    cr_assert_eq(bench_publish(&b, once), -EEXIST);
    bench_ack(&b, bench_receive(&b));
    cr_assert_eq(bench_publish(&b, once), -EEXIST);
    cr_assert_eq(bench_publish(&b, (filch_message){.dedup = "k"}), -EEXIST);
    cr_assert_eq(bench_publish(&b, (filch_message){.dedup = "other"}), 0);
    tested->pass(10 * bench_second(tested));
    cr_assert_eq(bench_publish(&b, once), -EEXIST);
    tested->pass(11 * bench_second(tested));
    cr_assert_eq(bench_publish(&b, once), 0);
    cr_assert_eq(bench_publish(&b, once), -EEXIST, "for another 20 s");
    bench_end(&b);
}

static inline void remembered_key_lasts_until_done(const tested_broker *tested)
{
    const filch_message once = {.dedup = "k", .dedup_for = bench_second(tested)};
    if (!tested->kind->caps.remembers)
        return;
    bench b = bench_begin(tested);
    cr_assert_eq(bench_publish(&b, once), 0);
    tested->pass(2 * bench_second(tested));
    cr_assert_eq(bench_publish(&b, once), -EEXIST);
    bench_next_is(&b, "1");
    cr_assert_eq(bench_publish(&b, once), 0);
    bench_end(&b);
}

static inline void refused_messages_leave_no_key(const tested_broker *tested)
{
    const filch_message once = {.dedup = "k", .dedup_for = 20 * bench_second(tested)};
    if (!tested->kind->caps.remembers)
        return;
    bench b = bench_begin(tested);
    cr_assert_eq(bench_publish(&b, (filch_message){.dedup = "k"}), 0);
    cr_assert_eq(bench_publish(&b, once), -EEXIST);
    bench_next_is(&b, "1");
    cr_assert_eq(bench_publish(&b, once), 0);
    bench_end(&b);
}

static inline void batch_has_remembered_key_once(const tested_broker *tested)
{
    static const char *const keys[] = {"a", "b", "a", NULL, "c", "b"};
    static const int expected[] = {0, 0, -EEXIST, 0, 0, -EEXIST};
    enum { COUNT = sizeof keys / sizeof *keys };
    filch_message messages[COUNT];
    fl_publication items[COUNT];
    if (!tested->kind->caps.remembers)
        return;
    bench b = bench_begin(tested);
    for (unsigned i = 0; i < COUNT; i++) {
        messages[i] =
            (filch_message){.id = "i",
                            .type = "t",
                            .queue = "tasks",
                            .attempt = 1,
                            .dedup = keys[i],
                            .dedup_for = keys[i] && i != 4 ? 20 * bench_second(tested) : 0};
        items[i] = (fl_publication){.message = &messages[i], .status = 7};
    }
    for (unsigned round = 0; round < 2; round++) {
        cr_assert_eq(b.kind->publish(b.publisher, items, COUNT), FL_BROKER_OK);
        for (unsigned i = 0; i < COUNT; i++)
            cr_assert_eq(items[i].status, round && keys[i] ? -EEXIST : expected[i], "%u: %d", i,
                         items[i].status);
    }
    bench_end(&b);
}

/* As many as make several rounds of the broker's cleaning. */
static inline void expired_keys_are_dropped_in_passing(const tested_broker *tested)
{
    char key[16];
    if (!tested->kind->caps.remembers)
        return;
    bench b = bench_begin(tested);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 150; i++) {
            snprintf(key, sizeof key, "%u", i);
            const filch_message once = {.dedup = key, .dedup_for = bench_second(tested)};
            cr_assert_eq(bench_publish(&b, once), 0, "%s in round %u", key, round);
            bench_ack(&b, bench_receive(&b));
        }
        tested->pass(300 * bench_second(tested));
    }
    bench_end(&b);
}

#endif
