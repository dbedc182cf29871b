/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/redis/fast_path.h>

#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/redis/redis.h>
#include <runtime/service/brokers/redis/scripts.h>
#include <runtime/service/brokers/redis/wire.h>

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MOST = 600, DIGITS = 20 /* of a number, at most */ };

void fl_redis_pipe_clear(fl_redis_pipe *pipe)
{
    pipe->size = 0;
    pipe->is_short = false;
}

/* false: no memory. */
static bool make_room(fl_redis_pipe *pipe, size_t size)
{
    size_t room = pipe->room ? pipe->room : 4096;
    while (room - pipe->size < size)
        room *= 2;
    char *bytes = room == pipe->room ? pipe->bytes : realloc(pipe->bytes, room);
    pipe->is_short |= !bytes;
    if (!bytes)
        return false;
    pipe->bytes = bytes;
    pipe->room = room;
    return true;
}

static void put(fl_redis_pipe *pipe, const char *text, size_t size)
{
    if (!make_room(pipe, size))
        return;
    memcpy(pipe->bytes + pipe->size, text, size);
    pipe->size += size;
}

/* Writes a number so that it ends before `end`; returns where it begins. Called for each word. */
static char *write_number(char *end, uint64_t number)
{
    do
        *--end = (char)('0' + number % 10);
    while (number /= 10);
    return end;
}

static void put_size(fl_redis_pipe *pipe, char sign, size_t size)
{
    char text[DIGITS + 3], *end = text + sizeof text;
    end[-2] = '\r';
    end[-1] = '\n';
    char *at = write_number(end - 2, size);
    *--at = sign;
    put(pipe, at, (size_t)(end - at));
}

void fl_redis_pipe_words(fl_redis_pipe *pipe, unsigned count)
{
    put_size(pipe, '*', count);
}

static void put_word(fl_redis_pipe *pipe, const char *text, size_t size)
{
    put_size(pipe, '$', size);
    put(pipe, text, size);
    put(pipe, "\r\n", 2);
}

void fl_redis_pipe_word(fl_redis_pipe *pipe, const char *text)
{
    put_word(pipe, text, strlen(text));
}

void fl_redis_pipe_print(fl_redis_pipe *pipe, const char *format, ...)
{
    char text[WORD_MOST + 1];
    va_list list;
    va_start(list, format);
    int size = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (size < 0 || size > WORD_MOST)
        pipe->is_short = true;
    else
        put_word(pipe, text, (size_t)size);
}

void fl_redis_pipe_pair(fl_redis_pipe *pipe, uint64_t first, uint64_t second)
{
    char text[2 * DIGITS + 1], *end = text + sizeof text;
    char *at = write_number(end, second);
    *--at = '-';
    at = write_number(at, first);
    put_word(pipe, at, (size_t)(end - at));
}

void fl_redis_pipe_repeat(fl_redis_pipe *pipe, size_t from, size_t to)
{
    if (pipe->is_short || !make_room(pipe, to - from))
        return;
    memcpy(pipe->bytes + pipe->size, pipe->bytes + from, to - from);
    pipe->size += to - from;
}

void fl_redis_pipe_free(fl_redis_pipe *pipe)
{
    free(pipe->bytes);
    *pipe = (fl_redis_pipe){0};
}

/* ---- Messages without fields ---- */

enum {
    PRIORITY_MOST = 9,
    LOSSES_KEPT = 1 << 29, /* as in the scripts */
    BODY_LARGE = 64 << 10  /* scripts end an answer in time if messages are large */
};

/* ---- The text ---- */

static const char *const watched[] = {"losses", "sweep", "paused"};
enum { WATCHED = sizeof watched / sizeof *watched };

/* The keys that tell of a change, and the streams that come before this one. */
static void append_watch(fl_redis *r, fl_redis_pipe *pipe)
{
    const char *key = r->queues[r->plain.queue].key;
    fl_redis_pipe_words(pipe, 1 + WATCHED + PRIORITY_MOST - r->plain.priority);
    fl_redis_pipe_word(pipe, "WATCH");
    for (unsigned i = 0; i < WATCHED; i++)
        fl_redis_pipe_print(pipe, "%s:%s", key, watched[i]);
    for (unsigned p = r->plain.priority + 1; p <= PRIORITY_MOST; p++)
        fl_redis_pipe_print(pipe, "%s:%u", key, p);
}

static void append_acks(fl_redis *r, fl_redis_pipe *pipe, const fl_settlement *batch,
                        unsigned count)
{
    const char *key = r->queues[r->plain.queue].key;
    fl_redis_pipe_words(pipe, 3 + count);
    fl_redis_pipe_word(pipe, "XACK");
    fl_redis_pipe_print(pipe, "%s:%u", key, r->plain.priority);
    fl_redis_pipe_word(pipe, "filch");
    size_t from = pipe->size;
    for (unsigned i = 0; i < count; i++)
        fl_redis_pipe_pair(pipe, batch[i].delivery->tag[FL_REDIS_MS],
                           batch[i].delivery->tag[FL_REDIS_SEQUENCE]);
    size_t to = pipe->size;
    fl_redis_pipe_words(pipe, 2 + count);
    fl_redis_pipe_word(pipe, "XDEL");
    fl_redis_pipe_print(pipe, "%s:%u", key, r->plain.priority);
    fl_redis_pipe_repeat(pipe, from, to);
}

static void append_read(fl_redis *r, fl_redis_pipe *pipe, unsigned most)
{
    static const char *const words[] = {"XREADGROUP", "GROUP", "filch"};
    fl_redis_pipe_words(pipe, 9);
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        fl_redis_pipe_word(pipe, words[i]);
    fl_redis_pipe_print(pipe, FL_REDIS_WORKER, r->config.lease / FILCH_MILLISECOND,
                        r->config.client ? r->config.client : "");
    fl_redis_pipe_word(pipe, "COUNT");
    fl_redis_pipe_print(pipe, "%u", most);
    fl_redis_pipe_word(pipe, "STREAMS");
    fl_redis_pipe_print(pipe, "%s:%u", r->queues[r->plain.queue].key, r->plain.priority);
    fl_redis_pipe_word(pipe, ">");
}

static void append_alone(fl_redis_pipe *pipe, const char *word)
{
    fl_redis_pipe_words(pipe, 1);
    fl_redis_pipe_word(pipe, word);
}

static void append_look(fl_redis *r, fl_redis_pipe *pipe)
{
    const char *key = r->queues[r->plain.queue].key;
    fl_redis_pipe_words(pipe, 3);
    fl_redis_pipe_word(pipe, "MGET");
    fl_redis_pipe_print(pipe, "%s:losses", key);
    fl_redis_pipe_print(pipe, "%s:sweep", key);
}

/* ---- Replies ---- */

static void give_up(fl_redis *r)
{
    r->plain.is_watched = r->plain.reads = false;
}

/* The replies of WATCH and MGET. */
static fl_broker_rc look(fl_redis *r, int64_t until)
{
    redisReply *watch, *values;
    fl_broker_rc rc = fl_redis_wire_reply(&r->wire, &watch, until);
    if (rc)
        return rc;
    r->plain.is_watched = watch->type == REDIS_REPLY_STATUS;
    freeReplyObject(watch);
    rc = fl_redis_wire_reply(&r->wire, &values, until);
    if (rc)
        return rc;
    bool is_list = values->type == REDIS_REPLY_ARRAY && values->elements == 2;
    if (is_list) {
        const redisReply *losses = values->element[0], *sweep = values->element[1];
        uint64_t now_lost = losses->str ? strtoull(losses->str, NULL, 10) % LOSSES_KEPT : 0;
        r->plain.reads &= now_lost == r->plain.losses && sweep->type == REDIS_REPLY_STRING;
        r->plain.losses = now_lost;
    }
    if (!is_list || !r->plain.is_watched)
        give_up(r);
    freeReplyObject(values);
    return FL_BROKER_OK;
}

/* [[stream, entries]], or NULL. */
static const redisReply *entries_of(const redisReply *read)
{
    if (read->type != REDIS_REPLY_ARRAY || read->elements != 1)
        return NULL;
    const redisReply *stream = read->element[0];
    if (stream->type != REDIS_REPLY_ARRAY || stream->elements != 2)
        return NULL;
    return stream->element[1]->type == REDIS_REPLY_ARRAY ? stream->element[1] : NULL;
}

static uint64_t number_of(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_INTEGER ? (uint64_t)reply->integer : 0;
}

/* Keeps what a transaction has read, and frees the rest. */
static void keep(fl_redis *r, redisReply *reply, unsigned most)
{
    fl_redis_plain *plain = &r->plain;
    const redisReply *entries = most ? entries_of(reply->element[reply->elements - 1]) : NULL;
    plain->reads &= !most || (entries && entries->elements == most);
    if (!entries) {
        freeReplyObject(reply);
        return;
    }
    plain->reply = reply;
    plain->entries = entries;
    plain->at = 0;
    plain->read_losses = plain->losses;
}

/* Runs a transaction that acknowledges `count` and reads up to `most`, and watches again. *done:
 * false, if the server has dropped it. */
static fl_broker_rc transact(fl_redis *r, const fl_settlement *batch, unsigned count, unsigned most,
                             bool *done)
{
    fl_redis_plain *plain = &r->plain;
    fl_redis_pipe *pipe = &plain->pipe;
    unsigned commands = (count ? 2 : 0) + (most ? 1 : 0);
    *done = false;
    fl_redis_pipe_clear(pipe);
    append_alone(pipe, "MULTI");
    if (count)
        append_acks(r, pipe, batch, count);
    if (most)
        append_read(r, pipe, most);
    append_alone(pipe, "EXEC");
    append_watch(r, pipe);
    append_look(r, pipe);
    if (pipe->is_short) {
        give_up(r);
        return FL_BROKER_OK;
    }
    redisReply *reply = NULL;
    int64_t until = filch_in(r->config.call_timeout), now = fl_redis_now(r);
    fl_broker_rc rc = fl_redis_wire_send(&r->wire, pipe->bytes, pipe->size, until);
    r->wire.aside += 1 + commands; /* that they are queued; EXEC tells if one is not */
    if (!rc)
        rc = fl_redis_wire_reply(&r->wire, &reply, until);
    if (rc)
        return rc;
    *done = reply->type == REDIS_REPLY_ARRAY && reply->elements == commands;
    if (*done) {
        plain->since = now;
        plain->found = count ? number_of(reply->element[0]) : 0;
        keep(r, reply, most);
    } else {
        plain->reads = false;
        freeReplyObject(reply);
    }
    return look(r, until);
}

/* ---- Beginning ---- */

fl_broker_rc fl_redis_plain_watch(fl_redis *r, unsigned queue)
{
    fl_redis_plain *plain = &r->plain;
    const fl_redis_queue *of = &r->queues[queue];
    bool has_it = plain->is_watched && plain->queue == queue && plain->priority == of->usual;
    if (!of->is_usual || has_it || plain->reply)
        return FL_BROKER_OK;
    give_up(r);
    plain->queue = queue;
    plain->priority = of->usual;
    plain->losses = UINT64_MAX; /* of no delivery, until the script tells it */
    fl_redis_pipe_clear(&plain->pipe);
    append_alone(&plain->pipe, "MULTI"); /* without the right to it, the rest would run alone */
    append_alone(&plain->pipe, "EXEC");  /* ends the WATCH before */
    append_watch(r, &plain->pipe);
    if (plain->pipe.is_short)
        return FL_BROKER_OK;
    r->wire.aside += 3;
    r->wire.is_aside_refused = false;
    plain->is_watched = true;
    return fl_redis_wire_send(&r->wire, plain->pipe.bytes, plain->pipe.size,
                              filch_in(r->config.call_timeout));
}

void fl_redis_plain_begin(fl_redis *r, unsigned queue, long long priority, uint64_t losses,
                          int64_t now)
{
    fl_redis_plain *plain = &r->plain;
    r->queues[queue].is_usual = priority >= 0 && priority <= PRIORITY_MOST;
    if (r->queues[queue].is_usual)
        r->queues[queue].usual = (unsigned)priority;
    if (r->wire.is_aside_refused)
        give_up(r);
    if (!plain->is_watched || plain->queue != queue)
        return;
    plain->losses = losses;
    plain->reads = plain->priority == priority;
    plain->until = now + FL_REDIS_PLAIN_AGE;
}

static bool may_read(const fl_redis *r, unsigned queue)
{
    const fl_redis_plain *plain = &r->plain;
    int64_t now = fl_redis_now(r);
    return plain->reads && plain->queue == queue && !plain->reply && now < plain->until &&
           now < r->queues[queue].next_at;
}

/* ---- Receiving ---- */

static void drop_reply(fl_redis_plain *plain)
{
    if (plain->reply)
        freeReplyObject(plain->reply);
    plain->reply = NULL;
}

void fl_redis_plain_free(fl_redis_plain *plain)
{
    drop_reply(plain);
    fl_redis_pipe_free(&plain->pipe);
}

static fl_broker_rc give_back(fl_redis *r, fl_delivery *delivery)
{
    fl_settlement one = {.delivery = delivery, .verb = FL_SETTLE_RETURN};
    fl_broker_rc rc = fl_redis_settle(&r->base, &one, 1);
    r->base.host->drop(r->base.host, delivery);
    return rc;
}

/* The next message that has been read; NULL with OK: it went back to the queue, or there is none. */
static fl_broker_rc next_of(fl_redis *r, fl_delivery **out)
{
    bool is_odd, may_expire;
    fl_redis_plain *plain = &r->plain;
    *out = fl_redis_read_new(r, plain->entries->element[plain->at], &is_odd, &may_expire);
    if (is_odd) {
        redisReply *reply = plain->reply;
        plain->reply = NULL;
        return fl_redis_odd(r, reply);
    }
    if (!*out)
        return fl_redis_short(r);
    plain->at++;
    (*out)->lease_until = plain->since + r->config.lease;
    plain->reads &= (*out)->message.body_size <= BODY_LARGE && !may_expire;
    if (plain->at == plain->entries->elements)
        drop_reply(plain);
    if (!may_expire)
        return FL_BROKER_OK;
    fl_delivery *delivery = *out; /* by the server's clock, so a script has to look at it */
    *out = NULL;
    return give_back(r, delivery);
}

fl_broker_rc fl_redis_plain_receive(fl_redis *r, unsigned queue, fl_delivery **out, unsigned most,
                                    unsigned *count)
{
    fl_broker_rc rc = FL_BROKER_OK;
    bool done;
    while (!rc && *count < most) {
        if (!r->plain.reply && may_read(r, queue))
            rc = transact(r, NULL, 0, most - *count, &done);
        if (rc || !r->plain.reply)
            return rc;
        rc = next_of(r, &out[*count]);
        *count += !rc && out[*count];
    }
    if (rc) /* the leases of the rest end by themselves */
        drop_reply(&r->plain);
    return rc;
}

/* ---- Settling ---- */

static bool is_plain(const fl_redis *r, const fl_settlement *one)
{
    const fl_delivery *delivery = one->delivery;
    return one->verb == FL_SETTLE_ACK && !one->note && !delivery->message.dedup &&
           delivery->queue == r->plain.queue && delivery->message.priority == r->plain.priority &&
           (uint64_t)fl_redis_losses(delivery) == r->plain.losses;
}

fl_broker_rc fl_redis_plain_settle(fl_redis *r, fl_settlement *batch, unsigned count,
                                   unsigned queue, unsigned most, bool *done)
{
    bool plain = r->plain.is_watched;
    *done = false;
    for (unsigned i = 0; i < count && plain; i++)
        plain = is_plain(r, &batch[i]);
    if (!plain)
        return FL_BROKER_OK;
    fl_broker_rc rc = transact(r, batch, count, may_read(r, queue) ? most : 0, done);
    for (unsigned i = 0; i < count && *done; i++)
        batch[i].status = r->plain.found == count ? 0 : -ESTALE;
    return rc;
}
