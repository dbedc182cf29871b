/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/connection.h>

#include <runtime/platform/container.h>
#include <runtime/service/broker.h>
#include <runtime/service/job.h>
#include <runtime/service/list.h>
#include <runtime/service/service.h>

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
