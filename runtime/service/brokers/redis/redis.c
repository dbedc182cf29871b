/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Broker `redis://`, `rediss://` (TLS) and `redis+unix:`: queues in a Redis server, 6.2 or later, as
 * streams. docs/service/redis.md has the URL's parts. */
#include <runtime/service/brokers/redis/redis.h>

#include <filch/service.h>
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/redis/command.h>
#include <runtime/service/brokers/redis/fast_path.h>
#include <runtime/service/brokers/redis/scripts.h>
#include <runtime/service/brokers/redis/url.h>
#include <runtime/service/brokers/redis/wire.h>
#include <runtime/service/modules.h>
#include <runtime/service/url.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Life ---- */

static void close_redis(fl_broker *broker)
{
    fl_redis *r = fl_redis_of(broker);
    fl_redis_wire_close(&r->wire);
    fl_redis_wire_close(&r->wake);
    for (unsigned i = 0; i < r->queue_count; i++)
        free(r->queues[i].key);
    fl_redis_plain_free(&r->plain);
    fl_url_end(&r->url.url);
    free(r);
}

static fl_broker_rc name_queues(fl_redis *r)
{
    for (unsigned i = 0; i < r->queue_count; i++) {
        fl_redis_queue *queue = &r->queues[i];
        if (asprintf(&queue->key, "filch:%s", r->config.queues[i]) < 0) {
            queue->key = NULL;
            return r->base.host->explain(r->base.host, FL_BROKER_LOST,
                                         "no memory for queues; free some");
        }
        queue->next_at = FILCH_FOREVER;
        queue->news = true; /* messages may be older than this connection */
    }
    return FL_BROKER_OK;
}

/* Subscribes to the channels of the queues, so that no message can come unnoticed after that. */
static fl_broker_rc subscribe(fl_redis *r)
{
    char *bytes;
    redisReply *reply;
    fl_redis_command command = {0};
    int64_t until = filch_in(r->config.call_timeout);
    fl_redis_text(&command, "SUBSCRIBE");
    for (unsigned i = 0; i < r->queue_count; i++) {
        char *channel = NULL;
        int size = asprintf(&channel, "%s:wake", r->queues[i].key);
        fl_redis_own(&command, size < 0 ? NULL : channel, size < 0 ? 0 : (size_t)size);
    }
    long long size = fl_redis_format(&command, &bytes);
    fl_redis_clear(&command);
    if (size < 0)
        return r->base.host->explain(r->base.host, FL_BROKER_LOST,
                                     "no memory for a command of redis; free some");
    fl_broker_rc rc = fl_redis_wire_send(&r->wake, bytes, (size_t)size, until);
    redisFreeCommand(bytes);
    for (unsigned i = 0; i < r->queue_count && !rc; i++) {
        rc = fl_redis_wire_reply(&r->wake, &reply, until);
        if (!rc && reply->type == REDIS_REPLY_ERROR)
            return fl_redis_refused(r, reply);
        if (!rc)
            freeReplyObject(reply);
    }
    return rc;
}

/* Connects a wire, and logs in. */
static fl_broker_rc connect_wire(fl_redis *r, fl_redis_wire *wire)
{
    size_t reply_most =
        ((size_t)64 << 20) + FL_REDIS_STEP * (r->config.body_most + r->config.header_most);
    fl_broker_rc rc = fl_redis_wire_open(wire, r->base.host, &r->url, reply_most,
                                         filch_in(r->config.call_timeout));
    return rc ? rc : fl_redis_log_in(r, wire);
}

static fl_broker_rc connect_to(fl_redis *r)
{
    fl_broker_rc rc = name_queues(r);
    if (!rc)
        rc = connect_wire(r, &r->wire);
    if (!rc)
        rc = fl_redis_inspect(r);
    if (!rc)
        rc = fl_redis_load_scripts(r);
    if (!rc && r->config.role == FL_BROKER_CONSUMES) {
        rc = connect_wire(r, &r->wake);
        if (!rc)
            rc = subscribe(r);
    }
    return rc;
}

static fl_broker_rc check(const fl_broker_config *config)
{
    fl_redis_url url;
    fl_broker_rc rc = fl_redis_url_parse(config->host, config->url, &url);
    fl_url_end(&url.url);
    return rc;
}

static fl_broker_rc open_redis(fl_broker **out, const fl_broker_config *config)
{
    fl_redis_url url;
    const fl_broker_host *host = config->host;
    fl_broker_rc rc = fl_redis_url_parse(host, config->url, &url);
    fl_redis *r = rc ? NULL : calloc(1, sizeof *r + config->queue_count * sizeof *r->queues);
    if (!r) {
        fl_url_end(&url.url);
        return rc ? rc
                  : host->explain(host, FL_BROKER_LOST, "no memory for a connection; free some");
    }
    r->base = (fl_broker){&fl_broker_redis, host};
    r->config = *config;
    r->url = url;
    r->wire.fd = r->wake.fd = -1;
    r->queue_count = config->queue_count;
    rc = connect_to(r);
    if (rc)
        close_redis(&r->base);
    else
        *out = &r->base;
    return rc;
}

static void caps_of(fl_broker *broker, fl_broker_caps *caps)
{
    *caps = broker->kind->caps;
    caps->durable = fl_redis_of(broker)->is_durable;
}

/* ---- Waiting ---- */

static unsigned watch(fl_broker *broker, bool wants, struct pollfd *fds, unsigned room,
                      int64_t *until)
{
    fl_redis *r = fl_redis_of(broker);
    if (!wants || r->wake.fd < 0 || !room)
        return 0;
    if (r->look_at < *until)
        *until = r->look_at;
    for (unsigned i = 0; i < r->queue_count; i++) {
        int64_t at = r->queues[i].news ? 0 : r->queues[i].next_at;
        *until = at < *until ? at : *until;
    }
    fds[0] = (struct pollfd){.fd = r->wake.fd, .events = POLLIN};
    return 1;
}

/* The queue of a post; NULL: it is none. */
static fl_redis_queue *queue_of(fl_redis *r, const redisReply *post)
{
    if (post->type != REDIS_REPLY_ARRAY || post->elements != 3 ||
        post->element[1]->type != REDIS_REPLY_STRING)
        return NULL;
    for (unsigned i = 0; i < r->queue_count; i++) {
        size_t length = strlen(r->queues[i].key);
        if (strncmp(post->element[1]->str, r->queues[i].key, length) == 0 &&
            strcmp(post->element[1]->str + length, ":wake") == 0)
            return &r->queues[i];
    }
    return NULL;
}

static fl_broker_rc turn(fl_broker *broker)
{
    fl_redis *r = fl_redis_of(broker);
    redisReply *post = NULL;
    fl_broker_rc rc = FL_BROKER_OK;
    while (r->wake.fd >= 0 && !(rc = fl_redis_wire_poll(&r->wake, &post)) && post) {
        fl_redis_queue *queue = queue_of(r, post);
        if (queue)
            queue->news = true;
        freeReplyObject(post);
    }
    return rc;
}

const fl_broker_kind fl_broker_redis = {
    .abi = FL_BROKER_ABI,
    .size = sizeof(fl_broker_kind),
    .name = "redis",
    .schemes = FL_BROKER_SCHEMES, /* of broker.cmake */
    .url = &fl_redis_url_kind,
    .tested = "Redis 7.0",
    .caps = {.durable = true,
             .priority = true,
             .delay = true,
             .dedup = true,
             .remembers = true,
             .expiry = true,
             .deliveries = true,
             .keeps_leases = true,
             .counts = true,
             .peek = true,
             .cancel = true,
             .pause = true,
             .lease_most = FL_REDIS_LONGEST_DAYS * INT64_C(86400) * FILCH_SECOND,
             .extends = true,
             .stop = true,
             .records = true},
    .open = open_redis,
    .close = close_redis,
    .caps_of = caps_of,
    .watch = watch,
    .turn = turn,
    .receive = fl_redis_receive,
    .settle = fl_redis_settle,
    .extend = fl_redis_extend,
    .publish = fl_redis_publish,
    .count = fl_redis_count,
    .peek = fl_redis_peek,
    .cancel = fl_redis_cancel,
    .pause = fl_redis_pause,
    .stop = fl_redis_stop,
    .stopped = fl_redis_stopped,
    .note = fl_redis_note,
    .record = fl_redis_record,
    .check = check,
    .exchange = fl_redis_exchange,
};

/* ---- Administration ---- */

fl_broker_rc fl_redis_count(fl_broker *broker, unsigned queue, fl_broker_count *out)
{
    enum { NUMBERS = 7 };
    redisReply *reply;
    fl_redis_command command;
    fl_redis *r = fl_redis_of(broker);
    fl_redis_begin(r, &command, FL_REDIS_COUNT);
    fl_redis_text(&command, r->queues[queue].key);
    fl_broker_rc rc = fl_redis_call_list(r, &command, FL_REDIS_COUNT, NUMBERS, &reply);
    fl_redis_clear(&command);
    if (rc)
        return rc;
    uint64_t counts[NUMBERS];
    for (unsigned i = 0; i < NUMBERS; i++)
        counts[i] = (uint64_t)reply->element[i]->integer;
    *out = (fl_broker_count){
        counts[0],     counts[1],    counts[2], counts[3], counts[4] * FILCH_MILLISECOND,
        counts[5] > 0, counts[6] > 0};
    freeReplyObject(reply);
    return FL_BROKER_OK;
}

fl_broker_rc fl_redis_peek(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                           unsigned *count)
{
    redisReply *reply;
    fl_redis_command command;
    fl_redis *r = fl_redis_of(broker);
    *count = 0;
    fl_redis_begin(r, &command, FL_REDIS_PEEK);
    fl_redis_text(&command, r->queues[queue].key);
    fl_redis_number(&command, most);
    fl_redis_number(&command, (int64_t)r->config.body_most);
    fl_broker_rc rc = fl_redis_call_list(r, &command, FL_REDIS_PEEK, -1, &reply);
    fl_redis_clear(&command);
    return rc ? rc : fl_redis_read_all(r, reply, reply, queue, 0, out, most, count);
}

fl_broker_rc fl_redis_look_some(fl_redis *r, fl_redis_script script, const char *key,
                                const char *id, const char *place, char *from, size_t room,
                                bool *found)
{
    redisReply *reply;
    fl_redis_command command;
    fl_redis_begin(r, &command, script);
    fl_redis_text(&command, key);
    fl_redis_text(&command, id);
    fl_redis_text(&command, place);
    fl_redis_text(&command, from);
    fl_broker_rc rc = fl_redis_call_list(r, &command, script, -1, &reply);
    fl_redis_clear(&command);
    if (rc)
        return rc;
    if (reply->elements != 2 || reply->element[0]->type != REDIS_REPLY_INTEGER ||
        reply->element[1]->type != REDIS_REPLY_STRING)
        return fl_redis_odd(r, reply);
    *found = reply->element[0]->integer;
    snprintf(from, room, "%s", reply->element[1]->str);
    freeReplyObject(reply);
    return FL_BROKER_OK;
}

fl_broker_rc fl_redis_cancel(fl_broker *broker, const char *id, bool *found)
{
    fl_redis *r = fl_redis_of(broker);
    fl_broker_rc rc = FL_BROKER_OK;
    unsigned places = FILCH_MESSAGE_PRIORITIES + 1; /* and the delayed ones */
    *found = false;
    for (unsigned i = 0; i < r->queue_count * places && !rc && !*found; i++) {
        char place[16] = "delayed", from[64];
        bool is_stream = i % places < FILCH_MESSAGE_PRIORITIES;
        if (is_stream)
            snprintf(place, sizeof place, "%u", i % places);
        snprintf(from, sizeof from, "%s", is_stream ? "-" : "0");
        while (*from && !rc && !*found)
            rc = fl_redis_look_some(r, FL_REDIS_CANCEL, r->queues[i / places].key, id, place, from,
                                    sizeof from, found);
    }
    return rc;
}

fl_broker_rc fl_redis_pause(fl_broker *broker, unsigned queue, const char *type, bool paused)
{
    fl_redis *r = fl_redis_of(broker);
    fl_broker_rc rc = FL_BROKER_OK;
    for (bool again = true; again && !rc;) {
        redisReply *reply;
        fl_redis_command command;
        fl_redis_begin(r, &command, FL_REDIS_PAUSE);
        fl_redis_text(&command, r->queues[queue].key);
        fl_redis_text(&command, type);
        fl_redis_number(&command, paused);
        rc = fl_redis_call(r, &command, FL_REDIS_PAUSE, &reply);
        fl_redis_clear(&command);
        if (rc)
            break;
        again = reply->integer > 0;
        freeReplyObject(reply);
    }
    return rc;
}
