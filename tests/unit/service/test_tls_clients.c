/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * TLS of all clients: each one talks to a server whose certificate is signed by the authority that
 * it was given, for the name in the URL. It says nothing, so no password and no job, to a server with
 * another name, another authority, an expired certificate, or nothing newer than TLS 1.1. */
#include <filch/service_otlp.h>
#include <runtime/service/brokers.h>
#include <tests/support/explained.h>
#include <tests/support/folder.h>
#include <tests/support/handlers.h>
#include <tests/support/tls_server.h>

static char authority_path[160];

/* ---- Clients: each tries to talk to localhost:port ---- */

static void try_broker(const fl_broker_kind *kind, const char *format, int port)
{
    char url[512];
    fl_broker *broker = NULL;
    snprintf(url, sizeof url, format, port, authority_path);
    cr_assert_neq(try_to_open(kind, url, &broker), FL_BROKER_OK, "no broker is behind it");
}

static void try_redis(int port)
{
    try_broker(&fl_broker_redis, "rediss://localhost:%d?ca=%s", port);
}

static void try_postgres(int port)
{
    try_broker(&fl_broker_postgres,
               "postgres://filch@localhost:%d/db?sslmode=verify-full&gssencmode=disable&"
               "hostaddr=127.0.0.1&sslrootcert=%s",
               port);
}

static void try_nats(int port)
{
    try_broker(&fl_broker_nats, "nats+tls://localhost:%d/jobs?ca=%s", port);
}

static void try_rabbit(int port)
{
    try_broker(&fl_broker_rabbit, "amqps://guest:guest@localhost:%d/?cacertfile=%s", port);
}

static void try_servicebus(int port)
{
    try_broker(&fl_broker_servicebus, "servicebus://tests:key@localhost:%d/?ca=%s", port);
}

static void try_pubsub(int port)
{
    try_broker(&fl_broker_pubsub, "pubsub://p?endpoint=https://localhost:%d&credentials=none&ca=%s",
               port);
}

static void try_sqs(int port)
{
    setenv("AWS_ACCESS_KEY_ID", "id", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    try_broker(&fl_broker_sqs, "sqs://localhost:%d/?region=eu-central-1&ca=%s", port);
}

static void try_http(int port)
{
    static char url[64];
    static const char *const words[] = {url, NULL};
    handled one = {0};
    snprintf(url, sizeof url, "https://localhost:%d/", port);
    handled_begin(&one, "http", (fl_handler_spec){.words = words});
    handled_run(&one, (filch_message){.body = "b", .body_size = 1});
    snprintf(explained, sizeof explained, "%s", one.reason);
    handled_end(&one);
}

static void keep_line(const char *line, size_t size, void *arg)
{
    (void)arg;
    snprintf(explained, sizeof explained, "%.*s", (int)size, line);
}

static void try_otlp(int port)
{
    char endpoint[64];
    filch_service_otlp *otlp;
    filch_span *span;
    filch_log log;
    cr_assert_eq(filch_log_init(&log, FILCH_LOG_INFO, keep_line, NULL), 0);
    snprintf(endpoint, sizeof endpoint, "https://localhost:%d", port);
    const filch_service_otlp_config config = {
        .size = sizeof config, .endpoint = endpoint, .batch = 1, .attempts = 1, .log = &log};
    cr_assert_eq(filch_service_otlp_start(&otlp, &config), 0, "%s", filch_error());
    const filch_tracer tracer = {.sink = filch_service_otlp_sink, .arg = otlp};
    cr_assert_eq(filch_span_begin(&span, &tracer, "one", NULL), 0);
    filch_span_end(span);
    filch_span_release(span);
    filch_service_otlp_stop(otlp, FILCH_FOREVER);
}

#define OK "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
#define NATS_GREETING "INFO {\"server_id\":\"A\",\"version\":\"2.9.0\",\"tls_required\":true}\r\n"
enum { POSTGRES_REQUEST = 8 };

/* How its server begins. */
static const struct {
    const char *name;
    void (*try)(int port);
    tls_server server;
} clients[] = {
    {"redis", try_redis, {0}},
    {"postgres", try_postgres, {.request = POSTGRES_REQUEST, .consent = "S"}},
    {"nats", try_nats, {.greeting = NATS_GREETING}},
    {"rabbitmq", try_rabbit, {0}},
    {"servicebus", try_servicebus, {0}},
    {"pubsub", try_pubsub, {.answer = OK}},
    {"sqs", try_sqs, {.answer = OK}},
    {"http", try_http, {.answer = OK}},
    {"otlp", try_otlp, {.answer = OK}},
};
enum { CLIENTS = sizeof clients / sizeof *clients };

/* ---- Servers ---- */

/* A server's certificate of an authority, the one that clients are told of or another. */
static void judged_by_all(const char *names, long ends, bool is_known, int newest, bool is_trusted)
{
    enum { HOUR = 60 * 60 };
    certificate authority = certificate_make("authority", NULL, HOUR, NULL);
    certificate other = certificate_make("authority", NULL, HOUR, NULL);
    certificate own = certificate_make("server", names, ends, is_known ? &authority : &other);
    snprintf(authority_path, sizeof authority_path, "%s/ca.pem", folder_make());
    certificate_write(&authority, authority_path);
    setenv("SSL_CERT_FILE", authority_path, 1);
    setenv("no_proxy", "*", 1);
    tls_server servers[CLIENTS];
    for (unsigned i = 0; i < CLIENTS; i++) { /* all of them before a client has threads */
        servers[i] = clients[i].server;
        servers[i].certificate = &own;
        servers[i].newest = newest;
        tls_start(&servers[i]);
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        explained[0] = '\0';
        clients[i].try(servers[i].port);
        cr_assert_geq(filch_u32_load(servers[i].met, FILCH_ACQUIRE), 1, "%s", clients[i].name);
        cr_assert_eq(filch_u32_load(servers[i].told, FILCH_ACQUIRE) > 0, is_trusted, "%s: %s",
                     clients[i].name, explained);
        tls_end(&servers[i]);
    }
    certificate_free(&own);
    certificate_free(&other);
    certificate_free(&authority);
}

enum { SOON = 60 * 60, LONG_AGO = -60 * 60 };

Test(tls_clients, a_server_with_a_known_authority_and_its_name_is_trusted)
{
    judged_by_all("DNS:localhost", SOON, true, TLS1_3_VERSION, true);
}

Test(tls_clients, a_server_whose_newest_version_is_tls_1_2_is_trusted)
{
    judged_by_all("DNS:localhost", SOON, true, TLS1_2_VERSION, true);
}

Test(tls_clients, a_certificate_for_another_name_is_refused)
{
    judged_by_all("DNS:elsewhere.example", SOON, true, TLS1_3_VERSION, false);
}

Test(tls_clients, an_unknown_authority_of_the_same_name_is_refused)
{
    judged_by_all("DNS:localhost", SOON, false, TLS1_3_VERSION, false);
}

Test(tls_clients, an_expired_certificate_is_refused)
{
    judged_by_all("DNS:localhost", LONG_AGO, true, TLS1_3_VERSION, false);
}

Test(tls_clients, a_server_without_tls_1_2_is_refused)
{
    judged_by_all("DNS:localhost", SOON, true, TLS1_1_VERSION, false);
}
