/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/stopped.h>

#include <runtime/platform/container.h>
#include <runtime/service/broker.h>
#include <runtime/service/connection.h>
#include <runtime/service/job.h>
#include <runtime/service/link.h>
#include <runtime/service/list.h>
#include <runtime/service/service.h>

#include <filch/timer.h>

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
