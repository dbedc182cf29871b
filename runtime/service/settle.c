/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/settle.h>

#include <runtime/platform/container.h>
#include <runtime/service/broker.h>
#include <runtime/service/connection.h>
#include <runtime/service/job.h>
#include <runtime/service/message.h>
#include <runtime/service/progress.h>
#include <runtime/service/run_job.h>
#include <runtime/service/service.h>

#include <errno.h>
#include <string.h>

void fl_service_answer_job(filch_service_job *job, uint64_t *count)
{
    filch_service *service = job->service;
    job->count = count;
    if (!service->pending_count++)
        service->pending_since = fl_service_now(service);
    job->is_pending = true;
    fl_list_append(&service->pending, &job->link);
}

void fl_service_return_job(filch_service_job *job)
{
    job->verdict.verb = FL_SETTLE_RETURN;
    fl_service_answer_job(job, &job->service->stats.returned);
}

int64_t fl_service_settle_due(const filch_service *service)
{
    if (!service->pending_count || !service->link.broker)
        return FILCH_FOREVER;
    bool now = service->pending_count >= FL_SETTLE_BATCH || !service->stats.held;
    int64_t due = now ? 0 : service->pending_since + FL_SETTLE_AGE;
    return due > service->settle_at ? due : service->settle_at;
}

/* The headers that a dead letter gets. */
static void put_headers(filch_service_job *job, fl_settlement *one)
{
    filch_service *service = job->service;
    fl_dead_headers_fill(&job->dead, job->verdict.reason, service->queue_names[job->delivery.queue],
                         fl_service_unix_time(service));
    one->headers = job->dead.header;
    one->header_count = FL_DEAD_HEADERS;
}

/* A message without an id gets that of its envelope or a random one with its copy, which keeps it; its
 * age begins at its first delivery. */
static void identify(filch_service_job *job)
{
    filch_message *copied = &job->delivery.message;
    const char *known = job->message.id;
    copied->first_seen = job->message.first_seen;
    if (copied->id)
        return;
    if (!known || strlen(known) >= FL_COPIED_ID_BYTES) {
        fl_message_random_id(job->id);
        copied->id = job->id;
        job->message.id = known ? known : job->id;
    } else {
        copied->id = known;
    }
}

unsigned fl_service_collect(filch_service *service, fl_settlement *batch, fl_note *notes)
{
    unsigned count = 0;
    for (fl_list *at = service->pending.next; at != &service->pending && count < FL_SETTLE_BATCH;
         at = at->next) {
        filch_service_job *job = fl_job_of_link(at);
        if (job->verdict.verb == FL_SETTLE_RETRY || job->verdict.verb == FL_SETTLE_DEAD)
            identify(job);
        batch[count] = (fl_settlement){.delivery = &job->delivery,
                                       .verb = job->verdict.verb,
                                       .attempt = job->verdict.attempt,
                                       .delay = job->verdict.delay,
                                       .status = -EAGAIN};
        if (job->verdict.verb == FL_SETTLE_DEAD)
            put_headers(job, &batch[count]);
        if (fl_service_end_note(job, &notes[count]))
            batch[count].note = &notes[count];
        count++;
    }
    return count;
}

static void note_settled(const filch_service_job *job)
{
    bool has_run = job->began;
    job->service->stats.settled++;
    ++*job->count;
    if (job->verdict.verb != FL_SETTLE_DEAD)
        return;
    if (!has_run)
        fl_record_refusal(job);
    fl_service_report_dead(job, has_run ? FILCH_LOG_ERROR : FILCH_LOG_WARN);
}

bool fl_service_apply(filch_service *service, const fl_settlement *batch, unsigned count)
{
    bool left = false;
    for (unsigned i = 0; i < count; i++) {
        filch_service_job *job = FL_CONTAINER_OF(batch[i].delivery, filch_service_job, delivery);
        if (batch[i].status == -EAGAIN) {
            left = true;
            continue;
        }
        if (batch[i].status)
            service->stats.lost++;
        else
            note_settled(job);
        service->pending_count--;
        fl_service_job_forget(job);
    }
    return left;
}

void fl_service_settle(filch_service *service)
{
    fl_settlement batch[FL_SETTLE_BATCH];
    fl_note notes[FL_SETTLE_BATCH];
    while (fl_service_settle_due(service) <= fl_service_now(service)) {
        unsigned count = fl_service_collect(service, batch, notes);
        fl_broker_rc rc = service->link.kind->settle(service->link.broker, batch, count);
        bool left = fl_service_apply(service, batch, count);
        if (!fl_service_judge(service, FL_CALL_SETTLE, rc))
            return;
        if (left)
            service->settle_at = fl_service_now(service) + FL_SETTLE_PAUSE;
    }
}
