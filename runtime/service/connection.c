/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/connection.h>

#include <runtime/platform/container.h>
#include <runtime/service/broker.h>
#include <runtime/service/job.h>
#include <runtime/service/message.h>
#include <runtime/service/modules.h>
#include <runtime/service/secret.h>
#include <runtime/service/service.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const filch_retry_policy away = {.base = 20 * FILCH_MILLISECOND,
                                        .cap = FILCH_SECOND,
                                        .jitter = FILCH_JITTER_EQUAL};
static const filch_retry_policy refused = {.base = FILCH_SECOND,
                                           .cap = 30 * FILCH_SECOND,
                                           .jitter = FILCH_JITTER_EQUAL};

/* ---- The host of a broker ---- */

static fl_link *link_of(const fl_broker_host *host)
{
    return (fl_link *)(uintptr_t)host;
}

static int64_t host_now(const fl_broker_host *host)
{
    return fl_service_now(link_of(host)->service);
}

static int64_t host_unix_time(const fl_broker_host *host)
{
    return fl_service_unix_time(link_of(host)->service);
}

static fl_delivery *host_delivery(const fl_broker_host *host, const filch_message *message)
{
    filch_service_job *job = fl_service_job_make(link_of(host)->service, message);
    return job ? &job->delivery : NULL;
}

static void host_drop(const fl_broker_host *host, fl_delivery *delivery)
{
    (void)host;
    fl_service_job_free(FL_CONTAINER_OF(delivery, filch_service_job, delivery));
}

FILCH_PRINTF(3, 4)
static fl_broker_rc host_explain(const fl_broker_host *host, fl_broker_rc rc, const char *format,
                                 ...)
{
    fl_link *link = link_of(host);
    va_list list;
    va_start(list, format);
    vsnprintf(link->explained, sizeof link->explained, format, list);
    va_end(list);
    return rc;
}

static void host_log(const fl_broker_host *host, filch_log_level level, const char *message)
{
    const fl_link *link = link_of(host);
    if (link->service->config.log)
        FILCH_LOG(link->service->config.log, level, message,
                  filch_log_text("broker", link->kind->name));
}

/* ---- The connection ---- */

void fl_link_init(fl_link *link, filch_service *service, const fl_broker_kind *kind,
                  fl_broker_role role)
{
    const filch_service_config *config = &service->config;
    *link = (fl_link){.host = {FL_BROKER_ABI, host_now, host_unix_time, host_delivery, host_drop,
                               host_explain, host_log},
                      .config = {.role = role,
                                 .url = config->broker,
                                 .queues = service->queue_names,
                                 .queue_count = config->queue_count,
                                 .prefetch = config->width + config->buffer + FL_SETTLE_BATCH,
                                 .lease = config->lease,
                                 .call_timeout = FL_CALL_TIMEOUT,
                                 .body_most = FL_BODY_MOST,
                                 .header_most = FL_HEADERS_MOST,
                                 .client = "filch-service"},
                      .kind = kind,
                      .caps = kind->caps,
                      .service = service};
    link->config.host = &link->host;
    filch_retry_state_begin(&away, &link->random);
}

static filch_log_field role_field(const fl_link *link)
{
    static const char *const roles[] = {[FL_BROKER_CONSUMES] = "consume",
                                        [FL_BROKER_PUBLISHES] = "publish",
                                        [FL_BROKER_ADMINISTERS] = "administer"};
    return filch_log_text("connection", roles[link->config.role]);
}

static void warn(const fl_link *link, const char *message, const char *why)
{
    if (link->service->config.log)
        FILCH_LOG(link->service->config.log, FILCH_LOG_WARN, message,
                  filch_log_text("broker", link->kind->name), role_field(link),
                  filch_log_text("reason", why));
}

static void note_connected(const fl_link *link)
{
    char text[512];
    if (!link->service->config.log)
        return;
    fl_broker_describe(link->kind, &link->caps, text, sizeof text);
    FILCH_LOG(link->service->config.log, FILCH_LOG_INFO, "broker connected",
              filch_log_text("broker", link->kind->name), role_field(link),
              filch_log_text("capabilities", text));
}

/* The first failure in a row is logged, the others are not. */
static void failed(fl_link *link, fl_broker_rc rc)
{
    const filch_retry_policy *policy = rc == FL_BROKER_LOST ? &away : &refused;
    int64_t delay = link->failures ? filch_retry_delay(policy, link->failures, &link->random) : 0;
    link->lost++;
    if (link->failures++ == 0)
        warn(link, "broker connection failed", link->explained);
    link->retry_at = fl_service_now(link->service) + delay;
}

/* ---- A busy broker ---- */

#define BUSY_TOLD FILCH_SECOND /* shorter refusals are ordinary */

int64_t fl_link_busy_since(const fl_link *link)
{
    int64_t since = 0;
    for (unsigned i = 0; i < FL_CALLS; i++)
        if (link->busy_since[i] && (!since || link->busy_since[i] < since))
            since = link->busy_since[i];
    return since;
}

static void note_busy(fl_link *link, fl_call call)
{
    link->busy_at = fl_service_now(link->service);
    if (!link->busy_since[call])
        link->busy_since[call] = link->busy_at;
    if (link->is_busy || link->busy_at - fl_link_busy_since(link) < BUSY_TOLD)
        return;
    link->is_busy = true;
    warn(link, "broker refuses calls for now", link->explained);
}

void fl_link_calm(fl_link *link)
{
    memset(link->busy_since, 0, sizeof link->busy_since);
    if (link->is_busy && link->service->config.log)
        FILCH_LOG(link->service->config.log, FILCH_LOG_INFO, "broker accepts calls again",
                  filch_log_text("broker", link->kind->name), role_field(link));
    link->is_busy = false;
}

static void note_good(fl_link *link, fl_call call)
{
    link->failures = 0;
    if (!link->busy_since[call])
        return;
    link->busy_since[call] = 0;
    if (!fl_link_busy_since(link))
        fl_link_calm(link);
}

/* ---- A URL from a file ---- */

/* Takes another URL, which the link then owns, unless the broker refuses it. */
static bool take_url(fl_link *link, char *url)
{
    const char *before = link->config.url;
    link->config.url = url;
    if (url && fl_broker_of(url) == link->kind && !fl_link_check(link)) {
        fl_secret_free(link->url);
        link->url = url;
        return true;
    }
    link->config.url = before;
    fl_secret_free(url);
    return false;
}

/* The first failure in a row is logged; the URL stays as it is. */
static void keep_url(fl_link *link, const char *why)
{
    if (!link->is_stale)
        warn(link, "broker URL not reloaded", why);
    link->is_stale = true;
}

/* Reads the URL again, since a password in it may have changed. */
static void refresh(fl_link *link)
{
    char text[FL_SECRET_BYTES], why[128];
    const char *path = link->service->config.broker_file;
    if (!path)
        return;
    if (fl_secret_read(path, text, why, sizeof why)) {
        keep_url(link, why);
    } else if (strcmp(text, link->config.url) == 0) {
        link->is_stale = false;
    } else if (take_url(link, strdup(text))) {
        link->is_stale = false;
        host_log(&link->host, FILCH_LOG_INFO, "broker URL has changed");
    } else {
        keep_url(link, "it belongs to another broker, or is wrong");
    }
    explicit_bzero(text, sizeof text);
}

/* ---- Life ---- */

int fl_link_check(fl_link *link)
{
    fl_broker_rc rc = link->kind->check ? link->kind->check(&link->config) : FL_BROKER_OK;
    return rc == FL_BROKER_OK
               ? 0
               : filch_error_set(rc == FL_BROKER_FATAL ? -EINVAL : -ENOMEM, "%s", link->explained);
}

fl_broker_rc fl_link_open(fl_link *link)
{
    if (link->broker)
        return FL_BROKER_OK;
    if (fl_service_now(link->service) < link->retry_at)
        return FL_BROKER_LOST;
    if (link->failures)
        refresh(link);
    link->explained[0] = '\0';
    fl_broker_rc rc = link->kind->open(&link->broker, &link->config);
    if (rc == FL_BROKER_FATAL)
        return rc;
    if (rc != FL_BROKER_OK) {
        failed(link, rc == FL_BROKER_REFUSED ? rc : FL_BROKER_LOST);
        return FL_BROKER_LOST;
    }
    link->caps = link->kind->caps;
    if (link->kind->caps_of)
        link->kind->caps_of(link->broker, &link->caps);
    note_connected(link);
    return FL_BROKER_OK;
}

bool fl_link_judge(fl_link *link, fl_call call, fl_broker_rc rc)
{
    if (rc == FL_BROKER_OK)
        note_good(link, call);
    else if (rc == FL_BROKER_BUSY)
        note_busy(link, call);
    if (rc == FL_BROKER_OK || rc == FL_BROKER_BUSY)
        return true;
    fl_link_close(link);
    failed(link, rc == FL_BROKER_LOST ? rc : FL_BROKER_REFUSED);
    return false;
}

void fl_link_close(fl_link *link)
{
    if (link->broker)
        link->kind->close(link->broker);
    link->broker = NULL;
    memset(link->busy_since, 0, sizeof link->busy_since);
    link->is_busy = false;
}

void fl_link_end(fl_link *link)
{
    fl_link_close(link);
    fl_secret_free(link->url);
    link->url = NULL;
}

/* ---- Extensions ---- */

enum { PAUSES = 30 }; /* attempts to extend in the time of a lease, while the broker is busy */

static filch_service_job *job_of_lease(fl_list *link)
{
    return FL_CONTAINER_OF(link, filch_service_job, lease);
}

/* ---- Connecting ---- */

fl_broker_rc fl_service_connect(filch_service *service)
{
    bool was = service->link.broker;
    fl_broker_rc rc = fl_link_open(&service->link);
    if (rc == FL_BROKER_OK && !was) {
        service->stats.connected++;
        service->more = true;
        pthread_mutex_lock(&service->lock);
        service->caps = service->link.caps;
        pthread_mutex_unlock(&service->lock);
    }
    return rc;
}

static void lose_all(filch_service *service)
{
    while (!fl_list_is_empty(&service->leased))
        fl_service_job_lose(job_of_lease(service->leased.next));
}

bool fl_service_judge(filch_service *service, fl_call call, fl_broker_rc rc)
{
    if (fl_link_judge(&service->link, call, rc))
        return true;
    if (!service->link.caps.keeps_leases)
        lose_all(service);
    return false;
}

/* ---- Leases ---- */

/* In the order of their ends. Most are equally long, so the place is at the end. */
void fl_service_lease(filch_service_job *job)
{
    fl_list *leased = &job->service->leased, *after = leased->previous;
    fl_list_remove(&job->lease);
    after = leased->previous;
    while (after != leased && job_of_lease(after)->delivery.lease_until > job->delivery.lease_until)
        after = after->previous;
    fl_list_insert(after->next, &job->lease);
    int64_t until = job->delivery.lease_until, most = job->service->config.lease;
    int64_t left = until == FILCH_FOREVER ? most : until - fl_service_now(job->service);
    job->leased_for = left < most ? left : most;
}

/* When a third of it is over. Some servers have locks that are shorter than the service's leases. */
static int64_t due(const filch_service_job *job)
{
    int64_t until = job->delivery.lease_until;
    return until == FILCH_FOREVER ? FILCH_FOREVER : until - job->leased_for * 2 / 3;
}

int64_t fl_service_extend_due(const filch_service *service)
{
    if (fl_list_is_empty(&service->leased))
        return FILCH_FOREVER;
    const filch_service_job *first = job_of_lease(service->leased.next);
    bool extends = service->link.broker && service->link.caps.extends;
    int64_t at = extends ? due(first) : first->delivery.lease_until;
    return at > service->extend_at ? at : service->extend_at;
}

/* At most a second: a refusal that is not repeated counts as over. */
static int64_t pause(const filch_service *service)
{
    int64_t part = service->config.lease / PAUSES;
    return part < FILCH_SECOND ? part : FILCH_SECOND;
}

static unsigned collect(const filch_service *service, fl_delivery **batch, int64_t now)
{
    unsigned count = 0;
    for (fl_list *at = service->leased.next; at != &service->leased && count < FL_SETTLE_BATCH;
         at = at->next) {
        filch_service_job *job = job_of_lease(at);
        if (due(job) > now)
            break;
        batch[count++] = &job->delivery;
    }
    return count;
}

static void extend_batch(filch_service *service, fl_delivery **batch, unsigned count, int64_t now)
{
    fl_broker_rc rc =
        service->link.kind->extend(service->link.broker, batch, count, service->config.lease);
    if (!fl_service_judge(service, FL_CALL_EXTEND, rc))
        return;
    service->extend_at = rc == FL_BROKER_BUSY ? now + pause(service) : 0;
    for (unsigned i = 0; rc == FL_BROKER_OK && i < count; i++) {
        filch_service_job *job = FL_CONTAINER_OF(batch[i], filch_service_job, delivery);
        if (!batch[i]->lease_until) {
            fl_service_job_lose(job);
            continue;
        }
        service->stats.extended++;
        fl_service_lease(job);
    }
    if (fl_service_extend_due(service) <= now) /* leases that are over when they begin */
        service->extend_at = now + pause(service);
}

/* A job that is running, or whose answer is due, goes on: nobody may have taken its lease. */
static void drop_ended(filch_service *service, int64_t now)
{
    fl_list *next;
    for (fl_list *at = service->leased.next; at != &service->leased; at = next) {
        filch_service_job *job = job_of_lease(at);
        next = at->next;
        if (job->delivery.lease_until > now)
            return;
        if (job->is_pending || !fl_service_job_claim(job)) {
            service->extend_at = now + pause(service);
            continue;
        }
        service->stats.lost++;
        fl_service_job_forget(job);
    }
}

void fl_service_extend(filch_service *service)
{
    fl_delivery *batch[FL_SETTLE_BATCH];
    int64_t now = fl_service_now(service);
    while (service->link.broker && service->link.caps.extends && service->extend_at <= now) {
        unsigned count = collect(service, batch, now);
        if (count)
            extend_batch(service, batch, count, now);
        if (count < FL_SETTLE_BATCH)
            break;
    }
    drop_ended(service, now);
}
