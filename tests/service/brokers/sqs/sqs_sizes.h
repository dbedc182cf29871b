/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Claims about the sizes that queues of SQS allow, for each server that speaks its protocol. */
#ifndef SERVICE_SQS_SIZES_H
#define SERVICE_SQS_SIZES_H

#include <jansson.h>
#include <runtime/service/brokers/sqs/sqs.h>
#include <tests/service/broker_bench.h>

/* As another program does it. */
static inline void sqs_do(const bench *b, const char *operation, const char *name, json_t *value)
{
    fl_sqs_queue *queue;
    fl_sqs_call call;
    fl_sqs *s = fl_sqs_of(b->admin);
    cr_assert_eq(fl_sqs_find(s, "tasks", &queue), FL_BROKER_OK);
    json_t *request = json_pack("{s:s, s:o}", "QueueUrl", queue->url, name, value);
    cr_assert_eq(fl_sqs_ask(s, operation, request, &call), FL_BROKER_OK, "%s", operation);
    json_decref(call.answer);
}

/* A queue of this MaximumMessageSize, and connections that came after it was set. */
static inline bench sqs_begin_with(const tested_broker *tested, const char *size)
{
    bench b = bench_begin(tested);
    sqs_do(&b, "SetQueueAttributes", "Attributes", json_pack("{s:s}", "MaximumMessageSize", size));
    b.kind->close(b.consumer);
    b.kind->close(b.publisher);
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    return b;
}

static inline int sqs_publish_bytes(bench *b, size_t size)
{
    char *body = malloc(size);
    cr_assert(body);
    memset(body, 'x', size);
    int status = bench_publish(b, (filch_message){.body = body, .body_size = size});
    free(body);
    return status;
}

static inline void a_queue_has_its_own_limit(const tested_broker *tested)
{
    static const struct {
        const char *limit;
        size_t fits, exceeds;
    } rows[] = {{"1048576", (1 << 20) - 2048, (1 << 20) - 512},
                {"262144", (256 << 10) - 2048, (256 << 10) - 512}};
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        bench b = sqs_begin_with(tested, rows[i].limit);
        cr_assert_eq(sqs_publish_bytes(&b, rows[i].exceeds), -EMSGSIZE, "%s", rows[i].limit);
        cr_assert_eq(sqs_publish_bytes(&b, rows[i].fits), 0, "%s", rows[i].limit);
        bench_settle(&b, (fl_settlement){.delivery = bench_receive(&b), .verb = FL_SETTLE_DEAD});
        fl_delivery *dead = bench_receive_by(&b, b.consumer, 1);
        cr_assert_eq(dead->message.body_size, rows[i].fits);
        bench_ack(&b, dead);
        bench_end(&b);
    }
}

/* Ten of them are more than the server takes in a request. */
static inline void large_messages_are_published_together(const tested_broker *tested)
{
    enum { COUNT = 10, SIZE = 200 << 10 };
    static char body[SIZE];
    filch_message messages[COUNT];
    fl_publication items[COUNT];
    bench b = sqs_begin_with(tested, "262144");
    memset(body, 'x', sizeof body);
    for (unsigned i = 0; i < COUNT; i++) {
        messages[i] = (filch_message){.id = "i",
                                      .type = "t",
                                      .queue = "tasks",
                                      .attempt = 1,
                                      .body = body,
                                      .body_size = SIZE};
        items[i] = (fl_publication){.message = &messages[i], .status = 7};
    }
    cr_assert_eq(b.kind->publish(b.publisher, items, COUNT), FL_BROKER_OK);
    for (unsigned i = 0; i < COUNT; i++)
        cr_assert_eq(items[i].status, 0);
    for (unsigned i = 0; i < COUNT; i++)
        bench_ack(&b, bench_receive(&b));
    bench_is_empty(&b);
    bench_end(&b);
}

static inline void large_foreign_messages_are_retried(const tested_broker *tested)
{
    enum { SIZE = 400 << 10 };
    char *body = malloc(SIZE + 1);
    bench b = sqs_begin_with(tested, "1048576");
    cr_assert(body);
    memset(body, 'x', SIZE);
    body[SIZE] = '\0';
    sqs_do(&b, "SendMessage", "MessageBody", json_string(body));
    free(body);
    for (unsigned attempt = 2; attempt < 4; attempt++)
        bench_settle(&b, (fl_settlement){.delivery = bench_receive(&b),
                                         .verb = FL_SETTLE_RETRY,
                                         .attempt = attempt});
    fl_delivery *one = bench_receive(&b);
    cr_assert_eq(one->message.attempt, 3);
    cr_assert_eq(one->message.body_size, SIZE);
    bench_ack(&b, one);
    bench_is_empty(&b);
    bench_end(&b);
}

#endif
