/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `servicebus://`: URLs and keys that are refused, tokens that are signed and renewed, dead
 * letters of the server, and connections that break. */
#include <runtime/service/brokers/servicebus/request.h>
#include <tests/service/brokers/servicebus/service_bus_client.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

/* ---- Signatures ---- */

/* The expected token was made by Python's hmac and urllib.parse.quote(safe=''). */
Test(servicebus_faults, token_signature_matches_other_programs)
{
    char token[FL_BUS_SAS_BYTES];
    cr_assert_eq(fl_bus_sas(token, "sb://contoso.servicebus.windows.net/jobs/a b", "RootKey",
                            SERVICE_BUS_KEY, 1700000000),
                 0);
    cr_assert_str_eq(token, "SharedAccessSignature "
                            "sr=sb%3A%2F%2Fcontoso.servicebus.windows.net%2Fjobs%2Fa%20b&"
                            "sig=NCgRsbG%2Fuui8tCHZwHmisG7rPOp6ls7%2BEm52nPdvhFA%3D&se=1700000000&"
                            "skn=RootKey");
}

Test(servicebus_faults, overlong_resource_is_refused)
{
    char token[FL_BUS_SAS_BYTES], resource[FL_BUS_SAS_BYTES];
    memset(resource, '/', sizeof resource - 1);
    resource[sizeof resource - 1] = '\0';
    cr_assert_eq(fl_bus_sas(token, resource, "RootKey", SERVICE_BUS_KEY, 1), -EMSGSIZE);
}

/* ---- Refusals ---- */

static void refused(const char *url, fl_broker_rc expected, const char *words)
{
    fl_broker *broker = NULL;
    set_clock();
    fl_broker_rc rc = try_to_open_as(KIND, url, FL_BROKER_CONSUMES, &broker);
    cr_assert(rc == expected && !broker, "%s: %d, %s", url, rc, explained);
    cr_assert(strstr(explained, words), "%s: %s", url, explained);
    cr_assert_null(strstr(explained, "s3cret"), "%s", explained);
}

Test(servicebus_faults, wrong_or_leaking_urls_are_refused)
{
    static const struct {
        const char *url, *words;
    } wrong[] = {
        {"servicebus://", "without a host"},
        {"servicebus://n.servicebus.windows.net/", "without a key"},
        {"servicebus+amqp://me:s3cret@example.org/", "plain text to another machine"},
        {"servicebus://me:s3cret@example.org/?plaintext=maybe",
         "of servicebus: plaintext=maybe (valid: yes, no)"},
        {"servicebus://me:s3cret@example.org/?burst=1", "unknown option"},
        {"servicebus://me:s3cret@example.org/?token-seconds=1",
         "token-seconds=1 (valid: 2..86400)"},
        {"servicebus://me:s3cret@example.org/?sessions=101", "sessions=101 (valid: 1..100)"},
        {"servicebus://h/?connection-env=FILCH_TEST_ABSENT", "is not set"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        refused(wrong[i].url, FL_BROKER_FATAL, wrong[i].words);
    refused("servicebus://h/?key-name=me&key-file=/nowhere", FL_BROKER_REFUSED, "/nowhere");
}

Test(servicebus_faults, refused_keys_differ_from_absent_server)
{
    char url[256];
    service_bus_start("5000", "10");
    snprintf(url, sizeof url, "servicebus+amqp://tests:s3cret@127.0.0.1:%d/", service_bus.port);
    refused(url, FL_BROKER_REFUSED, "check the key and its rights");
    snprintf(url, sizeof url, "servicebus+amqp://other:s3cret@127.0.0.1:%d/", service_bus.port);
    refused(url, FL_BROKER_REFUSED, "check the key and its rights");
    service_bus_end();
    refused(url, FL_BROKER_LOST, "Connection refused");
}

Test(servicebus_faults, missing_queue_is_refused_with_remedy)
{
    int status;
    service_bus_start("5000", "10");
    fl_broker *publisher = opened(service_bus_url(service_bus.port, ""), FL_BROKER_PUBLISHES);
    cr_assert_eq(publish_one(publisher, "missing", &status), FL_BROKER_REFUSED);
    cr_assert_eq(status, -EAGAIN);
    cr_assert(strstr(explained, "create the queue"), "%s", explained);
    KIND->close(publisher);
    service_bus_end();
}

Test(servicebus_faults, unkeepable_messages_are_refused_individually)
{
    static char large[3 << 20];
    const filch_message messages[] = {
        {.id = "1", .queue = "tasks", .body = large, .body_size = sizeof large, .attempt = 1},
        {.id = "2", .queue = "tasks.dlq", .attempt = 1},
        {.id = "3", .queue = "tasks", .dedup = "k", .attempt = 1},
        {.id = "\xff", .queue = "tasks", .attempt = 1},
        {.id = "5", .queue = "tasks", .attempt = 1},
    };
    static const int expected[] = {-EMSGSIZE, -ENOTSUP, -ENOTSUP, -ENOTSUP, 0};
    fl_publication items[5];
    service_bus_start("5000", "10");
    fl_broker *publisher = opened(service_bus_url(service_bus.port, ""), FL_BROKER_PUBLISHES);
    for (unsigned i = 0; i < 5; i++)
        items[i] = (fl_publication){.message = &messages[i]};
    cr_assert_eq(KIND->publish(publisher, items, 5), FL_BROKER_OK);
    for (unsigned i = 0; i < 5; i++)
        cr_assert_eq(items[i].status, expected[i], "%u: %d", i, items[i].status);
    KIND->close(publisher);
    service_bus_end();
}

/* ---- Connection strings ---- */

Test(servicebus_faults, environment_or_file_gives_connection_string)
{
    char text[256], path[128], url[192];
    service_bus_start("5000", "10");
    snprintf(text, sizeof text,
             "Endpoint=sb://127.0.0.1:%d/;SharedAccessKeyName=tests;SharedAccessKey=%s;"
             "EntityPath=tasks",
             service_bus.port, SERVICE_BUS_KEY);
    setenv("FILCH_TEST_CONNECTION", text, 1);
    KIND->close(
        opened("servicebus+amqp:///?connection-env=FILCH_TEST_CONNECTION", FL_BROKER_CONSUMES));
    snprintf(path, sizeof path, "%.80s/filch-servicebus-XXXXXX", folder_above());
    int fd = mkstemp(path); /* of mode 0600 */
    cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    snprintf(url, sizeof url, "servicebus+amqp:///?connection-file=%s", path);
    KIND->close(opened(url, FL_BROKER_CONSUMES));
    unlink(path);
    service_bus_end();
}

/* ---- Tokens ---- */

/* Serves `turned` for longer than the first tokens are valid, 2 to 3 s. */
static void outlive_tokens(fl_broker *turned)
{
    for (int64_t end = filch_in(7 * FILCH_SECOND / 2); filch_now() < end;) {
        struct pollfd fds[4];
        int64_t until = FILCH_FOREVER;
        set_clock();
        unsigned used = KIND->watch(turned, false, fds, 4, &until);
        int64_t left = until - test_clock(NULL);
        poll(fds, used,
             left < 0                  ? 0
             : left < FILCH_SECOND / 4 ? (int)(left / FILCH_MILLISECOND) + 1
                                       : 250);
        set_clock();
        cr_assert_eq(KIND->turn(turned), FL_BROKER_OK, "%s", explained);
    }
}

Test(servicebus_faults, tokens_are_renewed_before_they_expire)
{
    fl_delivery *one;
    unsigned count;
    int status;
    service_bus_start("5000", "10");
    const char *url = service_bus_url(service_bus.port, "token-seconds=2");
    fl_broker *turned = opened(url, FL_BROKER_CONSUMES), *idle = opened(url, FL_BROKER_CONSUMES);
    fl_broker *publisher = opened(url, FL_BROKER_PUBLISHES);
    published(publisher);
    outlive_tokens(turned);
    cr_assert_eq(KIND->receive(turned, 0, &one, 1, &count), FL_BROKER_OK, "%s", explained);
    cr_assert_eq(count, 1);
    drop(one);
    cr_assert_eq(KIND->receive(idle, 0, &one, 1, &count), FL_BROKER_REFUSED, "not renewed");
    cr_assert_neq(publish_one(publisher, "tasks", &status), FL_BROKER_OK, "not renewed");
    cr_assert_eq(status, -EAGAIN);
    KIND->close(turned);
    KIND->close(idle);
    KIND->close(publisher);
    service_bus_end();
}

/* ---- Dead letters of the server ---- */

Test(servicebus_faults, overdelivered_message_becomes_dead_letter)
{
    service_bus_start("50", "2");
    const char *url = service_bus_url(service_bus.port, "");
    fl_broker *publisher = opened(url, FL_BROKER_PUBLISHES);
    fl_broker *consumer = opened(url, FL_BROKER_CONSUMES);
    published(publisher);
    for (unsigned deliveries = 1; deliveries <= 2; deliveries++) {
        fl_delivery *one = received(consumer); /* and its lock ends */
        cr_assert_eq(one->message.deliveries, deliveries);
        drop(one);
    }
    tried_queues = test_queues + 1;
    fl_broker *undertaker = opened(url, FL_BROKER_CONSUMES);
    fl_delivery *letter = received(undertaker);
    cr_assert_str_eq(letter->message.id, "1");
    cr_assert_str_eq(filch_message_header(&letter->message, "DeadLetterReason"),
                     "MaxDeliveryCountExceeded");
    drop(letter);
    KIND->close(undertaker);
    KIND->close(consumer);
    KIND->close(publisher);
    service_bus_end();
}

Test(servicebus_faults, earlier_connections_dead_letter_gets_reason)
{
    const filch_header why = {"x-dlq-reason", "too late"};
    service_bus_start("60000", "10");
    const char *url = service_bus_url(service_bus.port, "");
    fl_broker *publisher = opened(url, FL_BROKER_PUBLISHES);
    fl_broker *consumer = opened(url, FL_BROKER_CONSUMES);
    published(publisher);
    fl_delivery *one = received(consumer);
    KIND->close(consumer);
    consumer = opened(url, FL_BROKER_CONSUMES);
    fl_settlement dead = {.delivery = one,
                          .verb = FL_SETTLE_DEAD,
                          .headers = &why,
                          .header_count = 1};
    cr_assert_eq(KIND->settle(consumer, &dead, 1), FL_BROKER_OK, "%s", explained);
    cr_assert_eq(dead.status, 0);
    drop(one);
    tried_queues = test_queues + 1;
    fl_broker *undertaker = opened(url, FL_BROKER_CONSUMES);
    one = received(undertaker);
    cr_assert_str_eq(filch_message_header(&one->message, "x-dlq-reason"), "too late");
    cr_assert_str_eq(filch_message_header(&one->message, "DeadLetterReason"), "too late");
    drop(one);
    KIND->close(undertaker);
    KIND->close(consumer);
    KIND->close(publisher);
    service_bus_end();
}

/* ---- Reading ahead ---- */

static unsigned received_batch(fl_broker *broker, fl_delivery **out, unsigned most)
{
    unsigned count = 0;
    cr_assert_eq(KIND->receive(broker, 0, out, most, &count), FL_BROKER_OK, "%s", explained);
    return count;
}

Test(servicebus_faults, messages_read_ahead_return_at_end)
{
    enum { ALL = 120, BATCH = 40 };
    fl_delivery *held[BATCH], *others[ALL];
    service_bus_start("60000", "10");
    const char *url = service_bus_url(service_bus.port, "");
    fl_broker *publisher = opened(url, FL_BROKER_PUBLISHES);
    fl_broker *busy = opened(url, FL_BROKER_CONSUMES), *other = opened(url, FL_BROKER_CONSUMES);
    for (unsigned i = 0; i < ALL; i++)
        published(publisher);
    cr_assert_eq(received_batch(busy, held, BATCH), BATCH);
    cr_assert_eq(KIND->extend(busy, held, BATCH, FILCH_SECOND), FL_BROKER_OK); /* a round trip */
    cr_assert_eq(received_batch(other, others, ALL), 0, "the busy one has them all");
    cr_assert_eq(KIND->cease(busy), FL_BROKER_OK);
    unsigned count = 0;
    while (count < ALL - BATCH)
        count += received_batch(other, others + count, ALL - count);
    cr_assert_eq(count, ALL - BATCH);
    for (unsigned i = 0; i < count; i++)
        drop(others[i]);
    for (unsigned i = 0; i < BATCH; i++)
        drop(held[i]);
    KIND->close(other);
    KIND->close(busy);
    KIND->close(publisher);
    service_bus_end();
}

/* ---- Connections that break ---- */

Test(servicebus_faults, silence_is_found_in_time)
{
    service_bus_start("60000", "10");
    fl_broker *consumer = opened(service_bus_url(service_bus.port, ""), FL_BROKER_CONSUMES);
    connections_find_silence(service_bus.port);
    KIND->close(consumer);
    service_bus_end();
}

Test(servicebus_faults, reset_connection_keeps_its_locks)
{
    int status;
    service_bus_start("60000", "10");
    proxy way = proxy_start(service_bus.port);
    const char *url = service_bus_url(way.port, "");
    fl_broker *publisher = opened(url, FL_BROKER_PUBLISHES);
    fl_broker *consumer = opened(url, FL_BROKER_CONSUMES);
    published(publisher);
    fl_delivery *one = received(consumer);
    fl_settlement ack = {.delivery = one, .verb = FL_SETTLE_ACK};
    proxy_set(&way, PROXY_RESETS);
    cr_assert_eq(publish_one(publisher, "tasks", &status), FL_BROKER_LOST);
    cr_assert_eq(status, -EAGAIN);
    cr_assert_eq(KIND->settle(consumer, &ack, 1), FL_BROKER_LOST);
    cr_assert_eq(ack.status, -EAGAIN);
    KIND->close(consumer);
    KIND->close(publisher);
    consumer = opened(url, FL_BROKER_CONSUMES);
    cr_assert_eq(KIND->settle(consumer, &ack, 1), FL_BROKER_OK, "%s", explained);
    cr_assert_eq(ack.status, 0);
    cr_assert_eq(KIND->settle(consumer, &ack, 1), FL_BROKER_OK, "%s", explained);
    cr_assert_eq(ack.status, -ESTALE, "it is gone");
    drop(one);
    KIND->close(consumer);
    proxy_end(&way);
    service_bus_end();
}
