/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `servicebus://`: retries and dead letters that are copies, and servers that refuse them,
 * outcomes and renewals. */
#include <runtime/service/brokers/servicebus/servicebus.h>
#include <tests/service/brokers/servicebus/service_bus_client.h>

static const char *const unique_queue[] = {"unique"}, *const dead_queue[] = {"tasks.dlq"},
                         *const twice_dead_queue[] = {"tasks.dlq.dlq"};

typedef struct bench {
    fl_broker *publisher, *consumer;
} bench;

static bench begin(const char *lock_ms, const char *const *queues)
{
    service_bus_start(lock_ms, "10");
    const char *url = service_bus_url(service_bus.port, "");
    tried_queues = queues;
    return (bench){opened(url, FL_BROKER_PUBLISHES), opened(url, FL_BROKER_CONSUMES)};
}

static void end(const bench *b)
{
    KIND->close(b->publisher);
    KIND->close(b->consumer);
    service_bus_end();
}

/* Makes the server misbehave (tests/service/brokers/servicebus/stand_in/service_bus_orders.c). */
static void order(const bench *b, const char *text)
{
    const filch_message message = {
        .id = "order", .queue = "orders", .body = text, .body_size = strlen(text), .attempt = 1};
    fl_publication item = {.message = &message};
    cr_assert_eq(KIND->publish(b->publisher, &item, 1), FL_BROKER_OK, "%s", explained);
}

static fl_broker *looking_at(const char *const *queues)
{
    tried_queues = queues;
    return opened(service_bus_url(service_bus.port, ""), FL_BROKER_CONSUMES);
}

static bool has_nothing(fl_broker *broker)
{
    fl_delivery *one;
    unsigned count = 0;
    set_clock();
    cr_assert_eq(KIND->receive(broker, 0, &one, 1, &count), FL_BROKER_OK, "%s", explained);
    return !count;
}

static void settled(fl_broker *broker, fl_settlement item)
{
    set_clock();
    cr_assert_eq(KIND->settle(broker, &item, 1), FL_BROKER_OK, "%s", explained);
    cr_assert_eq(item.status, 0);
}

/* Its message stays in its queue. */
static void stays(fl_broker *broker, fl_settlement item)
{
    set_clock();
    cr_assert_eq(KIND->settle(broker, &item, 1), FL_BROKER_OK, "%s", explained);
    cr_assert_eq(item.status, -ESTALE);
}

/* ---- Copies ---- */

Test(servicebus_copies, duplicate_detecting_queue_keeps_retry)
{
    int status;
    bench b = begin("60000", unique_queue);
    cr_assert_eq(publish_one(b.publisher, "unique", &status), FL_BROKER_OK);
    cr_assert_eq(publish_one(b.publisher, "unique", &status), FL_BROKER_OK);
    for (unsigned attempt = 1; attempt <= 3; attempt++) {
        fl_delivery *one = received(b.consumer);
        cr_assert_str_eq(one->message.id, "1");
        cr_assert_eq(one->message.attempt, attempt);
        settled(b.consumer,
                (fl_settlement){.delivery = one, .verb = FL_SETTLE_RETRY, .attempt = attempt + 1});
        drop(one);
    }
    fl_delivery *last = received(b.consumer);
    settled(b.consumer, (fl_settlement){.delivery = last, .verb = FL_SETTLE_ACK});
    drop(last);
    cr_assert(has_nothing(b.consumer), "the second publication was a duplicate");
    end(&b);
}

Test(servicebus_copies, lost_lock_differs_from_other_refusals)
{
    bench b = begin("60000", test_queues);
    published(b.publisher);
    fl_delivery *one = received(b.consumer);
    fl_settlement ack = {.delivery = one, .verb = FL_SETTLE_ACK};
    order(&b, "refuse-outcomes 1 com.microsoft:message-lock-lost");
    set_clock();
    cr_assert_eq(KIND->settle(b.consumer, &ack, 1), FL_BROKER_OK, "%s", explained);
    cr_assert_eq(ack.status, -ESTALE);
    drop(one);
    end(&b);
}

Test(servicebus_copies, refused_retries_keep_their_locks)
{
    static const char *const refusals[][2] = {
        {"refuse-messages 1 amqp:not-implemented", "the broker does not accept its copy"},
        {"refuse-messages 1 amqp:link:message-size-exceeded", "larger than the broker accepts"},
    };
    for (unsigned i = 0; i < 2; i++) {
        bench b = begin("200", test_queues);
        int status;
        cr_assert_eq(publish_one(b.publisher, "tasks", &status), FL_BROKER_OK);
        fl_delivery *one = received(b.consumer);
        order(&b, refusals[i][0]);
        stays(b.consumer, (fl_settlement){.delivery = one, .verb = FL_SETTLE_RETRY, .attempt = 2});
        drop(one);
        one = received(b.consumer); /* when its lock has ended */
        cr_assert_eq(one->message.attempt, 1);
        cr_assert_eq(one->message.deliveries, 2);
        drop(one);
        end(&b);
    }
}

Test(servicebus_copies, expired_deliveries_take_no_room)
{
    bench b = begin("200", test_queues);
    fl_bus *bus = (fl_bus *)(void *)b.consumer;
    published(b.publisher);
    published(b.publisher);
    fl_delivery *one = received(b.consumer), *other = received(b.consumer);
    fl_settlement late = {.delivery = one, .verb = FL_SETTLE_RETRY, .attempt = 2};
    cr_assert_eq(bus->unsettled, 2);
    usleep(300 * 1000); /* until their locks have ended */
    set_clock();
    cr_assert_eq(KIND->settle(b.consumer, &late, 1), FL_BROKER_OK, "%s", explained);
    cr_assert_eq(late.status, -ESTALE);
    cr_assert_eq(bus->unsettled, 1);
    cr_assert_eq(KIND->extend(b.consumer, &other, 1, FILCH_SECOND), FL_BROKER_OK);
    cr_assert_eq(other->lease_until, 0);
    cr_assert_eq(bus->unsettled, 0);
    drop(one);
    drop(other);
    end(&b);
}

Test(servicebus_copies, retry_into_full_queue_waits)
{
    bench b = begin("60000", test_queues);
    published(b.publisher);
    fl_delivery *one = received(b.consumer);
    fl_settlement retry = {.delivery = one, .verb = FL_SETTLE_RETRY, .attempt = 2};
    order(&b, "refuse-messages 1 amqp:resource-limit-exceeded");
    set_clock();
    cr_assert_eq(KIND->settle(b.consumer, &retry, 1), FL_BROKER_BUSY, "%s", explained);
    cr_assert_eq(retry.status, -EAGAIN);
    settled(b.consumer, retry);
    drop(one);
    one = received(b.consumer);
    cr_assert_eq(one->message.attempt, 2);
    drop(one);
    end(&b);
}

Test(servicebus_copies, dead_letter_dying_again_is_moved)
{
    const filch_header why = {"x-dlq-reason", "too late"};
    bench b = begin("60000", test_queues);
    published(b.publisher);
    fl_delivery *one = received(b.consumer);
    settled(b.consumer, (fl_settlement){.delivery = one, .verb = FL_SETTLE_DEAD});
    drop(one);
    fl_broker *undertaker = looking_at(dead_queue);
    one = received(undertaker);
    KIND->close(undertaker);
    undertaker = looking_at(dead_queue);
    settled(undertaker, (fl_settlement){.delivery = one,
                                        .verb = FL_SETTLE_DEAD,
                                        .headers = &why,
                                        .header_count = 1});
    fl_settlement again = {.delivery = one, .verb = FL_SETTLE_ACK};
    cr_assert_eq(KIND->settle(undertaker, &again, 1), FL_BROKER_OK);
    cr_assert_eq(again.status, -ESTALE, "it is completed, and not only locked");
    drop(one);
    fl_broker *grave = looking_at(twice_dead_queue);
    one = received(grave);
    cr_assert_str_eq(one->message.id, "1");
    cr_assert_str_eq(filch_message_header(&one->message, "x-dlq-reason"), "too late");
    drop(one);
    KIND->close(grave);
    KIND->close(undertaker);
    end(&b);
}

/* ---- Bodies ---- */

/* The delivery of a message whose body is a list, or of bytes that are no message. */
static fl_delivery *decoded(bool is_list)
{
    static const char token[FL_BUS_TAG];
    char bytes[256] = {'\0', 'S'}; /* the beginning of a section */
    size_t size = sizeof bytes;
    fl_bus b = {.config = {.host = &beside_host,
                           .queues = test_queues,
                           .queue_count = 1,
                           .body_most = FL_BODY_MOST,
                           .header_most = FL_HEADERS_MOST,
                           .lease = 30 * FILCH_SECOND},
                .incoming = pn_message()};
    b.base.host = &beside_host;
    pn_message_t *message = pn_message();
    pn_data_put_list(pn_message_body(message));
    if (is_list)
        cr_assert_eq(pn_message_encode(message, bytes, &size), 0);
    fl_bus_inlet inlet = {.part = {.at = bytes, .size = is_list ? size : 2}};
    fl_delivery *one = fl_bus_decode(&b, &inlet, token);
    pn_message_free(message);
    pn_message_free(b.incoming);
    cr_assert_not_null(one);
    return one;
}

Test(servicebus_copies, traces_have_names_of_w3c)
{
    static const char trace[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    char text[512];
    size_t size = sizeof text;
    filch_message message = {.id = "1", .tracestate = "a=b"};
    fl_bus b = {.message = pn_message()};
    pn_message_t *seen = pn_message();
    OK(filch_traceparent_parse(&message.trace, trace, strlen(trace)));
    cr_assert_eq(fl_bus_encode_copy(&b, &(fl_bus_copy){.message = &message}), 0);
    cr_assert_eq(pn_message_decode(seen, b.out.at, b.out.size), 0);
    cr_assert_eq(pn_data_format(pn_message_properties(seen), text, &size), 0);
    cr_assert_not_null(strstr(text, "\"traceparent\"=\""), "%s", text);
    cr_assert_not_null(strstr(text, trace), "%s", text);
    cr_assert_not_null(strstr(text, "\"tracestate\"=\"a=b\""), "%s", text);
    free(b.out.at);
    pn_message_free(b.message);
    pn_message_free(seen);
}

Test(servicebus_copies, non_binary_body_is_malformed)
{
    set_clock();
    fl_delivery *list = decoded(true), *noise = decoded(false);
    cr_assert_not_null(list->malformed);
    cr_assert_not_null(noise->malformed);
    cr_assert_geq(noise->lease_until, test_clock(NULL) + 29 * FILCH_SECOND,
                  "a message that tells no lock has a whole lease");
    free(list);
    free(noise);
}

Test(servicebus_copies, uncopyable_message_stays_in_queue)
{
    bench b = begin("200", test_queues);
    published(b.publisher);
    fl_delivery *one = received(b.consumer);
    settled(b.consumer, (fl_settlement){.delivery = one, .verb = FL_SETTLE_DEAD});
    drop(one);
    fl_broker *undertaker = looking_at(dead_queue);
    one = received(undertaker);
    one->malformed = "a part is missing";
    logged[0] = '\0';
    stays(undertaker, (fl_settlement){.delivery = one, .verb = FL_SETTLE_DEAD});
    cr_assert(strstr(logged, "a part is missing"), "%s", logged);
    drop(one);
    one = received(undertaker); /* when its lock has ended */
    cr_assert_str_eq(one->message.id, "1");
    drop(one);
    KIND->close(undertaker);
    end(&b);
}

/* ---- Renewals ---- */

Test(servicebus_copies, refused_renewal_leaves_lease_unchanged)
{
    bench b = begin("60000", test_queues);
    published(b.publisher);
    fl_delivery *one = received(b.consumer);
    int64_t until = one->lease_until;
    order(&b, "refuse-renewals 1 503");
    cr_assert_eq(KIND->extend(b.consumer, &one, 1, FILCH_SECOND), FL_BROKER_BUSY, "%s", explained);
    cr_assert_eq(one->lease_until, until);
    order(&b, "refuse-renewals 1 401");
    cr_assert_eq(KIND->extend(b.consumer, &one, 1, FILCH_SECOND), FL_BROKER_REFUSED);
    cr_assert_eq(KIND->extend(b.consumer, &one, 1, FILCH_SECOND), FL_BROKER_OK, "%s", explained);
    cr_assert_neq(one->lease_until, until);
    drop(one);
    end(&b);
}

/* ---- Idle links ---- */

/* A call that was under way when its link was detached is repeated. */
static void published_in_the_end(fl_broker *broker)
{
    int status;
    fl_broker_rc rc;
    while ((rc = publish_one(broker, "tasks", &status)) == FL_BROKER_BUSY)
        ;
    cr_assert_eq(rc, FL_BROKER_OK, "%s", explained);
}

static void extended_in_the_end(fl_broker *broker, fl_delivery *one)
{
    fl_broker_rc rc;
    while ((rc = KIND->extend(broker, &one, 1, FILCH_SECOND)) == FL_BROKER_BUSY)
        ;
    cr_assert_eq(rc, FL_BROKER_OK, "%s", explained);
}

Test(servicebus_copies, detached_idle_links_attach_again)
{
    bench b = begin("60000", test_queues);
    published(b.publisher);
    fl_delivery *one = received(b.consumer);
    cr_assert_eq(KIND->extend(b.consumer, &one, 1, FILCH_SECOND), FL_BROKER_OK);
    for (unsigned i = 0; i < 3; i++) {
        order(&b, "detach 1");
        published_in_the_end(b.publisher);
        extended_in_the_end(b.consumer, one);
    }
    drop(one);
    end(&b);
}

/* ---- Prefetch ---- */

/* Messages that the connection has, or that the server may still send. */
static unsigned outstanding(const fl_bus *b)
{
    unsigned sum = b->unsettled;
    for (unsigned i = 0; i < b->config.queue_count; i++)
        sum += (unsigned)pn_link_credit(b->queues[i].inlet.link);
    return sum;
}

static void receives_all(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most)
{
    unsigned count = 0;
    cr_assert_eq(KIND->receive(broker, queue, out, most, &count), FL_BROKER_OK, "%s", explained);
    cr_assert_eq(count, most);
}

/* The credit of a queue that is empty stays with it. */
Test(servicebus_copies, prefetch_bounds_all_queues_together)
{
    enum { PREFETCH = 64, BATCH = 32 };
    static const char *const both[] = {"tasks", "second"};
    fl_delivery *first[BATCH], *second[BATCH];
    int status;
    service_bus_start("60000", "10");
    fl_broker *publisher = opened(service_bus_url(service_bus.port, ""), FL_BROKER_PUBLISHES);
    for (unsigned i = 0; i < BATCH; i++) {
        cr_assert_eq(publish_one(publisher, "tasks", &status), FL_BROKER_OK);
        cr_assert_eq(publish_one(publisher, "second", &status), FL_BROKER_OK);
    }
    tried_queues = both;
    tried_queue_count = 2;
    tried_prefetch = PREFETCH;
    fl_broker *busy = opened(service_bus_url(service_bus.port, ""), FL_BROKER_CONSUMES);
    receives_all(busy, 0, first, BATCH);
    for (unsigned i = 0; i < BATCH; i++) {
        settled(busy, (fl_settlement){.delivery = first[i], .verb = FL_SETTLE_ACK});
        drop(first[i]);
    }
    cr_assert_leq(outstanding((fl_bus *)(void *)busy), PREFETCH);
    receives_all(busy, 1, second, BATCH);
    cr_assert_leq(outstanding((fl_bus *)(void *)busy), PREFETCH + BATCH,
                  "%u: this batch was asked for", outstanding((fl_bus *)(void *)busy));
    for (unsigned i = 0; i < BATCH; i++)
        drop(second[i]);
    KIND->close(busy);
    KIND->close(publisher);
    service_bus_end();
}
