/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/nats/exchange.h>

#include <filch/timer.h>
#include <runtime/platform/container.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/nats/nats.h>
#include <runtime/service/job.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* ---- Life ---- */

fl_nats_box *fl_nats_box_create(const fl_broker_host *host, unsigned inboxes)
{
    pthread_condattr_t monotonic;
    fl_nats_box *box = calloc(1, sizeof *box + inboxes * sizeof *box->inboxes);
    int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!box || event < 0) {
        free(box);
        if (event >= 0)
            close(event);
        return NULL;
    }
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&box->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&box->lock, NULL);
    box->host = host;
    box->holders = 1;
    box->event = event;
    box->inbox_count = inboxes;
    for (unsigned i = 0; i < inboxes; i++) {
        box->inboxes[i].box = box;
        fl_list_init(&box->inboxes[i].arrived);
    }
    return box;
}

void fl_nats_box_retain(fl_nats_box *box)
{
    pthread_mutex_lock(&box->lock);
    box->holders++;
    pthread_mutex_unlock(&box->lock);
}

void fl_nats_box_release(fl_nats_box *box)
{
    pthread_mutex_lock(&box->lock);
    bool last = --box->holders == 0;
    pthread_mutex_unlock(&box->lock);
    if (!last)
        return;
    close(box->event);
    pthread_cond_destroy(&box->changed);
    pthread_mutex_destroy(&box->lock);
    free(box);
}

fl_nats_arrival *fl_nats_box_take(fl_nats_inbox *inbox, int64_t before)
{
    fl_nats_arrival *first = NULL;
    pthread_mutex_lock(&inbox->box->lock);
    if (!fl_list_is_empty(&inbox->arrived))
        first = FL_CONTAINER_OF(inbox->arrived.next, fl_nats_arrival, link);
    if (first && first->at <= before) {
        fl_list_remove(&first->link);
        inbox->count--;
    } else {
        first = NULL;
    }
    pthread_mutex_unlock(&inbox->box->lock);
    return first;
}

void fl_nats_box_leave(fl_nats_box *box)
{
    pthread_mutex_lock(&box->lock);
    box->host = NULL;
    pthread_mutex_unlock(&box->lock);
    for (unsigned i = 0; i < box->inbox_count; i++)
        for (fl_nats_arrival *one; (one = fl_nats_box_take(&box->inboxes[i], FILCH_FOREVER));) {
            natsMsg_Destroy(one->message);
            free(one);
        }
    fl_nats_box_release(box);
}

/* ---- The owner ---- */

void fl_nats_box_mark(fl_nats_box *box)
{
    uint64_t one = 1;
    bool any = box->is_closed || box->is_gone;
    for (unsigned i = 0; i < box->inbox_count; i++)
        any |= box->inboxes[i].count > 0;
    if (any == box->is_written)
        return;
    box->is_written = any; /* neither call can fail: it is written once, and read once */
    if (any)
        (void)!write(box->event, &one, sizeof one);
    else
        (void)!read(box->event, &one, sizeof one);
}

bool fl_nats_box_wait(fl_nats_box *box, int64_t until)
{
    struct timespec at = {until / FILCH_SECOND, until % FILCH_SECOND};
    return pthread_cond_timedwait(&box->changed, &box->lock, &at) == 0;
}

/* ---- libnats's threads ---- */

void fl_nats_on_close(natsConnection *connection, void *closure)
{
    fl_nats_box *box = closure;
    (void)connection;
    pthread_mutex_lock(&box->lock);
    box->is_closed = true;
    fl_nats_box_mark(box);
    pthread_cond_broadcast(&box->changed);
    pthread_mutex_unlock(&box->lock);
    fl_nats_box_release(box);
}

void fl_nats_on_complete(void *closure)
{
    fl_nats_box_release(closure);
}

void fl_nats_on_reply(natsConnection *connection, natsSubscription *replies, natsMsg *message,
                      void *closure)
{
    fl_nats_box *box = closure;
    char *end = NULL;
    const char *last = strrchr(natsMsg_GetSubject(message), '.');
    uint64_t round = last ? strtoull(last + 1, &end, 10) : 0;
    bool is_ours = end && *end == '-';
    unsigned long index = is_ours ? strtoul(end + 1, NULL, 10) : 0;
    (void)connection, (void)replies;
    pthread_mutex_lock(&box->lock);
    if (is_ours && round == box->round && index < box->reply_room && !box->replies[index]) {
        box->replies[index] = message;
        if (++box->reply_count == box->enough)
            pthread_cond_broadcast(&box->changed);
        message = NULL;
    }
    pthread_mutex_unlock(&box->lock);
    natsMsg_Destroy(message);
}

/* A status without a message: nobody serves the requests of this consumer any more. */
static bool tells_end(natsMsg *status)
{
    const char *text = NULL;
    if (natsMsg_IsNoResponders(status))
        return true;
    return natsMsgHeader_Get(status, "Description", &text) == NATS_OK && text &&
           strcasestr(text, "deleted");
}

static void arrive(fl_nats_inbox *inbox, natsMsg *message, bool waited)
{
    fl_nats_box *box = inbox->box;
    const char *answer_to = natsMsg_GetReply(message);
    bool is_status = !answer_to || !*answer_to;
    bool ends = is_status && tells_end(message);
    fl_nats_arrival *one = is_status ? NULL : malloc(sizeof *one);
    pthread_mutex_lock(&box->lock);
    if (waited) {
        inbox->is_waiting = false;
        inbox->declined = is_status;
    } else {
        inbox->is_asked = false;
        inbox->ended |= is_status;
    }
    box->is_gone |= ends;
    if (one && box->host) { /* else the server delivers it again after the lease */
        *one = (fl_nats_arrival){.message = message, .at = box->host->now(box->host)};
        fl_list_append(&inbox->arrived, &one->link);
        inbox->count++;
        message = NULL;
        one = NULL;
    }
    fl_nats_box_mark(box);
    if (ends || inbox->ended || inbox->count == inbox->enough)
        pthread_cond_broadcast(&box->changed);
    pthread_mutex_unlock(&box->lock);
    natsMsg_Destroy(message);
    free(one);
}

void fl_nats_on_waited(natsConnection *connection, natsSubscription *waiting, natsMsg *message,
                       void *closure)
{
    (void)connection, (void)waiting;
    arrive(closure, message, true);
}

void fl_nats_on_fetched(natsConnection *connection, natsSubscription *fetching, natsMsg *message,
                        void *closure)
{
    (void)connection, (void)fetching;
    arrive(closure, message, false);
}

/* ---- Requests ---- */

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
                                  "check that JetStream is up, and that no one deletes the stream",
                                  n->options.stream, n->where);
        status = -EAGAIN;
    } else if (strstr(text, "\"error\":")) {
        status = refusal(n, text, rc);
    }
    natsMsg_Destroy(one->reply);
    one->reply = NULL;
    return status;
}
