/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Claims about messages of programs that know nothing of filch: JSON, and no property or header. */
#ifndef SERVICE_BROKER_FOREIGN_H
#define SERVICE_BROKER_FOREIGN_H

#include <tests/service/broker_bench.h>

#define FOREIGN_BODY "{\"n\": 1}"

static inline fl_delivery *bench_receive_foreign(bench *b, unsigned attempt)
{
    fl_delivery *one = bench_receive(b);
    cr_assert_not_null(one);
    bool has_type = one->message.type && *one->message.type;
    cr_assert_eq(has_type, b->tested->foreign_type); /* without one its body is looked at */
    cr_assert_eq(one->message.body_size, strlen(FOREIGN_BODY));
    cr_assert_eq(memcmp(one->message.body, FOREIGN_BODY, strlen(FOREIGN_BODY)), 0);
    if (attempt > 1)
        cr_assert_eq(one->message.attempt, attempt);
    return one;
}

/* On fresh queues, where nothing has been delayed yet. */
static inline void foreign_message_is_retried_then_done(const tested_broker *tested)
{
    if (!tested->publish_foreign)
        return;
    bench b = bench_begin(tested);
    tested->publish_foreign(&b);
    bench_settle(&b, (fl_settlement){.delivery = bench_receive_foreign(&b, 1),
                                     .verb = FL_SETTLE_RETRY,
                                     .attempt = 2,
                                     .delay = bench_second(tested)});
    tested->pass(bench_second(tested));
    bench_ack(&b, bench_receive_foreign(&b, 2));
    bench_is_empty(&b);
    bench_end(&b);
}

#endif
