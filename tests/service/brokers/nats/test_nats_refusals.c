/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Servers and URLs that the broker `nats://` cannot use are refused with the remedy, and so are messages
 * that the server would not take. */
#include <stdarg.h>
#include <tests/service/brokers/nats/nats.h>
#include <tests/service/service.h>

static char explained[512], logged[512];

FILCH_PRINTF(3, 4)
static fl_broker_rc keep(const fl_broker_host *host, fl_broker_rc rc, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(explained, sizeof explained, format, args);
    va_end(args);
    return rc;
}

static void keep_line(const fl_broker_host *host, filch_log_level level, const char *text)
{
    snprintf(logged, sizeof logged, "%s", text);
}

static fl_broker_rc try_to_open(const char *url, const char *queue, fl_broker **out)
{
    static fl_broker_host host;
    static const char *queues[1];
    queues[0] = queue;
    host = beside_host;
    host.explain = keep;
    host.log = keep_line;
    const fl_broker_config config = {.host = &host,
                                     .role = FL_BROKER_CONSUMES,
                                     .url = url,
                                     .queues = queues,
                                     .queue_count = 1,
                                     .prefetch = 10,
                                     .lease = 30 * FILCH_SECOND,
                                     .call_timeout = 10 * FILCH_SECOND,
                                     .body_most = FL_BODY_MOST,
                                     .header_most = FL_HEADERS_MOST};
    explained[0] = logged[0] = '\0';
    return fl_broker_nats.open(out, &config);
}

static void refused(const char *url, fl_broker_rc expected, const char *words)
{
    fl_broker *broker = NULL;
    fl_broker_rc rc = try_to_open(url, "tasks", &broker);
    cr_assert(rc == expected && !broker, "%s: %d, %s", url, rc, explained);
    cr_assert(strstr(explained, words), "%s: %s", url, explained);
    cr_assert_null(strstr(explained, "s3cret"), "%s", explained);
}

static fl_broker *opened(const char *url)
{
    fl_broker *broker = NULL;
    cr_assert_eq(try_to_open(url, "tasks", &broker), FL_BROKER_OK, "%s", explained);
    return broker;
}

static void accepted(const char *url)
{
    fl_broker_nats.close(opened(url));
}

Test(nats_refusals, wrong_or_leaking_urls_are_refused)
{
    static const struct {
        const char *url, *words;
    } wrong[] = {
        {"nats:localhost", "without '://'"},
        {"nats://", "without a host"},
        {"nats://h/a.b", "stream 'a.b' is not a valid name"},
        {"nats://h/?prefix=a b", "prefix 'a b' is not a valid subject"},
        {"nats://h/?burst=1", "unknown option of nats: 'burst'"},
        {"nats://h/?create=maybe", "of nats: create=maybe (valid: yes, no)"},
        {"nats://me:s3cret@example.org", "use nats+tls://"},
        {"nats://s3cret@127.0.0.1.example.org", "use nats+tls://"},
        {"nats://me:s3cret@localhost,example.org/", "use nats+tls://"},
    };
    fl_broker *broker = NULL;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        refused(wrong[i].url, FL_BROKER_FATAL, wrong[i].words);
    cr_assert_eq(try_to_open("nats://localhost", "a queue", &broker), FL_BROKER_FATAL);
    cr_assert(strstr(explained, "queue 'a queue' is not a valid NATS subject"), "%s", explained);
}

Test(nats_refusals, refusing_server_differs_from_absent_one)
{
    nats_start_with("");
    nats_kill();
    refused(nats_url(""), FL_BROKER_LOST, "check that it runs");
    nats_start("");
    refused(nats_url(""), FL_BROKER_REFUSED, "start nats-server with -js");
    nats_start_with("authorization { user: me, password: \"s3cret@:\" }");
    refused(nats_url(""), FL_BROKER_REFUSED, "check the user, password");
    refused(nats_url("me:s3cret@"), FL_BROKER_REFUSED, "check the user, password");
    accepted(nats_url("me:s3cret%40%3a@"));
    nats_start_with("authorization { token: \"s3cret\" }");
    accepted(nats_url("s3cret@"));
}

Test(nats_refusals, missing_stream_is_refused_without_create)
{
    char url[300];
    nats_start_with("");
    snprintf(url, sizeof url, "%s?create=no", nats_url(""));
    refused(url, FL_BROKER_REFUSED, "stream jobs does not exist");
    accepted(nats_url(""));
    accepted(url);
}

static void run(const char *command)
{
    char text[1024];
    snprintf(text, sizeof text, "cd '%s' && { %s; } >/dev/null 2>&1", nats.folder, command);
    cr_assert_eq(system(text), 0, "%s", text);
}

/* A URL with files of the folder. */
static const char *tls_url(const char *host, const char *option)
{
    static char url[512];
    snprintf(url, sizeof url, "nats+tls://%s:%d%s%s%s", host, nats.port, *option ? "?" : "", option,
             *option ? nats.folder : "");
    return url;
}

Test(nats_refusals, certificates_must_match_host_names)
{
    char more[512], url[600];
    nats_make_folder();
    run("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext "
        "subjectAltName=DNS:localhost -keyout key.pem -out cert.pem");
    snprintf(more, sizeof more, "tls { cert_file: \"%s/cert.pem\", key_file: \"%s/key.pem\" }",
             nats.folder, nats.folder);
    nats_start_with(more);
    refused(nats_url(""), FL_BROKER_REFUSED, "use nats+tls://");
    refused(tls_url("localhost", ""), FL_BROKER_REFUSED,
            " is signed by an unknown authority (CN=localhost)");
    snprintf(url, sizeof url, "%s/cert.pem", tls_url("localhost", "ca="));
    accepted(url);
    snprintf(url, sizeof url, "%s/cert.pem", tls_url("127.0.0.1", "ca="));
    refused(url, FL_BROKER_REFUSED, " is for localhost, not for 127.0.0.1");
    snprintf(url, sizeof url, "%s/none", tls_url("localhost", "creds="));
    refused(url, FL_BROKER_REFUSED, "none (No such file or directory)");
    nats_write("open.creds", "");
    run("chmod 644 open.creds");
    snprintf(url, sizeof url, "%s/open.creds", tls_url("localhost", "creds="));
    refused(url, FL_BROKER_REFUSED, "chmod 600 it");
}

/* ---- Messages ---- */

Test(nats_refusals, oversized_messages_are_refused_and_logged)
{
    static char body[5 << 20];
    filch_message message = {.id = "big", .type = "t", .queue = "tasks", .body = body};
    fl_publication item = {.message = &message};
    nats_start_with("");
    fl_broker *broker = opened(nats_url(""));
    message.body_size = sizeof body;
    cr_assert_eq(fl_broker_nats.publish(broker, &item, 1), FL_BROKER_OK);
    cr_assert_eq(item.status, -EMSGSIZE);
    cr_assert(strstr(logged, "message big of 5242880 bytes"), "%s", logged);
    message.body_size = 1;
    message.dedup = "key";
    cr_assert_eq(fl_broker_nats.publish(broker, &item, 1), FL_BROKER_OK);
    cr_assert_eq(item.status, -ENOTSUP);
    fl_broker_nats.close(broker);
}
