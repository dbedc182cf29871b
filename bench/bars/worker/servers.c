/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "servers.h"

#include <tests/support/folder.h>

#include <string.h>

#ifdef FILCH_HAVE_SQLITE
static const char *sqlite(void)
{
    static char url[256];
    snprintf(url, sizeof url, "sqlite:%s/jobs.db?sync=normal", folder_make());
    return url;
}
#endif

#ifdef FILCH_HAVE_REDIS
#define SERVER_CLOCK "" /* the servers of bars have the system's clock */
#include <tests/service/brokers/redis/redis.h>

static redis_server redis_one;

static const char *redis(void)
{
    if (!redis_one.port)
        REDIS_START(&redis_one, "--appendfsync", "always");
    return redis_url(&redis_one, "/0");
}

static void redis_again(void)
{
    redis_kill(&redis_one);
    redis_start(&redis_one);
}
#endif

#ifdef FILCH_HAVE_POSTGRES
#include <tests/service/brokers/postgres/postgres.h>

static pg_server postgres_one;

static const char *postgres(void)
{
    static char url[80];
    if (!postgres_one.port) {
        snprintf(postgres_one.folder, sizeof postgres_one.folder, "%s", folder_make());
        cr_assert(pg_begin(&postgres_one, true));
    }
    snprintf(url, sizeof url, "postgres://filch@127.0.0.1:%u/postgres", postgres_one.port);
    return url;
}

static void postgres_again(void)
{
    pg_kill(&postgres_one, SIGKILL);
    pg_restart(&postgres_one);
}
#endif

#ifdef FILCH_HAVE_NATS
#include <tests/service/brokers/nats/nats.h>

static const char *nats_one(void)
{
    if (!nats.pid)
        nats_start_with("");
    return nats_url("");
}

static void nats_again(void)
{
    nats_start_with("");
}
#endif

#ifdef STAND_IN_SERVICE_BUS
#include <tests/service/brokers/servicebus/service_bus.h>
#include <tests/support/proxy.h>

static proxy service_bus_way;

/* Messages are in the stand-in's memory: in its place, all connections to it are reset. */
static const char *servicebus(void)
{
    if (!service_bus.pid) {
        service_bus_start("5000", "1000");
        service_bus_way = proxy_start(service_bus.port);
    }
    return service_bus_url(service_bus_way.port, "");
}

static void servicebus_cut(void)
{
    proxy_set(&service_bus_way, PROXY_RESETS);
}
#endif

#ifdef STAND_IN_SQS
#include <tests/service/brokers/sqs/sqs.h>

static const char *sqs_one(void)
{
    if (!sqs.pid)
        sqs_start("");
    return sqs_url("");
}

/* Its queues are in memory: all connections are cut instead. */
static void sqs_cut(void)
{
    kill(sqs.pid, SIGUSR1);
}
#endif

#ifdef STAND_IN_PUBSUB
#include <tests/service/brokers/pubsub/pubsub.h>

static const char *pubsub_one(void)
{
    if (!pubsub.pid)
        pubsub_start();
    return pubsub_url(pubsub.port, "&credentials=none");
}

static void pubsub_cut(void)
{
    kill(pubsub.pid, SIGUSR1);
}
#endif

#ifdef STAND_IN_KAFKA
#include <tests/service/brokers/kafka/kafka.h>

/* A worker that is killed stays in its group for the time of a session. */
static const char *kafka_one(void)
{
    static const char *const topics[] = {"tasks=6", "tasks.retry=3", "tasks.dlq=1", NULL};
    if (!kafka.pid)
        kafka_start(topics);
    return kafka_url("?session.timeout.ms=6000&heartbeat.interval.ms=500&fetch.wait.max.ms=10");
}
#endif

#ifdef FILCH_HAVE_RABBIT
#define RABBIT_RUNNER getpid() /* the server ends with this program */
#include <tests/service/brokers/rabbit/rabbit.h>

static const char *rabbit(void)
{
    return rabbit_url("?heartbeat=2");
}

/* Its supervisor starts it again. */
static void rabbit_again(void)
{
    rabbit_kill();
    rabbit_disconnect(rabbit_connect());
}
#endif

const worker_server worker_servers[] = {
#ifdef FILCH_HAVE_SQLITE
    {"sqlite", sqlite, NULL, false},
#endif
#ifdef FILCH_HAVE_REDIS
    {"redis", redis, redis_again, false},
#endif
#ifdef FILCH_HAVE_POSTGRES
    {"postgres", postgres, postgres_again, false},
#endif
#ifdef FILCH_HAVE_NATS
    {"nats", nats_one, nats_again, false},
#endif
#ifdef FILCH_HAVE_RABBIT
    {"rabbit", rabbit, rabbit_again, true},
#endif
    {0},
};

const worker_server worker_in_memory[] = {
#ifdef STAND_IN_SERVICE_BUS
    {"servicebus", servicebus, servicebus_cut, false},
#endif
#ifdef STAND_IN_SQS
    {"sqs", sqs_one, sqs_cut, false},
#endif
#ifdef STAND_IN_PUBSUB
    {"pubsub", pubsub_one, pubsub_cut, false},
#endif
#ifdef STAND_IN_KAFKA
    {"kafka", kafka_one, kafka_disconnect, false},
#endif
    {0},
};

const worker_server *worker_server_of(const char *name)
{
    for (const worker_server *s = worker_servers; s->name; s++)
        if (strcmp(s->name, name) == 0)
            return s;
    fprintf(stderr, "no broker %s (valid:", name);
    for (const worker_server *s = worker_servers; s->name; s++)
        fprintf(stderr, " %s", s->name);
    fprintf(stderr, ")\n");
    exit(2);
}
