/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The handler `echo`: every job is done at once. For trials and benchmarks. */
#include <runtime/service/handlers/handlers.h>
#include <runtime/service/program/keys.h>
#include <runtime/service/program/values.h>

#include <errno.h>
#include <string.h>

static int echo(filch_self self, filch_service_job *job, void *arg)
{
    (void)self, (void)job, (void)arg;
    return 0;
}

static int make_echo(filch_handler *handler, const fl_handler_spec *spec)
{
    (void)spec;
    handler->fn = echo;
    return 0;
}

const fl_handler_kind fl_handler_echo = {.name = "echo", .words = "", .make = make_echo};

/* ---- fail ---- */

/* The handler `fail`: makes each job a dead letter, or, if its body is `retry`, asks for another
 * attempt. For trials of retries, alerts and dead letters. */

static bool body_is(const filch_message *message, const char *text)
{
    size_t length = strlen(text);
    return message->body_size == length && memcmp(message->body, text, length) == 0;
}

static int fail(filch_self self, filch_service_job *job, void *arg)
{
    const filch_message *message = filch_service_job_message(job);
    (void)self, (void)arg;
    return body_is(message, "retry") || body_is(message, "\"retry\"")
               ? filch_service_job_retry(job, 0, "the handler fail was asked to retry")
               : filch_service_job_fail(job, "the handler fail was asked to fail");
}

static int make_fail(filch_handler *handler, const fl_handler_spec *spec)
{
    (void)spec;
    handler->fn = fail;
    return 0;
}

const fl_handler_kind fl_handler_fail = {.name = "fail", .words = "", .make = make_fail};

/* ---- sleep ---- */

/* The handler `sleep`: waits for the time in the body, such as 250ms, 2s or "250ms" (a number
 * without a unit: seconds; an empty body: a second), as a handler that waits for something does. It
 * ends early with its context. For trials and benchmarks. */

/* The body without the quotes of JSON. */
static const char *text_of(const filch_message *message, char *text, size_t size)
{
    const char *body = message->body;
    size_t length = message->body_size;
    if (length > 1 && body[0] == '"' && body[length - 1] == '"') {
        body++;
        length -= 2;
    }
    if (length >= size || (length && memchr(body, '\0', length)))
        return NULL;
    if (length)
        memcpy(text, body, length);
    text[length] = '\0';
    return length ? text : "1s";
}

static int wait_for_body(filch_self self, filch_service_job *job, void *arg)
{
    static const fl_key key = {.type = FL_KEY_TIME, .most = 86400 * FILCH_SECOND};
    char copy[32];
    int64_t ns;
    (void)self, (void)arg;
    const char *text = text_of(filch_service_job_message(job), copy, sizeof copy);
    if (!text || fl_value_read(&key, text, &ns, NULL))
        return filch_service_job_fail(job, "body is not a duration (0..1d, as in 250ms or 2s)");
    filch_context *context = filch_service_job_context(job);
    int rc = filch_context_wait(context, filch_in(ns));
    return rc == -ETIMEDOUT ? filch_context_cause(context) : rc;
}

static int make_sleep(filch_handler *handler, const fl_handler_spec *spec)
{
    (void)spec;
    handler->fn = wait_for_body;
    return 0;
}

const fl_handler_kind fl_handler_sleep = {.name = "sleep", .words = "", .make = make_sleep};
