/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "brokers.h"
#include "queue.h"

#include <tests/support/folder.h>

#ifdef FILCH_HAVE_SQLITE
static const char *sqlite_url(const char *sync)
{
    static char url[256];
    snprintf(url, sizeof url, "sqlite:%s/%s.db?sync=%s", folder_make(), sync, sync);
    return url;
}

static const char *sqlite_normal(void)
{
    return sqlite_url("normal");
}

static const char *sqlite_full(void)
{
    return sqlite_url("full");
}
#endif

#ifdef FILCH_HAVE_REDIS
#define SERVER_CLOCK "" /* the servers of bars have the system's clock */
#include <tests/service/brokers/redis/redis.h>

static const char *redis(void)
{
    static redis_server server;
    if (!server.port)
        redis_start(&server);
    return redis_url(&server, "/0");
}
#endif

#ifdef FILCH_HAVE_NATS
#include <tests/service/brokers/nats/nats.h>

static const char *nats_with_jetstream(void)
{
    if (!nats.pid)
        nats_start(nats_jetstream());
    return nats_url("");
}
#endif

#ifdef STAND_IN_SERVICE_BUS
#include <tests/service/brokers/servicebus/service_bus.h>

static const char *servicebus(void)
{
    if (!service_bus.pid)
        service_bus_start("60000", "1000");
    return service_bus_url(service_bus.port, "");
}
#endif

#ifdef STAND_IN_SQS
#include <tests/service/brokers/sqs/sqs.h>

static const char *sqs_stand_in(void)
{
    if (!sqs.pid)
        sqs_start("");
    return sqs_url("");
}
#endif

#ifdef STAND_IN_PUBSUB
#include <tests/service/brokers/pubsub/pubsub.h>

static const char *pubsub_stand_in(void)
{
    if (!pubsub.pid)
        pubsub_start();
    return pubsub_url(pubsub.port, "&credentials=none");
}
#endif

#ifdef STAND_IN_KAFKA
#include <tests/service/brokers/kafka/kafka.h>

/* The stand-in keeps a group waiting for a session, but a second, after a member has left, and an empty fetch
 * for its whole time. */
static const char *kafka_stand_in(void)
{
    static const char *const topics[] = {BAR_QUEUE "=8", BAR_QUEUE ".retry=1", BAR_QUEUE ".dlq=1",
                                         NULL};
    if (!kafka.pid)
        kafka_start(topics);
    return kafka_url("?group=bars&session.timeout.ms=3000&heartbeat.interval.ms=500"
                     "&fetch.wait.max.ms=2&socket.nagle.disable=true");
}
#endif

#ifdef FILCH_HAVE_RABBIT
#define RABBIT_RUNNER getpid() /* the server ends with this program */
#include <tests/service/brokers/rabbit/rabbit.h>

static const char *rabbit(void)
{
    return rabbit_url("");
}
#endif

#ifdef FILCH_HAVE_POSTGRES
#include <tests/service/brokers/postgres/postgres.h>

/* Otherwise as delivered: each commit is synchronous and flushed. */
static const char pg_delivered[] = "listen_addresses='127.0.0.1'\nunix_socket_directories=''\n";

/* A server that has run for a while uses the files of its log again. A new one fills each with zeros
 * first, which holds up all commits for 50 ms. */
static void pg_use_log(const pg_server *server)
{
    enum { FILES = 40 /* of 16 MiB */ };
    PGconn *db = pg_connect(server);
    for (int i = 0; i < FILES; i++)
        pg_ask(db, "SELECT pg_logical_emit_message(false, '', ''); SELECT pg_switch_wal()");
    pg_ask(db, "CHECKPOINT");
    PQfinish(db);
}

static const char *postgres(void)
{
    static pg_server server;
    static char url[80];
    if (!server.port) {
        snprintf(server.folder, sizeof server.folder, "%s", folder_make());
        cr_assert(pg_init(&server, true));
        pg_write(&server, "data/postgresql.conf", pg_delivered);
        cr_assert(pg_start(&server));
        pg_use_log(&server);
        snprintf(url, sizeof url, "postgres://filch@127.0.0.1:%u/postgres", server.port);
    }
    return url;
}
#endif

const worker_setting worker_settings[] = {
#ifdef FILCH_HAVE_SQLITE
    {"sqlite", "sqlite NORMAL", sqlite_normal, 20000, false, worker_bare_sqlite, false},
    {"sqlite", "sqlite FULL", sqlite_full, 20000, true, worker_bare_sqlite, false},
#endif
#ifdef FILCH_HAVE_REDIS
    {"redis", "redis", redis, 20000, true, worker_bare_redis, false},
#endif
#ifdef FILCH_HAVE_NATS
    {"nats", "nats", nats_with_jetstream, 10000, true, worker_bare_nats, false},
#endif
#ifdef STAND_IN_SERVICE_BUS
    {"servicebus", "servicebus", servicebus, 40000, true, worker_bare_service_bus, false},
#endif
#ifdef STAND_IN_SQS
    {"sqs", "sqs", sqs_stand_in, 10000, true, worker_bare_sqs, false},
#endif
#ifdef STAND_IN_PUBSUB
    {"pubsub", "pubsub", pubsub_stand_in, 10000, true, worker_bare_pubsub, false},
#endif
#ifdef STAND_IN_KAFKA
    {"kafka", "kafka", kafka_stand_in, 50000, true, worker_bare_kafka, true},
#endif
#ifdef FILCH_HAVE_RABBIT
    {"rabbit", "rabbitmq", rabbit, 20000, true, worker_bare_rabbit, false},
#endif
#ifdef FILCH_HAVE_POSTGRES
    {"postgres", "postgres", postgres, 20000, true, worker_bare_postgres, false},
#endif
    {0},
};

const worker_cpu worker_cpus[] = {
#ifdef FILCH_HAVE_RABBIT
    {"rabbit", "librabbitmq", 2.5, NULL},
    {"rabbit", "Go", 0.5, worker_go_cpu},
#endif
    {0},
};
