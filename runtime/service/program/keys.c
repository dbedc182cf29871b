/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/program/keys.h>

#include <runtime/service/program/configuration.h>

static const char *const envelopes[] = {"native", "json", "raw", NULL};
static const char *const jitters[] = {"full", "equal",        "decorrelated",
                                      "none", "proportional", NULL};
static const char *const levels[] = {"debug", "info", "warn", "error", "off", NULL};

#define DAY (86400 * FILCH_SECOND)

/* A row begins with its name and type; AT and OF are the places of its fields. */
#define AT(field) .offset = offsetof(fl_configuration, field)
#define OF(field) .scope = FL_KEY_OF_HANDLER, .offset = offsetof(fl_configured_handler, field)
#define GIVES(field) .given = offsetof(fl_configured_handler, field)

/* clang-format off */
const fl_key fl_keys[] = {
    {"broker", .type = FL_KEY_TEXT, AT(broker), .standard = "sqlite:", .alias = "RABBITMQ_URL",
     .secrecy = FL_KEY_URL, .help = "URL of the broker; --brokers lists the schemes"},
    {"queues", .type = FL_KEY_QUEUES, AT(queues), .standard = "tasks", .alias = "QUEUE_NAME",
     .help = "queues to serve, with the share of each while several have messages"},
    {"strict", .type = FL_KEY_FLAG, AT(strict), .standard = "false",
     .help = "serve a queue only while those before it are empty"},
    {"envelope", .type = FL_KEY_CHOICE, AT(envelope), .standard = "native", .choices = envelopes,
     .help = "format of message bodies"},
    {"width", .type = FL_KEY_NUMBER, AT(width), .standard = "10", .least = 1,
     .most = FILCH_SERVICE_WIDTH_MOST, .alias = "WORKER_COUNT", .help = "handlers at a time"},
    {"buffer", .type = FL_KEY_NUMBER, AT(buffer), .otherwise = "as width", .least = 1,
     .most = FILCH_SERVICE_WIDTH_MOST, .help = "messages received ahead"},
    {"prefetch", .type = FL_KEY_NUMBER, AT(prefetch), .otherwise = "width + buffer", .least = 2,
     .most = 2 * FILCH_SERVICE_WIDTH_MOST,
     .help = "messages held at a time; more than width, and in place of buffer"},
    {"workers", .type = FL_KEY_NUMBER, AT(workers), .otherwise = "one per core", .least = 1,
     .most = 1024, .help = "threads that run handlers"},
    {"lease", .type = FL_KEY_TIME, AT(lease), .otherwise = "30s, or the broker's longest",
     .least = FILCH_SECOND, .most = DAY, .help = "length of a lease; extended at each third"},
    {"timeout", .type = FL_KEY_TIME, AT(timeout), .standard = "5m", .least = FILCH_MILLISECOND,
     .most = FILCH_FOREVER, .help = "time of an attempt, from its start"},
    {"deliveries", .type = FL_KEY_NUMBER, AT(deliveries), .standard = "5", .least = 1,
     .most = 1000000, .help = "a message delivered more often without an outcome is poison"},
    {"retry-attempts", .type = FL_KEY_NUMBER, AT(retry.attempts), .standard = "5", .least = 1,
     .most = 1000000, .help = "attempts in all, the first included"},
    {"retry-delay", .type = FL_KEY_TIME, AT(retry.base), .standard = "1s",
     .least = FILCH_MILLISECOND, .most = DAY, .help = "wait after the first attempt"},
    {"retry-factor", .type = FL_KEY_DECIMAL, AT(retry.factor), .standard = "2", .least = 1000,
     .most = 100000, .help = "growth of the wait from attempt to attempt"},
    {"retry-max", .type = FL_KEY_TIME, AT(retry.cap), .standard = "20s",
     .least = FILCH_MILLISECOND, .most = 7 * DAY, .help = "longest wait"},
    {"retry-jitter", .type = FL_KEY_CHOICE, AT(retry.jitter), .standard = "full",
     .choices = jitters, .help = "randomness of the wait"},
    {"result-ttl", .type = FL_KEY_TIME, AT(result_ttl), .standard = "1d",
     .least = FILCH_SECOND, .most = 365 * DAY,
     .help = "time that a job's progress and result are kept, from the last change"},
    {"drain-timeout", .type = FL_KEY_TIME, AT(drain), .standard = "30s", .least = 0, .most = DAY,
     .alias = "SHUTDOWN_TIMEOUT_SEC", .reloadable = true,
     .help = "time for running handlers after the first SIGTERM or SIGINT"},
    {"health-port", .type = FL_KEY_PORT, AT(health_port), .standard = "none",
     .alias = "HEALTH_PORT", .help = "port of /health, /ready, /metrics and a page; 0: any free one"},
    {"health-address", .type = FL_KEY_TEXT, AT(health_address), .standard = "127.0.0.1",
     .help = "address of that port; 0.0.0.0: all"},
    {"health-token", .type = FL_KEY_TEXT, AT(health_token), .otherwise = "none",
     .secrecy = FL_KEY_SECRET, .help = "token that /debug and / ask for; without one they are refused beyond loopback"},
    {"otlp-endpoint", .type = FL_KEY_TEXT, AT(otlp_endpoint), .otherwise = "none",
     .alias = "OTEL_EXPORTER_OTLP_ENDPOINT", .secrecy = FL_KEY_URL,
     .help = "URL of an OpenTelemetry collector that gets a span of each run"},
    {"log-level", .type = FL_KEY_CHOICE, AT(log_level), .standard = "info", .choices = levels,
     .reloadable = true, .help = "least level of log lines"},
    {"exit-on-disconnect", .type = FL_KEY_FLAG, AT(exit_on_disconnect), .standard = "false",
     .reloadable = true, .help = "drain, and end with status 69, when the broker is away"},
    {"handlers", .type = FL_KEY_HANDLERS, .otherwise = "echo, fail, hash, sleep",
     .help = "ready-made handlers, and limits of built-in ones"},

    {"type", OF(type), .type = FL_KEY_TEXT, .otherwise = "required", .help = "type of the jobs"},
    {"width", OF(width), .type = FL_KEY_NUMBER, .otherwise = "the service's", .least = 1,
     .most = FILCH_SERVICE_WIDTH_MOST, .help = "handlers of this type at a time"},
    {"rate", OF(rate), .type = FL_KEY_RATE, .otherwise = "no limit", .least = 1,
     .most = 1000000000, .help = "attempts begun per second, minute, hour or day, and the burst"},
    {"timeout", OF(timeout), .type = FL_KEY_TIME, .otherwise = "the service's",
     .least = FILCH_MILLISECOND, .most = FILCH_FOREVER, .help = "time of an attempt"},
    {"retry-attempts", OF(retry.attempts), GIVES(has_retry), .type = FL_KEY_NUMBER,
     .otherwise = "the service's", .least = 1, .most = 1000000, .help = "attempts in all"},
    {"retry-delay", OF(retry.base), GIVES(has_retry), .type = FL_KEY_TIME,
     .otherwise = "the service's", .least = FILCH_MILLISECOND, .most = DAY,
     .help = "wait after the first attempt"},
    {"retry-factor", OF(retry.factor), GIVES(has_retry), .type = FL_KEY_DECIMAL,
     .otherwise = "the service's", .least = 1000, .most = 100000, .help = "growth of the wait"},
    {"retry-max", OF(retry.cap), GIVES(has_retry), .type = FL_KEY_TIME,
     .otherwise = "the service's", .least = FILCH_MILLISECOND, .most = 7 * DAY,
     .help = "longest wait"},
    {"retry-jitter", OF(retry.jitter), GIVES(has_retry), .type = FL_KEY_CHOICE,
     .otherwise = "the service's", .choices = jitters, .help = "randomness of the wait"},
    {"thread", OF(thread), GIVES(has_thread), .type = FL_KEY_FLAG, .otherwise = "the handler's",
     .help = "run it on a thread with a system stack"},
    {"processes", OF(spec.processes), .type = FL_KEY_NUMBER, .otherwise = "as width", .least = 1,
     .most = 10000, .help = "co-processes kept"},
    {"recycle-jobs", OF(spec.recycle_jobs), .type = FL_KEY_NUMBER, .otherwise = "never",
     .least = 1, .most = 1000000000, .help = "jobs after which a co-process is replaced"},
    {"recycle-bytes", OF(spec.recycle_bytes), .type = FL_KEY_BYTES, .otherwise = "never",
     .least = 1 << 20, .most = (int64_t)1 << 40,
     .help = "resident memory above which a co-process is replaced"},
    {"output-most", OF(spec.output_most), .type = FL_KEY_BYTES, .otherwise = "64KiB", .least = 1,
     .most = 1 << 30, .help = "output or response that is read"},
    {"grace", OF(spec.grace), .type = FL_KEY_TIME, .otherwise = "5s", .least = FILCH_MILLISECOND,
     .most = DAY, .help = "time from a polite end to a kill"},
    {"result", OF(spec.result), .type = FL_KEY_FLAG, .otherwise = "false",
     .help = "keep the standard output of a command, or an http response, as the job's result"},
    {0},
};
/* clang-format on */
FILCH_STATIC_ASSERT(sizeof fl_keys / sizeof *fl_keys <= FL_KEYS_MOST, "texts and sources hold all");
