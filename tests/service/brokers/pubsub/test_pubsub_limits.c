/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: jobs 8
 *
 * The broker `pubsub://` at its limits: servers that refuse, requests that are too long or too late,
 * messages that it reads ahead. */
#include <tests/service/brokers/pubsub/pubsub_bench.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

/* ---- A silent network ---- */

Test(pubsub_limits, silence_is_found_in_time)
{
    bench b = bench_begin(&tested);
    bench_is_empty(&b);
    connections_find_silence(pubsub.port);
    bench_end(&b);
}

/* ---- Refusals ---- */

Test(pubsub_limits, overloaded_server_gets_call_again)
{
    const filch_message message = {.id = "1", .type = "t", .queue = "tasks", .attempt = 1};
    fl_publication item = {.message = &message};
    fl_delivery *one;
    unsigned count;
    bench b = bench_begin(&tested);
    pubsub_control("fail?status=503&count=1");
    cr_assert_eq(kind.publish(b.publisher, &item, 1), FL_BROKER_BUSY);
    cr_assert_eq(item.status, -EAGAIN);
    cr_assert_eq(kind.publish(b.publisher, &item, 1), FL_BROKER_OK);
    pubsub_control("fail?status=429&count=1");
    cr_assert_eq(kind.receive(b.consumer, 0, &one, 1, &count), FL_BROKER_BUSY);
    bench_next_is(&b, "1");
    bench_end(&b);
}

Test(pubsub_limits, failed_settlement_is_repeated)
{
    fl_settlement item = {.verb = FL_SETTLE_DEAD};
    bench b = bench_begin(&tested);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    item.delivery = bench_receive(&b);
    pubsub_control("fail?status=503&count=1");
    cr_assert_eq(kind.settle(b.consumer, &item, 1), FL_BROKER_BUSY);
    cr_assert_eq(item.status, -EAGAIN);
    cr_assert_eq(kind.settle(b.consumer, &item, 1), FL_BROKER_BUSY, "not at once");
    pass_time(FILCH_SECOND);
    bench_settle(&b, item);
    bench_is_empty(&b);
    fl_delivery *one = bench_receive_by(&b, b.consumer, 1);
    cr_assert_not_null(one);
    bench_ack(&b, one);
    cr_assert_null(bench_receive_by(&b, b.consumer, 1), "there is one letter");
    bench_end(&b);
}

Test(pubsub_limits, missing_queue_is_refused_without_create)
{
    fl_delivery *one;
    unsigned count;
    bench b = {.tested = &tested, .kind = &kind};
    fresh_url();
    b.url = pubsub_url(pubsub.port, "&credentials=none&create=no");
    fl_broker *consumer = bench_open(&b, FL_BROKER_CONSUMES);
    cr_assert_eq(kind.receive(consumer, 0, &one, 1, &count), FL_BROKER_REFUSED);
    kind.close(consumer);
}

/* Requests of one kind that the stand-in has had. */
static unsigned requests_of(const char *verb)
{
    char order[64];
    snprintf(order, sizeof order, "requests?verb=%s", verb);
    return (unsigned)pubsub_control(order);
}

Test(pubsub_limits, a_mixed_batch_takes_four_requests)
{
    static const fl_settle_verb verbs[] = {FL_SETTLE_RETRY,  FL_SETTLE_DEAD, FL_SETTLE_RETRY,
                                           FL_SETTLE_RETURN, FL_SETTLE_DEAD, FL_SETTLE_ACK};
    static const char *const requests[] = {"publish", "acknowledge", "modifyAckDeadline"};
    static const unsigned expected[] = {2, 1, 1};
    fl_settlement items[6];
    unsigned before[3];
    bench b = bench_begin(&tested);
    for (unsigned i = 0; i < 6; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    for (unsigned i = 0; i < 6; i++)
        items[i] = (fl_settlement){.delivery = bench_receive(&b), .verb = verbs[i], .attempt = 2};
    for (unsigned i = 0; i < 3; i++)
        before[i] = requests_of(requests[i]);
    cr_assert_eq(kind.settle(b.consumer, items, 6), FL_BROKER_OK);
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(requests_of(requests[i]), before[i] + expected[i], "%s", requests[i]);
    for (unsigned i = 0; i < 6; i++) {
        cr_assert_eq(items[i].status, 0);
        bench_free(&b, items[i].delivery);
    }
    bench_end(&b);
}

Test(pubsub_limits, refused_retries_wait_by_their_deadlines)
{
    bench b = bench_begin(&tested);
    cr_assert_eq(bench_publish(&b, (filch_message){.id = "poison"}), 0);
    fl_delivery *one = bench_receive(&b);
    pubsub_control("poison");
    bench_settle(&b, (fl_settlement){.delivery = one,
                                     .verb = FL_SETTLE_RETRY,
                                     .attempt = 2,
                                     .delay = 60 * FILCH_SECOND});
    pass_time(40 * FILCH_SECOND); /* more than its lease */
    bench_is_empty(&b);
    pass_time(20 * FILCH_SECOND);
    one = bench_receive(&b);
    cr_assert_not_null(one);
    cr_assert_eq(one->message.attempt, 1);
    bench_ack(&b, one);
    bench_end(&b);
}

Test(pubsub_limits, refused_message_holds_up_no_other)
{
    fl_publication items[3];
    filch_message messages[3];
    bench b = bench_begin(&tested);
    for (unsigned i = 0; i < 3; i++) {
        messages[i] = (filch_message){.id = i == 1 ? "poison" : "good",
                                      .type = "t",
                                      .queue = "tasks",
                                      .attempt = 1};
        items[i] = (fl_publication){.message = &messages[i]};
    }
    pubsub_control("poison");
    cr_assert_eq(kind.publish(b.publisher, items, 3), FL_BROKER_OK);
    cr_assert_eq(items[0].status, 0);
    cr_assert_eq(items[1].status, -ENOTSUP);
    cr_assert_eq(items[2].status, 0);
    bench_end(&b);
}

Test(pubsub_limits, oversized_batch_is_sent_in_parts)
{
    enum { LARGE = 3 << 20, COUNT = 5 };
    static char body[LARGE];
    fl_publication items[COUNT];
    filch_message messages[COUNT];
    fl_settlement retries[COUNT];
    bench b = bench_begin(&tested);
    for (unsigned i = 0; i < COUNT; i++) {
        messages[i] = (filch_message){.id = "1",
                                      .type = "t",
                                      .queue = "tasks",
                                      .attempt = 1,
                                      .body = body,
                                      .body_size = sizeof body};
        items[i] = (fl_publication){.message = &messages[i]};
    }
    cr_assert_eq(kind.publish(b.publisher, items, COUNT), FL_BROKER_OK);
    for (unsigned i = 0; i < COUNT; i++) {
        cr_assert_eq(items[i].status, 0);
        retries[i] =
            (fl_settlement){.delivery = bench_receive(&b), .verb = FL_SETTLE_RETRY, .attempt = 2};
        cr_assert_not_null(retries[i].delivery);
    }
    cr_assert_eq(kind.settle(b.consumer, retries, COUNT), FL_BROKER_OK);
    for (unsigned i = 0; i < COUNT; i++) {
        cr_assert_eq(retries[i].status, 0);
        bench_free(&b, retries[i].delivery);
        bench_ack(&b, bench_receive(&b));
    }
    bench_is_empty(&b);
    bench_end(&b);
}

Test(pubsub_limits, delay_beyond_server_retention_is_refused)
{
    bench b = bench_begin(&tested);
    int64_t day = 24 * 3600 * FILCH_SECOND;
    cr_assert_eq(bench_publish(&b, (filch_message){.delay = 8 * day}), -ENOTSUP);
    cr_assert_eq(bench_publish(&b, (filch_message){.delay = 6 * day}), 0);
    bench_end(&b);
}

Test(pubsub_limits, nul_in_text_makes_dead_letter)
{
    bench b = bench_begin(&tested);
    post(&b, "projects/project/topics/tasks:publish",
         "{\"messages\": [{\"data\": \"e30=\", \"attributes\": {\"a\": \"b\\u0000c\"}}]}");
    fl_delivery *one = bench_receive(&b);
    cr_assert_not_null(one);
    cr_assert_not_null(one->malformed);
    bench_ack(&b, one);
    bench_end(&b);
}

/* ---- Leases ---- */

Test(pubsub_limits, lease_never_exceeds_server_default)
{
    static const char *const queues[] = {"counted"};
    bench b = bench_begin(&tested), shorter = b;
    shorter.lease = 10 * FILCH_SECOND;
    kind.close(b.publisher);
    b.publisher = bench_open_queues(&shorter, FL_BROKER_PUBLISHES, queues, 1); /* creates it */
    kind.close(b.consumer);
    b.consumer = bench_open_queues(&b, FL_BROKER_CONSUMES, queues, 1);
    cr_assert_eq(bench_publish(&b, (filch_message){.queue = "counted"}), 0);
    fl_delivery *one = bench_receive(&b);
    cr_assert_not_null(one);
    cr_assert_leq(one->lease_until, test_clock(NULL) + 12 * FILCH_SECOND);
    cr_assert_eq(kind.extend(b.consumer, &one, 1, 30 * FILCH_SECOND), FL_BROKER_OK);
    cr_assert_eq(one->lease_until, test_clock(NULL) + 30 * FILCH_SECOND);
    bench_ack(&b, one);
    bench_end(&b);
}

/* ---- Requests that wait ---- */

Test(pubsub_limits, late_empty_pull_is_no_failure)
{
    int64_t until = FILCH_FOREVER;
    struct pollfd fds[FL_WAKER_FDS];
    bench b = bench_begin(&tested);
    fl_pubsub_queue *queue = &consumer_of(&b)->queues[0];
    consumer_of(&b)->wait_at_server = 50 * FILCH_MILLISECOND;
    for (unsigned i = 0; i < 3; i++) {
        kind.watch(b.consumer, true, fds, FL_WAKER_FDS, &until);
        const fl_web_call *first = queue->pulls[0].call;
        cr_assert_not_null(first);
        WAIT_WHILE(kind.turn(b.consumer) == FL_BROKER_OK && queue->pulls[0].call);
        cr_assert_eq(kind.turn(b.consumer), FL_BROKER_OK);
        cr_assert_eq(queue->pulling.length, 0, "no pause");
    }
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    consumer_of(&b)->wait_at_server = 10 * FILCH_SECOND;
    kind.watch(b.consumer, true, fds, FL_WAKER_FDS, &until);
    bench_next_is(&b, "1");
    bench_end(&b);
}

Test(pubsub_limits, read_ahead_respects_service_room)
{
    enum { ALL = 40, ROOM = 8 };
    int64_t until = FILCH_FOREVER;
    struct pollfd fds[FL_WAKER_FDS];
    fl_delivery *batch[ROOM];
    unsigned count;
    bench b = bench_begin(&tested);
    fl_pubsub_queue *queue = &consumer_of(&b)->queues[0];
    cr_assert_eq(kind.receive(b.consumer, 0, batch, ROOM, &count), FL_BROKER_OK);
    cr_assert_eq(count, 0);
    kind.watch(b.consumer, true, fds, FL_WAKER_FDS, &until);
    for (unsigned i = 0; i < ALL; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    WAIT_WHILE(kind.turn(b.consumer) == FL_BROKER_OK && queue->held < ROOM);
    kind.watch(b.consumer, true, fds, FL_WAKER_FDS, &until);
    cr_assert_eq(kind.turn(b.consumer), FL_BROKER_OK);
    cr_assert_leq(queue->held, ROOM);
    bench_end(&b);
}

/* Another of its requests that wait may get what went back. */
static bool has_again(bench *b, const fl_pubsub_queue *queue)
{
    cr_assert_eq(kind.turn(b->consumer), FL_BROKER_OK);
    return queue->held;
}

Test(pubsub_limits, unused_messages_read_ahead_are_returned)
{
    int64_t until = FILCH_FOREVER;
    struct pollfd fds[FL_WAKER_FDS];
    bench b = bench_begin(&tested);
    fl_broker *other = bench_open(&b, FL_BROKER_CONSUMES);
    for (unsigned round = 0; round < 2; round++) {
        fl_pubsub_queue *queue = &consumer_of(&b)->queues[0];
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
        kind.watch(b.consumer, true, fds, FL_WAKER_FDS, &until);
        WAIT_WHILE(kind.turn(b.consumer) == FL_BROKER_OK && !queue->held);
        cr_assert_null(bench_receive_by(&b, other, 0));
        if (round)
            cr_assert_eq(kind.cease(b.consumer), FL_BROKER_OK);
        else
            pass_time(11 * FILCH_SECOND);
        cr_assert_eq(kind.turn(b.consumer), FL_BROKER_OK);
        fl_pubsub_finish_tells(consumer_of(&b));
        fl_delivery *one = NULL;
        WAIT_WHILE(!(one = bench_receive_by(&b, other, 0)) && !has_again(&b, queue));
        cr_assert(one || !round, "not after the end");
        bench_ack(&b, one ? one : bench_receive(&b));
    }
    kind.close(other);
    bench_end(&b);
}
