/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A service program: its parts. The main thread runs the service. A second thread, the watcher,
 * receives signals, and watches the connection if that is to end the program. Values that SIGHUP
 * changes are the watcher's from its start on. */
#ifndef FL_SERVE_H
#define FL_SERVE_H

#include <filch/channel.h>
#include <filch/log.h>
#include <filch/runtime.h>
#include <filch/service_observe.h>
#include <filch/span.h>
#include <runtime/service/program/configuration.h>
#include <runtime/service/program/handler_table.h>
#include <runtime/service/program/notify.h>

#include <pthread.h>

enum { FL_STATUS_CANCELLED = 1, FL_STATUS_USAGE = 2, FL_STATUS_UNAVAILABLE = 69 };

typedef struct fl_program {
    const char *name;
    int argc;
    char **argv;
    char **environment; /* at the start, secrets included */
    fl_configuration configuration;
    fl_command_line request;
    fl_handler_table table;
    filch_log_sink *sink;
    filch_log log;
    filch_service_otlp *otlp; /* NULL: no spans are exported */
    filch_tracer tracer;      /* to it */
    filch_runtime *runtime;   /* the service's */
    filch_service *service;
    filch_service_http *http; /* NULL: no endpoints */
    fl_notify notify;
    filch_channel *signals;
    pthread_t watcher;
    unsigned stops;    /* the watcher's: requests to stop */
    bool disconnected; /* the watcher's: the program ends because the broker is away */
} fl_program;

/* Prints filch_error(), which is about rc, a negative errno; returns the exit status. */
int fl_complain(const fl_program *program, int rc);
/* Serves, and returns the exit status. The configuration is loaded, the table made. */
int fl_serve(fl_program *program);

/* Starts the runtime of the service. Error: explained. */
int fl_workers_begin(fl_program *program);
/* Logs its size, binding and fence, each with the reason. */
void fl_workers_tell(const fl_program *program);
/* Ends it; after the service is destroyed. */
void fl_workers_end(fl_program *program);
/* Starts the export of spans, if it is configured; before the service is created. Error: explained. */
int fl_spans_begin(fl_program *program);
/* Sends the last spans, and ends it; after the service is destroyed. */
void fl_spans_end(fl_program *program);
/* Starts the HTTP endpoints of the service, if they are configured. Error: explained. */
int fl_endpoints_begin(fl_program *program);
/* Ends them; before the service is destroyed. */
void fl_endpoints_end(fl_program *program);

/* Starts the watcher: from now on signals do not end the process. Error: explained. */
int fl_watch_begin(fl_program *program);
/* Ends it; signals act by default again. */
void fl_watch_end(fl_program *program);

/* Reads the configuration again, applies the keys that can change, and logs the others. */
void fl_reload(fl_program *program);

#endif
