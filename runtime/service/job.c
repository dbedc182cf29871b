/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/job.h>

#include <runtime/service/broker.h>
#include <runtime/service/list.h>
#include <runtime/service/message.h>
#include <runtime/service/progress.h>
#include <runtime/service/service.h>

#include <errno.h>
#include <stdlib.h>

/* The copied texts and the body follow the struct. A body over the limit is not copied. */
filch_service_job *fl_service_job_make(filch_service *service, const filch_message *message)
{
    filch_message copied = *message;
    const char *excess = fl_message_excess(message);
    if (excess) { /* it will not run: only its size and id matter */
        copied = (filch_message){.id = message->id, .attempt = message->attempt};
    }
    filch_service_job *job = malloc(sizeof *job + fl_message_room(&copied));
    if (!job)
        return NULL;
    *job = (filch_service_job){.service = service, .state = FL_SERVICE_WAITING};
    job->delivery.malformed = excess;
    job->delivery.lease_until = FILCH_FOREVER;
    fl_message_copy(&job->delivery.message, &copied, job + 1);
    fl_list_init(&job->over);
    fl_list_init(&job->link);
    fl_list_init(&job->lease);
    return job;
}

void fl_service_job_free(filch_service_job *job)
{
    const fl_broker_kind *kind = job->service->link.kind;
    if (job->delivery.handle && kind->release)
        kind->release(job->delivery.handle);
    filch_context_release(job->context);
    filch_span_release(job->span);
    if (job->told)
        fl_service_forget_told(job);
    free(job->texts);
    free(job);
}

bool fl_service_job_claim(filch_service_job *job)
{
    filch_service *service = job->service;
    pthread_mutex_lock(&service->lock);
    fl_service_state was = job->state;
    bool claimed = was == FL_SERVICE_WAITING || was == FL_SERVICE_QUEUED;
    if (claimed)
        job->state = FL_SERVICE_CLAIMED;
    pthread_mutex_unlock(&service->lock);
    if (claimed) {
        fl_list_remove(&job->link);
        service->stats.held--;
    }
    return claimed;
}

void fl_service_job_forget(filch_service_job *job)
{
    fl_list_remove(&job->link);
    fl_list_remove(&job->lease);
    if (job->in_pool)
        job->settled = true;
    else
        fl_service_job_free(job);
}

/* A handler that has returned meanwhile is in `over`: it finds `lost` set, or was counted. */
static void lose_running(filch_service_job *job)
{
    filch_service *service = job->service;
    pthread_mutex_lock(&service->lock);
    bool first = !job->lost;
    job->lost = true;
    filch_context *context = filch_context_retain(job->context);
    pthread_mutex_unlock(&service->lock);
    if (context)
        filch_context_cancel(context, -ESTALE);
    filch_context_release(context);
    service->stats.lost += first;
    fl_list_remove(&job->lease);
}

void fl_service_job_lose(filch_service_job *job)
{
    if (job->is_pending) {
        job->service->pending_count--;
    } else if (!fl_service_job_claim(job)) {
        lose_running(job);
        return;
    }
    job->service->stats.lost++;
    fl_service_job_forget(job);
}
