/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/redis/redis.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/redis/command.h>
#include <runtime/service/brokers/redis/fast_path.h>
#include <runtime/service/brokers/redis/scripts.h>
#include <runtime/service/message.h>

#include <filch/wait.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Entries ----
 *
 * An entry of a stream is MS-SEQUENCE, two numbers of 64 bits: another program may choose any. */
enum { COUNTER_BITS = 24 };

static void tag_entry(fl_delivery *delivery, uint64_t ms, uint64_t sequence, uint64_t losses,
                      uint64_t counter)
{
    delivery->tag[FL_REDIS_MS] = ms;
    delivery->tag[FL_REDIS_SEQUENCE] = sequence;
    delivery->tag[FL_REDIS_LEASE] = losses << COUNTER_BITS | (counter & ((1u << COUNTER_BITS) - 1));
}

int64_t fl_redis_counter(const fl_delivery *delivery)
{
    return (int64_t)(delivery->tag[FL_REDIS_LEASE] & ((1u << COUNTER_BITS) - 1));
}

int64_t fl_redis_losses(const fl_delivery *delivery)
{
    return (int64_t)(delivery->tag[FL_REDIS_LEASE] >> COUNTER_BITS);
}

void fl_redis_append_entry(fl_redis_command *command, const fl_delivery *delivery)
{
    fl_redis_pair(command, delivery->tag[FL_REDIS_MS], delivery->tag[FL_REDIS_SEQUENCE]);
}

void fl_redis_append_worker(fl_redis_command *command, int64_t lease, const char *client)
{
    char *name = NULL;
    int size = asprintf(&name, FL_REDIS_WORKER, lease / FILCH_MILLISECOND, client ? client : "");
    fl_redis_own(command, size < 0 ? NULL : name, size < 0 ? 0 : (size_t)size);
}

/* ---- The text that describes a message ---- */

enum { ATTEMPT, ID, CONTENT_TYPE, EXPIRES, FIRST_SEEN, TRACE, TRACESTATE, ABOUT };

void fl_redis_append_about(fl_redis_command *command, const filch_message *message,
                           unsigned attempt)
{
    char numbers[3][24], trace[FILCH_TRACEPARENT_TEXT];
    snprintf(numbers[0], sizeof numbers[0], "%u", attempt);
    snprintf(numbers[1], sizeof numbers[1], "%" PRId64, message->expires);
    snprintf(numbers[2], sizeof numbers[2], "%" PRId64, message->first_seen);
    if (filch_traceparent_format(&message->trace, trace) < 0)
        trace[0] = '\0';
    const char *const texts[ABOUT] = {[ATTEMPT] = numbers[0],
                                      [ID] = message->id,
                                      [CONTENT_TYPE] = message->content_type,
                                      [EXPIRES] = numbers[1],
                                      [FIRST_SEEN] = numbers[2],
                                      [TRACE] = trace,
                                      [TRACESTATE] = message->tracestate};
    size_t size = 0, used = 0;
    for (unsigned i = 0; i < ABOUT; i++)
        size += (texts[i] ? strlen(texts[i]) : 0) + 1;
    char *about = malloc(size);
    for (unsigned i = 0; about && i < ABOUT; i++) {
        size_t length = texts[i] ? strlen(texts[i]) : 0;
        memcpy(about + used, texts[i] ? texts[i] : "", length + 1);
        used += length + 1;
    }
    fl_redis_own(command, about, size);
}

void fl_redis_append_headers(fl_redis_command *command, const filch_header *more, size_t more_count,
                             const filch_message *message)
{
    size_t size = fl_headers_pack(NULL, more, more_count, message->headers, message->header_count);
    char *text = size ? malloc(size) : NULL;
    if (text)
        fl_headers_pack(text, more, more_count, message->headers, message->header_count);
    if (size)
        fl_redis_own(command, text, size);
    else
        fl_redis_text(command, "");
}

/* ---- Answers ---- */

enum { PRIORITY, COUNTER, CUT_SIZE, ENTRY, ANSWER }; /* of an answer */
/* of an entry; the last two of other programs */
enum { TYPE, UNTIL, DEDUP, DESCRIPTION, HEADERS, BODY, PARENT, STATE, FIELDS };

static const char *const names[FIELDS] = {"type",    "until", "dedup",       "about",
                                          "headers", "body",  "traceparent", "tracestate"};

/* The field of this name, or FIELDS. Most entries have them in order, so it begins with `first`. */
static unsigned field_of(const char *name, unsigned first)
{
    for (unsigned i = 0; i < FIELDS; i++) {
        unsigned field = (first + i) % FIELDS;
        if (strcmp(name, names[field]) == 0)
            return field;
    }
    return FIELDS;
}

/* Finds the fields of an entry by their names; those that it lacks are empty. false: it is none. */
static bool read_fields(const redisReply *entry, const redisReply *of[FIELDS])
{
    static char nothing[1];
    static const redisReply empty = {.type = REDIS_REPLY_STRING, .str = nothing};
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
        entry->element[0]->type != REDIS_REPLY_STRING ||
        entry->element[1]->type != REDIS_REPLY_ARRAY || entry->element[1]->elements % 2)
        return false;
    for (unsigned i = 0; i < FIELDS; i++)
        of[i] = &empty;
    const redisReply *all = entry->element[1];
    for (size_t at = 0, next = 0; at < all->elements; at += 2) {
        if (all->element[at]->type != REDIS_REPLY_STRING ||
            all->element[at + 1]->type != REDIS_REPLY_STRING)
            return false;
        unsigned field = field_of(all->element[at]->str, (unsigned)next);
        if (field < FIELDS)
            of[field] = all->element[at + 1];
        next = field + 1;
    }
    return true;
}

static bool has_form(const redisReply *answer)
{
    bool is_answer = answer->type == REDIS_REPLY_ARRAY && answer->elements == ANSWER;
    for (unsigned i = 0; is_answer && i < ENTRY; i++)
        is_answer = answer->element[i]->type == REDIS_REPLY_INTEGER;
    return is_answer;
}

/* The texts of a description; those that it lacks are empty. hiredis ends each string with NUL. */
static void split_about(const redisReply *about, const char *texts[ABOUT])
{
    const char *at = about->str, *end = at + about->len;
    for (unsigned i = 0; i < ABOUT; i++) {
        texts[i] = at < end ? at : "";
        at += strlen(texts[i]) + (at < end);
    }
}

static const char *text_or_null(const char *text)
{
    return *text ? text : NULL;
}

/* Its time, unless the message has one; 0: the number is not a time, but of another clock or a counter. */
static int64_t seen_of(const char *text, uint64_t ms)
{
    if (*text)
        return strtoll(text, NULL, 10);
    return ms <= INT64_MAX / FILCH_MILLISECOND ? (int64_t)ms * FILCH_MILLISECOND : 0;
}

static void read_message(const redisReply *const *of, const char *entry, uint64_t ms,
                         filch_message *out)
{
    const char *texts[ABOUT];
    bool expires = of[UNTIL]->len;
    split_about(of[DESCRIPTION], texts);
    unsigned attempt = (unsigned)strtoul(texts[ATTEMPT], NULL, 10);
    *out = (filch_message){.id = *texts[ID] ? texts[ID] : entry,
                           .type = of[TYPE]->str,
                           .content_type = text_or_null(texts[CONTENT_TYPE]),
                           .dedup = text_or_null(of[DEDUP]->str),
                           .attempt = attempt ? attempt : 1,
                           .expires = expires ? strtoll(texts[EXPIRES], NULL, 10) : 0,
                           .first_seen = seen_of(texts[FIRST_SEEN], ms),
                           .tracestate = text_or_null(texts[TRACESTATE]),
                           .body = of[BODY]->str,
                           .body_size = of[BODY]->len};
    if (filch_traceparent_parse(&out->trace, of[PARENT]->str, of[PARENT]->len) == 0)
        out->tracestate = text_or_null(of[STATE]->str);
    else
        filch_traceparent_parse(&out->trace, texts[TRACE], strlen(texts[TRACE]));
}

/* The delivery of an entry whose fields have been found; NULL: no memory. cut: the size of a body that
 * is left out, or -1. */
static fl_delivery *deliver(fl_redis *r, const redisReply *entry, const redisReply *const *of,
                            unsigned queue, unsigned priority, uint64_t counter, uint64_t losses,
                            long long cut)
{
    char *end = NULL;
    filch_message message;
    const char *name = entry->element[0]->str;
    uint64_t ms = strtoull(name, &end, 10), sequence = *end ? strtoull(end + 1, NULL, 10) : 0;
    read_message(of, name, ms, &message);
    message.priority = priority;
    message.deliveries = (unsigned)(counter % FL_REDIS_DELIVERIES);
    fl_delivery *delivery =
        fl_headers_deliver(&r->config, queue, message, of[HEADERS]->str, of[HEADERS]->len,
                           cut < 0 ? message.body_size : (uint64_t)cut);
    if (delivery)
        tag_entry(delivery, ms, sequence, losses, counter);
    return delivery;
}

/* *odd: it is no answer; else NULL means no memory. losses: of the queue. */
static fl_delivery *read_answer(fl_redis *r, const redisReply *answer, unsigned queue,
                                uint64_t losses, bool *odd)
{
    const redisReply *of[FIELDS];
    *odd = !has_form(answer) || !read_fields(answer->element[ENTRY], of);
    if (*odd)
        return NULL;
    return deliver(r, answer->element[ENTRY], of, queue,
                   (unsigned)answer->element[PRIORITY]->integer,
                   (uint64_t)answer->element[COUNTER]->integer, losses,
                   answer->element[CUT_SIZE]->integer);
}

fl_delivery *fl_redis_read_new(fl_redis *r, const redisReply *entry, bool *is_odd, bool *may_expire)
{
    const fl_redis_plain *plain = &r->plain;
    const redisReply *of[FIELDS];
    *may_expire = false;
    *is_odd = !read_fields(entry, of);
    if (*is_odd)
        return NULL;
    *may_expire = of[UNTIL]->len;
    return deliver(r, entry, of, plain->queue, plain->priority, 1, plain->read_losses, -1);
}

fl_broker_rc fl_redis_short(fl_redis *r)
{
    return r->base.host->explain(r->base.host, FL_BROKER_BUSY,
                                 "no memory for messages; wait for some to be done");
}

fl_broker_rc fl_redis_read_all(fl_redis *r, redisReply *reply, const redisReply *answers,
                               unsigned queue, uint64_t losses, fl_delivery **out, unsigned most,
                               unsigned *count)
{
    bool odd = answers->type != REDIS_REPLY_ARRAY || answers->elements > most;
    bool is_short = false;
    for (size_t i = 0; !odd && !is_short && i < answers->elements; i++) {
        out[*count] = read_answer(r, answers->element[i], queue, losses, &odd);
        is_short = !out[*count];
        *count += !is_short;
    }
    if (odd)
        return fl_redis_odd(r, reply);
    freeReplyObject(reply);
    return is_short ? fl_redis_short(r) : FL_BROKER_OK; /* their leases end by themselves */
}
