/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The public calls of <filch/trace.h>. */
#include <runtime/engine/event.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/outside.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/trace_options.h>
#include <runtime/engine/tracing.h>
#include <runtime/engine/worker.h>
#include <runtime/trace/format.h>

#include <filch/trace.h>

#include <pthread.h>
#include <stdlib.h>

static pthread_mutex_t changing = PTHREAD_MUTEX_INITIALIZER; /* while a trace begins or ends */

int filch_trace_start(filch_runtime *rt, const char *file, const char *options)
{
    fl_trace_options read;
    int rc = fl_runtime_meant(&rt, "filch_trace_start");
    if (!rc)
        rc = fl_trace_options_read(&read, file, options);
    if (rc)
        return rc;
    pthread_mutex_lock(&changing);
    rc = fl_tracing_start(rt, &read);
    pthread_mutex_unlock(&changing);
    free(read.file);
    return rc;
}

int filch_trace_stop(filch_runtime *rt)
{
    int rc = fl_runtime_meant(&rt, "filch_trace_stop");
    if (rc)
        return rc;
    pthread_mutex_lock(&changing);
    rc = fl_tracing_stop(rt);
    pthread_mutex_unlock(&changing);
    return rc;
}

void filch_trace_mark(const char *name, uint32_t value)
{
    fl_worker *here = fl_worker_here();
    if (here)
        fl_event_text(here, FL_TRACE_MARK, name, NULL, value);
}

void filch_trace_span_begin(const char *name)
{
    fl_worker *here = fl_worker_here();
    if (here)
        fl_event_text(here, FL_TRACE_SPAN, name, NULL, here->running->number);
}

void filch_trace_span_end(void)
{
    fl_worker *here = fl_worker_here();
    if (here)
        fl_event(here, FL_TRACE_SPAN_END, here->running->number, 0);
}
