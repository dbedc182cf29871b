/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bare loops on the stream of the broker redis: the acknowledgements of a batch and the request for
 * the next one are one write. */
#define SERVER_CLOCK "" /* the servers of bars have the system's clock */
#include <bench/bars/worker/brokers.h>
#include <bench/bars/worker/queue.h>
#include <tests/service/brokers/redis/redis.h>

#include <hiredis/hiredis.h>

#define STREAM "filch:" BAR_QUEUE ":0"

enum { WORDS = 3 /* before the entries */, BATCH_MOST = 100 };

static void *open_bare(const char *url)
{
    redisContext *c = redisConnect("127.0.0.1", atoi(strrchr(url, ':') + 1));
    if (!c || c->err)
        worker_bare_die("redisConnect", c ? c->errstr : NULL);
    return c;
}

static redisReply *next_reply(redisContext *c)
{
    void *reply = NULL;
    if (redisGetReply(c, &reply) || ((redisReply *)reply)->type == REDIS_REPLY_ERROR)
        worker_bare_die("redisGetReply", reply ? ((redisReply *)reply)->str : c->errstr);
    return reply;
}

static void ask(redisContext *c, unsigned batch)
{
    redisAppendCommand(c, "XREADGROUP GROUP filch bare COUNT %u STREAMS " STREAM " >", batch);
}

/* XACK key group entry..., and XDEL key entry... */
static void settle(redisContext *c, const redisReply *entries)
{
    const char *ack[WORDS + BATCH_MOST] = {"XACK", STREAM, "filch"};
    const char *remove[WORDS + BATCH_MOST] = {"XDEL", STREAM};
    int count = (int)entries->elements;
    for (int i = 0; i < count; i++)
        ack[WORDS + i] = remove[WORDS - 1 + i] = entries->element[i]->element[0]->str;
    redisAppendCommandArgv(c, WORDS + count, ack, NULL);
    redisAppendCommandArgv(c, WORDS - 1 + count, remove, NULL);
}

static void consume(void *bare, const worker_bare *how, long count)
{
    redisContext *c = bare;
    ask(c, how->batch);
    while (count > 0) {
        redisReply *reply = next_reply(c);
        if (reply->type != REDIS_REPLY_ARRAY)
            worker_bare_die("XREADGROUP", "the stream is empty");
        const redisReply *entries = reply->element[0]->element[1];
        count -= (long)entries->elements;
        settle(c, entries);
        freeReplyObject(reply);
        if (count > 0)
            ask(c, how->batch);
        freeReplyObject(next_reply(c));
        freeReplyObject(next_reply(c));
    }
}

static void close_bare(void *bare)
{
    redisFree(bare);
}

static const worker_bare bares[] = {
    {"COUNT 100", 100, open_bare, consume, close_bare, MEASURE_AT_LEAST, 0.8},
    {"COUNT 1", 1, open_bare, consume, close_bare, MEASURE_AT_LEAST, 4},
    {0},
};

/* ---- Its server ---- */

static redis_server server;

static const char *server_url(void)
{
    if (!server.port)
        redis_start(&server);
    return redis_url(&server, "/0");
}

static const char *fleet_url(void)
{
    if (!server.port)
        REDIS_START(&server, "--appendfsync", "always");
    return redis_url(&server, "/0");
}

static void restart(void)
{
    redis_kill(&server);
    redis_start(&server);
}

const worker_broker worker_broker_redis = {
    .settings =
        {
            {.name = "redis", .url = server_url, .jobs = 20000, .is_durable = true, .bares = bares},
        },
    .server = {.name = "redis", .url = fleet_url, .restart = restart},
};
