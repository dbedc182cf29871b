/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs tls_clients; long in asan
 *
 * TLS of all clients: each one talks to a server whose certificate is signed by the authority that
 * it was given, for the name in the URL. It says nothing, so no password and no job, to a server with
 * another name, another authority, an expired certificate, or nothing newer than TLS 1.1. Its sentence names
 * what is wrong with the certificate. */
#include <filch/service_observe.h>
#include <tests/service/explained.h>
#include <tests/service/handlers.h>
#include <tests/service/tls_client.h>
#include <tests/service/tls_server.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

static char authority_path[160];
static const char *expected_why; /* words of the refusal; NULL: no certificate is refused */

/* ---- Clients: each tries to talk to localhost:port ---- */

static void try_broker(const tls_client *client, int port)
{
    const int64_t usual = tried_call_timeout;
    char url[512];
    fl_broker *broker = NULL;
    if (client->prepare)
        client->prepare();
    if (client->call_timeout)
        tried_call_timeout = client->call_timeout;
    snprintf(url, sizeof url, client->url, port, authority_path);
    fl_broker_rc rc = try_to_open(client->kind, url, &broker);
    tried_call_timeout = usual;
    cr_assert_neq(rc, FL_BROKER_OK, "no broker is behind it");
    cr_assert(!expected_why || rc == FL_BROKER_REFUSED, "%s: %d, %s", url, rc, explained);
}

static void try_http_at(const char *host, int port)
{
    static char url[64];
    static const char *const words[] = {url, NULL};
    handled one = {0};
    snprintf(url, sizeof url, "https://%s:%d/", host, port);
    handled_begin(&one, "http", (fl_handler_spec){.words = words});
    handled_run(&one, (filch_message){.body = "b", .body_size = 1});
    snprintf(explained, sizeof explained, "%s", one.reason);
    handled_end(&one);
}

static void try_http(int port)
{
    try_http_at("localhost", port);
}

static void keep_line(const char *line, size_t size, void *arg)
{
    snprintf(explained, sizeof explained, "%.*s", (int)size, line);
}

static void try_otlp(int port)
{
    char endpoint[64];
    filch_service_otlp *otlp;
    filch_span *span;
    filch_log log;
    OK(filch_log_init(&log, FILCH_LOG_INFO, keep_line, NULL));
    snprintf(endpoint, sizeof endpoint, "https://localhost:%d", port);
    const filch_service_otlp_config config = {
        .size = sizeof config, .endpoint = endpoint, .batch = 1, .attempts = 1, .log = &log};
    cr_assert_eq(filch_service_otlp_start(&otlp, &config), 0, "%s", filch_error());
    const filch_tracer tracer = {.sink = filch_service_otlp_sink, .arg = otlp};
    OK(filch_span_begin(&span, &tracer, "one", NULL));
    filch_span_end(span);
    filch_span_release(span);
    filch_service_otlp_stop(otlp, FILCH_FOREVER);
}

static const tls_client handler = {.url = "handler http",
                                   .try = try_http,
                                   .answer = TLS_HTTP_ANSWER};
static const tls_client exporter = {.url = "export of spans",
                                    .try = try_otlp,
                                    .answer = TLS_HTTP_ANSWER};

#define BROKER(name) extern const tls_client tls_client_##name;
#include <tls_brokers.h> /* made from the files tls_client.c */
#undef BROKER
#define BROKER(name) &tls_client_##name,

static const tls_client *const clients[] = {
#include <tls_brokers.h>
    &handler,
    &exporter,
};
enum { CLIENTS = sizeof clients / sizeof *clients };

/* ---- Servers ---- */

typedef struct server_case {
    const char *names, *other; /* other: the name of an authority that clients are not told of */
    long ends;
    int newest;
    bool is_trusted, is_dated;
    const char *why; /* the certificate is refused; is_dated: a date follows */
} server_case;

static const char *date_of(const X509 *x509)
{
    static char date[16];
    struct tm parts;
    cr_assert(ASN1_TIME_to_tm(X509_get0_notAfter(x509), &parts));
    strftime(date, sizeof date, "%Y-%m-%d", &parts);
    return date;
}

static void trust(const certificate *authority)
{
    snprintf(authority_path, sizeof authority_path, "%s/ca.pem", folder_make());
    certificate_write(authority, authority_path);
    setenv("SSL_CERT_FILE", authority_path, 1);
}

static void judged_by(const tls_client *client, const tls_server *server, bool is_trusted)
{
    if (!client->url)
        return;
    explained[0] = '\0';
    if (client->try)
        client->try(server->port);
    else
        try_broker(client, server->port);
    cr_assert_geq(filch_u32_load(server->met, FILCH_ACQUIRE), 1, "%s", client->url);
    cr_assert_eq(filch_u32_load(server->told, FILCH_ACQUIRE) > 0, is_trusted, "%s: %s", client->url,
                 explained);
    cr_assert(!expected_why || strstr(explained, expected_why), "%s: %s", client->url, explained);
}

static void judged_by_all(const server_case *server)
{
    enum { HOUR = 60 * 60 };
    certificate authority = certificate_make("authority", NULL, HOUR, NULL);
    certificate other = certificate_make(server->other ? server->other : "other", NULL, HOUR, NULL);
    certificate own = certificate_make("server", server->names, server->ends,
                                       server->other ? &other : &authority);
    char why[128];
    expected_why = server->why ? why : NULL;
    if (server->why)
        snprintf(why, sizeof why, "%s%s", server->why, server->is_dated ? date_of(own.x509) : "");
    trust(&authority);
    setenv("no_proxy", "*", 1);
    tls_server servers[CLIENTS];
    for (unsigned i = 0; i < CLIENTS; i++) { /* all of them before a client has threads */
        servers[i] = (tls_server){.certificate = &own,
                                  .newest = server->newest,
                                  .greeting = clients[i]->greeting,
                                  .request = clients[i]->request,
                                  .consent = clients[i]->consent,
                                  .answer = clients[i]->answer};
        tls_start(&servers[i]);
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        judged_by(clients[i], &servers[i], server->is_trusted);
        tls_end(&servers[i]);
    }
    certificate_free(&own);
    certificate_free(&other);
    certificate_free(&authority);
}

enum { SOON = 60 * 60, LONG_AGO = -60 * 60 };

static const struct {
    const char *claim;
    server_case server;
} judged[] = {
    {"a server with a known authority and its name is trusted",
     {.names = "DNS:localhost", .ends = SOON, .newest = TLS1_3_VERSION, .is_trusted = true}},
    {"a server whose newest version is TLS 1.2 is trusted",
     {.names = "DNS:localhost", .ends = SOON, .newest = TLS1_2_VERSION, .is_trusted = true}},
    {"refusals name the certificate's hosts",
     {.names = "DNS:a.example,DNS:b.example,IP:192.0.2.1",
      .ends = SOON,
      .newest = TLS1_3_VERSION,
      .why = " is for a.example, b.example, IP Address:192.0.2.1, not "
             "for localhost"}},
    {"refusals name the unknown authority",
     {.names = "DNS:localhost",
      .other = "stranger",
      .ends = SOON,
      .newest = TLS1_3_VERSION,
      .why = " is signed by an unknown authority (CN=stranger)"}},
    {"an unknown authority of the same name is refused",
     {.names = "DNS:localhost",
      .other = "authority",
      .ends = SOON,
      .newest = TLS1_2_VERSION,
      .why = " is signed by an unknown authority (CN=authority)"}},
    {"refusals name the day of expiry",
     {.names = "DNS:localhost",
      .ends = LONG_AGO,
      .newest = TLS1_3_VERSION,
      .is_dated = true,
      .why = " expired on "}},
    {"a server without TLS 1.2 is refused",
     {.names = "DNS:localhost", .ends = SOON, .newest = TLS1_1_VERSION}},
};

FOR_EACH(tls_clients, each_client_judges_a_server_alike, judged)
{
    judged_by_all(&one->server);
}

/* The host has no address here, so only libcurl, behind the proxy, can see its certificate. */
Test(tls_clients, a_proxy_hides_no_cause)
{
    static const char connect[] = "CONNECT far.invalid:443 HTTP/1.1\r\nHost: far.invalid:443\r\n"
                                  "Proxy-Connection: Keep-Alive\r\n\r\n";
    static const struct {
        server_case server;
        const char *why;
    } cases[] = {
        {{.names = "DNS:far.invalid", .ends = LONG_AGO}, "certificate has expired"},
        {{.names = "DNS:near.invalid", .ends = SOON}, "hostname mismatch"},
        {{.names = "DNS:far.invalid", .ends = SOON, .other = "stranger"},
         "unable to get local issuer certificate"},
    };
    enum { CASES = sizeof cases / sizeof *cases };
    char way[64];
    certificate authority = certificate_make("authority", NULL, SOON, NULL);
    certificate other = certificate_make("stranger", NULL, SOON, NULL), own[CASES];
    tls_server servers[CASES];
    trust(&authority);
    for (unsigned i = 0; i < CASES; i++) { /* all of them before a client has threads */
        const server_case *one = &cases[i].server;
        own[i] =
            certificate_make("server", one->names, one->ends, one->other ? &other : &authority);
        servers[i] = (tls_server){.certificate = &own[i],
                                  .newest = TLS1_3_VERSION,
                                  .request = sizeof connect - 1,
                                  .consent = "HTTP/1.1 200 OK\r\n\r\n"};
        tls_start(&servers[i]);
    }
    for (unsigned i = 0; i < CASES; i++) {
        snprintf(way, sizeof way, "http://127.0.0.1:%d", servers[i].port);
        setenv("https_proxy", way, 1);
        try_http_at("far.invalid", 443);
        cr_assert(strstr(explained, cases[i].why), "%s: %s", cases[i].why, explained);
        tls_end(&servers[i]);
        certificate_free(&own[i]);
    }
    certificate_free(&other);
    certificate_free(&authority);
}
