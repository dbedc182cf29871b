/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/job.h>

#include <runtime/service/broker.h>
#include <runtime/service/intake.h>
#include <runtime/service/message.h>
#include <runtime/service/progress.h>
#include <runtime/service/ready.h>
#include <runtime/service/service.h>
#include <runtime/service/settle.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const fl_record_names[] = {[FL_RECORD_SUCCESS] = "success",
                                       [FL_RECORD_FAILURE] = "failure",
                                       [FL_RECORD_ERROR] = "error",
                                       [FL_RECORD_CANCELLED] = "cancelled"};

int fl_record_init(fl_record *record)
{
    int rc = filch_distribution_create(&record->durations);
    for (unsigned i = 0; i < FL_RECORD_STATUSES && !rc; i++)
        rc = filch_counter_create(&record->counts[i]);
    return rc;
}

void fl_record_end(fl_record *record)
{
    filch_distribution_destroy(record->durations);
    for (unsigned i = 0; i < FL_RECORD_STATUSES; i++)
        filch_counter_destroy(record->counts[i]);
}

void fl_record_run(const filch_service_job *job)
{
    static const fl_record_status statuses[FILCH_SERVICE_OUTCOMES] = {
        [FILCH_SERVICE_DONE] = FL_RECORD_SUCCESS,
        [FILCH_SERVICE_RETRIED] = FL_RECORD_FAILURE,
        [FILCH_SERVICE_DEAD] = FL_RECORD_FAILURE,
        [FILCH_SERVICE_CANCELLED] = FL_RECORD_CANCELLED,
    };
    const fl_record *record = &job->type->record;
    filch_service_outcome outcome = job->verdict.outcome;
    if (outcome == FILCH_SERVICE_GIVEN_BACK || (job->refused && outcome == FILCH_SERVICE_RETRIED))
        return;
    filch_counter_add(record->counts[statuses[outcome]], 1);
    if (outcome != FILCH_SERVICE_CANCELLED)
        filch_distribution_record(record->durations, job->duration);
}

void fl_record_cancel(const filch_service_job *job)
{
    filch_counter_add(job->type->record.counts[FL_RECORD_CANCELLED], 1);
}

void fl_record_refusal(const filch_service_job *job)
{
    const fl_record *record = job->type ? &job->type->record : &job->service->other;
    filch_counter_add(record->counts[FL_RECORD_ERROR], 1);
}

/* ---- Memory ---- */

#ifdef __SANITIZE_ADDRESS__
enum { SPARE_MOST = 0 }; /* so that late uses are found */
#else
enum { SPARE_MOST = 2 * FL_SETTLE_BATCH };
#endif

/* With room for a message of this size behind it. The memory of jobs with small messages is used
 * again, since an allocator keeps none of this size at hand. */
static filch_service_job *allocate(filch_service *service, size_t room)
{
    enum { SMALL = 512 };
    bool is_small = room <= SMALL;
    fl_list *spare = is_small ? fl_list_take(&service->spare) : NULL;
    filch_service_job *job =
        spare ? fl_job_of_link(spare) : malloc(sizeof *job + (is_small ? SMALL : room));
    if (!job)
        return NULL;
    service->spare_count -= spare != NULL;
    *job =
        (filch_service_job){.service = service, .state = FL_SERVICE_WAITING, .is_small = is_small};
    return job;
}

static void release(filch_service_job *job)
{
    filch_service *service = job->service;
    bool keeps = job->is_small && service->spare_count + 1 <= SPARE_MOST;
    if (keeps)
        fl_list_insert(service->spare.next, &job->link); /* the next one finds it in the cache */
    else
        free(job);
    service->spare_count += keeps;
}

void fl_service_free_spare(filch_service *service)
{
    for (fl_list *link; (link = fl_list_take(&service->spare));)
        free(fl_job_of_link(link));
}

/* The copied texts and the body follow the struct. A message over a limit is not copied, unless its dead
 * letter is made of the copy. */
filch_service_job *fl_service_job_make(filch_service *service, const filch_message *message)
{
    filch_message copied = *message;
    const char *excess = fl_message_excess(message);
    if (excess &&
        !service->link.kind->transport) /* it will not run: the broker only has to find it */
        copied = (filch_message){.id = message->id,
                                 .priority = message->priority,
                                 .attempt = message->attempt};
    filch_service_job *job = allocate(service, fl_message_room(&copied));
    if (!job)
        return NULL;
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
    release(job);
}

/* ---- Moves ---- */

void fl_service_unhold(filch_service_job *job)
{
    filch_service *service = job->service;
    service->stats.held--;
    service->held_bytes -= job->delivery.message.body_size;
    service->ended++;
}

bool fl_service_job_claim(filch_service_job *job)
{
    filch_service *service = job->service;
    pthread_mutex_lock(&service->lock);
    fl_service_state was = job->state;
    bool claimed = was == FL_SERVICE_WAITING || was == FL_SERVICE_QUEUED;
    if (was == FL_SERVICE_QUEUED)
        fl_ready_remove(job);
    if (claimed)
        job->state = FL_SERVICE_CLAIMED;
    pthread_mutex_unlock(&service->lock);
    if (was == FL_SERVICE_QUEUED)
        fl_service_leave(job);
    if (claimed) {
        fl_list_remove(&job->link);
        fl_service_unhold(job);
    }
    return claimed;
}

void fl_service_job_forget(filch_service_job *job)
{
    fl_list_remove(&job->link);
    fl_list_remove(&job->lease);
    fl_service_job_free(job);
}

/* Sets a flag of a job whose handler runs, and ends its context. A handler that has returned
 * meanwhile is in `over`: it finds the flag set, or was counted. true: the flag was not set. */
static bool end_run(filch_service_job *job, bool *flag, int cause)
{
    pthread_mutex_lock(&job->service->lock);
    bool first = !*flag;
    *flag = true;
    filch_context *context = filch_context_retain(job->context);
    pthread_mutex_unlock(&job->service->lock);
    if (context)
        filch_context_cancel(context, cause);
    filch_context_release(context);
    return first;
}

void fl_service_job_stop(filch_service_job *job)
{
    if (job->is_pending)
        return;
    if (!fl_service_job_claim(job)) {
        end_run(job, &job->stopped, -ECANCELED);
        return;
    }
    job->verdict = (fl_service_verdict){.outcome = FILCH_SERVICE_CANCELLED, .verb = FL_SETTLE_ACK};
    fl_record_cancel(job);
    if (job->service->config.log)
        FILCH_LOG(job->service->config.log, FILCH_LOG_INFO, "task cancelled before it began",
                  filch_log_text("task_id", job->message.id),
                  filch_log_text("task_type", job->message.type));
    fl_service_answer_job(job, &job->service->stats.outcomes[FILCH_SERVICE_CANCELLED]);
}

void fl_service_job_lose(filch_service_job *job)
{
    if (job->is_pending) {
        job->service->pending_count--;
    } else if (!fl_service_job_claim(job)) {
        job->service->stats.lost += end_run(job, &job->lost, -ESTALE);
        fl_list_remove(&job->lease);
        return;
    }
    job->service->stats.lost++;
    fl_service_job_forget(job);
}
