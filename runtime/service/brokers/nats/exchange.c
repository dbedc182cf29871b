/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/nats/nats.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/nats/box.h>

#include <filch/timer.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

natsMsg *fl_nats_message(const fl_nats *n, unsigned index, const char *subject, const void *data,
                         size_t size)
{
    natsMsg *message;
    char reply[FL_NATS_SUBJECT];
    snprintf(reply, sizeof reply, "%s.r.%" PRIu64 "-%u", (const char *)n->inbox, n->round, index);
    if (size > INT32_MAX || natsMsg_Create(&message, subject, reply, data, (int)size) != NATS_OK)
        return NULL;
    return message;
}

natsStatus fl_nats_tell(fl_nats *n, const char *subject, const char *reply, const char *text)
{
    int size = (int)strlen(text);
    return reply ? natsConnection_PublishRequest(n->connection, subject, reply, text, size)
                 : natsConnection_Publish(n->connection, subject, text, size);
}

/* ---- Exchanges ---- */

/* Returns how many replies are due; all messages are destroyed. */
static unsigned send_all(fl_nats *n, fl_nats_request *batch, unsigned count, natsStatus *status)
{
    unsigned sent = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!batch[i].message)
            continue;
        natsStatus one = *status;
        if (one == NATS_OK)
            one = natsConnection_PublishMsg(n->connection, batch[i].message);
        natsMsg_Destroy(batch[i].message);
        batch[i].message = NULL;
        sent += one == NATS_OK;
        batch[i].too_large = one == NATS_MAX_PAYLOAD;
        if (one != NATS_MAX_PAYLOAD)
            *status = one;
    }
    return sent;
}

static natsStatus await_all(fl_nats *n, unsigned due, natsStatus status)
{
    fl_nats_box *box = n->box;
    int64_t until = filch_in(n->config.call_timeout);
    if (status == NATS_OK && due)
        status =
            natsConnection_FlushTimeout(n->connection, n->config.call_timeout / FILCH_MILLISECOND);
    pthread_mutex_lock(&box->lock);
    box->enough = due;
    while (status == NATS_OK && box->reply_count < due) {
        if (box->is_closed)
            status = NATS_CONNECTION_CLOSED;
        else if (!fl_nats_box_wait(box, until))
            status = NATS_TIMEOUT;
    }
    box->replies = NULL;
    box->reply_room = box->enough = 0;
    pthread_mutex_unlock(&box->lock);
    return status;
}

fl_broker_rc fl_nats_exchange(fl_nats *n, fl_nats_request *batch, unsigned count, const char *doing)
{
    natsMsg *replies[FL_NATS_BATCH] = {0};
    natsStatus status = NATS_OK;
    pthread_mutex_lock(&n->box->lock);
    n->box->round = n->round;
    n->box->replies = replies;
    n->box->reply_room = count;
    n->box->reply_count = 0;
    pthread_mutex_unlock(&n->box->lock);
    unsigned due = send_all(n, batch, count, &status);
    status = await_all(n, due, status);
    n->round++;
    for (unsigned i = 0; i < count; i++)
        batch[i].reply = replies[i];
    return status == NATS_OK ? FL_BROKER_OK : fl_nats_failed(n, doing, status);
}

/* ---- Replies of a stream ---- */

enum { HEADERS_EXCEED_64_KIB = 10097 }; /* libnats has no name for it */

static const struct {
    long code;
    int status;
} full[] = {
    {JSStreamMessageExceedsMaximumErr, -EMSGSIZE}, {HEADERS_EXCEED_64_KIB, -EMSGSIZE},
    {JSInsufficientResourcesErr, -ENOSPC},         {JSMemoryResourcesExceededErr, -ENOSPC},
    {JSStorageResourcesExceededErr, -ENOSPC},      {JSStreamStoreFailedErr, -ENOSPC},
    {JSStreamMaxStreamBytesExceededErr, -ENOSPC},  {JSAccountResourcesExceededErr, -ENOSPC},
};

/* {"error":{"code":503,"err_code":10077,"description":"maximum messages exceeded"}} */
static int refusal(fl_nats *n, const char *text, fl_broker_rc *rc)
{
    const char *at = strstr(text, "\"err_code\":"), *why = strstr(text, "\"description\":\"");
    long code = at ? strtol(at + strlen("\"err_code\":"), NULL, 10) : 0;
    for (unsigned i = 0; i < sizeof full / sizeof *full; i++)
        if (full[i].code == code)
            return full[i].status;
    why = why ? why + strlen("\"description\":\"") : "no reason given";
    *rc = n->base.host->explain(n->base.host, FL_BROKER_REFUSED,
                                "cannot publish to stream %s of %s (%.*s); see the server's log",
                                n->options.stream, n->where, (int)strcspn(why, "\""), why);
    return -EAGAIN;
}

int fl_nats_stored(fl_nats *n, fl_nats_request *one, fl_broker_rc *rc)
{
    char text[512];
    int status = 0;
    if (one->too_large)
        return -EMSGSIZE;
    if (!one->reply)
        return -EAGAIN; /* the exchange has explained it */
    int size = natsMsg_GetDataLength(one->reply);
    snprintf(text, sizeof text, "%.*s", size, size ? natsMsg_GetData(one->reply) : "");
    if (natsMsg_IsNoResponders(one->reply)) {
        *rc =
            n->base.host->explain(n->base.host, FL_BROKER_LOST,
                                  "cannot publish to stream %s of %s (no stream has this subject); "
                                  "see that JetStream is up, and that no one deletes the stream",
                                  n->options.stream, n->where);
        status = -EAGAIN;
    } else if (strstr(text, "\"error\":")) {
        status = refusal(n, text, rc);
    }
    natsMsg_Destroy(one->reply);
    one->reply = NULL;
    return status;
}
