/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/program/serve.h>

#include <filch/runtime.h>
#include <runtime/service/loop.h>
#include <runtime/service/program/configuration.h>
#include <runtime/service/program/keys.h>
#include <runtime/service/program/notify.h>
#include <runtime/service/program/values.h>
#include <runtime/service/service.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LAST_LINES (2 * FILCH_SECOND) /* to write the rest of the log in */

/* ---- Its beginning and end, told ---- */

static void tell_start(fl_program *program)
{
    const fl_configuration *own = &program->configuration;
    char broker[512];
    filch_service_stats stats;
    fl_mask(fl_key_of(FL_KEY_OF_SERVICE, "broker", 6), own->broker, broker, sizeof broker);
    filch_service_stats_read(program->service, &stats, sizeof stats);
    FILCH_LOG(&program->log, FILCH_LOG_INFO, "service started",
              filch_log_text("program", program->name), filch_log_text("broker", broker),
              filch_log_int("queues", own->queue_count), filch_log_int("width", own->width),
              filch_log_int("prefetch", (int64_t)stats.prefetch),
              filch_log_int("handlers", (int64_t)program->table.count));
    fl_workers_tell(program);
}

static void tell_end(fl_program *program, int status, const char *reason)
{
    filch_service_stats stats;
    filch_service_stats_read(program->service, &stats, sizeof stats);
    const uint64_t *of = stats.outcomes;
    FILCH_LOG(&program->log, status ? FILCH_LOG_WARN : FILCH_LOG_INFO, "service ended",
              filch_log_int("status", status), filch_log_text("reason", reason),
              filch_log_int("done", (int64_t)of[FILCH_SERVICE_DONE]),
              filch_log_int("retried", (int64_t)of[FILCH_SERVICE_RETRIED]),
              filch_log_int("dead", (int64_t)fl_service_dead(&stats)),
              filch_log_int("failed", (int64_t)of[FILCH_SERVICE_DEAD]),
              filch_log_int("malformed", (int64_t)stats.malformed),
              filch_log_int("expired", (int64_t)stats.expired),
              filch_log_int("poison", (int64_t)stats.poison),
              filch_log_int("given_back", (int64_t)of[FILCH_SERVICE_GIVEN_BACK]),
              filch_log_int("cancelled", (int64_t)of[FILCH_SERVICE_CANCELLED]),
              filch_log_int("returned", (int64_t)stats.returned));
}

/* ---- Its life ---- */

static int create_service(fl_program *program)
{
    const fl_configuration *own = &program->configuration;
    const fl_key *broker = fl_key_of(FL_KEY_OF_SERVICE, "broker", 6);
    const filch_service_config config = {.size = sizeof config,
                                         .broker = own->broker,
                                         .broker_file = own->files[broker - fl_keys],
                                         .queues = own->queues,
                                         .queue_count = own->queue_count,
                                         .strict = own->strict,
                                         .envelope = own->envelope,
                                         .runtime = program->runtime,
                                         .width = own->width,
                                         .buffer = own->buffer,
                                         .lease = own->lease,
                                         .result_ttl = own->result_ttl,
                                         .timeout = own->timeout,
                                         .retry = &own->retry,
                                         .deliveries = own->deliveries,
                                         .log = &program->log,
                                         .periodics = own->periodics,
                                         .periodic_count = own->periodic_count,
                                         .tracer = program->otlp ? &program->tracer : NULL};
    return filch_service_create(&program->service, &config, program->table.handlers,
                                program->table.count);
}

/* Until the messages that are ready have been run. */
static int run_once(fl_program *program)
{
    const struct timespec pause = {.tv_nsec = 10 * FILCH_MILLISECOND};
    filch_service_stats stats;
    int rc;
    while ((rc = filch_service_run_ready(program->service, NULL)) == -EAGAIN)
        nanosleep(&pause, NULL);
    filch_service_stats_read(program->service, &stats, sizeof stats);
    return !rc && stats.outcomes[FILCH_SERVICE_GIVEN_BACK]
               ? filch_error_set(-ECANCELED,
                                 "handlers were cancelled; their messages will be delivered again")
               : rc;
}

/* Codes that are no fault of the configuration: the system lacks something, or a drain ended late. */
static const int lacks[] = {-ENOMEM, -EAGAIN, -EMFILE, -ENFILE, -ECANCELED};

static int status_of(const fl_program *program, int rc)
{
    if (program->disconnected || rc == -ENOTCONN)
        return FL_STATUS_UNAVAILABLE;
    for (unsigned i = 0; i < sizeof lacks / sizeof *lacks; i++)
        if (rc == lacks[i])
            return FL_STATUS_CANCELLED;
    return rc ? FL_STATUS_USAGE : 0;
}

int fl_complain(const fl_program *program, int rc)
{
    fprintf(stderr, "%s: %s\n", program->name, filch_error());
    return status_of(program, rc);
}

/* By then the endpoints listen, signals are watched, and the first connection has been tried: the
 * manager's other units need not wait for a broker that is away. */
static void tell_manager(void *arg)
{
    fl_program *program = arg;
    filch_service_stats stats;
    filch_service_stats_read(program->service, &stats, sizeof stats);
    fl_notify_alive(&program->notify, &stats);
}

static int run(fl_program *program)
{
    int rc = fl_watch_begin(program);
    if (rc)
        return fl_complain(program, rc);
    tell_start(program);
    if (program->notify.fd >= 0)
        fl_service_pulse_set(program->service, tell_manager, program, program->notify.every);
    rc = program->request.once ? run_once(program) : filch_service_run(program->service);
    char reason[256] = "";
    if (rc)
        snprintf(reason, sizeof reason, "%s", filch_error());
    fl_watch_end(program);
    int status = status_of(program, rc);
    tell_end(program, status, reason);
    return status;
}

static int run_with_endpoints(fl_program *program)
{
    int rc = fl_endpoints_begin(program);
    if (rc)
        return fl_complain(program, rc);
    int status = run(program);
    fl_endpoints_end(program);
    return status;
}

static int check_endpoints(fl_program *program)
{
    int rc = fl_endpoints_begin(program);
    if (rc)
        return fl_complain(program, rc);
    fl_endpoints_end(program);
    return 0;
}

static int run_with_service(fl_program *program)
{
    int rc = create_service(program);
    if (rc)
        return fl_complain(program, rc);
    int status = program->request.check ? check_endpoints(program) : run_with_endpoints(program);
    filch_service_destroy(program->service);
    return status;
}

static int run_with_workers(fl_program *program)
{
    int rc = fl_workers_begin(program);
    if (rc)
        return fl_complain(program, rc);
    int status = run_with_service(program);
    fl_workers_end(program);
    return status;
}

static int run_with_spans(fl_program *program)
{
    int rc = fl_spans_begin(program);
    if (rc)
        return fl_complain(program, rc);
    int status = run_with_workers(program);
    fl_spans_end(program);
    return status;
}

int fl_serve(fl_program *program)
{
    int rc = filch_log_sink_create(&program->sink, STDERR_FILENO, NULL);
    if (rc)
        return fl_complain(program, rc);
    filch_log_init(&program->log,
                   program->request.check ? FILCH_LOG_OFF : program->configuration.log_level,
                   filch_log_to_sink, program->sink);
    int status = run_with_spans(program);
    filch_log_sink_destroy(program->sink, filch_in(LAST_LINES));
    return status;
}

/* ---- Workers ---- */

/* The runtime of a service program, and the line about it in the log: the number of workers with its
 * reason, and what a container's CPU quota and filter of system calls changed. */

enum { REASON_BYTES = 256 };

/* The text of the line `name` of a runtime's description. */
static void find_line(char out[REASON_BYTES], const char *description, const char *name)
{
    size_t length = strlen(name);
    const char *line = description;
    *out = '\0';
    while (line && (strncmp(line, name, length) != 0 || line[length] != ' ')) {
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    if (!line)
        return;
    line += length;
    line += strspn(line, " ");
    snprintf(out, REASON_BYTES, "%.*s", (int)strcspn(line, "\n"), line);
}

void fl_workers_tell(const fl_program *program)
{
    char text[4096], sizing[REASON_BYTES], binding[REASON_BYTES], fence[REASON_BYTES];
    filch_runtime_describe(program->runtime, text, sizeof text);
    find_line(sizing, text, "workers");
    find_line(binding, text, "binding");
    find_line(fence, text, "fence");
    FILCH_LOG(&program->log, FILCH_LOG_INFO, "workers started",
              filch_log_int("workers", filch_runtime_workers(program->runtime)),
              filch_log_text("sizing", sizing), filch_log_text("binding", binding),
              filch_log_text("fence", fence));
}

int fl_workers_begin(fl_program *program)
{
    const filch_config config = {.workers = program->configuration.workers};
    return filch_runtime_create(&program->runtime, &config);
}

void fl_workers_end(fl_program *program)
{
    filch_runtime_destroy(program->runtime);
}

/* ---- Telemetry ---- */

/* The HTTP endpoints and the export of spans of a service program. */

#define LAST_SPANS (5 * FILCH_SECOND) /* to send the rest in */

int fl_spans_begin(fl_program *program)
{
    const char *name = secure_getenv("OTEL_SERVICE_NAME");
    const fl_key *endpoint = fl_key_of(FL_KEY_OF_SERVICE, "otlp-endpoint", 13);
    const filch_service_otlp_config config = {.size = sizeof config,
                                              .endpoint = program->configuration.otlp_endpoint,
                                              .endpoint_file =
                                                  program->configuration.files[endpoint - fl_keys],
                                              .service_name = name && *name ? name : program->name,
                                              .log = &program->log};
    if (!config.endpoint)
        return 0;
    program->tracer = (filch_tracer){.sink = filch_service_otlp_sink};
    int rc = filch_service_otlp_start(&program->otlp, &config);
    program->tracer.arg = program->otlp;
    return rc;
}

void fl_spans_end(fl_program *program)
{
    if (filch_service_otlp_stop(program->otlp, filch_in(LAST_SPANS)))
        FILCH_LOG(&program->log, FILCH_LOG_WARN, "spans are lost",
                  filch_log_text("reason", filch_error()));
}

int fl_endpoints_begin(fl_program *program)
{
    const fl_configuration *own = &program->configuration;
    /* A check takes any free port: the service may be running. */
    bool any = own->health_port == FL_PORT_NONE || program->request.check;
    const filch_service_http_config config = {.size = sizeof config,
                                              .address = own->health_address,
                                              .port = any ? 0 : (unsigned)own->health_port,
                                              .token = own->health_token};
    return own->health_port == FL_PORT_NONE
               ? 0
               : filch_service_http_start(&program->http, program->service, &config);
}

void fl_endpoints_end(fl_program *program)
{
    filch_service_http_stop(program->http);
}
