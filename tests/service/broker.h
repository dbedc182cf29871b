/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Conformance of brokers: claims that hold for each of them, as functions of a tested_broker. A claim
 * about a capability that the broker lacks holds. The test of a broker is a table of these calls. */
#ifndef SERVICE_BROKER_H
#define SERVICE_BROKER_H

#include <tests/service/broker_admin.h>
#include <tests/service/broker_bench.h>
#include <tests/service/broker_copies.h>
#include <tests/service/broker_exchange.h>
#include <tests/service/broker_foreign.h>
#include <tests/service/broker_records.h>
#include <tests/service/broker_remembers.h>
#include <tests/service/broker_sizes.h>
#include <tests/service/broker_stops.h>
#include <tests/service/broker_wakes.h>

static inline void a_message_arrives_whole(const tested_broker *tested)
{
    static char body[1 << 20];
    const filch_header headers[] = {{"A", "1"}, {"X-Text", "\xc3\xa4 \" \\ \n"}, {"empty", ""}};
    size_t size = tested->body_most ? tested->body_most : sizeof body;
    bench b = bench_begin(tested);
    for (size_t i = 0; i < size; i++)
        body[i] = (char)(i * 7);
    filch_message sent = {.id = "an id",
                          .type = "a type",
                          .content_type = "image/png",
                          .body = body,
                          .body_size = size,
                          .headers = headers,
                          .header_count = 3,
                          .priority = tested->kind->caps.priority ? 3 : 0,
                          .tracestate = "a=b"};
    filch_traceparent_begin(&sent.trace, true);
    cr_assert_eq(bench_publish(&b, sent), 0);
    fl_delivery *one = bench_receive(&b);
    cr_assert_not_null(one);
    const filch_message *got = &one->message;
    cr_assert_str_eq(got->id, "an id");
    cr_assert_str_eq(got->type, "a type");
    cr_assert_str_eq(got->content_type, "image/png");
    cr_assert_str_eq(got->tracestate, "a=b");
    cr_assert_eq(got->body_size, size);
    cr_assert_eq(memcmp(got->body, body, size), 0);
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

/* Programs that know only W3C's headers, or those of a cloud's library, begin the trace. */
static inline void headers_name_the_trace(const tested_broker *tested)
{
    static const char parent[] = BENCH_TRACE,
                      other[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const struct {
        filch_header headers[2];
        const char *field; /* the message's own; NULL: none */
        const char *trace, *state;
        unsigned left; /* headers */
    } rows[] = {
        {{{"traceparent", parent}, {"tracestate", "a=b"}}, NULL, parent, "a=b", 0},
        {{{"TraceParent", parent}, {"x", "y"}}, other, parent, NULL, 1},
        {{{"googclient_traceparent", parent}, {"googclient_tracestate", "c=d"}},
         NULL,
         parent,
         "c=d",
         2},
        {{{"Diagnostic-Id", parent}, {"x", "y"}}, NULL, parent, NULL, 2},
        {{{"Diagnostic-Id", parent}, {"x", "y"}}, other, other, "e=f", 2},
        {{{"x", "z"}, {"x-traceparent", parent}}, other, other, "e=f", 2},
    };
    bench b = bench_begin(tested);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[FILCH_TRACEPARENT_TEXT];
        filch_message sent = {.headers = rows[i].headers, .header_count = 2};
        if (rows[i].field) {
            sent.tracestate = "e=f";
            OK(filch_traceparent_parse(&sent.trace, rows[i].field, strlen(other)));
        }
        cr_assert_eq(bench_publish(&b, sent), 0);
        for (unsigned attempt = 1; attempt <= 2; attempt++) {
            fl_delivery *one = bench_receive(&b);
            cr_assert_not_null(one, "row %u", i);
            const filch_message *got = &one->message;
            cr_assert_eq(filch_traceparent_format(&got->trace, text), 0, "row %u", i);
            cr_assert_str_eq(text, rows[i].trace, "row %u", i);
            cr_assert_str_eq(got->tracestate ? got->tracestate : "none",
                             rows[i].state ? rows[i].state : "none", "row %u", i);
            cr_assert_eq(got->header_count, rows[i].left, "row %u: %zu", i, got->header_count);
            bench_settle(&b, (fl_settlement){.delivery = one,
                                             .verb = attempt == 1 ? FL_SETTLE_RETRY : FL_SETTLE_ACK,
                                             .attempt = 2});
        }
    }
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

static inline void batch_settles_in_part(const tested_broker *tested)
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

static inline void key_lasts_until_message_is_done(const tested_broker *tested)
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

static inline void returned_message_is_next_and_uncounted(const tested_broker *tested)
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

static inline void retried_message_waits_with_its_fields(const tested_broker *tested)
{
    const filch_header header = {"h", "v"};
    int64_t began;
    bench b;
    for (;;) {
        b = bench_begin(tested);
        began = beside_host.unix_time(&beside_host);
        cr_assert_eq(bench_publish(&b, (filch_message){.headers = &header,
                                                       .header_count = 1,
                                                       .body = "b",
                                                       .body_size = 1}),
                     0);
        tested->pass(bench_second(tested));
        if (bench_retries_later(&b))
            break;
        bench_end(&b);
    }
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

static inline void dead_letter_keeps_message_adds_reasons(const tested_broker *tested)
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

static inline void dead_letter_dying_again_moves_on(const tested_broker *tested)
{
    static const char *const queues[] = {"tasks.dlq", "tasks.dlq.dlq"};
    bench b = bench_begin(tested);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    bench_settle(&b, (fl_settlement){.delivery = bench_receive(&b), .verb = FL_SETTLE_DEAD});
    b.kind->close(b.consumer);
    b.consumer = bench_open_queues(&b, FL_BROKER_CONSUMES, queues, 2);
    bench_settle(&b, (fl_settlement){.delivery = bench_receive(&b), .verb = FL_SETTLE_DEAD});
    bench_is_empty(&b);
    fl_delivery *one = bench_receive_by(&b, b.consumer, 1);
    cr_assert_str_eq(one->message.id, "1");
    bench_ack(&b, one);
    bench_end(&b);
}

static inline void lost_lease_redelivers_and_cannot_settle(const tested_broker *tested)
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

#define BROKER_CLAIM(broker, tested, claim)                                                        \
    Test(broker, claim)                                                                            \
    {                                                                                              \
        claim(&(tested));                                                                          \
    }
#define BROKER_CONFORMS(broker, tested)                                                            \
    BROKER_CLAIM(broker, tested, a_message_arrives_whole)                                          \
    BROKER_CLAIM(broker, tested, headers_name_the_trace)                                           \
    BROKER_CLAIM(broker, tested, bodies_and_headers_carry_any_byte)                                \
    BROKER_CLAIM(broker, tested, one_byte_over_limit_is_malformed)                                 \
    BROKER_CLAIM(broker, tested, messages_come_by_priority_then_age)                               \
    BROKER_CLAIM(broker, tested, batch_settles_in_part)                                            \
    BROKER_CLAIM(broker, tested, a_delayed_message_waits)                                          \
    BROKER_CLAIM(broker, tested, key_lasts_until_message_is_done)                                  \
    BROKER_CLAIM(broker, tested, remembered_key_outlasts_message)                                  \
    BROKER_CLAIM(broker, tested, remembered_key_lasts_until_done)                                  \
    BROKER_CLAIM(broker, tested, refused_messages_leave_no_key)                                    \
    BROKER_CLAIM(broker, tested, batch_has_remembered_key_once)                                    \
    BROKER_CLAIM(broker, tested, expired_keys_are_dropped_in_passing)                              \
    BROKER_CLAIM(broker, tested, returned_message_is_next_and_uncounted)                           \
    BROKER_CLAIM(broker, tested, retried_message_waits_with_its_fields)                            \
    BROKER_CLAIM(broker, tested, foreign_message_is_retried_then_done)                             \
    BROKER_CLAIM(broker, tested, dead_letter_keeps_message_adds_reasons)                           \
    BROKER_CLAIM(broker, tested, dead_letter_dying_again_moves_on)                                 \
    BROKER_CLAIM(broker, tested, lost_lease_redelivers_and_cannot_settle)                          \
    BROKER_CLAIM(broker, tested, an_extended_lease_holds)                                          \
    BROKER_CLAIM(broker, tested, a_lease_outlives_its_connection)                                  \
    BROKER_CLAIM(broker, tested, an_expired_message_is_dead)                                       \
    BROKER_CLAIM(broker, tested, acknowledgements_bring_the_next_messages)                         \
    BROKER_CLAIM(broker, tested, other_answers_bring_the_next_messages)                            \
    BROKER_CLAIM(broker, tested, a_watched_connection_wakes)                                       \
    BROKER_CLAIM(broker, tested, message_before_turn_wakes)                                        \
    BROKER_CLAIM(broker, tested, full_service_is_not_kept_awake)                                   \
    BROKER_CLAIM(broker, tested, messages_are_counted_and_peeked)                                  \
    BROKER_CLAIM(broker, tested, leased_dead_letters_are_counted)                                  \
    BROKER_CLAIM(broker, tested, the_oldest_ready_message_is_told)                                 \
    BROKER_CLAIM(broker, tested, idle_connections_change_no_leases)                                \
    BROKER_CLAIM(broker, tested, a_waiting_message_is_cancelled)                                   \
    BROKER_CLAIM(broker, tested, paused_queue_or_type_delivers_nothing)                            \
    BROKER_CLAIM(broker, tested, only_leased_message_is_stopped)                                   \
    BROKER_CLAIM(broker, tested, stop_spares_next_message_with_id)                                 \
    BROKER_CLAIM(broker, tested, stop_follows_message_until_dead)                                  \
    BROKER_CLAIM(broker, tested, a_broker_without_records_says_so)                                 \
    BROKER_CLAIM(broker, tested, record_holds_progress_then_result)                                \
    BROKER_CLAIM(broker, tested, dead_letter_record_has_reason)                                    \
    BROKER_CLAIM(broker, tested, batch_writes_only_given_records)                                  \
    BROKER_CLAIM(broker, tested, jobs_of_one_id_share_record)                                      \
    BROKER_CLAIM(broker, tested, final_note_ends_only_existing_record)                             \
    BROKER_CLAIM(broker, tested, record_expires_in_time)                                           \
    BROKER_CLAIM(broker, tested, a_retry_keeps_its_progress)                                       \
    BROKER_CLAIM(broker, tested, a_lost_lease_writes_no_record)                                    \
    BROKER_CLAIM(broker, tested, lost_confirmations_lose_nothing)                                  \
    BROKER_CLAIM(broker, tested, lost_answers_lose_nothing)                                        \
    BROKER_CLAIM(broker, tested, leases_that_end_lose_nothing)

#endif
