/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/view.h>

#include <runtime/platform/container.h>
#include <runtime/service/list.h>
#include <runtime/service/service.h>

#include <stdio.h>

#define RECENT (30 * FILCH_SECOND)

fl_service_health fl_service_health_read(filch_service *service)
{
    int64_t now = fl_service_now(service);
    pthread_mutex_lock(&service->lock);
    bool was_connected = service->seen.connected && now - service->connected_at <= RECENT;
    bool is_refused = service->busy_since && now - service->busy_since > RECENT;
    const fl_service_health health = {.turns = now - service->turned_at <= RECENT,
                                      .is_ready = was_connected && !is_refused && !service->stops};
    pthread_mutex_unlock(&service->lock);
    return health;
}

static void describe(const filch_service_job *job, fl_running *out)
{
    const filch_message *message = &job->message;
    snprintf(out->id, sizeof out->id, "%s", message->id ? message->id : "");
    snprintf(out->type, sizeof out->type, "%s", message->type);
    out->queue = message->queue;
    out->attempt = message->attempt;
    out->age = filch_service_job_age(job);
    out->since = filch_now() - job->began;
}

size_t fl_service_running_read(filch_service *service, fl_running *out, size_t room)
{
    size_t count = 0;
    pthread_mutex_lock(&service->lock);
    for (fl_list *at = service->active.next; at != &service->active && count < room; at = at->next)
        describe(FL_CONTAINER_OF(at, filch_service_job, over), &out[count++]);
    pthread_mutex_unlock(&service->lock);
    return count;
}
