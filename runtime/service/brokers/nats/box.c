/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/nats/box.h>

#include <runtime/platform/container.h>
#include <runtime/service/broker.h>
#include <runtime/service/job.h>

#include <filch/timer.h>

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
