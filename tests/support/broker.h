/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Conformance of brokers: claims that hold for each of them, as functions of a tested_broker. A claim
 * about a capability that the broker lacks holds. The test of a broker is a table of these calls. */
#ifndef SUPPORT_BROKER_H
#define SUPPORT_BROKER_H

#include <tests/support/service.h>

#include <poll.h>
#include <runtime/service/waker.h>

typedef struct tested_broker {
    const fl_broker_kind *kind;
    const char *(*fresh_url)(void); /* of a broker without messages */
    void (*pass)(int64_t ns);       /* lets that time go by */
    int64_t second; /* ns of a second in the claims, where a server has its own clock; 0: 1 s */
    bool counts_returns; /* a returned message has one delivery more */
    bool reads_ahead;    /* messages read ahead come before a returned one */
    bool merges_counts;  /* `count` does not tell delayed messages from others */
} tested_broker;

static inline int64_t bench_second(const tested_broker *tested)
{
    return tested && tested->second ? tested->second : FILCH_SECOND;
}

/* The connections of one claim. */
typedef struct bench {
    const tested_broker *tested;
    const fl_broker_kind *kind;
    const char *url;
    fl_broker *consumer, *publisher, *admin;
    unsigned last_id;
} bench;

static inline fl_broker *bench_open(const bench *b, fl_broker_role role)
{
    const fl_broker_config config = {.host = &beside_host,
                                     .role = role,
                                     .url = b->url,
                                     .queues = test_queues,
                                     .queue_count = 3,
                                     .prefetch = 1000,
                                     .lease = 30 * bench_second(b->tested),
                                     .call_timeout = 10 * FILCH_SECOND,
                                     .body_most = FL_BODY_MOST,
                                     .header_most = FL_HEADERS_MOST,
                                     .client = "test"};
    fl_broker *broker = NULL;
    cr_assert_eq(b->kind->open(&broker, &config), FL_BROKER_OK);
    return broker;
}

static inline bench bench_begin(const tested_broker *tested)
{
    bench b = {.tested = tested, .kind = tested->kind, .url = tested->fresh_url()};
    b.admin = bench_open(&b, FL_BROKER_ADMINISTERS);
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    return b;
}

static inline void bench_end(bench *b)
{
    b->kind->close(b->consumer);
    b->kind->close(b->publisher);
    b->kind->close(b->admin);
}

static inline int bench_publish(bench *b, filch_message message)
{
    char id[16];
    snprintf(id, sizeof id, "%u", ++b->last_id);
    message.id = message.id ? message.id : id;
    message.type = message.type ? message.type : "t";
    message.queue = message.queue ? message.queue : "tasks";
    message.attempt = 1;
    message.first_seen = beside_host.unix_time(&beside_host);
    fl_publication item = {.message = &message, .status = 7};
    cr_assert_eq(b->kind->publish(b->publisher, &item, 1), FL_BROKER_OK);
    return item.status;
}

static inline fl_delivery *bench_receive_by(bench *b, fl_broker *consumer, unsigned queue)
{
    fl_delivery *one = NULL;
    unsigned count = 7;
    if (b->kind->turn)
        cr_assert_eq(b->kind->turn(consumer), FL_BROKER_OK);
    cr_assert_eq(b->kind->receive(consumer, queue, &one, 1, &count), FL_BROKER_OK);
    cr_assert_leq(count, 1);
    return count ? one : NULL;
}

static inline fl_delivery *bench_receive(bench *b)
{
    return bench_receive_by(b, b->consumer, 0);
}

static inline void bench_free(bench *b, fl_delivery *one)
{
    if (one->handle && b->kind->release)
        b->kind->release(one->handle);
    free(one);
}

static inline int bench_settle_by(bench *b, fl_broker *consumer, fl_settlement one)
{
    one.status = 7;
    cr_assert_eq(b->kind->settle(consumer, &one, 1), FL_BROKER_OK);
    return one.status;
}

/* Settles it, and frees it. */
static inline void bench_settle(bench *b, fl_settlement one)
{
    cr_assert_eq(bench_settle_by(b, b->consumer, one), 0);
    bench_free(b, one.delivery);
}

static inline void bench_ack(bench *b, fl_delivery *delivery)
{
    bench_settle(b, (fl_settlement){.delivery = delivery, .verb = FL_SETTLE_ACK});
}

/* The next message has this id, and is done. */
static inline void bench_next_is(bench *b, const char *id)
{
    fl_delivery *one = bench_receive(b);
    cr_assert(one && strcmp(one->message.id, id) == 0, "%s instead of %s",
              one ? one->message.id : "none", id);
    bench_ack(b, one);
}

static inline void bench_is_empty(bench *b)
{
    fl_delivery *one = bench_receive(b);
    cr_assert_null(one, "%s is left", one ? one->message.id : "");
}

/* ---- Claims ---- */

static inline void a_message_arrives_whole(const tested_broker *tested)
{
    static char body[1 << 20];
    const filch_header headers[] = {{"A", "1"}, {"X-Text", "\xc3\xa4 \" \\ \n"}, {"empty", ""}};
    bench b = bench_begin(tested);
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)(i * 7);
    filch_message sent = {.id = "an id",
                          .type = "a type",
                          .content_type = "image/png",
                          .body = body,
                          .body_size = sizeof body,
                          .headers = headers,
                          .header_count = 3,
                          .priority = tested->kind->caps.priority ? 3 : 0,
                          .tracestate = "a=b"};
    filch_trace_start(&sent.trace, true);
    cr_assert_eq(bench_publish(&b, sent), 0);
    fl_delivery *one = bench_receive(&b);
    cr_assert_not_null(one);
    const filch_message *got = &one->message;
    cr_assert_str_eq(got->id, "an id");
    cr_assert_str_eq(got->type, "a type");
    cr_assert_str_eq(got->content_type, "image/png");
    cr_assert_str_eq(got->tracestate, "a=b");
    cr_assert_eq(got->body_size, sizeof body);
    cr_assert_eq(memcmp(got->body, body, sizeof body), 0);
    for (unsigned i = 0; i < 3; i++)
        cr_assert_str_eq(filch_message_header(got, headers[i].name), headers[i].value);
    cr_assert_eq(got->priority, sent.priority);
    cr_assert_eq(got->attempt, 1);
    cr_assert_eq(got->first_seen, beside_host.unix_time(&beside_host));
    cr_assert_eq(memcmp(&got->trace, &sent.trace, sizeof got->trace), 0);
    cr_assert_eq(got->deliveries, tested->kind->caps.deliveries);
    bench_ack(&b, one);
    bench_is_empty(&b);
    bench_end(&b);
}

static inline void messages_come_by_priority_then_age(const tested_broker *tested)
{
    bench b = bench_begin(tested);
    bool has = tested->kind->caps.priority;
    for (unsigned i = 0; i < 6; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){.priority = has ? i % 3 : 0}), 0);
    const char *const order[2][6] = {{"1", "2", "3", "4", "5", "6"},
                                     {"3", "6", "2", "5", "1", "4"}};
    for (unsigned i = 0; i < 6; i++)
        bench_next_is(&b, order[has][i]);
    bench_is_empty(&b);
    bench_end(&b);
}

static inline void a_batch_is_received_and_settled_in_part(const tested_broker *tested)
{
    fl_delivery *batch[10];
    fl_settlement items[10];
    unsigned count;
    bench b = bench_begin(tested);
    for (unsigned i = 0; i < 12; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    cr_assert_eq(b.kind->receive(b.consumer, 0, batch, 10, &count), FL_BROKER_OK);
    cr_assert_eq(count, 10);
    for (unsigned i = 0; i < 10; i++)
        items[i] = (fl_settlement){.delivery = batch[i],
                                   .verb = i < 7 ? FL_SETTLE_ACK : FL_SETTLE_RETURN,
                                   .status = -EAGAIN};
    cr_assert_eq(b.kind->settle(b.consumer, items, 10), FL_BROKER_OK);
    for (unsigned i = 0; i < 10; i++) {
        cr_assert_eq(items[i].status, 0);
        bench_free(&b, batch[i]);
    }
    cr_assert_eq(b.kind->receive(b.consumer, 0, batch, 10, &count), FL_BROKER_OK);
    cr_assert_eq(count, 5);
    for (unsigned i = 0; i < count; i++)
        bench_ack(&b, batch[i]);
    bench_is_empty(&b);
    bench_end(&b);
}

static inline void a_delayed_message_waits(const tested_broker *tested)
{
    if (!tested->kind->caps.delay)
        return;
    bench b = bench_begin(tested);
    cr_assert_eq(bench_publish(&b, (filch_message){.delay = 20 * bench_second(tested)}), 0);
    cr_assert_eq(bench_publish(&b, (filch_message){.delay = 10 * bench_second(tested)}), 0);
    bench_is_empty(&b);
    tested->pass(10 * bench_second(tested));
    bench_next_is(&b, "2");
    bench_is_empty(&b);
    tested->pass(10 * bench_second(tested));
    bench_next_is(&b, "1");
    bench_end(&b);
}

static inline void a_key_is_taken_until_its_message_is_done(const tested_broker *tested)
{
    static const fl_settle_verb ends[] = {FL_SETTLE_ACK, FL_SETTLE_DEAD};
    const filch_message keyed = {.dedup = "k"};
    if (!tested->kind->caps.dedup)
        return;
    bench b = bench_begin(tested);
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_eq(bench_publish(&b, keyed), 0);
        cr_assert_eq(bench_publish(&b, keyed), -EEXIST);
        fl_delivery *one = bench_receive(&b);
        cr_assert_eq(bench_publish(&b, keyed), -EEXIST);
        bench_settle(&b, (fl_settlement){.delivery = one, .verb = FL_SETTLE_RETRY, .attempt = 2});
        cr_assert_eq(bench_publish(&b, keyed), -EEXIST);
        bench_settle(&b, (fl_settlement){.delivery = bench_receive(&b), .verb = ends[i]});
    }
    cr_assert_eq(bench_publish(&b, keyed), 0);
    bench_end(&b);
}

static inline void a_returned_message_is_next_and_uncounted(const tested_broker *tested)
{
    bench b = bench_begin(tested);
    for (unsigned i = 0; i < 2; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    bench_settle(&b, (fl_settlement){.delivery = bench_receive(&b), .verb = FL_SETTLE_RETURN});
    if (tested->reads_ahead)
        bench_next_is(&b, "2");
    fl_delivery *one = bench_receive(&b);
    cr_assert_str_eq(one->message.id, "1");
    cr_assert_eq(one->message.attempt, 1);
    cr_assert_leq(one->message.deliveries, tested->counts_returns ? 2 : 1);
    bench_ack(&b, one);
    if (!tested->reads_ahead)
        bench_next_is(&b, "2");
    bench_end(&b);
}

static inline void a_retried_message_waits_and_keeps_its_fields(const tested_broker *tested)
{
    const filch_header header = {"h", "v"};
    bench b = bench_begin(tested);
    int64_t began = beside_host.unix_time(&beside_host);
    cr_assert_eq(bench_publish(&b, (filch_message){.headers = &header,
                                                   .header_count = 1,
                                                   .body = "b",
                                                   .body_size = 1}),
                 0);
    tested->pass(bench_second(tested));
    bench_settle(&b, (fl_settlement){.delivery = bench_receive(&b),
                                     .verb = FL_SETTLE_RETRY,
                                     .attempt = 4,
                                     .delay = bench_second(tested)});
    bench_is_empty(&b);
    tested->pass(bench_second(tested));
    fl_delivery *one = bench_receive(&b);
    cr_assert_str_eq(one->message.id, "1");
    cr_assert_eq(one->message.attempt, 4);
    cr_assert_eq(one->message.deliveries, tested->kind->caps.deliveries);
    cr_assert_eq(one->message.first_seen, began);
    cr_assert_str_eq(filch_message_header(&one->message, "h"), "v");
    cr_assert_eq(one->message.body_size, 1);
    bench_ack(&b, one);
    bench_is_empty(&b);
    bench_end(&b);
}

static inline void
a_dead_letter_keeps_body_and_headers_and_gets_reasons(const tested_broker *tested)
{
    const filch_header own[] = {{"h", "v"}, {"X-DLQ-Reason", "old"}};
    const filch_header added[] = {{"x-dlq-reason", "new"}, {"x-original-queue", "tasks"}};
    bench b = bench_begin(tested);
    cr_assert_eq(bench_publish(&b, (filch_message){.headers = own,
                                                   .header_count = 2,
                                                   .content_type = "text/plain",
                                                   .body = "b\0c",
                                                   .body_size = 3}),
                 0);
    bench_settle(&b, (fl_settlement){.delivery = bench_receive(&b),
                                     .verb = FL_SETTLE_DEAD,
                                     .headers = added,
                                     .header_count = 2});
    bench_is_empty(&b);
    fl_delivery *one = bench_receive_by(&b, b.consumer, 1);
    cr_assert_not_null(one);
    cr_assert_str_eq(one->message.id, "1");
    cr_assert_str_eq(one->message.content_type, "text/plain");
    cr_assert_eq(memcmp(one->message.body, "b\0c", 3), 0);
    cr_assert_str_eq(filch_message_header(&one->message, "h"), "v");
    cr_assert_str_eq(filch_message_header(&one->message, "x-dlq-reason"), "new");
    cr_assert_str_eq(filch_message_header(&one->message, "x-original-queue"), "tasks");
    bench_ack(&b, one);
    bench_end(&b);
}

static inline void
a_lost_lease_is_delivered_again_and_cannot_be_settled(const tested_broker *tested)
{
    const fl_broker_caps *caps = &tested->kind->caps;
    if (!caps->lease_most || (caps->lease_most == FILCH_FOREVER && !caps->extends))
        return; /* leases end with their connection */
    bench b = bench_begin(tested);
    fl_broker *other = bench_open(&b, FL_BROKER_CONSUMES);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *old = bench_receive(&b);
    cr_assert_null(bench_receive_by(&b, other, 0));
    tested->pass(31 * bench_second(tested));
    fl_delivery *again = bench_receive_by(&b, other, 0);
    cr_assert_not_null(again);
    cr_assert_eq(again->message.deliveries, tested->kind->caps.deliveries ? 2 : 0);
    for (fl_settle_verb verb = FL_SETTLE_ACK; verb <= FL_SETTLE_DEAD; verb++)
        cr_assert_eq(bench_settle_by(&b, b.consumer,
                                     (fl_settlement){.delivery = old, .verb = verb, .attempt = 2}),
                     -ESTALE);
    cr_assert_eq(bench_settle_by(&b, other,
                                 (fl_settlement){.delivery = again, .verb = FL_SETTLE_ACK}),
                 0);
    bench_free(&b, old);
    bench_free(&b, again);
    bench_is_empty(&b);
    b.kind->close(other);
    bench_end(&b);
}

static inline void an_extended_lease_holds(const tested_broker *tested)
{
    if (!tested->kind->caps.extends)
        return;
    bench b = bench_begin(tested);
    fl_broker *other = bench_open(&b, FL_BROKER_CONSUMES);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *one = bench_receive(&b);
    for (unsigned i = 0; i < 2; i++) {
        tested->pass(20 * bench_second(tested));
        cr_assert_eq(b.kind->extend(b.consumer, &one, 1, 30 * bench_second(tested)), FL_BROKER_OK);
        cr_assert_eq(one->lease_until, beside_host.now(&beside_host) + 30 * bench_second(tested));
        cr_assert_null(bench_receive_by(&b, other, 0));
    }
    tested->pass(31 * bench_second(tested));
    fl_delivery *again = bench_receive_by(&b, other, 0);
    cr_assert_not_null(again);
    cr_assert_eq(b.kind->extend(b.consumer, &one, 1, 30 * bench_second(tested)), FL_BROKER_OK);
    cr_assert_eq(one->lease_until, 0, "it is lost");
    bench_free(&b, one);
    bench_free(&b, again);
    b.kind->close(other);
    bench_end(&b);
}

static inline void a_lease_outlives_its_connection(const tested_broker *tested)
{
    if (!tested->kind->caps.keeps_leases)
        return;
    bench b = bench_begin(tested);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *one = bench_receive(&b);
    b.kind->close(b.consumer);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    bench_is_empty(&b);
    bench_ack(&b, one);
    tested->pass(31 * bench_second(tested));
    bench_is_empty(&b);
    bench_end(&b);
}

static inline void an_expired_message_is_dead(const tested_broker *tested)
{
    if (!tested->kind->caps.expiry)
        return;
    bench b = bench_begin(tested);
    int64_t soon = beside_host.unix_time(&beside_host) + bench_second(tested);
    cr_assert_eq(bench_publish(&b, (filch_message){.expires = soon}), 0);
    cr_assert_eq(bench_publish(&b, (filch_message){.expires = soon + bench_second(tested)}), 0);
    tested->pass(bench_second(tested));
    bench_next_is(&b, "2");
    bench_is_empty(&b);
    fl_delivery *one = bench_receive_by(&b, b.consumer, 1);
    cr_assert_not_null(one);
    cr_assert_str_eq(filch_message_header(&one->message, "x-dlq-reason"), "expired");
    bench_ack(&b, one);
    bench_end(&b);
}

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

static inline void a_watched_connection_wakes(const tested_broker *tested)
{
    int64_t until;
    if (!tested->kind->watch)
        return;
    bench b = bench_begin(tested);
    bench_is_empty(&b);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    if (b.kind->turn) /* a turn takes nothing away that only `receive` may take */
        cr_assert_eq(b.kind->turn(b.consumer), FL_BROKER_OK);
    cr_assert(bench_comes_awake(&b), "within two seconds");
    fl_delivery *one = bench_receive(&b);
    bench_settle(&b, (fl_settlement){.delivery = one,
                                     .verb = FL_SETTLE_RETRY,
                                     .attempt = 2,
                                     .delay = bench_second(tested)});
    bench_is_empty(&b);
    bench_is_awake(&b, &until);
    if (tested->kind->caps.delay && until > beside_host.now(&beside_host) + bench_second(tested)) {
        tested->pass(bench_second(tested)); /* then a descriptor wakes */
        cr_assert(bench_comes_awake(&b), "after the delay");
    }
    bench_end(&b);
}

/* The service polls, then a message comes, then the service calls `turn`. */
static inline void a_message_that_comes_before_a_turn_wakes(const tested_broker *tested)
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

static inline void a_service_without_room_is_not_kept_awake(const tested_broker *tested)
{
    int64_t until;
    if (!tested->kind->watch || !tested->kind->caps.delay)
        return;
    bench b = bench_begin(tested);
    cr_assert_eq(bench_publish(&b, (filch_message){.delay = bench_second(tested)}), 0);
    bench_is_empty(&b);
    tested->pass(bench_second(tested));
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    if (tested->kind->turn)
        cr_assert_eq(tested->kind->turn(b.consumer), FL_BROKER_OK);
    cr_assert_not(bench_wakes(&b, false, &until));
    for (unsigned i = 0; i < 2; i++)
        bench_ack(&b, bench_receive(&b));
    bench_end(&b);
}

/* ---- For administrators ---- */

static inline void messages_are_counted_and_peeked(const tested_broker *tested)
{
    fl_delivery *all[8];
    fl_broker_count count;
    unsigned peeked;
    bench b = bench_begin(tested);
    for (unsigned i = 0; i < 4; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){.delay = i == 3 ? bench_second(tested) : 0}),
                     0);
    bench_settle(&b, (fl_settlement){.delivery = bench_receive(&b), .verb = FL_SETTLE_DEAD});
    fl_delivery *one = bench_receive(&b);
    if (tested->kind->caps.counts) {
        cr_assert_eq(b.kind->count(b.admin, 0, &count), FL_BROKER_OK);
        cr_assert(count.leased == 1 && count.dead == 1);
        cr_assert_eq(count.ready + count.delayed, 2);
        cr_assert(tested->merges_counts || count.delayed == 1);
    }
    if (tested->kind->caps.peek) {
        cr_assert_eq(b.kind->peek(b.admin, 0, all, 8, &peeked), FL_BROKER_OK);
        cr_assert_eq(peeked, 2);
        for (unsigned i = 0; i < peeked; i++) {
            cr_assert_eq(atoi(all[i]->message.id), (int)i + 3);
            free(all[i]);
        }
        cr_assert_eq(b.kind->peek(b.admin, 0, all, 1, &peeked), FL_BROKER_OK);
        cr_assert_eq(peeked, 1);
        free(all[0]);
    }
    bench_ack(&b, one);
    bench_next_is(&b, "3");
    bench_end(&b);
}

static inline void a_waiting_message_is_cancelled(const tested_broker *tested)
{
    bool found;
    if (!tested->kind->caps.cancel)
        return;
    bench b = bench_begin(tested);
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){.delay = i == 1 ? bench_second(tested) : 0}),
                     0);
    fl_delivery *one = bench_receive(&b);
    static const bool expected[] = {false, true, true, false};
    for (unsigned i = 0; i < 4; i++) {
        char id[4];
        snprintf(id, sizeof id, "%u", i + 1);
        cr_assert_eq(b.kind->cancel(b.admin, id, &found), FL_BROKER_OK);
        cr_assert_eq(found, expected[i], "%s", id);
    }
    bench_ack(&b, one);
    tested->pass(bench_second(tested));
    bench_is_empty(&b);
    bench_end(&b);
}

static inline void a_paused_queue_or_type_is_not_delivered(const tested_broker *tested)
{
    if (!tested->kind->caps.pause)
        return;
    bench b = bench_begin(tested);
    cr_assert_eq(b.kind->pause(b.admin, 0, "a", true), FL_BROKER_OK);
    cr_assert_eq(b.kind->pause(b.admin, 0, "a", true), FL_BROKER_OK);
    cr_assert_eq(bench_publish(&b, (filch_message){.type = "a"}), 0);
    cr_assert_eq(bench_publish(&b, (filch_message){.type = "b"}), 0);
    cr_assert_eq(bench_publish(&b, (filch_message){.type = "b"}), 0);
    bench_next_is(&b, "2");
    cr_assert_eq(b.kind->pause(b.admin, 0, NULL, true), FL_BROKER_OK);
    bench_is_empty(&b);
    cr_assert_eq(b.kind->pause(b.admin, 0, NULL, false), FL_BROKER_OK);
    bench_next_is(&b, "3");
    bench_is_empty(&b);
    cr_assert_eq(b.kind->pause(b.admin, 0, "a", false), FL_BROKER_OK);
    bench_next_is(&b, "1");
    bench_end(&b);
}

#define BROKER_CLAIM(broker, tested, claim)                                                        \
    Test(broker, claim)                                                                            \
    {                                                                                              \
        claim(&(tested));                                                                          \
    }
#define BROKER_CONFORMS(broker, tested)                                                            \
    BROKER_CLAIM(broker, tested, a_message_arrives_whole)                                          \
    BROKER_CLAIM(broker, tested, messages_come_by_priority_then_age)                               \
    BROKER_CLAIM(broker, tested, a_batch_is_received_and_settled_in_part)                          \
    BROKER_CLAIM(broker, tested, a_delayed_message_waits)                                          \
    BROKER_CLAIM(broker, tested, a_key_is_taken_until_its_message_is_done)                         \
    BROKER_CLAIM(broker, tested, a_returned_message_is_next_and_uncounted)                         \
    BROKER_CLAIM(broker, tested, a_retried_message_waits_and_keeps_its_fields)                     \
    BROKER_CLAIM(broker, tested, a_dead_letter_keeps_body_and_headers_and_gets_reasons)            \
    BROKER_CLAIM(broker, tested, a_lost_lease_is_delivered_again_and_cannot_be_settled)            \
    BROKER_CLAIM(broker, tested, an_extended_lease_holds)                                          \
    BROKER_CLAIM(broker, tested, a_lease_outlives_its_connection)                                  \
    BROKER_CLAIM(broker, tested, an_expired_message_is_dead)                                       \
    BROKER_CLAIM(broker, tested, a_watched_connection_wakes)                                       \
    BROKER_CLAIM(broker, tested, a_message_that_comes_before_a_turn_wakes)                         \
    BROKER_CLAIM(broker, tested, a_service_without_room_is_not_kept_awake)                         \
    BROKER_CLAIM(broker, tested, messages_are_counted_and_peeked)                                  \
    BROKER_CLAIM(broker, tested, a_waiting_message_is_cancelled)                                   \
    BROKER_CLAIM(broker, tested, a_paused_queue_or_type_is_not_delivered)

#endif
