/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/publisher.h>

#include <filch/base.h>
#include <runtime/platform/container.h>
#include <runtime/service/broker.h>
#include <runtime/service/message.h>
#include <runtime/service/periodic/periodic.h>
#include <runtime/service/service.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

fl_request *fl_request_of_message(const filch_message *message)
{
    fl_request *one = malloc(sizeof *one + fl_message_room(message));
    if (!one)
        return NULL;
    *one = (fl_request){.holders = 2};
    fl_message_copy(&one->message, message, one + 1);
    fl_message_take_trace(&one->message);
    return one;
}

fl_request *fl_request_of_record(const char *id)
{
    size_t size = strlen(id) + 1;
    fl_request *one = malloc(sizeof *one + size);
    if (one)
        *one = (fl_request){.read_id = memcpy(one + 1, id, size), .holders = 2};
    return one;
}

void fl_request_free(fl_request *request)
{
    filch_service_record_destroy(request->record);
    free(request);
}

int fl_request_explain(int status)
{
    static const struct {
        int code;
        const char *text;
    } texts[] = {
        {-EEXIST, "an unfinished message has this dedup key; wait for it, or use another key"},
        {-EMSGSIZE, "the message is larger than the broker takes; store its body elsewhere"},
        {-ENOSPC, "the broker refused the message: its queue is full, or cannot be written for "
                  "now; publish it again, more slowly, or add workers"},
        {-ENOTSUP, "the message requires a feature that this broker lacks; see "
                   "filch_service_describe"},
        {-EINVAL, "the broker cannot be used as configured; see the service's log"},
        {-EPIPE, "the service is being destroyed"},
        {-ENOENT, "no record of this job: it has reported nothing yet, or its record has expired"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].code == status)
            return filch_error_set(status, "%s", texts[i].text);
    return status;
}

/* ---- The publisher ---- */

enum { BATCH = 100 };

static fl_request *request_of(fl_list *link)
{
    return FL_CONTAINER_OF(link, fl_request, link);
}

void fl_publisher_drop(fl_publisher *publisher, fl_request *one)
{
    pthread_mutex_lock(&publisher->lock);
    bool last = --one->holders == 0;
    pthread_mutex_unlock(&publisher->lock);
    if (last)
        fl_request_free(one);
}

static void finish(fl_publisher *publisher, fl_request *one, int status)
{
    filch_future_set(&one->done, &status, sizeof status);
    fl_publisher_drop(publisher, one);
}

/* ---- The thread ---- */

/* Up to BATCH messages, or one reading; those that nobody waits for any more are dropped. Under the
 * lock. */
static unsigned take(fl_publisher *publisher, fl_request **batch)
{
    unsigned count = 0;
    while (count < BATCH && !fl_list_is_empty(&publisher->waiting)) {
        fl_request *one = request_of(publisher->waiting.next);
        if (count && (one->read_id || batch[0]->read_id))
            break;
        fl_list_remove(&one->link);
        if (one->holders > 1)
            batch[count++] = one;
        else
            fl_request_free(one);
    }
    return count;
}

/* To the front, in their order. */
static void put_back(fl_publisher *publisher, fl_request **batch, unsigned count)
{
    pthread_mutex_lock(&publisher->lock);
    for (unsigned i = count; i > 0; i--)
        fl_list_insert(publisher->waiting.next, &batch[i - 1]->link);
    pthread_mutex_unlock(&publisher->lock);
}

static void send(fl_publisher *publisher, fl_request **batch, unsigned count)
{
    fl_publication items[BATCH];
    fl_request *left[BATCH];
    unsigned rest = 0, done = 0;
    for (unsigned i = 0; i < count; i++)
        items[i] = (fl_publication){.message = &batch[i]->message, .status = -EAGAIN};
    fl_broker_rc rc = publisher->link.kind->publish(publisher->link.broker, items, count);
    for (unsigned i = 0; i < count; i++)
        done += items[i].status == 0;
    pthread_mutex_lock(&publisher->lock);
    publisher->published += done; /* before anybody can know that they are */
    pthread_mutex_unlock(&publisher->lock);
    for (unsigned i = 0; i < count; i++) {
        if (items[i].status == -EAGAIN)
            left[rest++] = batch[i];
        else
            finish(publisher, batch[i], items[i].status);
    }
    put_back(publisher, left, rest);
    fl_link_judge(&publisher->link, FL_CALL_PUBLISH, rc);
    if (rest)
        publisher->pause_until = fl_service_now(publisher->link.service) + FL_SETTLE_PAUSE;
}

static void read_record(fl_publisher *publisher, fl_request *one)
{
    fl_link *link = &publisher->link;
    fl_broker_rc rc = link->kind->record(link->broker, one->read_id, &one->record);
    if (rc == FL_BROKER_OK)
        finish(publisher, one, one->record ? 0 : -ENOENT);
    else
        put_back(publisher, &one, 1);
    fl_link_judge(link, FL_CALL_RECORD, rc);
    if (rc == FL_BROKER_BUSY)
        publisher->pause_until = fl_service_now(link->service) + FL_SETTLE_PAUSE;
}

static void fail_all(fl_publisher *publisher, int status)
{
    fl_request *batch[BATCH];
    unsigned count;
    do {
        pthread_mutex_lock(&publisher->lock);
        count = take(publisher, batch);
        pthread_mutex_unlock(&publisher->lock);
        for (unsigned i = 0; i < count; i++)
            finish(publisher, batch[i], status);
    } while (count);
}

static bool is_periodic(fl_publisher *publisher)
{
    pthread_mutex_lock(&publisher->lock);
    bool is = publisher->periodic;
    pthread_mutex_unlock(&publisher->lock);
    return is;
}

/* When it can try again; with a clock of the tests, at once. */
static int64_t next_try(const fl_publisher *publisher, int64_t broker_until)
{
    const fl_link *link = &publisher->link;
    int64_t at = link->broker ? publisher->pause_until : link->retry_at;
    if (link->service->config.clock)
        return filch_in(FILCH_MILLISECOND);
    return at > broker_until ? broker_until : at;
}

/* For periodic jobs. At most a second, because the clock on the wall may be set. */
static int64_t next_turn(fl_publisher *publisher, int64_t until)
{
    const filch_service *service = publisher->link.service;
    int64_t rest = is_periodic(publisher) ? fl_periodics_rest(&service->periodics) : FILCH_FOREVER;
    if (rest == FILCH_FOREVER)
        return until;
    rest = service->config.clock ? FILCH_MILLISECOND : rest < FILCH_SECOND ? rest : FILCH_SECOND;
    int64_t at = filch_in(rest);
    return at < until ? at : until;
}

static void wait_for_requests(fl_publisher *publisher, bool tries)
{
    struct pollfd fds[FL_WAKER_FDS + 1];
    fl_link *link = &publisher->link;
    int64_t until = FILCH_FOREVER;
    unsigned count = 0;
    if (link->broker && link->kind->watch)
        count = link->kind->watch(link->broker, false, &fds[1], FL_WAKER_FDS, &until);
    if (link->service->config.clock)
        until = FILCH_FOREVER;
    until = next_turn(publisher, until);
    pthread_mutex_lock(&publisher->lock);
    bool quiet = !publisher->ending && (tries || fl_list_is_empty(&publisher->waiting));
    publisher->waker.asleep = quiet;
    pthread_mutex_unlock(&publisher->lock);
    fl_waker_sleep(&publisher->waker, fds, count,
                   !quiet  ? 0
                   : tries ? next_try(publisher, until)
                           : until);
    pthread_mutex_lock(&publisher->lock);
    publisher->waker.asleep = false;
    pthread_mutex_unlock(&publisher->lock);
    if (link->broker && link->kind->turn)
        fl_link_judge(link, FL_CALL_TURN, link->kind->turn(link->broker));
}

/* false: there is nothing to send, or it cannot be sent now. */
static bool send_some(fl_publisher *publisher)
{
    fl_request *batch[BATCH];
    fl_broker_rc rc = fl_link_open(&publisher->link);
    if (rc == FL_BROKER_FATAL)
        fail_all(publisher, -EINVAL);
    if (rc != FL_BROKER_OK || fl_service_now(publisher->link.service) < publisher->pause_until)
        return false;
    pthread_mutex_lock(&publisher->lock);
    unsigned count = take(publisher, batch);
    pthread_mutex_unlock(&publisher->lock);
    if (count && batch[0]->read_id)
        read_record(publisher, batch[0]);
    else if (count)
        send(publisher, batch, count);
    else
        fl_link_calm(&publisher->link);
    return count && publisher->link.broker;
}

static void *publish(void *arg)
{
    fl_publisher *publisher = arg;
    bool ending = false;
    while (!ending) {
        do
            if (is_periodic(publisher))
                fl_periodics_turn(&publisher->link.service->periodics);
        while (send_some(publisher));
        pthread_mutex_lock(&publisher->lock);
        bool tries = !fl_list_is_empty(&publisher->waiting);
        ending = publisher->ending;
        publisher->is_busy = publisher->link.is_busy;
        pthread_mutex_unlock(&publisher->lock);
        if (!ending)
            wait_for_requests(publisher, tries);
    }
    fail_all(publisher, -EPIPE);
    fl_periodics_leave(&publisher->link.service->periodics);
    fl_link_end(&publisher->link);
    return NULL;
}

/* ---- Callers ---- */

/* Signals go to other threads. Under the lock. */
static int start(fl_publisher *publisher)
{
    sigset_t all, before;
    if (publisher->started)
        return 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&publisher->thread, NULL, publish, publisher);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    publisher->started = rc == 0;
    return rc ? filch_error_set(-EAGAIN, "no thread for publishing; end some threads") : 0;
}

static int submit(fl_publisher *publisher, fl_request *one)
{
    pthread_mutex_lock(&publisher->lock);
    int rc = publisher->ending ? filch_error_set(-EPIPE, "the service is being destroyed")
                               : start(publisher);
    if (!rc)
        fl_list_append(&publisher->waiting, &one->link);
    bool wake = !rc && fl_waker_call(&publisher->waker);
    pthread_mutex_unlock(&publisher->lock);
    if (wake)
        fl_waker_write(&publisher->waker);
    return rc;
}

/* Submits a request and waits for its end; `late` explains a time-out. Its record goes to *out. */
static int request_until(fl_publisher *publisher, fl_request *one, int64_t until, const char *late,
                         filch_service_record **out)
{
    int rc = submit(publisher, one);
    if (rc) {
        fl_request_free(one);
        return rc;
    }
    rc = filch_await_until(&one->done, until);
    if (!rc) {
        rc = fl_request_explain(FILCH_VALUE(int, &one->done));
        if (out)
            *out = one->record;
        one->record = NULL;
    } else if (rc == -ETIMEDOUT) {
        filch_error_set(rc, "%s", late);
    }
    fl_publisher_drop(publisher, one);
    return rc;
}

int fl_publisher_publish(fl_publisher *publisher, const filch_message *message, int64_t until)
{
    fl_request *one = fl_request_of_message(message);
    if (!one)
        return filch_error_set(-ENOMEM, "no memory for a message; wait for some to be published");
    return request_until(publisher, one, until,
                         "the broker has not confirmed the message; it may have been published",
                         NULL);
}

int fl_publisher_read(fl_publisher *publisher, const char *id, filch_service_record **out,
                      int64_t until)
{
    fl_request *one = fl_request_of_record(id);
    if (!one)
        return filch_error_set(-ENOMEM, "no memory to read a record; free some");
    return request_until(publisher, one, until, "the broker has not answered; read again", out);
}

fl_request *fl_publisher_begin(fl_publisher *publisher, const filch_message *message)
{
    fl_request *one = fl_request_of_message(message);
    if (!one)
        return NULL;
    pthread_mutex_lock(&publisher->lock);
    fl_list_append(&publisher->waiting, &one->link);
    pthread_mutex_unlock(&publisher->lock);
    return one;
}

bool fl_publisher_is_over(const fl_request *request, int *status)
{
    bool is = filch_future_done(&request->done);
    if (is)
        *status = FILCH_VALUE(int, &request->done);
    return is;
}

int fl_publisher_set_periodic(fl_publisher *publisher, bool on)
{
    pthread_mutex_lock(&publisher->lock);
    int rc = on ? start(publisher) : 0;
    publisher->periodic = on && !rc;
    bool wake = fl_waker_call(&publisher->waker);
    pthread_mutex_unlock(&publisher->lock);
    if (wake)
        fl_waker_write(&publisher->waker);
    return rc;
}

void fl_publisher_count_slot(fl_publisher *publisher, fl_slot_end end)
{
    pthread_mutex_lock(&publisher->lock);
    publisher->slots[end]++;
    pthread_mutex_unlock(&publisher->lock);
}

void fl_publisher_stats(fl_publisher *publisher, filch_service_stats *out)
{
    pthread_mutex_lock(&publisher->lock);
    out->published = publisher->published;
    out->is_busy |= publisher->is_busy;
    out->slots_published = publisher->slots[FL_SLOT_PUBLISHED];
    out->slots_elsewhere = publisher->slots[FL_SLOT_ELSEWHERE];
    out->slots_missed = publisher->slots[FL_SLOT_MISSED];
    pthread_mutex_unlock(&publisher->lock);
}

/* ---- Life ---- */

int fl_publisher_init(fl_publisher *publisher, filch_service *service, const fl_broker_kind *kind)
{
    fl_link_init(&publisher->link, service, kind, FL_BROKER_PUBLISHES);
    pthread_mutex_init(&publisher->lock, NULL);
    fl_list_init(&publisher->waiting);
    return fl_waker_init(&publisher->waker);
}

void fl_publisher_end(fl_publisher *publisher)
{
    pthread_mutex_lock(&publisher->lock);
    publisher->ending = true;
    publisher->waker.asleep = false;
    bool started = publisher->started;
    pthread_mutex_unlock(&publisher->lock);
    if (started) {
        fl_waker_write(&publisher->waker);
        pthread_join(publisher->thread, NULL);
    }
    fl_waker_end(&publisher->waker);
    pthread_mutex_destroy(&publisher->lock);
}
