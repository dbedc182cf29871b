/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/nats/nats.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/nats/url.h>

#include <stdio.h>
#include <string.h>

/* Of one consumer, all services together: running jobs and delayed messages. */
enum { UNACKNOWLEDGED_MOST = 1 << 20 };
/* Of a consumer that a brief connection creates; services raise it. */
static const int64_t BRIEF = 5 * FILCH_SECOND;

bool fl_nats_subject(const fl_nats *n, const char *queue, char subject[FL_NATS_SUBJECT])
{
    snprintf(subject, FL_NATS_SUBJECT, "%s.%s", n->options.prefix, queue);
    return fl_nats_is_name(queue, ".");
}

/* ---- Failures ---- */

fl_broker_rc fl_nats_refused(fl_nats *n, const char *doing, const char *name, natsStatus status,
                             jsErrCode code)
{
    const fl_broker_host *host = n->base.host;
    if (code == JSNotEnabledErr || code == JSNotEnabledForAccountErr)
        return fl_nats_failed(n, doing, NATS_NO_RESPONDERS);
    if (!code)
        return fl_nats_failed(n, doing, status);
    const char *why = nats_GetLastError(&status);
    return host->explain(host, FL_BROKER_REFUSED,
                         "cannot %s %s of nats server: %s (%s, error %d); see the server's log",
                         doing, name, n->where, why ? why : "", (int)code);
}

static fl_broker_rc is_missing(fl_nats *n, const char *what, const char *name)
{
    const fl_broker_host *host = n->base.host;
    return host->explain(host, FL_BROKER_REFUSED,
                         "%s %s does not exist on %s; create it, or leave create=no out", what,
                         name, n->where);
}

/* ---- Streams ---- */

static fl_broker_rc create_stream(fl_nats *n, jsStreamInfo **info)
{
    char subjects[FL_NATS_SUBJECT];
    const char *list[] = {subjects};
    jsStreamConfig config;
    jsErrCode code = 0;
    fl_nats_subject(n, ">", subjects);
    jsStreamConfig_Init(&config);
    config.Name = n->options.stream;
    config.Subjects = list;
    config.SubjectsLen = 1;
    config.Retention = js_WorkQueuePolicy;
    config.Storage = js_FileStorage;
    config.Discard = js_DiscardNew; /* a full stream refuses messages, and forgets none */
    natsStatus status = js_AddStream(info, n->js, &config, NULL, &code);
    if (code == JSStreamNameExistErr) /* another process was faster */
        status = js_GetStreamInfo(info, n->js, n->options.stream, NULL, &code);
    return status ? fl_nats_refused(n, "create stream", n->options.stream, status, code)
                  : FL_BROKER_OK;
}

fl_broker_rc fl_nats_open_stream(fl_nats *n)
{
    const fl_broker_host *host = n->base.host;
    jsStreamInfo *info = NULL;
    jsErrCode code = 0;
    fl_broker_rc rc = FL_BROKER_OK;
    natsStatus status = js_GetStreamInfo(&info, n->js, n->options.stream, NULL, &code);
    if (status == NATS_NOT_FOUND || code == JSStreamNotFoundErr)
        rc = n->options.creates ? create_stream(n, &info)
                                : is_missing(n, "stream", n->options.stream);
    else if (status)
        rc = fl_nats_refused(n, "open stream", n->options.stream, status, code);
    if (rc == FL_BROKER_OK && info->Config->Retention != js_WorkQueuePolicy)
        rc = host->explain(host, FL_BROKER_REFUSED,
                           "stream %s of %s keeps messages after their acknowledgement (needed: "
                           "retention workqueue); use another stream",
                           n->options.stream, n->where);
    n->is_durable = info && info->Config->Storage == js_FileStorage;
    jsStreamInfo_Destroy(info);
    return rc;
}

/* ---- Consumers ---- */

static natsStatus create_consumer(fl_nats *n, const fl_nats_queue *queue, jsErrCode *code)
{
    jsConsumerInfo *info = NULL;
    jsConsumerConfig config;
    jsConsumerConfig_Init(&config);
    config.Durable = queue->durable;
    config.FilterSubject = queue->subject;
    config.AckPolicy = js_AckExplicit;
    config.AckWait = fl_nats_ack_wait(n->config.lease);
    config.MaxDeliver = -1; /* the service finds poison */
    config.MaxAckPending = UNACKNOWLEDGED_MOST;
    natsStatus status = js_AddConsumer(&info, n->js, n->options.stream, &config, NULL, code);
    jsConsumerInfo_Destroy(info);
    return status;
}

/* The longest lease of all services holds: a shorter one ends earlier in its own service. It is never
 * lowered: the server does not tell whether a service still relies on it. */
static fl_broker_rc adopt_consumer(fl_nats *n, const fl_nats_queue *queue, jsConsumerInfo *info)
{
    const fl_broker_host *host = n->base.host;
    jsConsumerInfo *updated = NULL;
    jsErrCode code = 0;
    if (info->Config->MaxDeliver > 0 || info->Config->DeliverSubject)
        return host->explain(
            host, FL_BROKER_REFUSED,
            "consumer %s of stream %s does not suit (needed: pull, max deliver -1); "
            "delete it, so that it is created",
            queue->durable, n->options.stream);
    if (info->Config->AckWait >= fl_nats_ack_wait(n->config.lease))
        return FL_BROKER_OK;
    if (n->config.brief) {
        n->config.lease = fl_nats_lease_within(info->Config->AckWait);
        return FL_BROKER_OK;
    }
    info->Config->AckWait = fl_nats_ack_wait(n->config.lease);
    natsStatus status =
        js_UpdateConsumer(&updated, n->js, n->options.stream, info->Config, NULL, &code);
    jsConsumerInfo_Destroy(updated);
    return status ? fl_nats_refused(n, "update consumer", queue->durable, status, code)
                  : FL_BROKER_OK;
}

fl_broker_rc fl_nats_renew_consumer(fl_nats *n, const fl_nats_queue *queue)
{
    jsConsumerInfo *info = NULL, *renewed = NULL;
    jsErrCode code = 0;
    natsStatus status =
        js_GetConsumerInfo(&info, n->js, n->options.stream, queue->durable, NULL, &code);
    if (status == NATS_OK)
        status = js_DeleteConsumer(n->js, n->options.stream, queue->durable, NULL, &code);
    if (status == NATS_OK)
        status = js_AddConsumer(&renewed, n->js, n->options.stream, info->Config, NULL, &code);
    jsConsumerInfo_Destroy(info);
    jsConsumerInfo_Destroy(renewed);
    return status ? fl_nats_refused(n, "renew consumer", queue->durable, status, code)
                  : FL_BROKER_OK;
}

fl_broker_rc fl_nats_open_consumer(fl_nats *n, fl_nats_queue *queue)
{
    jsConsumerInfo *info = NULL;
    jsErrCode code = 0;
    fl_broker_rc rc;
    natsStatus status =
        js_GetConsumerInfo(&info, n->js, n->options.stream, queue->durable, NULL, &code);
    if (status == NATS_OK) {
        rc = adopt_consumer(n, queue, info);
        jsConsumerInfo_Destroy(info);
        return rc || n->config.brief ? rc : fl_nats_sweep(n, queue);
    }
    if (status != NATS_NOT_FOUND && code != JSConsumerNotFoundErr)
        return fl_nats_refused(n, "open consumer", queue->durable, status, code);
    if (!n->options.creates)
        return is_missing(n, "consumer", queue->durable);
    if (n->config.brief && n->config.lease > BRIEF)
        n->config.lease = BRIEF;
    code = 0;
    status = create_consumer(n, queue, &code);
    return status ? fl_nats_refused(n, "create consumer", queue->durable, status, code)
                  : FL_BROKER_OK;
}
