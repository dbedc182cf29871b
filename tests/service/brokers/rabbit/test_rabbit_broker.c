/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `amqp://` conforms to the interface, on a server of its own; foreign messages are
 * accepted; leases end with their connection; URLs and servers that cannot be used are refused
 * with the remedy. */
#include <tests/service/broker.h>
#include <tests/service/brokers/rabbit/rabbit.h>
#include <tests/service/brokers/rabbit/rabbit_bench.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

BROKER_CONFORMS(rabbit_broker, rabbit_tested)

/* ---- URLs ---- */

Test(rabbit_broker, wrong_or_leaking_urls_are_fatal)
{
    static const char *const wrong[][2] = {
        {"amqp://host:port/", "an invalid port"},
        {"amqps://a:secret@localhost/b@c", "@ after / in the URL of rabbitmq"},
        {"amqp://localhost/%zz", "invalid % in the path of the URL of rabbitmq"},
        {"amqp://a:b@localhost/?queue=stream", "queue=stream (valid: quorum, classic)"},
        {"amqp://a:b@localhost/?heartbeat=0", "(valid: 1..3600)"},
        {"amqp://a:b@localhost/?heartbeat=1x", "(valid: 1..3600)"},
        {"amqp://a:b@localhost/?create=no&speed=9", "unknown option of rabbitmq: 'speed'"},
        {"amqp://a:secret@example.com/", "in plain text to another machine; use amqps://"},
        {"amqp://a:secret@127.example.com/", "in plain text to another machine; use amqps://"},
        {"amqps://example.com/", "user 'guest' at example.com (valid only on loopback)"},
        {"amqps://a:b@localhost/?ca=", "(valid: FILE)"},
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        rabbit_is_refused(wrong[i][0], FL_BROKER_FATAL, wrong[i][1]);
        cr_assert_null(strstr(rabbit_explained, "secret"));
    }
}

Test(rabbit_broker, login_and_connection_errors_hide_password)
{
    char url[128];
    rabbit_server server = rabbit_begin();
    snprintf(url, sizeof url, "amqp://guest:secret@127.0.0.1:%d/", server.port);
    rabbit_is_refused(url, FL_BROKER_REFUSED, "check the user, the password");
    cr_assert_null(strstr(rabbit_explained, "secret"));
    snprintf(url, sizeof url, "amqp://guest:guest@127.0.0.1:%d/nowhere", server.port);
    rabbit_is_refused(url, FL_BROKER_REFUSED, "check the virtual host");
    snprintf(url, sizeof url, "amqp://guest:secret@127.0.0.1:%d/", port_free());
    rabbit_is_refused(url, FL_BROKER_LOST, "check that the server runs");
    cr_assert_null(strstr(rabbit_explained, "secret"));
}

Test(rabbit_broker, tls_verifies_authority_and_host)
{
    char url[512];
    rabbit_server server = rabbit_begin();
    const char *authority = rabbit_path(getppid(), "cert.pem");
    const struct {
        const char *host, *option, *file;
        fl_broker_rc expected;
        const char *words;
    } cases[] = {
        {"localhost", "ca=", authority, FL_BROKER_OK, ""},
        {"127.0.0.1", "ca=", authority, FL_BROKER_REFUSED, " is for localhost, not for 127.0.0.1"},
        {"localhost", "heartbeat=", "30", FL_BROKER_REFUSED, " is signed by an unknown authority"},
        {"localhost", "ca=", "/nowhere", FL_BROKER_REFUSED, "check ca, cert and key"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(url, sizeof url, "amqps://guest:guest@%s:%d/?%s%s", cases[i].host, server.tls_port,
                 cases[i].option, cases[i].file);
        rabbit_is_refused(url, cases[i].expected, cases[i].words);
    }
}

/* ---- Queues ---- */

static void declare_plain(const char *name)
{
    amqp_connection_state_t state = rabbit_connect();
    cr_assert(amqp_queue_declare(state, 1, amqp_cstring_bytes(name), 0, 1, 0, 0, amqp_empty_table));
    rabbit_disconnect(state);
}

/* Is the queue tasks served, and called classic? */
static void is_served(const char *url, bool classic)
{
    fl_broker *consumer = NULL;
    fl_broker_caps caps;
    rabbit_logged[0] = '\0';
    cr_assert_eq(rabbit_try_to_open(url, FL_BROKER_CONSUMES, &consumer), FL_BROKER_OK, "%s",
                 rabbit_explained);
    fl_broker_rabbit.caps_of(consumer, &caps);
    cr_assert_eq(caps.deliveries, !classic, "%s", url);
    cr_assert_eq(strstr(rabbit_logged, "queue 'tasks' of RabbitMQ is classic") != NULL, classic,
                 "%s", rabbit_logged);
    fl_broker_rabbit.close(consumer);
}

Test(rabbit_broker, existing_queue_keeps_its_type)
{
    rabbit_fresh_url();
    rabbit_declare("tasks", "classic", 0);
    is_served(rabbit_url(""), true);
    rabbit_fresh_url();
    declare_plain("tasks");
    is_served(rabbit_url(""), true);
    is_served(rabbit_url("?queue=classic"), true);
    rabbit_fresh_url();
    rabbit_declare("tasks", "quorum", 0);
    is_served(rabbit_url(""), false);
    is_served(rabbit_url("?queue=classic"), false);
}

Test(rabbit_broker, stream_is_refused_for_good)
{
    rabbit_fresh_url();
    rabbit_declare("tasks", "stream", 0);
    rabbit_is_refused(rabbit_url(""), FL_BROKER_FATAL,
                      "cannot use queue 'tasks' of RabbitMQ: it is a stream");
    rabbit_is_refused(rabbit_url("?queue=classic"), FL_BROKER_FATAL, "it is a stream");
}

/* Lines of the server's log with this text. */
static unsigned logged(const char *text)
{
    unsigned count = 0;
    char line[4096];
    FILE *file = fopen(rabbit_path(RABBIT_RUNNER, "log/filch@localhost.log"), "r");
    cr_assert(file);
    while (fgets(line, sizeof line, file))
        count += strstr(line, text) != NULL;
    fclose(file);
    return count;
}

/* The server has logged all that was asked before. */
static void flush_log(void)
{
    static unsigned before;
    amqp_connection_state_t state = rabbit_connect();
    amqp_queue_declare(state, 1, amqp_cstring_bytes("absent"), 1, 0, 0, 0, amqp_empty_table);
    amqp_destroy_connection(state);
    WAIT_WHILE(logged("no queue 'absent'") == before);
    before = logged("no queue 'absent'");
}

Test(rabbit_broker, counts_ask_for_known_rungs)
{
    fl_broker_count count;
    bench b = bench_begin(&rabbit_tested);
    flush_log();
    unsigned before = logged("no queue 'tasks.delay.");
    cr_assert_eq(fl_broker_rabbit.count(b.consumer, 0, &count), FL_BROKER_OK);
    flush_log();
    unsigned first = logged("no queue 'tasks.delay.");
    cr_assert_eq(first, before + FL_RABBIT_RUNGS);
    for (unsigned i = 0; i < 10; i++)
        cr_assert_eq(fl_broker_rabbit.count(b.consumer, 0, &count), FL_BROKER_OK);
    flush_log();
    cr_assert_eq(logged("no queue 'tasks.delay."), first);
    bench_end(&b);
}

Test(rabbit_broker, delays_are_counted_once_seen)
{
    fl_broker_count count;
    const int64_t delay = 50 * FILCH_MILLISECOND, hour = 3600 * FILCH_SECOND;
    bench b = bench_begin(&rabbit_tested);
    cr_assert_eq(fl_broker_rabbit.count(b.consumer, 0, &count), FL_BROKER_OK);
    cr_assert_eq(bench_publish(&b, (filch_message){.delay = delay}), 0); /* by another connection */
    rabbit_pass(delay);
    bench_ack(&b, bench_receive(&b)); /* its rung is known by now */
    cr_assert_eq(bench_publish(&b, (filch_message){.id = "2", .delay = 2 * delay}), 0);
    fl_rabbit *r = fl_rabbit_of(b.consumer);
    cr_assert(r->queues[0].rungs & 2, "%x", r->queues[0].rungs);
    rabbit_pass(2 * delay);
    bench_next_is(&b, "2");
    cr_assert_eq(bench_publish(&b, (filch_message){.id = "3", .delay = hour}), 0);
    cr_assert_eq(fl_broker_rabbit.count(b.consumer, 0, &count), FL_BROKER_OK);
    cr_assert_eq(count.delayed, 0);
    pass(hour);
    cr_assert_eq(fl_broker_rabbit.count(b.consumer, 0, &count), FL_BROKER_OK);
    cr_assert_eq(count.delayed, 1);
    bench_end(&b);
}

Test(rabbit_broker, missing_queues_are_refused_without_create)
{
    rabbit_fresh_url();
    rabbit_is_refused(rabbit_url("?create=no"), FL_BROKER_REFUSED,
                      "'tasks.dlq' of RabbitMQ: it "
                      "is missing");
}

Test(rabbit_broker, deleted_queue_is_declared_again)
{
    bench b = bench_begin(&rabbit_tested);
    amqp_connection_state_t state = rabbit_connect();
    rabbit_delete(state, "tasks");
    rabbit_disconnect(state);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    b.kind->close(b.consumer); /* its deliveries have ended */
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    bench_next_is(&b, "1");
    bench_end(&b);
}

Test(rabbit_broker, a_full_queue_refuses_the_message)
{
    rabbit_fresh_url();
    rabbit_declare("tasks", "quorum", 1);
    bench b = {.tested = &rabbit_tested, .kind = &rabbit_patient, .url = rabbit_url("")};
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    int status = 0;
    for (unsigned i = 0; i < 10 && status == 0; i++) /* the limit of a quorum queue is soft */
        status = bench_publish(&b, (filch_message){0});
    cr_assert_eq(status, -ENOSPC);
    b.kind->close(b.publisher);
}

Test(rabbit_broker, classic_queues_admit_weaker_promises)
{
    fl_broker_caps caps;
    rabbit_fresh_url();
    bench b = {.tested = &rabbit_tested,
               .kind = &rabbit_patient,
               .url = rabbit_url("?queue=classic")};
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.consumer = rabbit_open(b.url, FL_BROKER_CONSUMES);
    cr_assert(strstr(rabbit_logged, "forgets acknowledgements"), "%s", rabbit_logged);
    b.kind->caps_of(b.consumer, &caps);
    cr_assert_not(caps.deliveries);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    bench_settle(&b, (fl_settlement){.delivery = bench_receive(&b),
                                     .verb = FL_SETTLE_RETRY,
                                     .attempt = 2,
                                     .delay = 10 * FILCH_MILLISECOND});
    rabbit_pass(10 * FILCH_MILLISECOND);
    fl_delivery *one = bench_receive(&b);
    cr_assert(one && one->message.attempt == 2 && one->message.deliveries == 0);
    bench_ack(&b, one);
    b.kind->close(b.publisher);
    b.kind->close(b.consumer);
}

Test(rabbit_broker, ready_delayed_dead_messages_are_counted)
{
    fl_broker_count count;
    bench b = {.tested = &rabbit_tested, .kind = &rabbit_patient, .url = rabbit_fresh_url()};
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.admin = bench_open(&b, FL_BROKER_ADMINISTERS);
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){.delay = i ? 0 : 60 * FILCH_SECOND}), 0);
    cr_assert_eq(bench_publish(&b, (filch_message){.queue = "tasks.dlq"}), 0);
    cr_assert_eq(b.kind->count(b.admin, 0, &count), FL_BROKER_OK);
    cr_assert_eq(count.ready, 2);
    cr_assert_eq(count.delayed, 1);
    cr_assert_eq(count.dead, 1);
    cr_assert_eq(count.leased, FL_BROKER_UNKNOWN);
    cr_assert_eq(fl_broker_count_unfinished(&count), 3);
    b.kind->close(b.publisher);
    b.kind->close(b.admin);
}

/* ---- Messages ---- */

Test(rabbit_broker, a_foreign_message_is_accepted)
{
    bench b = bench_begin(&rabbit_tested);
    rabbit_publish_foreign("tasks");
    fl_delivery *one = bench_receive(&b);
    cr_assert_not_null(one);
    cr_assert_null(one->message.id);
    cr_assert_null(one->message.type);
    cr_assert_eq(one->message.attempt, 0);
    cr_assert_eq(one->message.deliveries, 1);
    cr_assert_eq(one->message.first_seen, 0);
    cr_assert_eq(memcmp(one->message.body, "{}", 2), 0);
    cr_assert_str_eq(filch_message_header(&one->message, "n"), "-7");
    cr_assert_str_eq(filch_message_header(&one->message, "t"), "text");
    cr_assert_eq(one->message.header_count, 2, "a table is left out");
    bench_ack(&b, one);
    bench_end(&b);
}

Test(rabbit_broker, unsupported_features_and_long_texts_fail)
{
    char text[300];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    const filch_header header = {text, "v"};
    bench b = bench_begin(&rabbit_tested);
    cr_assert_eq(bench_publish(&b, (filch_message){.priority = 1}), -ENOTSUP);
    cr_assert_eq(bench_publish(&b, (filch_message){.dedup = "k"}), -ENOTSUP);
    cr_assert_eq(bench_publish(&b, (filch_message){.expires = 1}), -ENOTSUP);
    cr_assert_eq(bench_publish(&b, (filch_message){.id = text}), -EMSGSIZE);
    cr_assert_eq(bench_publish(&b, (filch_message){.queue = text}), -EMSGSIZE);
    cr_assert_eq(bench_publish(&b, (filch_message){.headers = &header, .header_count = 1}),
                 -EMSGSIZE);
    bench_is_empty(&b);
    bench_end(&b);
}

Test(rabbit_broker, oversized_body_is_not_kept)
{
    static char body[FL_BODY_MOST + 1];
    bench b = bench_begin(&rabbit_tested);
    cr_assert_eq(bench_publish(&b, (filch_message){.body = body, .body_size = sizeof body}), 0);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *one = bench_receive(&b);
    cr_assert(one && one->malformed);
    cr_assert_eq(one->message.body_size, 0);
    bench_ack(&b, one);
    bench_next_is(&b, "2");
    bench_end(&b);
}

Test(rabbit_broker, dead_letters_keep_excessive_headers)
{
    static char text[FL_HEADERS_MOST + 1];
    memset(text, 'x', sizeof text - 1);
    const filch_header header = {"long", text};
    bench b = bench_begin(&rabbit_tested);
    cr_assert_eq(bench_publish(&b, (filch_message){.headers = &header, .header_count = 1}), 0);
    fl_delivery *one = bench_receive(&b);
    cr_assert(one && one->malformed);
    bench_settle(&b, (fl_settlement){.delivery = one, .verb = FL_SETTLE_DEAD});
    one = bench_receive_by(&b, b.consumer, 1);
    cr_assert(one && strcmp(one->message.id, "1") == 0);
    cr_assert_str_eq(filch_message_header(&one->message, "long"), text);
    bench_ack(&b, one);
    bench_end(&b);
}

/* ---- Deliveries ---- */

Test(rabbit_broker, lease_ends_with_its_connection)
{
    bench b = bench_begin(&rabbit_tested);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *old = bench_receive(&b);
    b.kind->close(b.consumer);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    for (fl_settle_verb verb = FL_SETTLE_ACK; verb <= FL_SETTLE_DEAD; verb++)
        cr_assert_eq(bench_settle_by(&b, b.consumer,
                                     (fl_settlement){.delivery = old, .verb = verb, .attempt = 2}),
                     -ESTALE);
    fl_delivery *again = bench_receive(&b);
    cr_assert(again && again->message.deliveries == 2);
    bench_ack(&b, again);
    bench_free(&b, old);
    bench_end(&b);
}

Test(rabbit_broker, unordered_settlement_leaves_exact_rest)
{
    enum { ALL = 30, BATCH = 10 }; /* fewer answers than a quorum queue holds up: 32 */
    fl_delivery *all[ALL];
    fl_settlement items[BATCH];
    unsigned count;
    bench b = bench_begin(&rabbit_tested);
    for (unsigned i = 0; i < ALL; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    cr_assert_eq(b.kind->receive(b.consumer, 0, all, ALL, &count), FL_BROKER_OK);
    cr_assert_eq(count, ALL);
    for (unsigned round = 0; round < 2; round++) { /* every third is left */
        for (unsigned i = 0; i < BATCH; i++)
            items[i] = (fl_settlement){.delivery = all[(ALL - 1 - i * 3 - round) % ALL]};
        cr_assert_eq(b.kind->settle(b.consumer, items, BATCH), FL_BROKER_OK);
        for (unsigned i = 0; i < BATCH; i++)
            cr_assert_eq(items[i].status, 0);
    }
    cr_assert_eq(b.kind->settle(b.consumer, items, 1), FL_BROKER_OK);
    cr_assert_eq(items[0].status, -ESTALE, "it is settled");
    for (unsigned i = 0; i < ALL; i++)
        bench_free(&b, all[i]);
    b.kind->close(b.consumer);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    for (unsigned i = 1; i <= ALL; i += 3) {
        char id[16];
        snprintf(id, sizeof id, "%u", i);
        bench_next_is(&b, id);
    }
    bench_is_empty(&b);
    bench_end(&b);
}

/* A return takes its message out of the window, below others that the same batch acknowledges. */
Test(rabbit_broker, returns_move_no_acknowledgement)
{
    enum { COUNT = 4 };
    fl_delivery *all[COUNT];
    bench b = bench_begin(&rabbit_tested);
    for (unsigned i = 0; i < COUNT; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    for (unsigned i = 0; i < COUNT; i++)
        cr_assert_not_null(all[i] = bench_receive(&b));
    fl_settlement items[] = {{.delivery = all[2], .verb = FL_SETTLE_ACK},
                             {.delivery = all[1], .verb = FL_SETTLE_RETURN}};
    cr_assert_eq(b.kind->settle(b.consumer, items, 2), FL_BROKER_OK);
    b.kind->close(b.consumer);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    unsigned came = 0;
    for (unsigned i = 0; i < COUNT - 1; i++) {
        fl_delivery *again = bench_receive(&b);
        cr_assert_not_null(again);
        came |= 1u << atoi(again->message.id);
        bench_ack(&b, again);
    }
    cr_assert_eq(came, 1u << 1 | 1u << 2 | 1u << 4);
    bench_is_empty(&b);
    for (unsigned i = 0; i < COUNT; i++)
        bench_free(&b, all[i]);
    bench_end(&b);
}

Test(rabbit_broker, cease_returns_messages_read_ahead)
{
    bench b = bench_begin(&rabbit_tested);
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *first = bench_receive(&b);
    cr_assert_eq(b.kind->cease(b.consumer), FL_BROKER_OK);
    fl_broker *other = bench_open(&b, FL_BROKER_CONSUMES), *one = b.consumer;
    b.consumer = other;
    unsigned ids = 0; /* in any order: the server may not have sent the last one yet */
    for (unsigned i = 0; i < 2; i++) {
        fl_delivery *next = bench_receive(&b);
        cr_assert_not_null(next);
        ids |= 1u << atoi(next->message.id);
        bench_ack(&b, next);
    }
    cr_assert_eq(ids, 1u << 2 | 1u << 3);
    b.consumer = one;
    bench_ack(&b, first);
    bench_is_empty(&b);
    b.kind->close(other);
    bench_end(&b);
}

/* ---- Services ---- */

static filch_u32 runs;

static int fail_once(filch_self self, filch_service_job *job, void *arg)
{
    filch_u32_add(&runs, 1, FILCH_RELAXED);
    return filch_service_job_message(job)->attempt == 1
               ? filch_service_job_retry(job, 20 * FILCH_MILLISECOND, "not yet")
               : 0;
}

/* A server that is busy with a queue that was deleted and declared again may refuse a message. */
static void publish_until_accepted(filch_service *service)
{
    const filch_message message = {.type = "t", .body = "body", .body_size = 4};
    int rc;
    do
        rc = filch_service_publish(service, &message, FILCH_FOREVER);
    while (rc == -ENOSPC);
    cr_assert_eq(rc, 0, "%s", filch_error());
}

Test(rabbit_broker, a_service_publishes_retries_and_drains)
{
    enum { JOBS = 20 };
    static const filch_handler handlers[] = {{.type = "t", .fn = fail_once}};
    const filch_service_queue queue = {.name = "tasks"};
    const filch_service_config config = {.broker = rabbit_fresh_url(),
                                         .queues = &queue,
                                         .queue_count = 1};
    filch_service *service = service_of(config, handlers, 1);
    serving one;
    serving_begin(&one, service);
    for (unsigned i = 0; i < JOBS; i++)
        publish_until_accepted(service);
    WAIT_WHILE(filch_u32_load(&runs, FILCH_RELAXED) < 2 * JOBS);
    filch_service_stop(service, FILCH_FOREVER);
    cr_assert_eq(serving_end(&one), 0, "%s", filch_error());
    cr_assert_eq(service_stats(service).lost, 0);
    filch_service_destroy(service);
}
