/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/loop.h>

#include <filch/timer.h>
#include <filch/wait.h>
#include <runtime/platform/container.h>
#include <runtime/service/ahead.h>
#include <runtime/service/broker.h>
#include <runtime/service/connection.h>
#include <runtime/service/intake.h>
#include <runtime/service/job.h>
#include <runtime/service/progress.h>
#include <runtime/service/ready.h>
#include <runtime/service/service.h>
#include <runtime/service/settle.h>

#include <errno.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define LOOK (100 * FILCH_MILLISECOND)      /* for brokers that cannot be watched */
#define LOOK_AGAIN (20 * FILCH_MILLISECOND) /* for messages on their way */
#define BUSY_LAST (3 * FILCH_SECOND)        /* a refusal; calls are repeated within a second */
#define REST (10 * FILCH_SECOND)            /* the longest sleep: a turn is a sign of life */

/* ---- Jobs that are over ---- */

static void job_over(filch_service_job *job)
{
    filch_service *service = job->service;
    fl_service_leave(job);
    fl_service_unhold(job);
    fl_record_run(job);
    if (job->lost)
        fl_service_job_forget(job);
    else
        fl_service_answer_job(job, &service->stats.outcomes[job->verdict.outcome]);
}

/* Returns the number of calls of filch_service_stop. */
static unsigned take_over(filch_service *service)
{
    fl_list over, *link;
    fl_list_init(&over);
    pthread_mutex_lock(&service->lock);
    fl_list_append_all(&over, &service->over);
    service->over_count = 0;
    service->has_notes = !fl_list_is_empty(&service->told);
    unsigned stops = service->stops;
    pthread_mutex_unlock(&service->lock);
    while ((link = fl_list_take(&over)))
        job_over(FL_CONTAINER_OF(link, filch_service_job, over));
    if (fl_ahead_varies(&service->ahead))
        fl_ahead_look(&service->ahead, service->ended, service->held_bytes,
                      fl_service_now(service));
    return stops;
}

/* ---- Draining ---- */

static void return_unbegun(filch_service *service)
{
    const fl_broker_kind *kind = service->link.kind;
    fl_list *next;
    service->returned = true;
    for (fl_list *at = service->leased.next; at != &service->leased; at = next) {
        filch_service_job *job = FL_CONTAINER_OF(at, filch_service_job, lease);
        next = at->next;
        if (job->is_pending || !fl_service_job_claim(job))
            continue;
        fl_service_return_job(job);
    }
    if (service->link.broker && kind->cease)
        fl_service_judge(service, FL_CALL_TURN, kind->cease(service->link.broker));
}

static void cancel_running(filch_service *service)
{
    service->cancelled = true;
    pthread_mutex_lock(&service->lock);
    bool some = service->running;
    pthread_mutex_unlock(&service->lock);
    service->interrupted |= some;
    filch_context_cancel(service->context, -ECANCELED);
}

static void drop_answers(filch_service *service)
{
    service->gave_up = service->pending_count;
    while (!fl_list_is_empty(&service->pending)) {
        service->pending_count--;
        fl_service_job_forget(fl_job_of_link(service->pending.next));
    }
}

/* true: the drain is over. */
static bool drain(filch_service *service, unsigned stops)
{
    service->stats.is_draining = true;
    if (!service->returned)
        return_unbegun(service);
    if (!service->cancelled && (stops > 1 || filch_now() >= service->stop_until))
        cancel_running(service);
    fl_service_settle(service);
    if (service->stats.held || service->in_pool)
        return false;
    if (service->pending_count && service->cancelled)
        drop_answers(service);
    return !service->pending_count;
}

/* ---- Turns ---- */

static void publish_stats(filch_service *service)
{
    int64_t now = fl_service_now(service);
    if (now - service->link.busy_at > BUSY_LAST)
        fl_link_calm(&service->link);
    int64_t busy_since = fl_link_busy_since(&service->link);
    service->stats.is_connected = service->link.broker;
    service->stats.is_busy = service->link.is_busy;
    service->stats.broken = service->link.lost;
    pthread_mutex_lock(&service->lock);
    service->seen = service->stats;
    service->turned_at = now;
    service->busy_since = busy_since;
    if (service->link.broker)
        service->connected_at = now;
    pthread_mutex_unlock(&service->lock);
}

/* *over: the drain is over. 0, or -EINVAL: the broker cannot be used. */
static int turn(filch_service *service, bool *over)
{
    unsigned stops = take_over(service);
    if (fl_service_connect(service) == FL_BROKER_FATAL)
        return filch_error_set(-EINVAL, "%s", service->link.explained);
    fl_service_extend(service);
    fl_service_look_for_stopped(service);
    fl_service_send_notes(service);
    if (stops) {
        *over = drain(service, stops);
    } else {
        fl_service_dispatch(service); /* the pool works while the broker does */
        fl_service_exchange(service);
        fl_service_receive(service); /* first: answers wait for those of messages that have come */
        fl_service_settle(service);
        fl_service_dispatch(service);
    }
    publish_stats(service);
    fl_service_pulse(service);
    return 0;
}

/* ---- Sleep ---- */

static int64_t receive_due(const filch_service *service)
{
    return service->receive_at ? service->receive_at : FILCH_FOREVER;
}

static int64_t link_due(const filch_service *service)
{
    return service->link.broker ? FILCH_FOREVER : service->link.retry_at;
}

static int64_t stop_due(const filch_service *service)
{
    bool waits = service->stats.is_draining && !service->cancelled;
    return waits ? service->stop_until : fl_service_rate_due(service);
}

/* The times at which the owner has something to do. by_clock: of the
 * service's clock; with a clock of the tests, only times that have come count. */
static const struct source {
    bool by_clock;
    int64_t (*due)(const filch_service *service);
} sources[] = {
    {true, fl_service_settle_due},
    {true, fl_service_extend_due},
    {true, receive_due},
    {true, link_due},
    {true, fl_service_notes_due},
    {false, stop_due},
    {false, fl_service_stopped_due},
    {false, fl_ready_due},
    {false, fl_service_pulse_due},
};

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When the owner has something to do, at the latest after REST. broker_until: the broker's time. */
static int64_t next_due(const filch_service *service, int64_t broker_until)
{
    int64_t due[2] = {filch_in(REST), broker_until};
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        due[sources[i].by_clock] = earlier(due[sources[i].by_clock], sources[i].due(service));
    if (service->config.clock)
        due[1] = due[1] <= fl_service_now(service) ? 0 : FILCH_FOREVER;
    return earlier(due[0], due[1]);
}

/* How many jobs have to be over before the owner has something to do. It has when a batch of answers
 * is full or no job can add to it, when there is room to receive, and when a waiting job may begin.
 * The first job of a batch counts at once, so that its age is known. */
static unsigned enough(const filch_service *service)
{
    unsigned count = service->in_pool, pending = service->pending_count;
    bool ages = pending && pending < FL_SETTLE_BATCH && service->link.broker &&
                !service->config.clock; /* its answer has a time at which the sleep ends */
    if (!ages || service->stats.is_draining || fl_service_has_waiting(service))
        return 1;
    count = count < FL_SETTLE_BATCH - pending ? count : FL_SETTLE_BATCH - pending;
    unsigned missing = service->more ? fl_service_missing_room(service) : count;
    count = missing < count ? missing : count;
    return count ? count : 1;
}

static bool may_sleep(filch_service *service)
{
    unsigned count = enough(service);
    pthread_mutex_lock(&service->lock);
    bool quiet = service->over_count < count && !service->roused;
    service->over_enough = count;
    service->has_notes = !fl_list_is_empty(&service->told);
    service->waker.asleep = quiet;
    service->roused = false;
    pthread_mutex_unlock(&service->lock);
    return quiet;
}

static void awake(filch_service *service)
{
    pthread_mutex_lock(&service->lock);
    service->waker.asleep = false;
    service->roused = false;
    pthread_mutex_unlock(&service->lock);
}

static void sleep_until_needed(filch_service *service)
{
    struct pollfd fds[FL_WAKER_FDS + 1];
    fl_link *link = &service->link;
    int64_t until = FILCH_FOREVER, now = fl_service_now(service);
    unsigned count = 0;
    if (link->broker && link->kind->watch)
        count = link->kind->watch(link->broker, !service->more, &fds[1], FL_WAKER_FDS, &until);
    else if (link->broker)
        until = now + LOOK;
    bool goes_on = !service->stats.is_draining && fl_service_goes_on(service);
    if (!goes_on && may_sleep(service)) {
        fl_waker_sleep(&service->waker, fds, count, next_due(service, until));
        awake(service);
    } else {
        fl_waker_sleep(&service->waker, fds, count, 0);
    }
    for (unsigned i = 1; i <= count; i++)
        service->more |= fds[i].revents != 0;
    now = fl_service_now(service);
    service->more |= now >= until;
    if (service->receive_at && now >= service->receive_at) {
        service->receive_at = 0;
        service->more = true;
    }
    if (link->broker && link->kind->turn)
        fl_service_judge(service, FL_CALL_TURN, link->kind->turn(link->broker));
}

/* ---- Loops ---- */

void fl_service_discard(filch_service *service)
{
    take_over(service);
    while (!fl_list_is_empty(&service->leased))
        fl_service_job_forget(FL_CONTAINER_OF(service->leased.next, filch_service_job, lease));
}

int fl_service_loop(filch_service *service)
{
    bool over = false;
    int rc;
    while (!(rc = turn(service, &over)) && !over)
        sleep_until_needed(service);
    if (rc)
        return rc;
    if (service->interrupted)
        return filch_error_set(-ECANCELED, "handlers were cancelled at the end of the drain; their "
                                           "messages will be delivered again");
    return !service->gave_up
               ? 0
               : filch_error_set(-ECANCELED, "answers were not accepted before the end of the "
                                             "drain; their messages will be delivered again");
}

static bool may_come(const fl_link *link, int64_t since)
{
    return link->kind->may_come && link->kind->may_come(link->broker, since);
}

int fl_service_loop_ready(filch_service *service)
{
    const int64_t since = filch_now();
    bool over = false, has_waited = false;
    int rc;
    service->more = true;
    while (!(rc = turn(service, &over)) && !over) {
        bool works = service->stats.held || service->in_pool;
        if (!works && !service->link.broker && service->link.retry_at > fl_service_now(service))
            return filch_error_set(-ENOTCONN, "no connection to the broker: %s; call again later",
                                   service->link.explained);
        if (!works && service->pending_count && service->settle_at > fl_service_now(service))
            return filch_error_set(-EAGAIN, "the broker is busy: %s; call again later",
                                   service->link.explained);
        if (!works && !service->pending_count && !service->more && service->link.broker) {
            bool waits = may_come(&service->link, since);
            if (!waits && !has_waited)
                return 0;
            has_waited = waits; /* one more look after the last wait */
            service->receive_at = fl_service_now(service) + (waits ? LOOK_AGAIN : 0);
        }
        sleep_until_needed(service);
    }
    return rc;
}

/* ---- The exchange with the broker ---- */

static bool is_useful(const filch_service *service)
{
    return service->link.kind->exchange && service->pending_count &&
           service->settle_at <= fl_service_now(service) && fl_service_may_receive(service);
}

static void exchange(filch_service *service)
{
    fl_settlement answers[FL_SETTLE_BATCH];
    fl_note notes[FL_SETTLE_BATCH];
    fl_delivery *batch[FL_RECEIVE_BATCH];
    unsigned received = 0, count = fl_service_collect(service, answers, notes);
    fl_service_share share = fl_service_next_share(service);
    if (share.most > FL_SETTLE_BATCH) /* else answers would pile up before there is room again */
        share.most = FL_SETTLE_BATCH;
    fl_broker_rc rc = service->link.kind->exchange(service->link.broker, answers, count,
                                                   share.queue, batch, share.most, &received);
    bool left = fl_service_apply(service, answers, count);
    if (rc == FL_BROKER_OK || rc == FL_BROKER_BUSY) /* others are judged once, below */
        fl_service_judge(service, FL_CALL_SETTLE, rc);
    bool full = fl_service_take(service, &share, batch, received, rc);
    if (left && service->link.broker) /* else they are sent by the next connection */
        service->settle_at = fl_service_now(service) + FL_SETTLE_PAUSE;
    /* the other queues have not been asked */
    service->more = full || (rc == FL_BROKER_OK && service->config.queue_count > 1);
}

void fl_service_exchange(filch_service *service)
{
    /* answers to messages that come meanwhile wait for the next turn, or a backlog of messages that
     * cannot run would keep it from leases and orders to stop */
    for (unsigned due = service->pending_count, sent = 0; sent < due && is_useful(service);
         sent += FL_SETTLE_BATCH)
        exchange(service);
}

/* ---- The waker ---- */

int fl_waker_init(fl_waker *waker)
{
    waker->asleep = false;
    waker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return waker->fd < 0 ? -errno : 0;
}

void fl_waker_end(fl_waker *waker)
{
    if (waker->fd >= 0)
        close(waker->fd);
    waker->fd = -1;
}

void fl_waker_write(fl_waker *waker)
{
    uint64_t one = 1;
    ssize_t written;
    do /* it fails otherwise only when a write is already there to be read */
        written = write(waker->fd, &one, sizeof one);
    while (written < 0 && errno == EINTR);
}

void fl_waker_clear(fl_waker *waker)
{
    uint64_t writes;
    (void)!read(waker->fd, &writes, sizeof writes); /* one that is left ends the next sleep */
}

void fl_waker_sleep(fl_waker *waker, struct pollfd *fds, unsigned count, int64_t until)
{
    struct timespec span, *limit = NULL;
    if (until != FILCH_FOREVER) {
        int64_t left = until - filch_now();
        left = left < 0 ? 0 : left;
        span = (struct timespec){left / FILCH_SECOND, left % FILCH_SECOND};
        limit = &span;
    }
    fds[0] = (struct pollfd){.fd = waker->fd, .events = POLLIN};
    if (ppoll(fds, count + 1, limit, NULL) < 0) /* a signal: no descriptor was looked at */
        for (unsigned i = 0; i <= count; i++)
            fds[i].revents = 0;
    if (fds[0].revents)
        fl_waker_clear(waker);
}

/* ---- The pulse ---- */

void fl_service_pulse_set(filch_service *service, fl_pulse_fn *fn, void *arg, int64_t every)
{
    service->pulse = (fl_pulse){.fn = fn, .arg = arg, .every = every};
}

void fl_service_pulse(filch_service *service)
{
    fl_pulse *pulse = &service->pulse;
    int64_t now = pulse->fn ? filch_now() : 0;
    if (!pulse->fn || now < pulse->due)
        return;
    pulse->fn(pulse->arg);
    pulse->due = now + pulse->every;
}

int64_t fl_service_pulse_due(const filch_service *service)
{
    return service->pulse.fn ? service->pulse.due : FILCH_FOREVER;
}

/* ---- Cancelled jobs ---- */

enum { BATCH = 1000 }; /* deliveries in one question */
static const int64_t PAUSE = FILCH_SECOND;

static bool can_ask(const filch_service *service)
{
    return service->link.broker && service->link.caps.stop;
}

/* false: the broker gave no answer. */
static bool ask(filch_service *service, fl_delivery *const *batch, unsigned count)
{
    bool stopped[BATCH];
    fl_broker_rc rc = service->link.kind->stopped(service->link.broker, batch, count, stopped);
    if (!fl_service_judge(service, FL_CALL_STOPPED, rc) || rc != FL_BROKER_OK)
        return false;
    for (unsigned i = 0; i < count; i++)
        if (stopped[i])
            fl_service_job_stop(FL_CONTAINER_OF(batch[i], filch_service_job, delivery));
    return true;
}

int64_t fl_service_stopped_due(const filch_service *service)
{
    bool is_due = can_ask(service) && !fl_list_is_empty(&service->leased);
    return is_due ? service->stopped_at : FILCH_FOREVER;
}

/* An answer takes no job out of the list, unless it ends the connection. */
static void look(filch_service *service)
{
    fl_delivery *batch[BATCH];
    fl_list *at = service->leased.next;
    bool answered = true;
    while (answered && at != &service->leased) {
        unsigned count = 0;
        for (; at != &service->leased && count < BATCH; at = at->next) {
            filch_service_job *job = FL_CONTAINER_OF(at, filch_service_job, lease);
            if (!job->is_pending && !job->stopped)
                batch[count++] = &job->delivery;
        }
        answered = count && ask(service, batch, count);
    }
}

void fl_service_look_for_stopped(filch_service *service)
{
    int64_t now = filch_now();
    if (!can_ask(service) || fl_list_is_empty(&service->leased)) {
        service->stopped_at = now + PAUSE; /* of jobs that are received then */
    } else if (service->stopped_at <= now) {
        service->stopped_at = now + PAUSE;
        look(service);
    }
}

void fl_service_stop_redelivered(filch_service *service, fl_delivery *const *batch, unsigned count)
{
    fl_delivery *again[BATCH];
    unsigned some = 0;
    for (unsigned i = 0; i < count && can_ask(service) && some < BATCH; i++)
        if (batch[i]->message.attempt > 1 || batch[i]->message.deliveries > 1)
            again[some++] = batch[i];
    if (some)
        ask(service, again, some);
}
