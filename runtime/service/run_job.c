/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/run_job.h>

#include <filch/blocking.h>
#include <filch/panic.h>
#include <filch/span.h>
#include <runtime/platform/given.h>
#include <runtime/platform/ranges.h>
#include <runtime/service/broker.h>
#include <runtime/service/intake.h>
#include <runtime/service/job.h>
#include <runtime/service/loop.h>
#include <runtime/service/ready.h>
#include <runtime/service/service.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One call of a handler. */
typedef struct call {
    filch_self self;
    filch_service_job *job;
    bool called;
} call;

static bool was_late(const filch_service_job *job)
{
    return !job->code && job->duration > job->deadline - job->began;
}

/* Under the lock: the last touch of a job that has run. */
static void finish(filch_service *service, filch_service_job *job)
{
    job->state = FL_SERVICE_OVER;
    service->running--;
    service->late += was_late(job);
    fl_ready_learn(job->type, job->duration);
    fl_list_remove(&job->over);
    fl_list_append(&service->over, &job->over);
}

/* Ends the last job, unless it is NULL, and begins the next if `goes_on`. NULL: there is none. */
static filch_service_job *next(filch_service *service, filch_service_job *last, bool goes_on)
{
    bool wake = false;
    int64_t now = filch_now();
    pthread_mutex_lock(&service->lock);
    if (last) {
        finish(service, last);
        wake = ++service->over_count >= service->over_enough && fl_waker_call(&service->waker);
    }
    filch_service_job *job = goes_on ? fl_ready_take(service, now) : NULL;
    pthread_mutex_unlock(&service->lock);
    if (wake)
        fl_waker_write(&service->waker);
    return job;
}

static void note(filch_service_job *job, const char *words)
{
    snprintf(job->verdict.reason, FL_REASON_BYTES, "%s", words);
}

/* The texts of one job are not the reasons of the next. */
static void forget_error(void)
{
    if (*filch_error())
        filch_error_set(0, "%s", "");
}

static void call_handler(void *arg)
{
    call *one = arg;
    const filch_handler *handler = &one->job->type->handler;
    filch_service_job *job = one->job;
    forget_error();
    job->code = handler->fn(one->self, job, handler->arg);
    if (job->code && job->answer == FL_ANSWER_CODE) /* here: the text is the thread's */
        note(job, filch_error_about(job->code));
}

/* For waits of the handler, which end with its context. */
static filch_context *context_of(void *arg)
{
    const call *one = arg;
    filch_context *context = filch_service_job_context(one->job);
    return context == one->job->service->no_memory ? NULL : context;
}

/* For the breaker, which judges the result. */
static int attempt(void *arg)
{
    call *one = arg;
    filch_service_job *job = one->job;
    const filch_service_config *config = &job->service->config;
    one->called = true;
    forget_error();
    job->code = config->before ? config->before(job, config->hook_arg) : 0;
    if (job->code)
        return job->code;
    if (!job->type->handler.thread) {
        filch_with_context(context_of, call_handler, one);
        fl_check_return(one->self, &(filch_task){.name = job->message.type});
    } else if (filch_blocking(call_handler, one)) {
        job->code = -EAGAIN; /* no thread: not its fault, so again later */
    }
    return job->code;
}

static void guarded(filch_self self, void *arg)
{
    call *one = arg;
    filch_breaker *breaker = one->job->type->handler.breaker;
    one->self = self;
    fl_service_report_begin(one->job);
    if (!breaker)
        attempt(one);
    else if (filch_breaker_call(breaker, attempt, one) && !one->called)
        one->job->refused = true;
}

/* The words for a code that came without any. */
static void explain(filch_service_job *job, const filch_failure *panic)
{
    if (panic)
        snprintf(job->verdict.reason, FL_REASON_BYTES, "panic: %.100s", panic->message);
    else if (job->code && !*job->verdict.reason)
        note(job, strerror(-job->code));
}

static void tell(filch_self self, void *arg)
{
    filch_service_job *job = arg;
    const filch_service_config *config = &job->service->config;
    (void)self;
    fl_service_report_end(job);
    if (config->after)
        config->after(job, job->verdict.outcome, job->verdict.reason, config->hook_arg);
}

static int cause_of(const filch_service_job *job)
{
    const int cause = filch_context_cause(job->context);
    return cause ? cause : -ECANCELED;
}

static void run(filch_self self, filch_service_job *job)
{
    call one = {.job = job};
    filch_failure panic;
    int64_t timeout = job->type->handler.timeout;
    job->deadline = timeout < FILCH_FOREVER - job->began ? job->began + timeout : FILCH_FOREVER;
    bool panicked = filch_try(self, guarded, &one, &panic);
    if (panicked)
        job->code = panic.code;
    if (job->code > 0)
        job->code = -EINVAL;
    if (job->code == -ECANCELED) /* of a wait that the job's context has ended */
        job->code = cause_of(job);
    explain(job, panicked ? &panic : NULL);
    fl_service_decide(job);
    job->duration = filch_now() - job->began;
    const filch_service_config *config = &job->service->config;
    if (config->log || config->tracer || config->after)
        filch_try(self, tell, job, NULL);
}

int fl_service_perform(filch_self self, filch_job *pooled, void *data)
{
    enum { IN_A_ROW = 256 };
    filch_service *service = data;
    filch_service_job *job = NULL;
    (void)pooled;
    for (unsigned ran = 1; (job = next(service, job, true)); ran++) {
        run(self, job);
        if (ran % IN_A_ROW)
            continue;
        job = next(service, job, false);
        filch_yield(self); /* to other users of the runtime */
    }
    return 0;
}

/* ---- For handlers ---- */

FILCH_PRINTF(3, 0)
static int answer(filch_service_job *job, fl_service_answer kind, const char *format, va_list list)
{
    vsnprintf(job->verdict.reason, sizeof job->verdict.reason, format, list);
    job->answer = kind;
    return kind == FL_ANSWER_RETRY ? -EAGAIN : -EBADMSG;
}

int filch_service_job_retry(filch_service_job *job, int64_t after, const char *format, ...)
{
    FL_GIVEN(job);
    va_list list;
    va_start(list, format);
    job->after = after > 0 ? after : 0;
    int code = answer(job, FL_ANSWER_RETRY, format, list);
    va_end(list);
    return code;
}

int filch_service_job_fail(filch_service_job *job, const char *format, ...)
{
    FL_GIVEN(job);
    va_list list;
    va_start(list, format);
    int code = answer(job, FL_ANSWER_FAIL, format, list);
    va_end(list);
    return code;
}

/* Under the lock. Below one that carries the span, so that calls with the context find it. */
static void make_context(filch_service_job *job)
{
    filch_context *parent = job->service->context, *with_span = NULL;
    if (job->span && filch_context_create_span(&with_span, parent, job->span) == 0)
        parent = with_span;
    if (filch_context_create_until(&job->context, parent, job->deadline))
        job->context = NULL;
    filch_context_release(with_span);
}

/* Created at the first request. */
filch_context *filch_service_job_context(filch_service_job *job)
{
    FL_MUST_GIVE(job);
    filch_service *service = job->service;
    pthread_mutex_lock(&service->lock);
    if (!job->context) {
        make_context(job);
        if ((job->lost || job->stopped) && job->context)
            filch_context_cancel(job->context, job->lost ? -ESTALE : -ECANCELED);
    }
    pthread_mutex_unlock(&service->lock);
    return job->context ? job->context : service->no_memory;
}

const filch_message *filch_service_job_message(const filch_service_job *job)
{
    FL_MUST_GIVE(job);
    return &job->message;
}

filch_traceparent filch_service_job_trace(const filch_service_job *job)
{
    FL_MUST_GIVE(job);
    return fl_service_report_trace((filch_service_job *)(uintptr_t)job);
}

int64_t filch_service_job_age(const filch_service_job *job)
{
    FL_MUST_GIVE(job);
    int64_t age = fl_service_unix_time(job->service) - job->message.first_seen;
    return age > 0 ? age : 0;
}

const filch_log *filch_service_job_log(const filch_service_job *job)
{
    FL_MUST_GIVE(job);
    return job->service->config.log;
}

filch_service *filch_service_job_service(const filch_service_job *job)
{
    FL_MUST_GIVE(job);
    return job->service;
}

/* ---- Types of jobs ---- */

enum { TYPES_MOST = 10000 };

static int compare(const void *a, const void *b)
{
    const fl_service_type *left = a, *right = b;
    return strcmp(left->handler.type, right->handler.type);
}

static int check(const filch_handler *handler, size_t i)
{
    filch_retry_state state;
    if (!handler->type || !*handler->type)
        return filch_error_set(-EINVAL, "handler %zu has no type; set filch_handler.type", i);
    if (!handler->fn)
        return filch_error_set(-EINVAL, "handler '%s' has no function; set filch_handler.fn",
                               handler->type);
    const fl_range ranges[] = {{"width", handler->width, FILCH_SERVICE_WIDTH_MOST, ""},
                               {"timeout", handler->timeout, FILCH_FOREVER, " ns"}};
    int rc = fl_ranges_check("handler", handler->type, ranges, sizeof ranges / sizeof *ranges);
    if (rc)
        return rc;
    return handler->retry ? filch_retry_state_begin(handler->retry, &state) : 0;
}

static int init(filch_service *service, fl_service_type *type, const filch_handler *handler)
{
    const filch_service_config *config = &service->config;
    unsigned most = config->width + config->buffer;
    type->handler = *handler;
    if (!handler->width || handler->width > most)
        type->handler.width = most; /* the pool's width counts */
    if (!handler->timeout)
        type->handler.timeout = config->timeout;
    if (!handler->retry)
        type->handler.retry = config->retry;
    fl_list_init(&type->waiting);
    type->expected = FILCH_MILLISECOND;
    int rc = fl_record_init(&type->record);
    if (!rc && handler->rate.rate)
        rc = filch_limiter_create(&type->limiter, handler->rate);
    return rc;
}

int fl_service_types_init(filch_service *service, const filch_handler *handlers, size_t count)
{
    if (!handlers || !count || count > TYPES_MOST)
        return filch_error_set(-EINVAL, "%zu handlers are out of range (1..%d)", count, TYPES_MOST);
    int rc = fl_record_init(&service->other);
    service->types = rc ? NULL : calloc(count, sizeof *service->types);
    if (!service->types)
        return filch_error_set(-ENOMEM, "no memory for %zu handlers; use fewer", count);
    for (size_t i = 0; i < count; i++) {
        rc = check(&handlers[i], i);
        if (rc)
            return rc;
        service->type_count++; /* so that a part of it is undone, too */
        rc = init(service, &service->types[i], &handlers[i]);
        if (rc)
            return rc;
    }
    if (service->config.envelope == FILCH_ENVELOPE_RAW) /* the first one stays the first */
        return 0;
    qsort(service->types, count, sizeof *service->types, compare);
    for (size_t i = 0; i < count; i++) /* which moved the heads of the lists */
        fl_list_init(&service->types[i].waiting);
    for (size_t i = 1; i < count; i++)
        if (compare(&service->types[i - 1], &service->types[i]) == 0)
            return filch_error_set(-EINVAL, "two handlers have the type '%s'; remove one",
                                   service->types[i].handler.type);
    return 0;
}

void fl_service_types_end(filch_service *service)
{
    for (unsigned i = 0; i < service->type_count; i++) {
        filch_limiter_destroy(service->types[i].limiter);
        fl_record_end(&service->types[i].record);
    }
    fl_record_end(&service->other);
    free(service->types);
}

fl_service_type *fl_service_type_of(const filch_service *service, const char *type)
{
    const fl_service_type key = {.handler = {.type = type}};
    return bsearch(&key, service->types, service->type_count, sizeof key, compare);
}

/* ---- Reports ---- */

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
