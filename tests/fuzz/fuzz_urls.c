/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * URLs of brokers. The first byte chooses the broker, and where a password stands: nowhere, before
 * the rest, or with the rest as its beginning. For any text the answer is a URL in parts, or FATAL
 * with a sentence, in which the password does not occur. */
#include <tests/fuzz/host.h>

#ifdef FILCH_HAVE_SQLITE
#include <runtime/service/brokers/sqlite/sqlite.h>
#endif
#ifdef FILCH_HAVE_REDIS
#include <runtime/service/brokers/redis/url.h>
#endif
#ifdef FILCH_HAVE_NATS
#include <runtime/service/brokers/nats/url.h>
#endif
#ifdef FILCH_HAVE_POSTGRES
#include <runtime/service/brokers/postgres/postgres.h>
#endif
#ifdef FILCH_HAVE_RABBIT
#include <runtime/service/brokers/rabbit/rabbit.h>
#endif
#ifdef FILCH_HAVE_CURL
#include <runtime/service/brokers/sqs/url.h>
#endif

#define PASSWORD "hunter2"

/* Reads each text to its end, so that a sanitizer sees one without. */
static void read_texts(const char *const *texts, size_t count, const char *url)
{
    for (size_t i = 0; i < count; i++)
        FUZZ_CHECK(!texts[i] || strlen(texts[i]) <= strlen(url) + 16, "part %zu of %s", i, url);
}
#define READ_TEXTS(url, ...)                                                                       \
    read_texts((const char *const[]){__VA_ARGS__},                                                 \
               sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *), url)

#ifdef FILCH_HAVE_SQLITE
static fl_broker_rc parse_sqlite(const char *url)
{
    char *path = NULL;
    bool full;
    fl_broker_rc rc = fl_sqlite_parse(&fuzz_host, url, &path, &full);
    FUZZ_CHECK(rc || (path && *path), "no path in %s", url);
    free(path);
    return rc;
}
#endif

#ifdef FILCH_HAVE_REDIS
static fl_broker_rc parse_redis(const char *url)
{
    fl_redis_url read;
    fl_broker_rc rc = fl_redis_url_parse(&fuzz_host, url, &read);
    if (!rc) {
        READ_TEXTS(url, read.socket, read.user, read.password, read.ca);
        FUZZ_CHECK(read.socket || (*read.place.host && atoi(read.place.port)), "%s", url);
    }
    fl_url_end(&read.url);
    return rc;
}
#endif

#ifdef FILCH_HAVE_NATS
static fl_broker_rc parse_nats(const char *url)
{
    fl_nats_options read;
    fl_broker_rc rc = fl_nats_parse(&fuzz_host, url, &read);
    if (!rc) {
        READ_TEXTS(url, read.hosts, read.stream, read.prefix, read.user, read.password, read.token,
                   read.creds, read.ca, read.cert, read.key);
        FUZZ_CHECK(*read.hosts && fl_nats_is_name(read.stream, ""), "%s", url);
    }
    fl_url_end(&read.url);
    return rc;
}
#endif

#ifdef FILCH_HAVE_POSTGRES
static fl_broker_rc parse_postgres(const char *url)
{
    fl_pg_target read;
    fl_broker_rc rc = fl_pg_parse(&fuzz_host, url, &read);
    if (!rc) {
        FUZZ_CHECK(*read.schema && strlen(read.schema) < sizeof read.schema, "%s", url);
        fl_pg_target_end(&read);
    }
    return rc;
}
#endif

#ifdef FILCH_HAVE_RABBIT
static fl_broker_rc parse_rabbit(const char *url)
{
    fl_rabbit_url read;
    fl_broker_rc rc = fl_rabbit_parse(&fuzz_host, url, &read);
    if (!rc) {
        READ_TEXTS(url, read.vhost, read.user, read.password, read.ca, read.cert, read.key);
        FUZZ_CHECK(*read.place.host && read.port == atoi(read.place.port), "%s", url);
    }
    fl_url_end(&read.url);
    return rc;
}
#endif

#ifdef FILCH_HAVE_CURL
static fl_broker_rc parse_sqs(const char *url)
{
    fl_sqs_options read;
    fl_broker_rc rc = fl_sqs_parse(&fuzz_host, url, &read);
    if (!rc) {
        READ_TEXTS(url, read.account, read.region, read.profile, read.ca, read.group);
        FUZZ_CHECK(*read.host && *read.region, "%s", url);
    }
    fl_url_end(&read.url);
    return rc;
}
#endif

static const struct {
    const char *scheme;
    fl_broker_rc (*parse)(const char *url);
} schemes[] = {
#ifdef FILCH_HAVE_SQLITE
    {"sqlite:", parse_sqlite},
#endif
#ifdef FILCH_HAVE_REDIS
    {"redis:", parse_redis},       {"rediss:", parse_redis},  {"redis+unix:", parse_redis},
#endif
#ifdef FILCH_HAVE_NATS
    {"nats:", parse_nats},         {"nats+tls:", parse_nats},
#endif
#ifdef FILCH_HAVE_POSTGRES
    {"postgres:", parse_postgres},
#endif
#ifdef FILCH_HAVE_RABBIT
    {"amqp:", parse_rabbit},       {"amqps:", parse_rabbit},
#endif
#ifdef FILCH_HAVE_CURL
    {"sqs:", parse_sqs},           {"sqs+http:", parse_sqs},
#endif
};
enum { SCHEMES = sizeof schemes / sizeof *schemes };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const around[][2] = {{"", ""},
                                            {"//u:" PASSWORD, ""},
                                            {"//u:", PASSWORD "@h"}};
    char *url, *rest;
    if (!size)
        return 0;
    unsigned row = data[0] % 16 % SCHEMES, place = data[0] / 16 % 3;
    rest = strndup((const char *)data + 1, size - 1);
    FUZZ_CHECK(rest && asprintf(&url, "%s%s%s%s", schemes[row].scheme, around[place][0], rest,
                                around[place][1]) > 0,
               "no memory");
    *host_told = '\0';
    fl_broker_rc rc = schemes[row].parse(url);
    FUZZ_CHECK(rc == FL_BROKER_OK || rc == FL_BROKER_FATAL, "%d", rc);
    FUZZ_CHECK((rc == FL_BROKER_OK) == !*host_told, "%d: %s", rc, host_told);
    if (place && row && !strstr(rest, PASSWORD)) /* a path of sqlite is no secret */
        FUZZ_CHECK(!strstr(host_told, PASSWORD), "%s", host_told);
    free(url);
    free(rest);
    return 0;
}
