/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Claims about brokers: any bytes arrive, and messages over the limits are told from others. */
#ifndef SERVICE_BROKER_SIZES_H
#define SERVICE_BROKER_SIZES_H

#include <tests/service/broker_bench.h>

/* The next message: a server may not show it to the first look behind its confirmation. */
static inline fl_delivery *bench_await(bench *b, unsigned queue)
{
    fl_delivery *one;
    WAIT_WHILE(!(one = bench_receive_by(b, b->consumer, queue)));
    return one;
}

/* Each byte but NUL in a header, and each in a body; a byte that is no UTF-8 may be refused. */
static inline void bodies_and_headers_carry_any_byte(const tested_broker *tested)
{
    enum { BYTES = 256, ASCII = 128 };
    char values[BYTES][8], body[BYTES];
    bench b = bench_begin(tested);
    for (unsigned i = 0; i < BYTES; i++)
        body[i] = (char)i;
    for (unsigned i = 1; i < BYTES; i++) {
        snprintf(values[i], sizeof values[i], "a%cb", (char)i);
        const filch_header header = {"h", values[i]};
        int status = bench_publish(&b, (filch_message){.headers = &header,
                                                       .header_count = 1,
                                                       .body = body,
                                                       .body_size = i + 1});
        cr_assert(status == 0 || (status == -ENOTSUP && i >= ASCII), "byte %u: %d", i, status);
        if (status)
            continue;
        fl_delivery *one = bench_await(&b, 0);
        cr_assert(one->message.body_size == i + 1 && !memcmp(one->message.body, body, i + 1),
                  "body of %u bytes", i + 1);
        cr_assert_str_eq(filch_message_header(&one->message, "h"), values[i], "byte %u", i);
        bench_ack(&b, one);
    }
    bench_end(&b);
}

/* Publishes one of this size, receives it, and returns whether it cannot be a job. As a dead letter it
 * is kept all the same. */
static inline bool bench_is_malformed(bench *b, size_t body_size, size_t header_size)
{
    char *text = calloc(1, FL_HEADERS_MOST + 1);
    memset(text, 'x', header_size);
    const filch_header header = {"h", text};
    int status = bench_publish(b, (filch_message){.headers = &header,
                                                  .header_count = 1,
                                                  .body = text,
                                                  .body_size = body_size});
    if (status == -EMSGSIZE) { /* the server has a limit of its own */
        free(text);
        return true;
    }
    cr_assert_eq(status, 0);
    fl_delivery *one = bench_await(b, 0);
    bool is = one->malformed || fl_message_excess(&one->message); /* as the service asks */
    bench_settle(b, (fl_settlement){.delivery = one, .verb = FL_SETTLE_DEAD});
    bench_ack(b, bench_await(b, 1)); /* it is a dead letter */
    free(text);
    return is;
}

static inline void one_byte_over_limit_is_malformed(const tested_broker *tested)
{
    enum { BODY = 1000 };
    bench b = bench_begin(tested);
    b.kind->close(b.consumer);
    b.body_most = BODY;
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    cr_assert_not(bench_is_malformed(&b, BODY, 1));
    if (tested->kind->caps.durable) /* in memory it has been read already */
        cr_assert(bench_is_malformed(&b, BODY + 1, 1));
    cr_assert_not(bench_is_malformed(&b, 1, FL_HEADERS_MOST - 1024), "and its other texts");
    cr_assert(bench_is_malformed(&b, 1, FL_HEADERS_MOST));
    bench_end(&b);
}

#endif
