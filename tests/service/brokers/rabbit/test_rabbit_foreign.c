/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Messages of other programs on the broker `amqp://`: their copies have all of their properties and
 * headers, with the types; their traces go on. */
#include <tests/service/broker.h>
#include <tests/service/brokers/rabbit/rabbit.h>
#include <tests/service/brokers/rabbit/rabbit_bench.h>

static const int64_t soon = 20 * FILCH_MILLISECOND;

#define NAME(text)                                                                                 \
    {                                                                                              \
        sizeof(text) - 1, text                                                                     \
    }
#define TEXT(text)                                                                                 \
    {                                                                                              \
        .kind = AMQP_FIELD_KIND_UTF8, .value.bytes = NAME(text)                                    \
    }

/* ---- A message with everything ---- */

static amqp_field_value_t items[] = {{.kind = AMQP_FIELD_KIND_I64, .value.i64 = 1}, TEXT("two")};
static amqp_table_entry_t inner[] = {
    {NAME("deep"), {.kind = AMQP_FIELD_KIND_F64, .value.f64 = 0.1}}};
static amqp_table_entry_t all[] = {
    {NAME("text"), TEXT("v")},
    {NAME("truth"), {.kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1}},
    {NAME("byte"), {.kind = AMQP_FIELD_KIND_I8, .value.i8 = -3}},
    {NAME("short"), {.kind = AMQP_FIELD_KIND_I16, .value.i16 = -300}},
    {NAME("integer"), {.kind = AMQP_FIELD_KIND_I32, .value.i32 = -70000}},
    {NAME("long"), {.kind = AMQP_FIELD_KIND_I64, .value.i64 = INT64_MIN}},
    {NAME("float"), {.kind = AMQP_FIELD_KIND_F32, .value.f32 = 0.5f}},
    {NAME("double"), {.kind = AMQP_FIELD_KIND_F64, .value.f64 = 0.1}},
    {NAME("decimal"), {.kind = AMQP_FIELD_KIND_DECIMAL, .value.decimal = {2, 314}}},
    {NAME("time"), {.kind = AMQP_FIELD_KIND_TIMESTAMP, .value.u64 = 1700000000}},
    {NAME("void"), {.kind = AMQP_FIELD_KIND_VOID}},
    {NAME("bytes"), {.kind = AMQP_FIELD_KIND_BYTES, .value.bytes = {3, "a\0b"}}},
    {NAME("array"), {.kind = AMQP_FIELD_KIND_ARRAY, .value.array = {2, items}}},
    {NAME("table"), {.kind = AMQP_FIELD_KIND_TABLE, .value.table = {1, inner}}},
    {NAME("x-dlq-reason"), {.kind = AMQP_FIELD_KIND_I32, .value.i32 = 7}},
};
enum { ALL = sizeof all / sizeof *all, PLAIN = ALL - 1 };

static const amqp_basic_properties_t full = {
    ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_CONTENT_ENCODING_FLAG |
              AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_PRIORITY_FLAG |
              AMQP_BASIC_CORRELATION_ID_FLAG | AMQP_BASIC_REPLY_TO_FLAG |
              AMQP_BASIC_EXPIRATION_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG |
              AMQP_BASIC_TYPE_FLAG | AMQP_BASIC_USER_ID_FLAG | AMQP_BASIC_APP_ID_FLAG,
    .content_type = NAME("application/json"),
    .content_encoding = NAME("identity"),
    .headers = {ALL, all},
    .delivery_mode = 1,
    .priority = 5,
    .correlation_id = NAME("correlation"),
    .reply_to = NAME("reply"),
    .expiration = NAME("3600000"),
    .message_id = NAME("id"),
    .timestamp = 1700000000123, /* ms, a common slip */
    .type = NAME("t"),
    .user_id = NAME("guest"),
    .app_id = NAME("app")};

/* The entry alone, on the wire. */
static size_t wire(amqp_table_entry_t entry, char out[4096])
{
    size_t size = 0;
    amqp_table_t table = {1, &entry};
    cr_assert_eq(amqp_encode_table((amqp_bytes_t){4096, out}, &table, &size), 0);
    return size;
}

/* NULL: there is none. */
static const amqp_table_entry_t *entry_named(const amqp_message_t *got, const char *name)
{
    for (int i = 0; i < got->properties.headers.num_entries; i++)
        if (rabbit_equals(got->properties.headers.entries[i].key, name))
            return &got->properties.headers.entries[i];
    return NULL;
}

static void has_header(const amqp_message_t *got, const char *name, const char *value)
{
    const amqp_table_entry_t *entry = entry_named(got, name);
    cr_assert(entry && entry->value.kind == AMQP_FIELD_KIND_UTF8 &&
                  rabbit_equals(entry->value.value.bytes, value),
              "%s", name);
}

static void is_full(const amqp_message_t *got, unsigned headers)
{
    const amqp_basic_properties_t *p = &got->properties;
    cr_assert_eq(p->_flags, full._flags & ~(amqp_flags_t)AMQP_BASIC_EXPIRATION_FLAG);
    cr_assert(rabbit_equals(p->content_type, "application/json") &&
              rabbit_equals(p->content_encoding, "identity") &&
              rabbit_equals(p->correlation_id, "correlation") &&
              rabbit_equals(p->reply_to, "reply") && rabbit_equals(p->message_id, "id") &&
              rabbit_equals(p->type, "t") && rabbit_equals(p->user_id, "guest") &&
              rabbit_equals(p->app_id, "app"));
    cr_assert(p->priority == 5 && p->timestamp == full.timestamp && p->delivery_mode == 2);
    has_header(got, "x-filch-expiration", "3600000");
    for (unsigned i = 0; i < headers; i++) {
        char sent[4096], came[4096];
        const amqp_table_entry_t *entry = entry_named(got, all[i].key.bytes);
        cr_assert(entry, "%s", (char *)all[i].key.bytes);
        size_t size = wire(all[i], sent);
        cr_assert(wire(*entry, came) == size && memcmp(sent, came, size) == 0, "%s",
                  (char *)all[i].key.bytes);
    }
}

/* ---- Steps ---- */

/* Ends the next message of tasks, and the connection, so that its copy is left to others. */
static void settle_and_close(bench *b, fl_settlement one)
{
    one.delivery = bench_receive(b);
    cr_assert_not_null(one.delivery);
    bench_settle(b, one);
    b->kind->close(b->consumer);
}

static void reopen(bench *b)
{
    b->consumer = bench_open(b, FL_BROKER_CONSUMES);
}

/* ---- Copies ---- */

Test(rabbit_foreign, retries_keep_all_with_types)
{
    static const int64_t delays[] = {0, 20 * FILCH_MILLISECOND};
    bench b = bench_begin(&rabbit_tested);
    amqp_connection_state_t state = rabbit_connect();
    for (unsigned i = 0; i < 2; i++) {
        rabbit_publish_as("tasks", &full, "{}");
        for (unsigned attempt = 2; attempt < 4; attempt++) { /* also of a copy */
            settle_and_close(&b, (fl_settlement){.verb = FL_SETTLE_RETRY,
                                                 .attempt = attempt,
                                                 .delay = delays[i]});
            if (attempt == 3)
                break;
            rabbit_pass(delays[i]);
            reopen(&b);
        }
        amqp_message_t got = rabbit_get(state, "tasks");
        is_full(&got, ALL);
        amqp_destroy_message(&got);
        reopen(&b);
    }
    rabbit_disconnect(state);
    bench_end(&b);
}

Test(rabbit_foreign, dead_letters_keep_all_with_types)
{
    const filch_header reason = {"x-dlq-reason", "why"};
    bench b = bench_begin(&rabbit_tested);
    amqp_connection_state_t state = rabbit_connect();
    rabbit_publish_as("tasks", &full, "{}");
    settle_and_close(&b, (fl_settlement){.verb = FL_SETTLE_DEAD,
                                         .headers = &reason,
                                         .header_count = 1});
    amqp_message_t got = rabbit_get(state, "tasks.dlq");
    is_full(&got, PLAIN);
    has_header(&got, "x-dlq-reason", "why");
    amqp_destroy_message(&got);
    rabbit_disconnect(state);
    reopen(&b);
    bench_end(&b);
}

Test(rabbit_foreign, requeued_letters_keep_all_with_types)
{
    bench b = bench_begin(&rabbit_tested);
    amqp_connection_state_t state = rabbit_connect();
    rabbit_publish_as("tasks", &full, "{}");
    bench_settle(&b, (fl_settlement){.delivery = bench_receive(&b), .verb = FL_SETTLE_DEAD});
    fl_delivery *letter = bench_receive_by(&b, b.consumer, 1);
    cr_assert_not_null(letter);
    filch_message job = letter->message;
    job.queue = "tasks";
    fl_publication item = {.message = &job, .letter = letter, .status = 7};
    cr_assert_eq(b.kind->publish(b.publisher, &item, 1), FL_BROKER_OK);
    cr_assert_eq(item.status, 0);
    bench_ack(&b, letter);
    b.kind->close(b.consumer);
    amqp_message_t got = rabbit_get(state, "tasks");
    is_full(&got, PLAIN);
    amqp_destroy_message(&got);
    rabbit_disconnect(state);
    reopen(&b);
    bench_end(&b);
}

/* RabbitMQ would deliver each copy to these queues again, and would then return none. */
Test(rabbit_foreign, copies_reach_no_carbon_copies)
{
    static amqp_field_value_t others[] = {TEXT("second")};
    static amqp_table_entry_t entries[] = {
        {NAME("CC"), {.kind = AMQP_FIELD_KIND_ARRAY, .value.array = {1, others}}}};
    const amqp_basic_properties_t properties = {._flags = AMQP_BASIC_HEADERS_FLAG,
                                                .headers = {1, entries}};
    const filch_header header = {"CC", "second"};
    bench b = bench_begin(&rabbit_tested);
    rabbit_publish_as("tasks", &properties, "{}");
    bench_settle(&b, (fl_settlement){.delivery = bench_receive(&b),
                                     .verb = FL_SETTLE_RETRY,
                                     .attempt = 2,
                                     .delay = soon});
    rabbit_pass(soon);
    bench_ack(&b, bench_receive(&b));
    bench_ack(&b, bench_receive_by(&b, b.consumer, 2));
    cr_assert_null(bench_receive_by(&b, b.consumer, 2), "a copy came along");
    cr_assert_eq(bench_publish(&b, (filch_message){.headers = &header, .header_count = 1}),
                 -ENOTSUP);
    bench_end(&b);
}

/* A message of a user whose name a copy of another user must not have. */
Test(rabbit_foreign, other_users_are_noted)
{
    const char *const add[] = {"add_user", "other", "secret", NULL};
    const char *const allow[] = {"set_permissions", "other", ".*", ".*", ".*", NULL};
    const amqp_basic_properties_t properties = {._flags = AMQP_BASIC_USER_ID_FLAG,
                                                .user_id = amqp_cstring_bytes("other")};
    rabbit_begin();
    rabbit_control(add); /* each takes seconds, in which a consumer could send no heartbeat */
    rabbit_control(allow);
    bench b = bench_begin(&rabbit_tested);
    amqp_connection_state_t state = rabbit_connect_as("other", "secret");
    cr_assert_eq(amqp_basic_publish(state, 1, amqp_empty_bytes, amqp_cstring_bytes("tasks"), 0, 0,
                                    &properties, amqp_cstring_bytes("{}")),
                 0);
    settle_and_close(&b, (fl_settlement){.verb = FL_SETTLE_DEAD});
    amqp_message_t got = rabbit_get(state, "tasks.dlq");
    cr_assert_not(got.properties._flags & AMQP_BASIC_USER_ID_FLAG);
    has_header(&got, "x-filch-user-id", "other");
    amqp_destroy_message(&got);
    rabbit_disconnect(state);
    reopen(&b);
    bench_end(&b);
}

Test(rabbit_foreign, longer_headers_than_fit_are_dropped)
{
    static char text[117 << 10];
    memset(text, 'x', sizeof text - 1);
    static amqp_table_entry_t entries[] = {
        {NAME("long"), {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = {sizeof text - 1, text}}}};
    const amqp_basic_properties_t properties = {._flags = AMQP_BASIC_HEADERS_FLAG,
                                                .headers = {1, entries}};
    bench b = bench_begin(&rabbit_tested);
    rabbit_publish_as("tasks", &properties, "{}");
    fl_delivery *one = bench_receive(&b);
    cr_assert(one && one->malformed && one->message.header_count == 0);
    bench_settle(&b, (fl_settlement){.delivery = one, .verb = FL_SETTLE_DEAD});
    one = bench_receive_by(&b, b.consumer, 1);
    cr_assert(one && !one->malformed);
    bench_ack(&b, one);
    bench_end(&b);
}

/* ---- Traces ---- */

#define PARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

Test(rabbit_foreign, foreign_trace_goes_on)
{
    static amqp_table_entry_t entries[] = {{NAME("traceparent"), TEXT(PARENT)},
                                           {NAME("tracestate"), TEXT("a=b")},
                                           {NAME("x-filch-trace"), TEXT("other")}};
    const amqp_basic_properties_t properties = {._flags = AMQP_BASIC_HEADERS_FLAG,
                                                .headers = {3, entries}};
    char text[FILCH_TRACEPARENT_TEXT];
    bench b = bench_begin(&rabbit_tested);
    amqp_connection_state_t state = rabbit_connect();
    rabbit_publish_as("tasks", &properties, "{}");
    fl_delivery *one = bench_receive(&b);
    cr_assert(one && one->message.header_count == 0);
    OK(filch_traceparent_format(&one->message.trace, text));
    cr_assert_str_eq(text, PARENT);
    cr_assert_str_eq(one->message.tracestate, "a=b");
    bench_settle(&b, (fl_settlement){.delivery = one, .verb = FL_SETTLE_DEAD});
    b.kind->close(b.consumer);
    amqp_message_t got = rabbit_get(state, "tasks.dlq");
    has_header(&got, "traceparent", PARENT);
    has_header(&got, "tracestate", "a=b");
    amqp_destroy_message(&got);
    rabbit_disconnect(state);
    reopen(&b);
    bench_end(&b);
}

Test(rabbit_foreign, invalid_trace_is_an_ordinary_header)
{
    static amqp_table_entry_t entries[] = {{NAME("traceparent"), TEXT("none")}};
    const amqp_basic_properties_t properties = {._flags = AMQP_BASIC_HEADERS_FLAG,
                                                .headers = {1, entries}};
    bench b = bench_begin(&rabbit_tested);
    rabbit_publish_as("tasks", &properties, "{}");
    bench_settle(&b, (fl_settlement){.delivery = bench_receive(&b), .verb = FL_SETTLE_DEAD});
    fl_delivery *one = bench_receive_by(&b, b.consumer, 1);
    cr_assert_str_eq(filch_message_header(&one->message, "traceparent"), "none");
    bench_ack(&b, one);
    bench_end(&b);
}

Test(rabbit_foreign, published_trace_is_readable_by_others)
{
    filch_message sent = {.tracestate = "a=b"};
    bench b = {.tested = &rabbit_tested, .kind = &rabbit_patient, .url = rabbit_fresh_url()};
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    amqp_connection_state_t state = rabbit_connect();
    OK(filch_traceparent_parse(&sent.trace, PARENT, strlen(PARENT)));
    cr_assert_eq(bench_publish(&b, sent), 0);
    amqp_message_t got = rabbit_get(state, "tasks");
    has_header(&got, "traceparent", PARENT);
    has_header(&got, "tracestate", "a=b");
    amqp_destroy_message(&got);
    rabbit_disconnect(state);
    b.kind->close(b.publisher);
}
