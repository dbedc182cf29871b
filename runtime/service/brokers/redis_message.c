/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/redis.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/redis_command.h>
#include <runtime/service/brokers/redis_scripts.h>
#include <runtime/service/headers.h>

#include <filch/wait.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Entries ----
 *
 * An entry of a stream is MS-SEQUENCE. tag[0] is MS, and the low 20 bits of SEQUENCE; tag[1] is
 * its other 11 bits, and the counter of 53 bits, which is exact in Lua. More messages would not
 * fit into one ms. */
enum { SEQUENCE_LOW = 20, SEQUENCE_BITS = 31, COUNTER_BITS = 53 };

static void tag_entry(fl_delivery *delivery, uint64_t ms, uint64_t sequence, uint64_t counter)
{
    delivery->tag[0] = ms << SEQUENCE_LOW | (sequence & ((1u << SEQUENCE_LOW) - 1));
    delivery->tag[1] = sequence >> SEQUENCE_LOW << COUNTER_BITS | counter;
}

void fl_redis_append_entry(fl_redis_command *command, const fl_delivery *delivery)
{
    uint64_t high = delivery->tag[1] >> COUNTER_BITS << SEQUENCE_LOW;
    uint64_t low = delivery->tag[0] & ((1u << SEQUENCE_LOW) - 1);
    char *entry = NULL;
    int size =
        asprintf(&entry, "%" PRIu64 "-%" PRIu64, delivery->tag[0] >> SEQUENCE_LOW, high | low);
    fl_redis_number(command, delivery->message.priority);
    fl_redis_own(command, size < 0 ? NULL : entry, size < 0 ? 0 : (size_t)size);
    fl_redis_number(command, (int64_t)(delivery->tag[1] & ((UINT64_C(1) << COUNTER_BITS) - 1)));
}

/* ---- The text that describes a message ---- */

enum { ATTEMPT, ID, CONTENT_TYPE, EXPIRES, FIRST_SEEN, TRACE, TRACESTATE, ABOUT };

void fl_redis_append_about(fl_redis_command *command, const filch_message *message,
                           unsigned attempt)
{
    char numbers[3][24], trace[FILCH_TRACE_TEXT];
    snprintf(numbers[0], sizeof numbers[0], "%u", attempt);
    snprintf(numbers[1], sizeof numbers[1], "%" PRId64, message->expires);
    snprintf(numbers[2], sizeof numbers[2], "%" PRId64, message->first_seen);
    if (filch_trace_format(&message->trace, trace) < 0)
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

enum {
    PRIORITY,
    ENTRY,
    DELIVERIES,
    BODY_SIZE,
    TYPE,
    UNTIL,
    DEDUP,
    DESCRIPTION,
    HEADERS,
    BODY,
    ANSWER
};

static bool has_form(const redisReply *answer)
{
    bool is_answer = answer->type == REDIS_REPLY_ARRAY && answer->elements == ANSWER;
    for (unsigned i = 0; is_answer && i < ANSWER; i++) {
        bool is_text = i == ENTRY || i >= TYPE;
        is_answer =
            answer->element[i]->type == (is_text ? REDIS_REPLY_STRING : REDIS_REPLY_INTEGER);
    }
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

static void read_message(const redisReply *const *of, uint64_t ms, filch_message *out)
{
    const char *texts[ABOUT];
    bool expires = of[UNTIL]->len;
    split_about(of[DESCRIPTION], texts);
    int64_t seen = strtoll(texts[FIRST_SEEN], NULL, 10);
    unsigned attempt = (unsigned)strtoul(texts[ATTEMPT], NULL, 10);
    *out = (filch_message){.id = *texts[ID] ? texts[ID] : of[ENTRY]->str,
                           .type = of[TYPE]->str,
                           .content_type = text_or_null(texts[CONTENT_TYPE]),
                           .dedup = text_or_null(of[DEDUP]->str),
                           .priority = (unsigned)of[PRIORITY]->integer,
                           .attempt = attempt ? attempt : 1,
                           .deliveries = (unsigned)of[DELIVERIES]->integer,
                           .expires = expires ? strtoll(texts[EXPIRES], NULL, 10) : 0,
                           .first_seen = seen ? seen : (int64_t)ms * FILCH_MILLISECOND,
                           .tracestate = text_or_null(texts[TRACESTATE]),
                           .body = of[BODY]->str,
                           .body_size = of[BODY]->len};
    if (*texts[TRACE])
        filch_trace_parse(&out->trace, texts[TRACE], strlen(texts[TRACE]));
}

fl_delivery *fl_redis_read(fl_redis *r, const redisReply *answer, unsigned queue, uint64_t token,
                           bool *odd)
{
    filch_message message;
    uint64_t ms, sequence;
    *odd = !has_form(answer);
    if (*odd)
        return NULL;
    const redisReply *const *of = (const redisReply *const *)answer->element;
    *odd = sscanf(of[ENTRY]->str, "%" SCNu64 "-%" SCNu64, &ms, &sequence) != 2;
    if (*odd)
        return NULL;
    read_message(of, ms, &message);
    fl_delivery *delivery = fl_headers_deliver(&r->config, queue, message, of[HEADERS]->str,
                                               of[HEADERS]->len, (uint64_t)of[BODY_SIZE]->integer);
    if (delivery)
        tag_entry(delivery, ms, sequence, token * FL_REDIS_DELIVERIES + message.deliveries);
    return delivery;
}

fl_broker_rc fl_redis_read_all(fl_redis *r, redisReply *reply, const redisReply *answers,
                               unsigned queue, uint64_t token, fl_delivery **out, unsigned most,
                               unsigned *count)
{
    bool odd = answers->type != REDIS_REPLY_ARRAY || answers->elements > most;
    bool is_short = false;
    for (size_t i = 0; !odd && !is_short && i < answers->elements; i++) {
        out[*count] = fl_redis_read(r, answers->element[i], queue, token, &odd);
        is_short = !out[*count];
        *count += !is_short;
    }
    if (odd)
        return fl_redis_odd(r, reply);
    freeReplyObject(reply);
    if (is_short) /* their leases end by themselves */
        return r->base.host->explain(r->base.host, FL_BROKER_BUSY,
                                     "no memory for messages; wait for some to be done");
    return FL_BROKER_OK;
}
