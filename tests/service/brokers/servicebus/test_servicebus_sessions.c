/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: jobs 8; first
 *
 * The broker `servicebus://` with sessions: the order of each, several at a time, and sessions that are
 * released or lost. */
#include <runtime/service/brokers/servicebus/servicebus.h>
#include <runtime/service/brokers/servicebus/session.h>
#include <tests/service/brokers/servicebus/service_bus_client.h>

static const char *const queue[] = {"sessions"}, *const letters[] = {"sessions.dlq"};

typedef struct bench {
    fl_broker *publisher, *consumer;
} bench;

static fl_broker *consuming(const char *const *queues)
{
    tried_queues = queues;
    return opened(service_bus_url(service_bus.port, "sessions=2"), FL_BROKER_CONSUMES);
}

static bench begin(const char *lock_ms)
{
    bench b = {0};
    service_bus_start(lock_ms, "10");
    tried_queues = queue;
    b.publisher = opened(service_bus_url(service_bus.port, ""), FL_BROKER_PUBLISHES);
    b.consumer = consuming(queue);
    return b;
}

static void end(const bench *b)
{
    KIND->close(b->publisher);
    KIND->close(b->consumer);
    service_bus_end();
}

/* session NULL: none. Returns its status. */
static int put(const bench *b, const char *id, const char *session)
{
    const filch_header header = {FL_BUS_SESSION_HEADER, session};
    const filch_message message = {.id = id,
                                   .type = "t",
                                   .queue = "sessions",
                                   .attempt = 1,
                                   .headers = &header,
                                   .header_count = session != NULL};
    fl_publication item = {.message = &message};
    cr_assert_eq(KIND->publish(b->publisher, &item, 1), FL_BROKER_OK, "%s", explained);
    return item.status;
}

static void settle(fl_broker *broker, fl_delivery *one, fl_settle_verb verb, int expected)
{
    fl_settlement item = {.delivery = one, .verb = verb, .attempt = 2};
    set_clock();
    cr_assert_eq(KIND->settle(broker, &item, 1), FL_BROKER_OK, "%s", explained);
    cr_assert_eq(item.status, expected, "%d", item.status);
    drop(one);
}

/* Looks a few times, so that a message on its way arrives. */
static bool is_silent(fl_broker *broker)
{
    fl_delivery *one;
    unsigned count = 0;
    for (unsigned i = 0; i < 5 && !count; i++) {
        struct pollfd fds[4];
        int64_t until = FILCH_FOREVER;
        set_clock();
        cr_assert_eq(KIND->turn(broker), FL_BROKER_OK, "%s", explained);
        cr_assert_eq(KIND->receive(broker, 0, &one, 1, &count), FL_BROKER_OK, "%s", explained);
        unsigned used = KIND->watch(broker, true, fds, 4, &until);
        poll(fds, used, 10);
    }
    return !count;
}

Test(servicebus_sessions, sessions_run_concurrently_jobs_in_order)
{
    bench b = begin("60000");
    cr_assert_eq(put(&b, "a1", "a"), 0);
    cr_assert_eq(put(&b, "a2", "a"), 0);
    cr_assert_eq(put(&b, "b1", "b"), 0);
    fl_delivery *first = received(b.consumer), *second = received(b.consumer);
    if (!strcmp(first->message.id, "b1")) { /* sessions have no order among each other */
        fl_delivery *b1 = first;
        first = second;
        second = b1;
    }
    cr_assert_str_eq(first->message.id, "a1");
    cr_assert_str_eq(filch_message_header(&first->message, FL_BUS_SESSION_HEADER), "a");
    cr_assert_str_eq(second->message.id, "b1");
    cr_assert(is_silent(b.consumer), "a2 waits for a1");
    settle(b.consumer, first, FL_SETTLE_RETURN, 0);
    first = received(b.consumer);
    cr_assert_str_eq(first->message.id, "a1", "it is the first again");
    settle(b.consumer, first, FL_SETTLE_ACK, 0);
    first = received(b.consumer);
    cr_assert_str_eq(first->message.id, "a2");
    settle(b.consumer, first, FL_SETTLE_ACK, 0);
    settle(b.consumer, second, FL_SETTLE_ACK, 0);
    cr_assert(is_silent(b.consumer));
    end(&b);
}

Test(servicebus_sessions, connections_never_share_session)
{
    bench b = begin("60000");
    fl_broker *other = consuming(queue);
    cr_assert_eq(put(&b, "a1", "a"), 0);
    cr_assert_eq(put(&b, "a2", "a"), 0);
    fl_delivery *one = received(b.consumer);
    cr_assert(is_silent(other));
    cr_assert_eq(put(&b, "b1", "b"), 0);
    fl_delivery *two = received(other);
    cr_assert_str_eq(two->message.id, "b1");
    KIND->close(b.consumer); /* which ends its lock */
    fl_delivery *again = received(other);
    cr_assert_str_eq(again->message.id, "a1");
    settle(other, one, FL_SETTLE_ACK, -ESTALE);
    settle(other, again, FL_SETTLE_ACK, 0);
    settle(other, two, FL_SETTLE_ACK, 0);
    b.consumer = other;
    end(&b);
}

Test(servicebus_sessions, running_job_renews_or_loses_lock)
{
    bench b = begin("300");
    cr_assert_eq(put(&b, "a1", "a"), 0);
    fl_delivery *one = received(b.consumer);
    cr_assert_leq(one->lease_until, test_clock(NULL) + 300 * FILCH_MILLISECOND);
    for (int64_t until = filch_in(FILCH_SECOND); filch_now() < until;) {
        set_clock();
        cr_assert_eq(KIND->extend(b.consumer, &one, 1, 30 * FILCH_SECOND), FL_BROKER_OK, "%s",
                     explained);
        cr_assert_neq(one->lease_until, 0);
        usleep(50 * 1000);
    }
    do {
        set_clock();
        cr_assert_eq(KIND->turn(b.consumer), FL_BROKER_OK, "%s", explained);
        usleep(20 * 1000);
    } while (fl_bus_session_of((fl_bus *)(void *)b.consumer, one->handle));
    cr_assert_eq(KIND->extend(b.consumer, &one, 1, 30 * FILCH_SECOND), FL_BROKER_OK);
    cr_assert_eq(one->lease_until, 0, "lost");
    settle(b.consumer, one, FL_SETTLE_ACK, -ESTALE);
    one = received(b.consumer);
    cr_assert_str_eq(one->message.id, "a1");
    settle(b.consumer, one, FL_SETTLE_ACK, 0);
    end(&b);
}

Test(servicebus_sessions, only_dead_letters_leave_their_session)
{
    bench b = begin("60000");
    cr_assert_eq(put(&b, "a1", "a"), 0);
    settle(b.consumer, received(b.consumer), FL_SETTLE_RETRY, 0);
    fl_delivery *one = received(b.consumer);
    cr_assert_eq(one->message.attempt, 2);
    cr_assert_str_eq(filch_message_header(&one->message, FL_BUS_SESSION_HEADER), "a");
    settle(b.consumer, one, FL_SETTLE_DEAD, 0);
    fl_broker *undertaker = consuming(letters);
    one = received(undertaker);
    cr_assert_str_eq(one->message.id, "a1");
    settle(undertaker, one, FL_SETTLE_ACK, 0);
    KIND->close(undertaker);
    end(&b);
}

Test(servicebus_sessions, message_without_session_uses_queue_session)
{
    bench b = begin("60000");
    cr_assert_eq(put(&b, "1", NULL), -ENOTSUP, "the publisher's URL has no sessions");
    KIND->close(b.publisher);
    b.publisher = opened(service_bus_url(service_bus.port, "sessions=1"), FL_BROKER_PUBLISHES);
    cr_assert_eq(put(&b, "1", NULL), 0);
    fl_delivery *one = received(b.consumer);
    cr_assert_str_eq(filch_message_header(&one->message, FL_BUS_SESSION_HEADER), "sessions");
    settle(b.consumer, one, FL_SETTLE_ACK, 0);
    end(&b);
}

Test(servicebus_sessions, cease_frees_unused_messages_and_sessions)
{
    bench b = begin("60000");
    fl_broker *other;
    cr_assert_eq(put(&b, "a1", "a"), 0);
    cr_assert_eq(put(&b, "b1", "b"), 0);
    fl_delivery *one = received(b.consumer);
    cr_assert_eq(KIND->cease(b.consumer), FL_BROKER_OK);
    other = consuming(queue);
    fl_delivery *two = received(other);
    cr_assert_str_neq(two->message.id, one->message.id);
    settle(b.consumer, one, FL_SETTLE_ACK, 0);
    settle(other, two, FL_SETTLE_ACK, 0);
    cr_assert(is_silent(other));
    KIND->close(other);
    end(&b);
}

Test(servicebus_sessions, empty_session_makes_room_for_another)
{
    bench b = begin("60000");
    for (unsigned i = 0; i < 4; i++) { /* of which two are held at a time */
        char name[] = {(char)('a' + i), '\0'};
        cr_assert_eq(put(&b, name, name), 0);
    }
    for (unsigned i = 0; i < 4; i++)
        settle(b.consumer, received(b.consumer), FL_SETTLE_ACK, 0);
    end(&b);
}

Test(servicebus_sessions, session_mismatch_of_queue_is_refused)
{
    fl_broker *broker = NULL;
    fl_delivery *one;
    unsigned count;
    service_bus_start("60000", "10");
    tried_queues = queue;
    set_clock();
    cr_assert_eq(try_to_open_as(KIND, service_bus_url(service_bus.port, ""), FL_BROKER_CONSUMES,
                                &broker),
                 FL_BROKER_REFUSED);
    cr_assert(strstr(explained, "?sessions=N"), "%s", explained);
    broker = consuming(test_queues);
    fl_broker_rc rc; /* the refusal is on its way */
    while ((rc = KIND->receive(broker, 0, &one, 1, &count)) == FL_BROKER_OK)
        usleep(1000);
    cr_assert_eq(rc, FL_BROKER_REFUSED, "%s", explained);
    cr_assert(strstr(explained, "?sessions=N"), "%s", explained);
    KIND->close(broker);
    service_bus_end();
}

Test(servicebus_sessions, lock_is_renewed_between_jobs)
{
    bench b = begin("4000");
    cr_assert_eq(put(&b, "a1", "a"), 0);
    cr_assert_eq(put(&b, "a2", "a"), 0);
    fl_delivery *one = received(b.consumer);
    int64_t end_of_lock = one->lease_until;
    usleep(2100 * 1000); /* more than half of it */
    settle(b.consumer, one, FL_SETTLE_ACK, 0);
    one = received(b.consumer);
    cr_assert_str_eq(one->message.id, "a2");
    cr_assert_eq(one->message.deliveries, 1);
    cr_assert_gt(one->lease_until, end_of_lock + FILCH_SECOND);
    settle(b.consumer, one, FL_SETTLE_ACK, 0);
    end(&b);
}

Test(servicebus_sessions, name_limit_counts_characters_not_bytes)
{
    char name[2 * 128 + 1] = "";
    for (unsigned i = 0; i < 128; i++)
        strcat(name, "\xc3\xa9");
    bench b = begin("60000");
    cr_assert_eq(put(&b, "1", name), 0);
    fl_delivery *one = received(b.consumer);
    cr_assert_str_eq(filch_message_header(&one->message, FL_BUS_SESSION_HEADER), name);
    settle(b.consumer, one, FL_SETTLE_ACK, 0);
    end(&b);
}

Test(servicebus_sessions, ceased_worker_leaves_session_after_job)
{
    bench b = begin("60000");
    cr_assert_eq(put(&b, "a1", "a"), 0);
    cr_assert_eq(put(&b, "a2", "a"), 0);
    fl_delivery *one = received(b.consumer);
    cr_assert_eq(KIND->cease(b.consumer), FL_BROKER_OK);
    fl_broker *other = consuming(queue);
    cr_assert(is_silent(other));
    settle(b.consumer, one, FL_SETTLE_ACK, 0);
    cr_assert_eq(KIND->turn(b.consumer), FL_BROKER_OK, "%s", explained);
    one = received(other);
    cr_assert_str_eq(one->message.id, "a2");
    settle(other, one, FL_SETTLE_ACK, 0);
    KIND->close(other);
    end(&b);
}

Test(servicebus_sessions, server_may_describe_session_name)
{
    bench b = begin("60000");
    const filch_message order = {.id = "order",
                                 .queue = "orders",
                                 .body = "describe 1 always",
                                 .body_size = sizeof "describe 1 always" - 1,
                                 .attempt = 1};
    fl_publication item = {.message = &order};
    cr_assert_eq(KIND->publish(b.publisher, &item, 1), FL_BROKER_OK, "%s", explained);
    cr_assert_eq(put(&b, "a1", "a"), 0);
    fl_delivery *one = received(b.consumer);
    cr_assert_eq(KIND->extend(b.consumer, &one, 1, 30 * FILCH_SECOND), FL_BROKER_OK);
    cr_assert_neq(one->lease_until, 0, "the server knows this name");
    settle(b.consumer, one, FL_SETTLE_ACK, 0);
    end(&b);
}
