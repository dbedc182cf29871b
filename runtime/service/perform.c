/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/given.h>
#include <runtime/service/perform.h>

#include <runtime/service/list.h>
#include <runtime/service/ready.h>
#include <runtime/service/report.h>
#include <runtime/service/service.h>
#include <runtime/service/verdict.h>
#include <runtime/service/waker.h>

#include <filch/blocking.h>
#include <filch/panic.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
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
        filch_check_return(one->self, &(filch_task){.name = job->message.type});
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

int filch_service_retry(filch_service_job *job, int64_t after, const char *format, ...)
{
    FL_GIVEN(job);
    va_list list;
    va_start(list, format);
    job->after = after > 0 ? after : 0;
    int code = answer(job, FL_ANSWER_RETRY, format, list);
    va_end(list);
    return code;
}

int filch_service_fail(filch_service_job *job, const char *format, ...)
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
