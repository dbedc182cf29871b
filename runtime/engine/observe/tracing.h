/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The trace of a runtime: its file, a ring for each worker, one for the threads outside, and the names.
 * <filch/trace.h> has the public calls; runtime/engine/events.h the protocol. */
#ifndef FL_TRACING_H
#define FL_TRACING_H

#include <runtime/engine/runtime.h>
#include <runtime/engine/settings.h>
#include <runtime/trace/file.h>
#include <runtime/trace/format.h>
#include <runtime/trace/names.h>
#include <runtime/trace/ring.h>

#include <stdbool.h>

typedef struct fl_tracing {
    fl_trace_file file;
    fl_trace_names names;
    enum fl_trace_level level;
    fl_trace_ring outside; /* under rt->trace_lock */
    struct fl_traced_ring {
        struct fl_tracing *of;
        fl_trace_ring ring;
        const char *last_name; /* and its number: tasks of one name often come one after another */
        uint32_t last_number;
        const void *thread; /* that was last asked for its involuntary switches, */
        long preempted;     /* and how many they were */
        bool has_begun;     /* it has an event */
        char apart[FILCH_APART];
    } worker[];
} fl_tracing;

/* One caller at a time. -EBUSY (it has a trace), -ENOMEM, and those of the file; through fl_fail. */
int fl_tracing_start(fl_runtime *rt, const fl_trace_options *options);
/* Waits until no worker is in the middle of an event. -EINVAL: there is no trace. */
int fl_tracing_stop(fl_runtime *rt);
/* At the end of a runtime, when its workers have ended. */
void fl_tracing_end(fl_runtime *rt);

#endif
