/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/run_blocking.h>

#include <filch/blocking.h>
#include <runtime/platform/error.h>
#include <runtime/pool/job.h>

#include <stdio.h>

typedef struct blocking_call {
    filch_job *job;
    int code;
    char message[sizeof(((filch_failure *)0)->message)]; /* the text of its error; "": none */
} blocking_call;

static void call_there(void *arg)
{
    blocking_call *call = arg;
    filch_job *job = call->job;
    fl_error_forget();
    call->code = job->fn(NULL, job, job->data);
    if (call->code)
        snprintf(call->message, sizeof call->message, "%s", filch_error_about(call->code));
}

/* The text of an error belongs to the thread that set it, so it is copied to the caller. */
int fl_job_call_blocking(filch_job *job)
{
    blocking_call call = {.job = job};
    int rc = filch_blocking(call_there, &call);
    if (!rc && call.message[0])
        return filch_error_set(call.code, "%s", call.message);
    return rc ? rc : call.code;
}
