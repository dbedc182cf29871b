/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `sqs:` conforms to the interface, against a stand-in that checks signatures. */
#include <runtime/service/brokers/sqs/message.h>
#include <runtime/service/brokers/sqs/sqs.h>

#include <jansson.h>
#include <tests/service/broker.h>
#include <tests/service/brokers/sqs/sqs.h>
#include <tests/service/brokers/sqs/sqs_clock.h>
#include <tests/service/brokers/sqs/sqs_sizes.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

static const char *fresh_url(void)
{
    sqs_start("a session's token+/=");
    return sqs_url("");
}

static void publish_foreign(bench *b)
{
    fl_sqs_queue *queue;
    fl_sqs_call call;
    fl_sqs *s = fl_sqs_of(b->publisher);
    cr_assert_eq(fl_sqs_find(s, "tasks", &queue), FL_BROKER_OK);
    cr_assert_eq(fl_sqs_ask(s, "SendMessage",
                            json_pack("{s:s, s:s}", "QueueUrl", queue->url, "MessageBody",
                                      FOREIGN_BODY),
                            &call),
                 FL_BROKER_OK);
    json_decref(call.answer);
}

static const tested_broker tested = {.kind = &fl_broker_sqs,
                                     .fresh_url = fresh_url,
                                     .pass = sqs_pass,
                                     .counts_returns = true,
                                     .body_most = 700000,
                                     .publish_foreign = publish_foreign};

BROKER_CONFORMS(sqs_broker, tested)

Test(sqs_broker, silence_is_found_in_time)
{
    bench b = bench_begin(&tested);
    bench_is_empty(&b);
    connections_find_silence((int)sqs.port);
    bench_end(&b);
}

/* ---- Messages ---- */

BROKER_CLAIM(sqs_broker, tested, a_queue_has_its_own_limit)
BROKER_CLAIM(sqs_broker, tested, large_messages_are_published_together)
BROKER_CLAIM(sqs_broker, tested, large_foreign_messages_are_retried)

Test(sqs_broker, other_programs_share_the_trace)
{
    static const char sent[] = "{\"traceparent\": {\"DataType\": \"String\", \"StringValue\": "
                               "\"" BENCH_TRACE "\"}}";
    fl_sqs_queue *queue;
    fl_sqs_call call;
    bench b = bench_begin(&tested);
    fl_sqs *s = fl_sqs_of(b.admin);
    cr_assert_eq(fl_sqs_find(s, "tasks", &queue), FL_BROKER_OK);
    cr_assert_eq(fl_sqs_ask(s, "SendMessage",
                            json_pack("{s:s, s:s, s:o}", "QueueUrl", queue->url, "MessageBody", "x",
                                      "MessageAttributes", json_loads(sent, 0, NULL)),
                            &call),
                 FL_BROKER_OK);
    json_decref(call.answer);
    fl_delivery *one = bench_receive(&b);
    bench_trace_is(one, NULL);
    bench_settle(&b, (fl_settlement){.delivery = one, .verb = FL_SETTLE_RETRY, .attempt = 2});
    cr_assert_eq(fl_sqs_ask(s, "ReceiveMessage",
                            json_pack("{s:s, s:i, s:i, s:[s]}", "QueueUrl", queue->url,
                                      "MaxNumberOfMessages", 1, "VisibilityTimeout", 30,
                                      "MessageAttributeNames", "All"),
                            &call),
                 FL_BROKER_OK);
    char *answer = json_dumps(call.answer, JSON_COMPACT);
    cr_assert_not_null(strstr(answer, "\"StringValue\":\"" BENCH_TRACE "\""), "%s", answer);
    free(answer);
    json_decref(call.answer);
    bench_end(&b);
}

Test(sqs_broker, repeated_returns_do_not_poison_message)
{
    bench b = bench_begin(&tested);
    cr_assert_eq(bench_publish(&b, (filch_message){.body = "b", .body_size = 1}), 0);
    for (unsigned i = 0; i < 10; i++) {
        fl_delivery *one = bench_receive(&b);
        cr_assert_not_null(one);
        cr_assert_leq(one->message.deliveries, 2);
        bench_settle(&b, (fl_settlement){.delivery = one, .verb = FL_SETTLE_RETURN});
    }
    bench_next_is(&b, "1");
    bench_is_empty(&b);
    bench_end(&b);
}

Test(sqs_broker, delay_beyond_server_limit_is_kept)
{
    const int64_t hour = 3600 * FILCH_SECOND, step = 890 * FILCH_SECOND;
    bench b = bench_begin(&tested);
    cr_assert_eq(bench_publish(&b, (filch_message){.delay = hour}), 0);
    for (int64_t at = 0; at < 3; at++) {
        bench_is_empty(&b);
        sqs_pass(step); /* 1001 s of the server */
    }
    bench_is_empty(&b);
    sqs_pass(step);
    bench_next_is(&b, "1");
    bench_end(&b);
}

Test(sqs_broker, full_batches_are_published_and_settled)
{
    enum { MANY = 95 };
    filch_message messages[MANY];
    fl_publication items[MANY];
    fl_delivery *got[MANY];
    fl_settlement acks[MANY];
    char ids[MANY][8];
    unsigned count;
    bench b = bench_begin(&tested);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(ids[i], sizeof ids[i], "%u", i);
        messages[i] = (filch_message){.id = ids[i],
                                      .type = "t",
                                      .queue = i % 2 ? "tasks" : "second",
                                      .attempt = 1,
                                      .first_seen = 1};
        items[i] = (fl_publication){.message = &messages[i], .status = 7};
    }
    cr_assert_eq(b.kind->publish(b.publisher, items, MANY), FL_BROKER_OK);
    for (unsigned i = 0; i < MANY; i++)
        cr_assert_eq(items[i].status, 0);
    cr_assert_eq(sqs_seen("SendMessageBatch"), 10, "ten messages a request");
    cr_assert_eq(b.kind->receive(b.consumer, 0, got, MANY, &count), FL_BROKER_OK);
    cr_assert_eq(count, MANY / 2);
    for (unsigned i = 0; i < count; i++)
        acks[i] = (fl_settlement){.delivery = got[i], .status = 7};
    cr_assert_eq(b.kind->settle(b.consumer, acks, count), FL_BROKER_OK);
    for (unsigned i = 0; i < count; i++) {
        cr_assert_eq(acks[i].status, 0);
        bench_free(&b, got[i]);
    }
    bench_is_empty(&b);
    bench_end(&b);
}

Test(sqs_broker, group_messages_come_singly_in_order)
{
    static const char *const queues[] = {"orders.fifo", "orders.fifo.dlq"};
    const filch_header first = {"message-group-id", "a"}, second = {"message-group-id", "b"};
    bench b = bench_begin(&tested);
    b.kind->close(b.consumer);
    b.consumer = bench_open_queues(&b, FL_BROKER_CONSUMES, queues, 2);
    for (unsigned i = 0; i < 4; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){.queue = "orders.fifo",
                                                       .headers = i == 2 ? &second : &first,
                                                       .header_count = 1}),
                     0);
    cr_assert_eq(bench_publish(&b, (filch_message){.queue = "orders.fifo", .delay = 1}), -ENOTSUP);
    fl_delivery *one = bench_receive(&b);
    cr_assert_str_eq(one->message.id, "1");
    bench_next_is(&b, "3");
    bench_is_empty(&b);
    bench_settle(&b, (fl_settlement){.delivery = one,
                                     .verb = FL_SETTLE_RETRY,
                                     .attempt = 2,
                                     .delay = FILCH_SECOND});
    bench_is_empty(&b);
    sqs_pass(FILCH_SECOND);
    one = bench_receive(&b);
    cr_assert_str_eq(one->message.id, "1", "it keeps its place");
    cr_assert_eq(one->message.attempt, 2);
    bench_settle(&b, (fl_settlement){.delivery = one, .verb = FL_SETTLE_DEAD});
    bench_next_is(&b, "2");
    bench_next_is(&b, "4");
    one = bench_receive_by(&b, b.consumer, 1);
    cr_assert_str_eq(one->message.id, "1");
    bench_ack(&b, one);
    bench_end(&b);
}

Test(sqs_broker, undecodable_message_becomes_dead_letter)
{
    static const char fields[] = "encoding\0base64\0type\0t";
    fl_sqs_queue *queue;
    fl_sqs_call call;
    bench b = bench_begin(&tested);
    fl_sqs *s = fl_sqs_of(b.publisher);
    cr_assert_eq(fl_sqs_find(s, "tasks", &queue), FL_BROKER_OK);
    cr_assert_eq(fl_sqs_ask(s, "SendMessage",
                            json_pack("{s:s, s:s, s:{s:{s:s, s:o}}}", "QueueUrl", queue->url,
                                      "MessageBody", "!!!", "MessageAttributes", "Filch",
                                      "DataType", "Binary", "BinaryValue",
                                      fl_sqs_binary(fields, sizeof fields)),
                            &call),
                 FL_BROKER_OK);
    json_decref(call.answer);
    fl_delivery *one = bench_receive(&b);
    cr_assert_not_null(one);
    cr_assert_str_eq(one->malformed, "a body that is not base64");
    bench_settle(&b, (fl_settlement){.delivery = one, .verb = FL_SETTLE_DEAD});
    one = bench_receive_by(&b, b.consumer, 1);
    cr_assert_eq(one->message.body_size, 3);
    cr_assert_eq(memcmp(one->message.body, "!!!", 3), 0);
    bench_ack(&b, one);
    bench_end(&b);
}

Test(sqs_broker, declined_message_keeps_group_place)
{
    static const char *const queues[] = {"orders.fifo"};
    static char ids[4][2] = {"1", "2", "3", "4"};
    filch_message messages[4];
    fl_publication items[4];
    bench b = bench_begin(&tested);
    b.kind->close(b.consumer);
    b.consumer = bench_open_queues(&b, FL_BROKER_CONSUMES, queues, 1);
    for (unsigned i = 0; i < 4; i++) {
        messages[i] = (filch_message){
            .id = ids[i], .type = "t", .queue = "orders.fifo", .attempt = 1, .first_seen = 1};
        items[i] = (fl_publication){.message = &messages[i], .status = 7};
    }
    sqs_order("fail?operation=SendMessageBatch&count=1&entry=0&code=InternalError");
    cr_assert_eq(b.kind->publish(b.publisher, items, 4), FL_BROKER_BUSY);
    for (unsigned i = 0; i < 4; i++)
        cr_assert_eq(items[i].status, -EAGAIN);
    pass(FILCH_SECOND);
    cr_assert_eq(b.kind->publish(b.publisher, items, 4), FL_BROKER_OK);
    for (unsigned i = 0; i < 4; i++)
        bench_next_is(&b, ids[i]);
    bench_end(&b);
}

Test(sqs_broker, group_retry_shortens_to_server_limit)
{
    static const char *const queues[] = {"orders.fifo"};
    const int64_t later = 20000 * FILCH_SECOND;
    bench b = bench_begin(&tested);
    b.kind->close(b.consumer);
    b.consumer = bench_open_queues(&b, FL_BROKER_CONSUMES, queues, 1);
    cr_assert_eq(bench_publish(&b, (filch_message){.queue = "orders.fifo"}), 0);
    fl_delivery *one = bench_receive(&b);
    cr_assert_eq(b.kind->extend(b.consumer, &one, 1, later + later / 2), FL_BROKER_OK);
    sqs_order("advance?ns=%lld", (long long)later);
    pass(later);
    bench_settle(&b, (fl_settlement){.delivery = one,
                                     .verb = FL_SETTLE_RETRY,
                                     .attempt = 2,
                                     .delay = 2 * later});
    bench_is_empty(&b);
    sqs_pass(later + later / 4);
    bench_next_is(&b, "1");
    bench_end(&b);
}

/* ---- Waiting ---- */

Test(sqs_broker, long_poll_waits_in_server)
{
    int64_t until;
    bench b = bench_begin(&tested);
    fl_broker *other = bench_open(&b, FL_BROKER_CONSUMES);
    bench_is_empty(&b);
    unsigned before = sqs_seen("ReceiveMessage");
    for (unsigned i = 0; i < 20; i++) {
        bench_is_awake(&b, &until);
        bench_is_empty(&b);
    }
    cr_assert_eq(sqs_seen("ReceiveMessage"), before + 3, "one for each queue");
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    cr_assert(bench_comes_awake(&b));
    cr_assert_eq(b.kind->turn(b.consumer), FL_BROKER_OK);
    cr_assert_null(bench_receive_by(&b, other, 0));
    cr_assert_eq(b.kind->cease(b.consumer), FL_BROKER_OK);
    fl_delivery *one = bench_receive_by(&b, other, 0);
    cr_assert_not_null(one);
    bench_ack(&b, one);
    b.kind->close(other);
    bench_end(&b);
}

/* ---- Failures ---- */

Test(sqs_broker, throttled_connection_pauses_and_resumes)
{
    const filch_message message = {.id = "1", .type = "t", .queue = "tasks", .attempt = 1};
    fl_publication item = {.message = &message};
    bench b = bench_begin(&tested);
    unsigned before = sqs_seen("SendMessageBatch");
    sqs_order("fail?operation=SendMessageBatch&count=2&status=400&code=ThrottlingException");
    cr_assert_eq(b.kind->publish(b.publisher, &item, 1), FL_BROKER_BUSY);
    cr_assert_eq(item.status, -EAGAIN);
    for (unsigned i = 0; i < 5; i++)
        cr_assert_eq(b.kind->publish(b.publisher, &item, 1), FL_BROKER_BUSY);
    cr_assert_eq(sqs_seen("SendMessageBatch"), before + 1, "the others were not sent");
    pass(100 * FILCH_MILLISECOND);
    cr_assert_eq(b.kind->publish(b.publisher, &item, 1), FL_BROKER_BUSY);
    pass(100 * FILCH_MILLISECOND);
    cr_assert_eq(b.kind->publish(b.publisher, &item, 1), FL_BROKER_BUSY, "it rests for longer");
    pass(100 * FILCH_MILLISECOND);
    cr_assert_eq(b.kind->publish(b.publisher, &item, 1), FL_BROKER_OK);
    cr_assert_eq(sqs_seen("SendMessageBatch"), before + 3);
    bench_next_is(&b, "1");
    bench_end(&b);
}

Test(sqs_broker, receive_pauses_spare_settlements_and_extensions)
{
    fl_delivery *none[1];
    unsigned count;
    bench b = bench_begin(&tested);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *one = bench_receive(&b);
    fl_settlement done = {.delivery = one, .status = 7};
    sqs_order("fail?operation=ReceiveMessage&count=1&status=503&code=ServiceUnavailable");
    cr_assert_eq(b.kind->receive(b.consumer, 0, none, 1, &count), FL_BROKER_BUSY);
    cr_assert_eq(b.kind->extend(b.consumer, &one, 1, 30 * FILCH_SECOND), FL_BROKER_OK);
    cr_assert_eq(b.kind->settle(b.consumer, &done, 1), FL_BROKER_OK);
    cr_assert_eq(done.status, 0);
    cr_assert_eq(b.kind->receive(b.consumer, 0, none, 1, &count), FL_BROKER_BUSY);
    bench_free(&b, one);
    bench_end(&b);
}

Test(sqs_broker, parallel_refusals_cause_one_pause)
{
    enum { MANY = 40 };
    filch_message messages[MANY];
    fl_publication items[MANY];
    bench b = bench_begin(&tested);
    for (unsigned i = 0; i < MANY; i++) {
        messages[i] = (filch_message){.id = "1", .type = "t", .queue = "tasks", .attempt = 1};
        items[i] = (fl_publication){.message = &messages[i], .status = 7};
    }
    sqs_order("fail?operation=SendMessageBatch&count=4&status=503&code=ServiceUnavailable");
    cr_assert_eq(b.kind->publish(b.publisher, items, MANY), FL_BROKER_BUSY);
    cr_assert_eq(sqs_seen("SendMessageBatch"), 4);
    pass(100 * FILCH_MILLISECOND);
    cr_assert_eq(b.kind->publish(b.publisher, items, MANY), FL_BROKER_OK);
    bench_end(&b);
}

/* Receives messages, as many as there are items, and settles them with these verbs. */
static void settle_batch(bench *b, fl_settlement *items, unsigned count,
                         const fl_settle_verb *verbs, fl_broker_rc rc)
{
    fl_delivery *got[8];
    unsigned received;
    for (unsigned i = 0; i < count; i++)
        cr_assert_eq(bench_publish(b, (filch_message){0}), 0);
    cr_assert_eq(b->kind->receive(b->consumer, 0, got, count, &received), FL_BROKER_OK);
    cr_assert_eq(received, count);
    for (unsigned i = 0; i < count; i++)
        items[i] = (fl_settlement){.delivery = got[i],
                                   .verb = verbs[i],
                                   .attempt = 2,
                                   .delay = 60 * FILCH_SECOND};
    cr_assert_eq(b->kind->settle(b->consumer, items, count), rc);
}

static void free_batch(bench *b, const fl_settlement *items, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        bench_free(b, items[i].delivery);
}

Test(sqs_broker, a_mixed_batch_takes_four_requests)
{
    static const fl_settle_verb verbs[] = {FL_SETTLE_ACK,  FL_SETTLE_RETRY, FL_SETTLE_RETURN,
                                           FL_SETTLE_DEAD, FL_SETTLE_RETRY, FL_SETTLE_DEAD};
    fl_settlement items[6];
    bench b = bench_begin(&tested);
    settle_batch(&b, items, 6, verbs, FL_BROKER_OK);
    cr_assert_eq(sqs_seen("SendMessageBatch"), 6 + 2, "one for each queue of copies");
    cr_assert_eq(sqs_seen("DeleteMessageBatch"), 1);
    cr_assert_eq(sqs_seen("ChangeMessageVisibilityBatch"), 1);
    free_batch(&b, items, 6);
    bench_end(&b);
}

/* Another program's message, as large as the server takes: no copy of it fits. */
static fl_delivery *receive_largest(bench *b)
{
    static char body[FL_SQS_SIZE_MOST + 1];
    fl_sqs_queue *queue;
    fl_sqs_call call;
    fl_sqs *s = fl_sqs_of(b->publisher);
    memset(body, 'x', sizeof body - 1);
    cr_assert_eq(fl_sqs_find(s, "tasks", &queue), FL_BROKER_OK);
    cr_assert_eq(fl_sqs_ask(s, "SendMessage",
                            json_pack("{s:s, s:s}", "QueueUrl", queue->url, "MessageBody", body),
                            &call),
                 FL_BROKER_OK);
    json_decref(call.answer);
    fl_delivery *one = bench_receive(b);
    cr_assert_not_null(one);
    return one;
}

Test(sqs_broker, refused_retries_hide_for_delays)
{
    bench b = bench_begin(&tested);
    bench_settle(&b, (fl_settlement){.delivery = receive_largest(&b),
                                     .verb = FL_SETTLE_RETRY,
                                     .attempt = 2,
                                     .delay = 60 * FILCH_SECOND});
    sqs_pass(40 * FILCH_SECOND); /* more than its lease */
    bench_is_empty(&b);
    sqs_pass(20 * FILCH_SECOND);
    fl_delivery *one = bench_receive(&b);
    cr_assert_not_null(one);
    cr_assert_eq(one->message.deliveries, 2);
    bench_ack(&b, one);
    bench_end(&b);
}

Test(sqs_broker, refused_dead_letters_stay)
{
    bench b = bench_begin(&tested);
    fl_settlement dead = {.delivery = receive_largest(&b), .verb = FL_SETTLE_DEAD};
    cr_assert_eq(bench_settle_by(&b, b.consumer, dead), -ESTALE);
    bench_free(&b, dead.delivery);
    cr_assert_null(bench_receive_by(&b, b.consumer, 1));
    sqs_pass(40 * FILCH_SECOND); /* its lease */
    fl_delivery *one = bench_receive(&b);
    cr_assert_not_null(one);
    cr_assert_eq(one->message.body_size, FL_SQS_SIZE_MOST);
    bench_ack(&b, one);
    bench_end(&b);
}

Test(sqs_broker, batch_entries_end_independently)
{
    static const fl_settle_verb acks[3] = {FL_SETTLE_ACK};
    fl_settlement items[3];
    bench b = bench_begin(&tested);
    sqs_order("fail?operation=DeleteMessageBatch&count=1&entry=1&code=InternalError");
    settle_batch(&b, items, 3, acks, FL_BROKER_BUSY);
    cr_assert(items[0].status == 0 && items[1].status == -EAGAIN && items[2].status == 0);
    pass(FILCH_SECOND);
    cr_assert_eq(b.kind->settle(b.consumer, &items[1], 1), FL_BROKER_OK);
    cr_assert_eq(items[1].status, 0);
    free_batch(&b, items, 3);
    sqs_pass(40 * FILCH_SECOND);
    bench_is_empty(&b);
    bench_end(&b);
}

Test(sqs_broker, failed_deletion_duplicates_no_delayed_message)
{
    bench b = bench_begin(&tested);
    cr_assert_eq(bench_publish(&b, (filch_message){.delay = 1000 * FILCH_SECOND}), 0);
    sqs_pass(900 * FILCH_SECOND); /* the server's longest */
    pass(900 * FILCH_SECOND);
    sqs_order("fail?operation=DeleteMessageBatch&count=1&entry=0&code=InternalError");
    fl_delivery *one;
    unsigned count;
    b.kind->receive(b.consumer, 0, &one, 1, &count); /* BUSY: its copy is there, and so is it */
    cr_assert_eq(count, 0);
    pass(FILCH_SECOND);
    cr_assert_eq(b.kind->turn(b.consumer), FL_BROKER_OK);
    sqs_pass(140 * FILCH_SECOND); /* more than the lease, and the rest of the delay */
    pass(140 * FILCH_SECOND);
    bench_next_is(&b, "1");
    for (unsigned i = 0; i < 2; i++) {
        bench_is_empty(&b);
        sqs_pass(140 * FILCH_SECOND);
        pass(140 * FILCH_SECOND);
    }
    bench_is_empty(&b);
    bench_end(&b);
}

Test(sqs_broker, unconfirmed_copy_keeps_its_original)
{
    bench b = bench_begin(&tested);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *one = bench_receive(&b);
    fl_settlement dead = {.delivery = one, .verb = FL_SETTLE_DEAD, .status = 7};
    sqs_order("fail?operation=SendMessageBatch&count=1&status=500&code=InternalError");
    cr_assert_eq(b.kind->settle(b.consumer, &dead, 1), FL_BROKER_BUSY);
    cr_assert_eq(dead.status, -EAGAIN);
    cr_assert_eq(sqs_seen("DeleteMessageBatch"), 0);
    bench_free(&b, one);
    sqs_pass(40 * FILCH_SECOND);
    bench_next_is(&b, "1");
    bench_end(&b);
}

Test(sqs_broker, cut_connection_is_lost)
{
    const filch_message message = {.id = "1", .type = "t", .queue = "tasks", .attempt = 1};
    fl_publication item = {.message = &message};
    bench b = bench_begin(&tested);
    sqs_kill();
    cr_assert_eq(b.kind->publish(b.publisher, &item, 1), FL_BROKER_LOST);
    cr_assert_eq(item.status, -EAGAIN);
    bench_end(&b);
}
