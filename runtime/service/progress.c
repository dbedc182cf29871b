/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/given.h>
#include <runtime/service/progress.h>

#include <runtime/platform/container.h>
#include <runtime/service/broker.h>
#include <runtime/service/connection.h>
#include <runtime/service/job.h>
#include <runtime/service/loop.h>
#include <runtime/service/service.h>

#include <filch/service.h>
#include <filch/wait.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOTES_PAUSE (100 * FILCH_MILLISECOND) /* between two batches of progress */

typedef struct text {
    size_t size;
    char bytes[];
} text;

/* Under the lock until the job's function is over. */
typedef struct fl_told {
    filch_service_job *job;
    fl_list link;            /* in service->told, while there is progress to send */
    text *progress, *result; /* NULL: none that has not been sent */
} fl_told;

/* ---- Runners ---- */

static text *copy_of(const void *bytes, size_t size)
{
    text *copy = malloc(sizeof *copy + size + 1);
    if (!copy)
        return NULL;
    copy->size = size;
    if (size)
        memcpy(copy->bytes, bytes, size);
    return copy;
}

int fl_service_no_records(const filch_service *service)
{
    return filch_error_set(
        -ENOTSUP,
        "the broker %s keeps no records of jobs; use memory, sqlite, postgres or "
        "redis",
        service->link.kind->name);
}

static int check(const filch_service_job *job, const void *bytes, size_t size)
{
    if (!job->service->link.kind->caps.records)
        return fl_service_no_records(job->service);
    if (size && !bytes)
        return filch_error_set(-EINVAL, "%zu bytes at NULL; pass their address", size);
    if (size > FILCH_SERVICE_RECORD_MOST)
        return filch_error_set(-EMSGSIZE,
                               "%zu bytes are too many for a record (at most %d); store them "
                               "elsewhere, and record the location",
                               size, FILCH_SERVICE_RECORD_MOST);
    if (!job->message.id)
        return filch_error_set(-ENOTSUP, "a record is kept by the job's id, and this job has none; "
                                         "publish it with an id");
    if (strlen(job->message.id) > FILCH_SERVICE_RECORD_ID_MOST) /* databases have an index of ids */
        return filch_error_set(-EMSGSIZE,
                               "the job's id is too long for a record (at most %d bytes); publish "
                               "it with a shorter one",
                               FILCH_SERVICE_RECORD_ID_MOST);
    return 0;
}

/* Under the lock. */
static fl_told *told_of(filch_service_job *job)
{
    if (!job->told) {
        job->told = calloc(1, sizeof *job->told);
        if (job->told) {
            job->told->job = job;
            fl_list_init(&job->told->link);
        }
    }
    return job->told;
}

/* Under the lock: puts the copy in the place of an older one, which is returned. *wake: the owner
 * has to be woken. */
static text *replace(filch_service_job *job, text *copy, bool is_result, bool *wake)
{
    filch_service *service = job->service;
    fl_told *told = told_of(job);
    if (!told)
        return copy;
    text **place = is_result ? &told->result : &told->progress;
    text *old = *place;
    *place = copy;
    if (!is_result && fl_list_is_empty(&told->link)) {
        fl_list_append(&service->told, &told->link);
        *wake = fl_waker_call(&service->waker);
    }
    return old;
}

static int tell(filch_service_job *job, const void *bytes, size_t size, bool is_result)
{
    filch_service *service = job->service;
    bool wake = false;
    int rc = check(job, bytes, size);
    if (rc)
        return rc;
    text *copy = copy_of(bytes, size);
    text *old = NULL;
    if (copy) {
        pthread_mutex_lock(&service->lock);
        old = replace(job, copy, is_result, &wake);
        pthread_mutex_unlock(&service->lock);
    }
    if (wake)
        fl_waker_write(&service->waker);
    bool is_short = old == copy; /* both NULL, or the copy came back */
    free(old);
    return is_short ? filch_error_set(-ENOMEM, "no memory for a record; free some") : 0;
}

int filch_service_job_progress(filch_service_job *job, const void *bytes, size_t size)
{
    FL_GIVEN(job);
    return tell(job, bytes, size, false);
}

int filch_service_job_result(filch_service_job *job, const void *bytes, size_t size)
{
    FL_GIVEN(job);
    return tell(job, bytes, size, true);
}

/* ---- The owner, while jobs run ---- */

int64_t fl_service_notes_due(const filch_service *service)
{
    return service->has_notes && service->link.broker ? service->note_at : FILCH_FOREVER;
}

static fl_note note_of(const filch_service_job *job)
{
    return (fl_note){.delivery = &job->delivery,
                     .id = job->message.id,
                     .ttl = job->service->config.result_ttl,
                     .creates = job->told};
}

/* Takes progress of running jobs; that of others goes with their settlement. The copies are
 * batch[].progress, in `texts`. */
static unsigned take(filch_service *service, fl_note *batch, text **texts)
{
    unsigned count = 0;
    pthread_mutex_lock(&service->lock);
    for (fl_list *at = service->told.next, *next; at != &service->told && count < FL_SETTLE_BATCH;
         at = next) {
        fl_told *told = FL_CONTAINER_OF(at, fl_told, link);
        next = at->next;
        fl_list_remove(at);
        if (told->job->state != FL_SERVICE_RUNNING || told->job->lost)
            continue;
        batch[count] = note_of(told->job);
        batch[count].progress = told->progress->bytes;
        batch[count].progress_size = told->progress->size;
        texts[count++] = told->progress;
        told->progress = NULL;
    }
    pthread_mutex_unlock(&service->lock);
    return count;
}

/* Progress that was not sent, unless there is a newer one. */
static void put_back(filch_service *service, const fl_note *batch, text **texts, unsigned count)
{
    pthread_mutex_lock(&service->lock);
    for (unsigned i = 0; i < count; i++) {
        fl_told *told = FL_CONTAINER_OF(batch[i].delivery, filch_service_job, delivery)->told;
        if (told->progress)
            continue;
        told->progress = texts[i];
        texts[i] = NULL;
        fl_list_append(&service->told, &told->link);
    }
    pthread_mutex_unlock(&service->lock);
}

void fl_service_send_notes(filch_service *service)
{
    fl_note batch[FL_SETTLE_BATCH];
    text *texts[FL_SETTLE_BATCH];
    if (!service->has_notes)
        return;
    int64_t now = fl_service_now(service);
    if (fl_service_notes_due(service) > now)
        return;
    unsigned count = take(service, batch, texts);
    service->note_at = now + NOTES_PAUSE;
    if (!count)
        return;
    fl_broker_rc rc = service->link.kind->note(service->link.broker, batch, count);
    if (rc != FL_BROKER_OK)
        put_back(service, batch, texts, count);
    for (unsigned i = 0; i < count; i++)
        free(texts[i]);
    fl_service_judge(service, FL_CALL_NOTE, rc);
}

/* ---- The owner, when a job is over ---- */

/* An earlier attempt, perhaps of another process, may have made a record, which must not say for
 * ever that the job runs. */
static bool may_have_record(const filch_service_job *job)
{
    return job->service->link.kind->caps.records && job->message.id &&
           (job->message.attempt > 1 || job->message.deliveries > 1);
}

/* The state that an answer gives the record of its job; false: it changes none. */
static bool state_after(const filch_service_job *job, filch_record_state *state)
{
    const fl_service_verdict *verdict = &job->verdict;
    if (verdict->verb == FL_SETTLE_RETRY) { /* only to send what was told last */
        *state = FILCH_RECORD_RUNNING;
        return job->told && job->told->progress;
    }
    *state = verdict->verb == FL_SETTLE_DEAD               ? FILCH_RECORD_DEAD
             : verdict->outcome == FILCH_SERVICE_CANCELLED ? FILCH_RECORD_CANCELLED
                                                           : FILCH_RECORD_DONE;
    return verdict->verb != FL_SETTLE_RETURN && (job->told || may_have_record(job));
}

bool fl_service_end_note(filch_service_job *job, fl_note *note)
{
    const fl_told *told = job->told;
    filch_record_state state;
    if (!state_after(job, &state))
        return false;
    *note = note_of(job);
    note->state = state;
    note->reason = state == FILCH_RECORD_DEAD ? job->verdict.reason : NULL;
    if (told && told->progress) {
        note->progress = told->progress->bytes;
        note->progress_size = told->progress->size;
    }
    if (told && told->result && state == FILCH_RECORD_DONE) {
        note->result = told->result->bytes;
        note->result_size = told->result->size;
    }
    return true;
}

void fl_service_forget_told(filch_service_job *job)
{
    fl_told *told = job->told;
    pthread_mutex_lock(&job->service->lock);
    fl_list_remove(&told->link);
    pthread_mutex_unlock(&job->service->lock);
    free(told->progress);
    free(told->result);
    free(told);
}
