/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Ids of other programs' messages on the broker `amqp://`: a message without one has none, the first
 * copy draws one, and all further copies keep it. */
#include <tests/service/broker.h>
#include <tests/service/brokers/rabbit/rabbit.h>
#include <tests/service/brokers/rabbit/rabbit_bench.h>

#include <filch/log.h>

static const int64_t soon = 20 * FILCH_MILLISECOND;

static char ids[4][64], lines[1 << 16];
static filch_u32 runs;

static int note_id(filch_self self, filch_service_job *job, void *arg)
{
    const filch_message *message = filch_service_job_message(job);
    unsigned run = filch_u32_load(&runs, FILCH_RELAXED);
    snprintf(ids[run], sizeof ids[run], "%s", message->id ? message->id : "none");
    filch_u32_add(&runs, 1, FILCH_RELEASE);
    return message->attempt < 3 ? filch_service_job_retry(job, soon, "again")
                                : filch_service_job_fail(job, "enough");
}

static void keep_line(const char *line, size_t size, void *arg)
{
    strncat(lines, line, size < sizeof lines - strlen(lines) ? size : 0);
}

/* Serves tasks until the handler has run three times. */
static void serve_three(const char *url, filch_envelope envelope, const char *body)
{
    static const filch_handler handlers[] = {{.type = "t", .fn = note_id}};
    const filch_service_queue queue = {.name = "tasks"};
    filch_log log;
    filch_log_init(&log, FILCH_LOG_DEBUG, keep_line, NULL);
    const filch_service_config config = {
        .broker = url, .queues = &queue, .queue_count = 1, .log = &log, .envelope = envelope};
    filch_service *service = service_of(config, handlers, 1);
    serving one;
    serving_begin(&one, service);
    WAIT_WHILE(!service_stats(service).connected);
    rabbit_publish_as("tasks", NULL, body);
    WAIT_WHILE(filch_u32_load(&runs, FILCH_ACQUIRE) < 3);
    filch_service_stop(service, FILCH_FOREVER);
    cr_assert_eq(serving_end(&one), 0, "%s", filch_error());
    filch_service_destroy(service);
}

static void letter_has_id(const char *id)
{
    amqp_connection_state_t state = rabbit_connect();
    amqp_message_t got = rabbit_get(state, "tasks.dlq");
    cr_assert(rabbit_equals(got.properties.message_id, id), "%.*s instead of %s",
              (int)got.properties.message_id.len, (char *)got.properties.message_id.bytes, id);
    amqp_destroy_message(&got);
    rabbit_disconnect(state);
}

Test(rabbit_ids, first_copy_draws_the_id)
{
    serve_three(rabbit_fresh_url(), FILCH_ENVELOPE_RAW, "{\"n\": 1}");
    cr_assert_str_eq(ids[0], "none");
    cr_assert_eq(strlen(ids[1]), FL_ID_BYTES - 1);
    cr_assert_str_eq(ids[1], ids[2]);
    cr_assert(strstr(lines, "\"task_id\":null"), "%s", lines);
    letter_has_id(ids[2]);
}

Test(rabbit_ids, adopted_message_has_one_id)
{
    rabbit_fresh_url();
    serve_three(rabbit_url("?adopt=yes"), FILCH_ENVELOPE_RAW, "{\"n\": 1}");
    cr_assert_eq(strlen(ids[0]), FL_ID_BYTES - 1);
    cr_assert_str_eq(ids[0], ids[1]);
    cr_assert_str_eq(ids[1], ids[2]);
    cr_assert_null(strstr(lines, "\"task_id\":null"));
    letter_has_id(ids[2]);
}

Test(rabbit_ids, envelope_id_goes_to_the_copy)
{
    serve_three(rabbit_fresh_url(), FILCH_ENVELOPE_JSON,
                "{\"id\": \"own\", \"type\": \"t\", \"payload\": 1}");
    for (unsigned i = 0; i < 3; i++)
        cr_assert_str_eq(ids[i], "own");
    letter_has_id("own");
}

Test(rabbit_ids, adoption_survives_a_lost_connection)
{
    char id[64];
    rabbit_fresh_url();
    bench b = {.tested = &rabbit_tested, .kind = &rabbit_patient, .url = rabbit_url("?adopt=yes")};
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    rabbit_publish_as("tasks", NULL, "{}");
    fl_delivery *one = bench_receive(&b);
    cr_assert(one && one->message.id);
    snprintf(id, sizeof id, "%s", one->message.id);
    bench_free(&b, one);
    b.kind->close(b.consumer);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    bench_next_is(&b, id);
    bench_is_empty(&b);
    b.kind->close(b.consumer);
    b.kind->close(b.publisher);
}
