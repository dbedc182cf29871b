/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The handler `fail`: makes each job a dead letter, or, if its body is `retry`, asks for another
 * attempt. For trials of retries, alerts and dead letters. */
#include <runtime/service/handlers/handlers.h>

#include <string.h>

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
               ? filch_service_retry(job, 0, "the handler fail was asked to retry")
               : filch_service_fail(job, "the handler fail was asked to fail");
}

static int make(filch_handler *handler, const fl_handler_spec *spec)
{
    (void)spec;
    handler->fn = fail;
    return 0;
}

const fl_handler_kind fl_handler_fail = {.name = "fail", .words = "", .make = make};
