/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/nats/nats.h>

#include <runtime/service/broker.h>

#include <filch/log.h>
#include <filch/wait.h>

#include <inttypes.h>
#include <stdio.h>

enum { GONE_MOST = 100000 }; /* numbers without messages, in a stream that is looked through */
static const int64_t SWEEP_AGAIN = 30 * FILCH_SECOND;

/* The state of a queue, by the stream and by its consumer. */
typedef struct holdings {
    uint64_t stored;    /* messages */
    uint64_t last;      /* number of the stream's last message */
    uint64_t gone;      /* numbers before it of which the stream has no message */
    uint64_t waiting;   /* messages that the consumer has not delivered */
    uint64_t unsettled; /* that it has delivered and counts as not acknowledged */
    uint64_t delivered; /* number of the last that it has delivered */
} holdings;

static natsStatus ask_stream(fl_nats *n, const char *subject, holdings *out, jsErrCode *code)
{
    jsStreamInfo *info = NULL;
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = n->config.call_timeout / FILCH_MILLISECOND;
    options.Stream.Info.SubjectsFilter = subject;
    natsStatus status = js_GetStreamInfo(&info, n->js, n->options.stream, &options, code);
    if (status == NATS_OK) {
        out->last = info->State.LastSeq;
        out->gone = info->State.NumDeleted;
    }
    for (int i = 0; status == NATS_OK && info->State.Subjects && i < info->State.Subjects->Count;
         i++)
        out->stored += info->State.Subjects->List[i].Msgs;
    jsStreamInfo_Destroy(info);
    return status;
}

/* Asks the consumer first, so it has delivered no later message than the stream's last one. */
static natsStatus take_stock(fl_nats *n, const char *subject, const char *durable, holdings *out,
                             jsErrCode *code)
{
    jsConsumerInfo *info = NULL;
    *out = (holdings){0};
    natsStatus status = js_GetConsumerInfo(&info, n->js, n->options.stream, durable, NULL, code);
    bool is_missing = status == NATS_NOT_FOUND || *code == JSConsumerNotFoundErr;
    if (status == NATS_OK) {
        out->waiting = info->NumPending;
        out->unsettled = info->NumAckPending > 0 ? (uint64_t)info->NumAckPending : 0;
        out->delivered = info->Delivered.Stream;
    }
    jsConsumerInfo_Destroy(info);
    if (status && !is_missing)
        return status;
    *code = 0;
    status = ask_stream(n, subject, out, code);
    if (is_missing) /* then none is delivered */
        out->waiting = out->stored;
    return status;
}

/* Those that the stream still has: a killed server may keep leases of messages that are gone. */
static uint64_t leased(const holdings *of)
{
    uint64_t rest = of->stored > of->waiting ? of->stored - of->waiting : 0;
    return of->unsettled < rest ? of->unsettled : rest;
}

fl_broker_rc fl_nats_count(fl_broker *broker, unsigned queue, fl_broker_count *out)
{
    fl_nats *n = fl_nats_of(broker);
    const fl_nats_queue *of = &n->queues[queue];
    holdings own, dead = {0};
    jsErrCode code = 0;
    char dead_subject[FL_NATS_SUBJECT + sizeof ".dlq"], dead_durable[sizeof dead_subject];
    snprintf(dead_subject, sizeof dead_subject, "%s.dlq", of->subject);
    snprintf(dead_durable, sizeof dead_durable, "%s+dlq", of->durable);
    natsStatus status = take_stock(n, of->subject, of->durable, &own, &code);
    status = status ? status : take_stock(n, dead_subject, dead_durable, &dead, &code);
    *out = (fl_broker_count){.ready = own.waiting,
                             .leased = leased(&own),
                             .dead = dead.waiting + leased(&dead),
                             .delayed = FL_BROKER_UNKNOWN,
                             .oldest = FL_BROKER_UNKNOWN};
    return status ? fl_nats_refused(n, "count messages of", of->durable, status, code)
                  : FL_BROKER_OK;
}

/* ---- What a killed server leaves ---- */

static fl_broker_rc begin_anew(fl_nats *n, const fl_nats_queue *queue)
{
    char text[512];
    snprintf(
        text, sizeof text,
        "stream %s lost messages that consumer %.128s had delivered, and gives their numbers to "
        "new ones; the consumer is recreated, so jobs may run again",
        n->options.stream, queue->durable);
    n->base.host->log(n->base.host, FILCH_LOG_WARN, text);
    return fl_nats_renew_consumer(n, queue);
}

/* They are not removed: after a power failure they may be new messages, to which the server gave numbers of
 * lost ones. Nothing that the server reports distinguishes these from messages whose removal it undid. */
static void report_leftovers(fl_nats *n, const fl_nats_queue *queue, uint64_t count)
{
    char text[640];
    snprintf(
        text, sizeof text,
        "stream %s has %" PRIu64
        " messages of %.200s that consumer %.128s counts as acknowledged, and never delivers: a "
        "killed server undid their removal. If the machine lost power, they may be jobs that "
        "have not run: delete the consumer, and a service delivers all of them again",
        n->options.stream, count, queue->subject, queue->durable);
    n->base.host->log(n->base.host, FILCH_LOG_WARN, text);
}

/* Acknowledges the numbers of which the stream has no message, so that the consumer forgets them. It ignores
 * others. */
static natsStatus settle_gone(fl_nats *n, const fl_nats_queue *queue, jsErrCode *code)
{
    jsStreamInfo *info = NULL;
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = n->config.call_timeout / FILCH_MILLISECOND;
    options.Stream.Info.DeletedDetails = true;
    natsStatus status = js_GetStreamInfo(&info, n->js, n->options.stream, &options, code);
    for (int i = 0; status == NATS_OK && i < info->State.DeletedLen; i++) {
        char subject[2 * FL_NATS_SUBJECT];
        snprintf(subject, sizeof subject, "$JS.ACK.%s.%s.1.%" PRIu64 ".0.0.0", n->options.stream,
                 queue->durable, info->State.Deleted[i]);
        status = fl_nats_tell(n, subject, NULL, "+ACK");
    }
    jsStreamInfo_Destroy(info);
    return status;
}

fl_broker_rc fl_nats_sweep(fl_nats *n, fl_nats_queue *queue)
{
    holdings own;
    jsErrCode code = 0;
    natsStatus status = take_stock(n, queue->subject, queue->durable, &own, &code);
    queue->sweep_at = FILCH_FOREVER;
    if (status == NATS_OK && own.delivered > own.last)
        return begin_anew(n, queue);
    uint64_t known = own.waiting + own.unsettled;
    bool has_leftovers =
             own.delivered && own.stored != known, /* or a publication came in between */
        is_idle = own.delivered == queue->swept;
    queue->swept = own.delivered;
    if (status == NATS_OK && has_leftovers && is_idle && own.unsettled && own.gone <= GONE_MOST)
        status = settle_gone(n, queue, &code);
    if (status)
        return fl_nats_refused(n, "inspect consumer", queue->durable, status, code);
    if (has_leftovers && is_idle && !own.unsettled && own.stored > known)
        report_leftovers(n, queue, own.stored - known);
    else if (has_leftovers)
        queue->sweep_at = fl_nats_now(n) + SWEEP_AGAIN;
    return FL_BROKER_OK;
}
