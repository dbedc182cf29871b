/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * TLS of the broker `redis:`: version 1.2 or later, to a server whose certificate is for its name and
 * from an authority that the URL names. */
#include <tests/service/broker.h>
#include <tests/service/brokers/redis/redis.h>
#include <tests/service/explained.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

static redis_server server;

static void make_certificate(void)
{
    char command[512];
    if (system("command -v openssl >/dev/null 2>&1"))
        cr_skip_test("openssl not found (Debian: openssl)");
    snprintf(command, sizeof command,
             "cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
             "-keyout key.pem -out cert.pem -days 2 -subj /CN=test "
             "-addext subjectAltName=DNS:localhost 2>openssl.log",
             folder_make());
    cr_assert_eq(system(command), 0);
}

static const char *tls_url(const char *host, const char *ca)
{
    static char url[400];
    snprintf(url, sizeof url, "rediss://%s:%d%s%s", host, server.tls_port, ca ? "?ca=" : "",
             ca ? ca : "");
    return url;
}

#ifdef FILCH_HAVE_SSL

static void start_tls(const char *versions)
{
    make_certificate();
    server.tls_port = port_free();
    REDIS_START(&server, "--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem",
                "--tls-ca-cert-file", "cert.pem", "--tls-auth-clients", "no", "--tls-protocols",
                versions, "--tls-ciphers", "DEFAULT@SECLEVEL=0");
}

Test(redis_tls, trusted_tls_carries_large_messages)
{
    char ca[256];
    start_tls("TLSv1.2 TLSv1.3");
    snprintf(ca, sizeof ca, "%s/cert.pem", folder_make());
    static char body[3 << 20];
    bench b = {.kind = &fl_broker_redis, .url = tls_url("localhost", ca)};
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)(i * 7);
    cr_assert_eq(bench_publish(&b, (filch_message){.body = body, .body_size = sizeof body}), 0);
    fl_delivery *one = bench_receive(&b);
    cr_assert_eq(one->message.body_size, sizeof body);
    cr_assert_eq(memcmp(one->message.body, body, sizeof body), 0);
    bench_ack(&b, one);
    b.kind->close(b.publisher);
    b.kind->close(b.consumer);
}

Test(redis_tls, tls_refuses_wrong_name_or_authority)
{
    char ca[256];
    start_tls("TLSv1.2 TLSv1.3");
    snprintf(ca, sizeof ca, "%s/cert.pem", folder_make());
    is_refused(&fl_broker_redis, tls_url("127.0.0.1", ca), FL_BROKER_REFUSED,
               " is for localhost, not for 127.0.0.1; use one of its names");
    is_refused(&fl_broker_redis, tls_url("localhost", NULL), FL_BROKER_REFUSED,
               " is signed by an unknown authority (CN=test); trust it by ?ca=FILE");
    is_refused(&fl_broker_redis, tls_url("localhost", "/no/such/file"), FL_BROKER_REFUSED,
               "the file of ?ca= cannot be read");
}

Test(redis_tls, tls_below_1_2_is_refused)
{
    char ca[256];
    start_tls("TLSv1.1");
    snprintf(ca, sizeof ca, "%s/cert.pem", folder_make());
    is_refused(&fl_broker_redis, tls_url("localhost", ca), FL_BROKER_REFUSED,
               "check the port and the versions of TLS (valid: 1.2 and later)");
}

#else

Test(redis_tls, build_without_tls_refuses_it)
{
    make_certificate();
    redis_start(&server);
    server.tls_port = server.port;
    is_refused(&fl_broker_redis, tls_url("localhost", NULL), FL_BROKER_REFUSED,
               "built without OpenSSL; build it with libssl-dev");
}

#endif
