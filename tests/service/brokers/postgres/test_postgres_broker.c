/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: jobs 8; first
 *
 * The broker `postgres:` conforms to the interface, on a real server; workers share a queue; SQL
 * callers enqueue within their transactions. */
#include <tests/service/broker.h>
#include <tests/service/brokers/postgres/postgres_schema.h>
#include <tests/service/races.h>

static const char *fresh_url(void)
{
    return fresh_schema("");
}

static const char *fresh_pooled_url(void)
{
    return fresh_schema("&filch_pooler=transaction");
}

static void publish_foreign(bench *b)
{
    pg_ask(control, "SELECT %s.enqueue('tasks', 't', '%s')", schema, FOREIGN_BODY);
}

static const tested_broker tested = {.kind = &fl_broker_postgres,
                                     .fresh_url = fresh_url,
                                     .pass = pass_time,
                                     .foreign_type = true,
                                     .publish_foreign = publish_foreign};
static const tested_broker pooled = {.kind = &fl_broker_postgres,
                                     .fresh_url = fresh_pooled_url,
                                     .pass = pass_time};

BROKER_CONFORMS(postgres_broker, tested)
BROKER_CLAIM(pooled_postgres_broker, pooled, a_message_arrives_whole)
BROKER_CLAIM(pooled_postgres_broker, pooled, batch_settles_in_part)
BROKER_CLAIM(pooled_postgres_broker, pooled, acknowledgements_bring_the_next_messages)
BROKER_CLAIM(pooled_postgres_broker, pooled, a_watched_connection_wakes)
BROKER_CLAIM(pooled_postgres_broker, pooled, record_holds_progress_then_result)
BROKER_CLAIM(pooled_postgres_broker, pooled, a_lost_lease_writes_no_record)

/* ---- Records ---- */

/* Publishes a job, and settles it with a result. */
static void leave_record(bench *b)
{
    cr_assert_eq(bench_publish(b, (filch_message){0}), 0);
    fl_delivery *one = bench_receive(b);
    fl_note note = bench_end_note(b, one, FILCH_RECORD_DONE, "42");
    bench_settle_with(b, one, FL_SETTLE_ACK, &note);
}

Test(postgres_broker, expired_records_are_deleted_on_write)
{
    bench b = bench_begin(&tested);
    for (unsigned i = 0; i < 3; i++)
        leave_record(&b);
    cr_assert_str_eq(pg_ask(control, "SELECT count(*) FROM %s.records", schema), "3");
    pass_time(61 * FILCH_SECOND);
    leave_record(&b);
    cr_assert_str_eq(pg_ask(control, "SELECT count(*) FROM %s.records", schema), "1");
    bench_end(&b);
}

Test(postgres_broker, unwritten_result_leaves_job_unfinished)
{
    bench b = bench_begin(&tested);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *one = bench_receive(&b);
    fl_note note = bench_end_note(&b, one, FILCH_RECORD_DONE, "42");
    fl_settlement item = {.delivery = one, .note = &note};
    pg_ask(control, "ALTER TABLE %s.records ADD CONSTRAINT missing CHECK (id <> '1')", schema);
    cr_assert_neq(b.kind->settle(b.consumer, &item, 1), FL_BROKER_OK);
    cr_assert_eq(item.status, -EAGAIN);
    b.kind->close(b.consumer);
    pg_ask(control, "ALTER TABLE %s.records DROP CONSTRAINT missing", schema);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    bench_settle_with(&b, one, FL_SETTLE_ACK, &note);
    bench_record_is(&b, "1", FILCH_RECORD_DONE, NULL, "42", NULL);
    bench_is_empty(&b);
    bench_end(&b);
}

/* ---- Waking ---- */

/* By the listener alone: the clock of the service stands still. */
static fl_delivery *receive_when_told(bench *b)
{
    fl_delivery *one = bench_receive(b);
    while (!one) {
        struct pollfd fds[FL_WAKER_FDS];
        int64_t until = FILCH_FOREVER;
        unsigned count = b->kind->watch(b->consumer, true, fds, FL_WAKER_FDS, &until);
        cr_assert_leq(until, test_clock(NULL) + FILCH_SECOND, "it looks each second");
        if (until > test_clock(NULL))
            cr_assert_eq(poll(fds, count, 30000), 1, "told within 30 s");
        one = bench_receive(b);
    }
    return one;
}

Test(postgres_broker, publication_wakes_listening_consumer)
{
    bench b = bench_begin(&tested);
    bench_is_empty(&b);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    bench_ack(&b, receive_when_told(&b));
    bench_end(&b);
}

/* ---- SQL callers ---- */

Test(postgres_broker, rolled_back_transaction_enqueues_nothing)
{
    bench b = bench_begin(&tested);
    bench_is_empty(&b);
    pg_ask(control, "BEGIN; SELECT %s.enqueue('tasks', 'never', 'x'); ROLLBACK", schema);
    pg_ask(control, "BEGIN; SELECT %s.enqueue('tasks', 'mail', 'x')", schema);
    bench_is_empty(&b);
    pg_ask(control, "COMMIT");
    fl_delivery *one = receive_when_told(&b);
    cr_assert_str_eq(one->message.type, "mail");
    bench_ack(&b, one);
    bench_is_empty(&b);
    bench_end(&b);
}

Test(postgres_broker, sql_callers_set_message_fields)
{
    static const char trace[] = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
    char text[FILCH_TRACEPARENT_TEXT], id[64];
    bench b = bench_begin(&tested);
    snprintf(id, sizeof id, "%s",
             pg_ask(control,
                    "SELECT %s.enqueue('tasks', 'mail', '\\x00ff'::bytea,"
                    " headers => '{\"to\": \"a@b\", \"n\": 7}', priority => 4, delay => '1 s',"
                    " expires_in => '1 min', dedup => 'k', content_type => 'a/b', trace => '%s')",
                    schema, trace));
    cr_assert_eq(strlen(id), 32);
    cr_assert_str_eq(pg_ask(control, "SELECT %s.enqueue('tasks', 'mail', '', dedup => 'k') IS NULL",
                            schema),
                     "t", "the key is taken");
    for (unsigned i = 0; i < 2; i++)
        cr_assert_str_eq(pg_ask(control,
                                "SELECT %s.enqueue('tasks', 'once', '', dedup => '%s',"
                                " dedup_for => '1 h', delay => '1 h') IS NULL",
                                schema, i ? "k" : "once"),
                         i ? "t" : "f");
    pg_ask(control, "DELETE FROM %s.jobs WHERE type = 'once'", schema);
    cr_assert_str_eq(pg_ask(control,
                            "SELECT %s.enqueue('tasks', 'once', '', dedup => 'once') IS NULL",
                            schema),
                     "t", "its key is remembered");
    cr_assert_str_eq(pg_ask(control, "SELECT count(*) FROM %s.remembered", schema), "1");
    bench_is_empty(&b);
    pass_time(FILCH_SECOND);
    fl_delivery *one = bench_receive(&b);
    cr_assert_not_null(one);
    const filch_message *got = &one->message;
    cr_assert_str_eq(got->id, id);
    cr_assert(got->body_size == 2 && memcmp(got->body, "\0\xff", 2) == 0);
    cr_assert_str_eq(filch_message_header(got, "to"), "a@b");
    cr_assert_str_eq(filch_message_header(got, "n"), "7");
    cr_assert_str_eq(got->content_type, "a/b");
    cr_assert(got->priority == 4 && got->attempt == 1 && got->deliveries == 1);
    cr_assert_eq(got->expires, beside_host.unix_time(&beside_host) + 59 * FILCH_SECOND);
    filch_traceparent_format(&got->trace, text);
    cr_assert_str_eq(text, trace);
    bench_ack(&b, one);
    bench_end(&b);
}

Test(postgres_broker, sql_headers_name_the_trace)
{
    bench b = bench_begin(&tested);
    pg_ask(control,
           "SELECT %s.enqueue('tasks', 'mail', '', headers => "
           "'{\"traceparent\": \"" BENCH_TRACE "\", \"tracestate\": \"a=b\"}')",
           schema);
    fl_delivery *one = bench_receive(&b);
    cr_assert_not_null(one);
    bench_trace_is(one, "a=b");
    bench_ack(&b, one);
    bench_end(&b);
}

/* ---- Sizes and texts ---- */

Test(postgres_broker, batch_is_bounded_by_bytes)
{
    enum { BODIES = 7, BYTES = 2 << 20 };
    static char body[BYTES];
    fl_delivery *batch[100];
    unsigned received = 0, count, receives = 0;
    int64_t until;
    bench b = bench_begin(&tested);
    for (unsigned i = 0; i < BODIES; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){.body = body, .body_size = BYTES}), 0);
    for (; received < BODIES; received += count, receives++) {
        cr_assert(bench_is_awake(&b, &until), "more is ready");
        cr_assert_eq(b.kind->receive(b.consumer, 0, batch, 100, &count), FL_BROKER_OK);
        cr_assert(count == 1 || count == 2, "4 MiB at once, not %u messages", count);
        for (unsigned i = 0; i < count; i++) {
            cr_assert_eq(batch[i]->message.body_size, BYTES);
            bench_ack(&b, batch[i]);
        }
    }
    cr_assert_eq(receives, 4);
    bench_is_empty(&b);
    bench_end(&b);
}

Test(postgres_broker, batch_of_long_bodies_publishes_whole)
{
    enum { BODIES = 5, BYTES = 3 << 20 };
    static char body[BYTES];
    fl_publication items[BODIES];
    const filch_message message = {
        .id = "1", .type = "t", .queue = "tasks", .attempt = 1, .body = body, .body_size = BYTES};
    fl_broker_count waiting;
    bench b = bench_begin(&tested);
    for (unsigned i = 0; i < BODIES; i++)
        items[i] = (fl_publication){.message = &message};
    cr_assert_eq(b.kind->publish(b.publisher, items, BODIES), FL_BROKER_OK);
    for (unsigned i = 0; i < BODIES; i++)
        cr_assert_eq(items[i].status, 0);
    cr_assert_eq(b.kind->count(b.admin, 0, &waiting), FL_BROKER_OK);
    cr_assert_eq(waiting.ready, BODIES);
    bench_end(&b);
}

Test(postgres_broker, oversized_body_stays_in_server)
{
    bench b = bench_begin(&tested);
    pg_ask(control, "SELECT %s.enqueue('tasks', 't', repeat('x', %d))", schema, FL_BODY_MOST + 1);
    fl_delivery *one = bench_receive(&b);
    cr_assert(one && one->malformed && one->message.body_size == 0);
    bench_settle(&b, (fl_settlement){.delivery = one, .verb = FL_SETTLE_DEAD});
    cr_assert_str_eq(pg_ask(control, "SELECT octet_length(body) FROM %s.jobs", schema), "16777217");
    bench_end(&b);
}

Test(postgres_broker, refused_text_spares_other_messages)
{
    enum { ITEMS = 6 };
    static char long_key[2000];
    filch_message messages[ITEMS];
    fl_publication items[ITEMS];
    bench b = bench_begin(&tested);
    memset(long_key, 'k', sizeof long_key - 1);
    for (unsigned i = 0; i < ITEMS; i++) {
        messages[i] = (filch_message){.id = "1", .type = "t", .queue = "tasks", .attempt = 1};
        items[i] = (fl_publication){.message = &messages[i]};
    }
    messages[1].type = "\xff";
    messages[3].dedup = long_key;
    cr_assert_eq(b.kind->publish(b.publisher, items, ITEMS), FL_BROKER_OK);
    for (unsigned i = 0; i < ITEMS; i++)
        cr_assert_eq(items[i].status, i == 1 ? -ENOTSUP : i == 3 ? -EMSGSIZE : 0, "%u", i);
    for (unsigned i = 0; i < ITEMS - 2; i++)
        bench_next_is(&b, "1");
    bench_is_empty(&b);
    bench_end(&b);
}

/* ---- Races ---- */

Test(postgres_broker, racing_workers_get_each_message_once)
{
    bench b = bench_begin(&tested);
    pg_ask(control,
           "SELECT count(%s.enqueue('tasks', 't', '', id => i::text))"
           " FROM generate_series(1, %d) AS i",
           schema, RACE_MESSAGES);
    consumers_race(&b);
    bench_end(&b);
}
