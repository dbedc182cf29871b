/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/copy.h>

#include <runtime/platform/hash.h>
#include <runtime/service/broker.h>

#include <filch/log.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char DEAD_SUFFIX[] = ".dlq";

/* ---- Copies ---- */

typedef struct copy {
    fl_settlement *item;
    filch_message message;
    void *room; /* its headers, then the name of its queue; NULL: they are the original's */
} copy;

static bool is_replaced(const fl_settlement *one, const filch_header *header)
{
    for (unsigned i = 0; i < one->header_count; i++)
        if (strcasecmp(one->headers[i].name, header->name) == 0)
            return true;
    return false;
}

/* The original's headers without those that the settlement replaces, then the settlement's. */
static size_t merge(const fl_settlement *one, filch_header *out)
{
    const filch_message *message = &one->delivery->message;
    size_t count = 0;
    for (size_t i = 0; i < message->header_count; i++)
        if (!is_replaced(one, &message->headers[i]))
            out[count++] = message->headers[i];
    for (unsigned i = 0; i < one->header_count; i++)
        out[count++] = one->headers[i];
    return count;
}

/* A dead letter has headers and a queue of its own. false: no memory. */
static bool bury(copy *out, const fl_settlement *one)
{
    filch_message *message = &out->message;
    size_t room = (message->header_count + one->header_count) * sizeof(filch_header);
    size_t length = strlen(message->queue) + sizeof DEAD_SUFFIX;
    filch_header *headers = malloc(room + length);
    if (!headers)
        return false;
    char *queue = (char *)headers + room;
    snprintf(queue, length, "%s%s", message->queue, DEAD_SUFFIX);
    message->header_count = merge(one, headers);
    message->headers = headers;
    message->queue = queue;
    message->expires = 0;
    out->room = headers;
    return true;
}

static bool make(copy *out, fl_settlement *one)
{
    const filch_message *message = &one->delivery->message;
    bool is_retry = one->verb == FL_SETTLE_RETRY, is_return = one->verb == FL_SETTLE_RETURN;
    *out = (copy){.item = one, .message = *message};
    out->message.attempt = is_retry ? one->attempt : message->attempt;
    out->message.delay = is_retry && one->delay > 0 ? one->delay : 0;
    /* the delivery that is returned does not count */
    out->message.deliveries = is_return && message->deliveries ? message->deliveries - 1 : 0;
    return one->verb != FL_SETTLE_DEAD || bury(out, one);
}

/* ---- Copies that are never accepted ---- */

static bool is_refused(int status)
{
    return status == -EMSGSIZE || status == -ENOTSUP;
}

/* Has the log not reported this message yet? Each lease brings it again, so the last reports of all
 * connections of the process are kept. */
static bool is_news(const fl_settlement *one)
{
    enum { KNOWN = 256 };
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static uint64_t known[KNOWN];
    static unsigned next;
    const char *id = one->delivery->message.id;
    uint64_t hash = fl_hash_byte(fl_hash_text(id ? id : ""), (unsigned char)one->verb);
    bool is_new = true;
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < KNOWN && id; i++)
        is_new &= known[i] != hash;
    if (is_new)
        known[next++ % KNOWN] = hash;
    pthread_mutex_unlock(&lock);
    return is_new;
}

static const char *reason_of(const fl_delivery *original, int status)
{
    return original->malformed   ? original->malformed
           : status == -EMSGSIZE ? "its copy is larger than the broker accepts"
                                 : "the broker does not accept its copy";
}

static void report(const fl_broker *broker, const fl_settlement *one, int status, bool stays)
{
    char text[512];
    const filch_message *message = &one->delivery->message;
    const char *what =
        one->verb == FL_SETTLE_DEAD ? "become a dead letter" : "be retried as a copy";
    snprintf(text, sizeof text, "message %.80s of queue %.90s cannot %s: %s; %s. %s",
             message->id ? message->id : "without an id", message->queue, what,
             reason_of(one->delivery, status),
             status == -EMSGSIZE
                 ? broker->kind->transport->remedy
                 : "shorten its headers or the name of its queue, or remove it with another "
                   "program",
             stays ? "It stays in its queue, and is delivered again when its lease ends"
                   : "It is delivered again after the delay");
    broker->host->log(broker->host, stays ? FILCH_LOG_ERROR : FILCH_LOG_WARN, text);
}

/* Without a copy nothing can be done for a dead letter, or for a retry without delays. */
static void refuse(const fl_broker *broker, fl_settlement *one, int status)
{
    bool is_dead = one->verb == FL_SETTLE_DEAD, is_retry = one->verb == FL_SETTLE_RETRY,
         stays = is_dead || (is_retry && !broker->kind->transport->delays);
    one->delivery->refused = true;
    one->status = stays ? -ESTALE : FL_SETTLE_TO_DO;
    if ((is_dead || is_retry) && is_news(one))
        report(broker, one, status, stays);
}

/* ---- Settling ---- */

static bool is_to_copy(fl_broker *broker, const fl_settlement *one)
{
    return one->status == FL_SETTLE_TO_DO && one->verb != FL_SETTLE_ACK && !one->delivery->copied &&
           !one->delivery->refused && broker->kind->transport->needs_copy(broker, one);
}

/* Returns how many copies there are; their items have the status -EAGAIN. A lease that has ended here may
 * be another's: its copy would be a second one. */
static unsigned begin(fl_broker *broker, fl_settlement *batch, unsigned count, copy *copies)
{
    unsigned used = 0;
    for (unsigned i = 0; i < count; i++) {
        bool is_lost = broker->kind->transport->is_lost(broker, batch[i].delivery);
        batch[i].status = is_lost ? -ESTALE : FL_SETTLE_TO_DO;
        if (!is_to_copy(broker, &batch[i]))
            continue;
        bool has_ended = broker->host->now(broker->host) >= batch[i].delivery->lease_until;
        batch[i].status = has_ended ? -ESTALE : -EAGAIN;
        used += !has_ended && make(&copies[used], &batch[i]);
    }
    return used;
}

static void judge(const fl_broker *broker, fl_settlement *one, int status, fl_broker_rc *rc)
{
    if (!status) {
        one->delivery->copied = true;
        one->status = FL_SETTLE_TO_DO;
    } else if (is_refused(status)) {
        refuse(broker, one, status);
    } else if (status == -ENOSPC && !*rc) {
        *rc =
            broker->host->explain(broker->host, FL_BROKER_BUSY,
                                  "cannot copy a message of queue %s (a queue is full); make room",
                                  one->delivery->message.queue);
    }
}

static fl_broker_rc publish(fl_broker *broker, const copy *copies, unsigned count)
{
    fl_publication batch[FL_COPY_BATCH];
    for (unsigned i = 0; i < count; i++)
        batch[i] = (fl_publication){.message = &copies[i].message,
                                    .copy_of = copies[i].item->delivery,
                                    .status = -EAGAIN};
    fl_broker_rc rc = broker->kind->publish(broker, batch, count);
    for (unsigned i = 0; i < count; i++)
        judge(broker, copies[i].item, batch[i].status, &rc);
    return rc;
}

/* After a lost connection nothing more is answered, unless the leases end with it: then all possible
 * answers are still sent. */
static bool may_answer(const fl_broker *broker, fl_broker_rc published)
{
    return published != FL_BROKER_LOST || !broker->kind->caps.keeps_leases;
}

static fl_broker_rc settle_part(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    const fl_transport *transport = broker->kind->transport;
    copy copies[FL_COPY_BATCH];
    unsigned used = begin(broker, batch, count, copies);
    fl_broker_rc rc = FL_BROKER_OK, published = FL_BROKER_OK;
    if (used && transport->answers_first)
        rc = transport->answer(broker, batch, count);
    if (used && !rc)
        published = publish(broker, copies, used);
    if (!rc && may_answer(broker, published))
        rc = transport->answer(broker, batch, count);
    for (unsigned i = 0; i < used; i++)
        free(copies[i].room);
    for (unsigned i = 0; i < count; i++)
        if (batch[i].status == FL_SETTLE_TO_DO)
            batch[i].status = -EAGAIN;
    return rc ? rc : published;
}

fl_broker_rc fl_copy_settle(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < count; i++)
        batch[i].status = -EAGAIN;
    for (unsigned from = 0; from < count && !rc; from += FL_COPY_BATCH) {
        unsigned left = count - from;
        rc = settle_part(broker, batch + from, left < FL_COPY_BATCH ? left : FL_COPY_BATCH);
    }
    return rc;
}
