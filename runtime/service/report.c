/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/report.h>

#include <runtime/service/broker.h>
#include <runtime/service/service.h>

#include <filch/span.h>

#include <string.h>

static const filch_traceparent none;

/* ---- Spans ---- */

/* Without a tracer, or without memory, there is an identity all the same, for log lines and
 * requests. Under the lock, unless the handler has not been called yet. */
static void begin_trace(filch_service_job *job)
{
    const filch_message *message = &job->message;
    if (job->span)
        job->trace = filch_span_trace(job->span);
    else if (memcmp(&message->trace, &none, sizeof none))
        filch_traceparent_child(&job->trace, &message->trace);
    else
        filch_traceparent_begin(&job->trace, false);
}

static void begin_span(filch_service_job *job)
{
    const filch_message *message = &job->message;
    filch_tracestate state = {0};
    if (message->tracestate)
        filch_tracestate_add(&state, message->tracestate, strlen(message->tracestate));
    const filch_span_options options = {.caller = &message->trace,
                                        .state = &state,
                                        .kind = FILCH_SPAN_CONSUMER};
    if (filch_span_begin(&job->span, job->service->config.tracer, "process_task", &options))
        return;
    FILCH_SPAN_SET(job->span, filch_log_text("task.id", message->id),
                   filch_log_text("task.type", message->type),
                   filch_log_int("task.attempt", message->attempt),
                   filch_log_text("messaging.destination.name", message->queue),
                   filch_log_int("worker.id", filch_worker_index()));
}

static void end_span(filch_service_job *job, const char *error)
{
    if (error) {
        filch_span_record_error(job->span, NULL, error);
        filch_span_set_status(job->span, FILCH_SPAN_ERROR, error);
    } else {
        filch_span_set_status(job->span, FILCH_SPAN_OK, NULL);
    }
    filch_span_end(job->span);
}

filch_traceparent fl_service_report_trace(filch_service_job *job)
{
    filch_service *service = job->service;
    pthread_mutex_lock(&service->lock);
    if (memcmp(&job->trace, &none, sizeof none) == 0)
        begin_trace(job);
    filch_traceparent trace = job->trace;
    pthread_mutex_unlock(&service->lock);
    return trace;
}

/* Of a line that is written: the random bytes of an identity cost a system call. */
static const filch_traceparent *traced(filch_service_job *job)
{
    fl_service_report_trace(job);
    return &job->trace;
}

/* ---- Runs ---- */

void fl_service_report_begin(filch_service_job *job)
{
    const filch_log *log = job->service->config.log;
    if (job->service->config.tracer) {
        begin_span(job);
        begin_trace(job);
    }
    if (log)
        FILCH_LOG(log, FILCH_LOG_INFO, "processing task",
                  filch_log_int("worker_id", filch_worker_index()),
                  filch_log_text("task_id", job->message.id),
                  filch_log_text("task_type", job->message.type),
                  filch_log_int("attempt", job->message.attempt), filch_log_trace(traced(job)));
}

static bool was_cancelled(const filch_service_job *job)
{
    return job->verdict.outcome == FILCH_SERVICE_CANCELLED;
}

static const char *error_of(const filch_service_job *job)
{
    if (job->verdict.outcome == FILCH_SERVICE_DONE)
        return NULL;
    if (was_cancelled(job))
        return "cancelled by request";
    return job->refused ? "refused by the breaker" : job->verdict.reason;
}

/* How the end of a run is logged. */
static const struct {
    filch_log_level level;
    const char *message;
} ends[FILCH_SERVICE_OUTCOMES] = {[FILCH_SERVICE_DONE] = {FILCH_LOG_INFO, "task completed"},
                                  [FILCH_SERVICE_RETRIED] = {FILCH_LOG_WARN, "task failed"},
                                  [FILCH_SERVICE_DEAD] = {FILCH_LOG_ERROR, "task failed"},
                                  [FILCH_SERVICE_GIVEN_BACK] = {FILCH_LOG_INFO, "task given back"},
                                  [FILCH_SERVICE_CANCELLED] = {FILCH_LOG_INFO, "task cancelled"}};

static double seconds(int64_t ns)
{
    return (double)ns / FILCH_SECOND;
}

void fl_service_report_end(filch_service_job *job)
{
    const filch_log *log = job->service->config.log;
    const char *error = error_of(job);
    const filch_log_field absent = filch_log_trace(NULL);
    filch_service_outcome outcome = job->verdict.outcome;
    if (job->span)
        end_span(job, error);
    if (log)
        FILCH_LOG(log, ends[outcome].level, ends[outcome].message,
                  filch_log_int("worker_id", filch_worker_index()),
                  filch_log_text("task_id", job->message.id),
                  filch_log_text("task_type", job->message.type),
                  error ? filch_log_text("error", error) : absent,
                  outcome == FILCH_SERVICE_RETRIED
                      ? filch_log_float("retry_after", seconds(job->verdict.delay))
                      : absent,
                  filch_log_float("duration", seconds(job->duration)),
                  filch_log_trace(traced(job)));
}

void fl_service_report_dead(const filch_service_job *job, filch_log_level level)
{
    const filch_log *log = job->service->config.log;
    if (log)
        FILCH_LOG(log, level, "job became a dead letter",
                  filch_log_text("task_id", job->message.id),
                  filch_log_text("task_type", job->message.type),
                  filch_log_text("queue", job->message.queue),
                  filch_log_text("reason", job->verdict.reason),
                  filch_log_int("attempt", job->message.attempt));
}
