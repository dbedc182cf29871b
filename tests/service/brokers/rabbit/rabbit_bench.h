/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `amqp://` as a tested_broker. Its server sends messages when it has them. So `receive`
 * of the tests looks until there are enough, or until none has come for a while. */
#ifndef SERVICE_RABBIT_BENCH_H
#define SERVICE_RABBIT_BENCH_H

#include <runtime/service/brokers/rabbit/rabbit.h>
#include <tests/service/broker.h>
#include <tests/service/brokers/rabbit/rabbit.h>

#include <stdarg.h>
#include <time.h>

/* Real time goes by, as well as that of the test's clock. */
static inline void rabbit_pass(int64_t ns)
{
    const struct timespec time = {ns / FILCH_SECOND, ns % FILCH_SECOND};
    nanosleep(&time, NULL);
    pass(ns);
}

static inline const char *rabbit_fresh_url(void)
{
    const char *url = rabbit_url("");
    amqp_connection_state_t state = rabbit_connect();
    for (unsigned i = 0; i < 3; i++)
        rabbit_delete(state, test_queues[i]);
    rabbit_disconnect(state);
    return url;
}

static inline fl_broker_rc rabbit_receive_all(fl_broker *broker, unsigned queue, fl_delivery **out,
                                              unsigned most, unsigned *count)
{
    enum { QUIET = 500 }; /* ms */
    int ready = 1;
    *count = 0;
    for (;;) {
        unsigned more;
        int64_t until = FILCH_FOREVER;
        struct pollfd fds[FL_WAKER_FDS];
        fl_broker_rc rc =
            fl_broker_rabbit.receive(broker, queue, out + *count, most - *count, &more);
        *count += more;
        if (rc || *count == most || (!more && !ready))
            return rc;
        unsigned files = fl_broker_rabbit.watch(broker, true, fds, FL_WAKER_FDS, &until);
        ready = poll(fds, files, QUIET);
        rc = fl_broker_rabbit.turn(broker);
        if (rc)
            return rc;
    }
}

static inline void rabbit_publish_as(const char *queue, const amqp_basic_properties_t *properties,
                                     const char *body);

static inline void rabbit_publish_body(bench *b)
{
    rabbit_publish_as("tasks", NULL, FOREIGN_BODY);
}

static fl_broker_kind rabbit_patient;
static const tested_broker rabbit_tested = {.kind = &rabbit_patient,
                                            .fresh_url = rabbit_fresh_url,
                                            .pass = rabbit_pass,
                                            .counts_returns = true,
                                            .reads_ahead = true,
                                            .publish_foreign = rabbit_publish_body};

/* Counts are those of the server, which has delivered what `receive` has not. */
__attribute__((constructor)) static void rabbit_make_patient(void)
{
    rabbit_patient = fl_broker_rabbit;
    rabbit_patient.receive = rabbit_receive_all;
    rabbit_patient.caps.counts = false;
}

/* ---- Connections whose words are kept ---- */

static char rabbit_explained[1024], rabbit_logged[1024];

FILCH_PRINTF(3, 4)
static inline fl_broker_rc rabbit_keep_reason(const fl_broker_host *host, fl_broker_rc rc,
                                              const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(rabbit_explained, sizeof rabbit_explained, format, args);
    va_end(args);
    return rc;
}

static inline void rabbit_keep_log(const fl_broker_host *host, filch_log_level level,
                                   const char *text)
{
    snprintf(rabbit_logged, sizeof rabbit_logged, "%s", text);
}

static inline fl_broker_rc rabbit_try_to_open(const char *url, fl_broker_role role, fl_broker **out)
{
    static fl_broker_host host;
    host = beside_host;
    host.explain = rabbit_keep_reason;
    host.log = rabbit_keep_log;
    const fl_broker_config config = {.host = &host,
                                     .role = role,
                                     .url = url,
                                     .queues = test_queues,
                                     .queue_count = 1,
                                     .prefetch = 100,
                                     .lease = FILCH_SECOND,
                                     .call_timeout = 10 * FILCH_SECOND,
                                     .body_most = FL_BODY_MOST,
                                     .header_most = FL_HEADERS_MOST};
    rabbit_explained[0] = rabbit_logged[0] = '\0';
    return fl_broker_rabbit.open(out, &config);
}

static inline fl_broker *rabbit_open(const char *url, fl_broker_role role)
{
    fl_broker *broker = NULL;
    cr_assert_eq(rabbit_try_to_open(url, role, &broker), FL_BROKER_OK, "%s", rabbit_explained);
    return broker;
}

/* Opening it has this result, and an explanation with these words. */
static inline void rabbit_is_refused(const char *url, fl_broker_rc expected, const char *words)
{
    fl_broker *broker = NULL;
    fl_broker_rc rc = rabbit_try_to_open(url, FL_BROKER_PUBLISHES, &broker);
    cr_assert_eq(rc, expected, "%s: %d, %s", url, (int)rc, rabbit_explained);
    cr_assert(strstr(rabbit_explained, words), "%s: %s", url, rabbit_explained);
    if (broker)
        fl_broker_rabbit.close(broker);
}

/* ---- The work of others ---- */

/* A queue with a length, unless that is 0, as another program declares it. */
static inline void rabbit_declare(const char *name, const char *type, int length)
{
    amqp_connection_state_t state = rabbit_connect();
    amqp_table_entry_t entries[] = {
        {.key = amqp_cstring_bytes("x-queue-type"),
         .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes(type)}},
        {.key = amqp_cstring_bytes("x-overflow"),
         .value = {.kind = AMQP_FIELD_KIND_UTF8,
                   .value.bytes = amqp_cstring_bytes("reject-publish")}},
        {.key = amqp_cstring_bytes("x-max-length"),
         .value = {.kind = AMQP_FIELD_KIND_I32, .value.i32 = length}},
    };
    const amqp_table_t arguments = {length ? 3 : 1, entries};
    cr_assert(amqp_queue_declare(state, 1, amqp_cstring_bytes(name), 0, 1, 0, 0, arguments));
    rabbit_disconnect(state);
}

/* A message with these properties, NULL: none. */
static inline void rabbit_publish_as(const char *queue, const amqp_basic_properties_t *properties,
                                     const char *body)
{
    amqp_connection_state_t state = rabbit_connect();
    cr_assert_eq(amqp_basic_publish(state, 1, amqp_empty_bytes, amqp_cstring_bytes(queue), 0, 0,
                                    properties, amqp_cstring_bytes(body)),
                 0);
    rabbit_disconnect(state);
}

/* A message with a body and headers only. */
static inline void rabbit_publish_foreign(const char *queue)
{
    amqp_table_entry_t entries[] = {
        {.key = amqp_cstring_bytes("n"), .value = {.kind = AMQP_FIELD_KIND_I32, .value.i32 = -7}},
        {.key = amqp_cstring_bytes("table"), .value = {.kind = AMQP_FIELD_KIND_TABLE}},
        {.key = amqp_cstring_bytes("t"),
         .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes("text")}},
    };
    const amqp_basic_properties_t properties = {._flags = AMQP_BASIC_HEADERS_FLAG,
                                                .headers = {3, entries}};
    rabbit_publish_as(queue, &properties, "{}");
}

static inline bool rabbit_equals(amqp_bytes_t one, const char *text)
{
    return one.len == strlen(text) && memcmp(one.bytes, text, one.len) == 0;
}

/* Takes the next message of a queue, as another program does. */
static inline amqp_message_t rabbit_get(amqp_connection_state_t state, const char *queue)
{
    amqp_message_t got;
    amqp_rpc_reply_t reply;
    WAIT_WHILE((reply = amqp_basic_get(state, 1, amqp_cstring_bytes(queue), 1),
                reply.reply.id != AMQP_BASIC_GET_OK_METHOD));
    cr_assert_eq(amqp_read_message(state, 1, &got, 0).reply_type, AMQP_RESPONSE_NORMAL);
    return got;
}

#endif
