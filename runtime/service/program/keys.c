/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/program/keys.h>

#include <filch/service_main.h>
#include <runtime/service/program/configuration.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const envelopes[] = {"auto", "native", "json", "raw", NULL};
static const char *const jitters[] = {"full", "equal",        "decorrelated",
                                      "none", "proportional", NULL};
static const char *const levels[] = {"debug", "info", "warn", "error", "off", NULL};

#define DAY (86400 * FILCH_SECOND)

/* A row begins with its name and type; AT and OF are the places of its fields. */
#define AT(field) .offset = offsetof(fl_configuration, field)
#define OF(field) .scope = FL_KEY_OF_HANDLER, .offset = offsetof(fl_configured_handler, field)
#define OF_PERIODIC(field) .scope = FL_KEY_OF_PERIODIC, .offset = offsetof(filch_periodic, field)
#define GIVES(field) .given = offsetof(fl_configured_handler, field)

/* clang-format off */
const fl_key fl_keys[] = {
    {"broker", .type = FL_KEY_TEXT, AT(broker), .standard = "sqlite:", .alias = "RABBITMQ_URL",
     .secrecy = FL_KEY_URL, .help = "URL of the broker; --brokers lists the schemes"},
    {"queues", .type = FL_KEY_QUEUES, AT(queues), .standard = "tasks", .alias = "QUEUE_NAME",
     .help = "queues to serve, with the share of each while several have messages"},
    {"strict", .type = FL_KEY_FLAG, AT(strict), .standard = "false",
     .help = "serve a queue only while those before it are empty"},
    {"envelope", .type = FL_KEY_CHOICE, AT(envelope), .standard = "auto", .choices = envelopes,
     .help = "format of message bodies"},
    {"width", .type = FL_KEY_NUMBER, AT(width), .standard = "10", .least = 1,
     .most = FILCH_SERVICE_WIDTH_MOST, .alias = "WORKER_COUNT", .help = "handlers at a time"},
    {"buffer", .type = FL_KEY_NUMBER, AT(buffer), .otherwise = "as width; PostgreSQL, SQLite: at least 100", .least = 1,
     .most = FILCH_SERVICE_WIDTH_MOST, .help = "messages received in advance"},
    {"prefetch", .type = FL_KEY_NUMBER, AT(prefetch), .otherwise = "width + buffer", .least = 2,
     .most = 2 * FILCH_SERVICE_WIDTH_MOST,
     .help = "messages held at once; replaces buffer, and must exceed width"},
    {"workers", .type = FL_KEY_NUMBER, AT(workers), .otherwise = "one per core, within the CPU quota", .least = 1,
     .most = 1024, .help = "threads that run handlers"},
    {"lease", .type = FL_KEY_TIME, AT(lease), .otherwise = "30s, or the broker's longest",
     .least = FILCH_SECOND, .most = DAY, .help = "length of a lease; extended after each third of it"},
    {"timeout", .type = FL_KEY_TIME, AT(timeout), .standard = "5m", .least = FILCH_MILLISECOND,
     .most = FILCH_FOREVER, .help = "time limit of an attempt, from its start"},
    {"deliveries", .type = FL_KEY_NUMBER, AT(deliveries), .standard = "5", .least = 1,
     .most = 1000000, .help = "a message delivered more often without an outcome is poison"},
    {"retry-attempts", .type = FL_KEY_NUMBER, AT(retry.attempts), .standard = "5", .least = 1,
     .most = 1000000, .help = "total attempts, including the first"},
    {"retry-delay", .type = FL_KEY_TIME, AT(retry.base), .standard = "1s",
     .least = FILCH_MILLISECOND, .most = DAY, .help = "delay after the first attempt"},
    {"retry-factor", .type = FL_KEY_DECIMAL, AT(retry.factor), .standard = "2", .least = 1000,
     .most = 100000, .help = "growth of the delay from attempt to attempt"},
    {"retry-max", .type = FL_KEY_TIME, AT(retry.cap), .standard = "20s",
     .least = FILCH_MILLISECOND, .most = 7 * DAY, .help = "longest wait"},
    {"retry-jitter", .type = FL_KEY_CHOICE, AT(retry.jitter), .standard = "full",
     .choices = jitters, .help = "randomness of the delay"},
    {"result-ttl", .type = FL_KEY_TIME, AT(result_ttl), .standard = "1d",
     .least = FILCH_SECOND, .most = 365 * DAY,
     .help = "time for which a job's progress and result are kept after the last change"},
    {"drain-timeout", .type = FL_KEY_TIME, AT(drain), .standard = "30s", .least = 0, .most = DAY,
     .alias = "SHUTDOWN_TIMEOUT_SEC", .reloadable = true,
     .help = "time for running handlers after the first SIGTERM or SIGINT"},
    {"health-port", .type = FL_KEY_PORT, AT(health_port), .standard = "none",
     .alias = "HEALTH_PORT", .help = "port of /health, /ready, /metrics and a page; 0: any free one"},
    {"health-address", .type = FL_KEY_TEXT, AT(health_address), .otherwise = "0.0.0.0 in a container, else 127.0.0.1",
     .help = "address of that port; 0.0.0.0: all"},
    {"health-token", .type = FL_KEY_TEXT, AT(health_token), .otherwise = "none",
     .secrecy = FL_KEY_SECRET, .help = "token required for /debug and /; without one, they are served only on a loopback address"},
    {"otlp-endpoint", .type = FL_KEY_TEXT, AT(otlp_endpoint), .otherwise = "none",
     .alias = "OTEL_EXPORTER_OTLP_ENDPOINT", .secrecy = FL_KEY_URL,
     .help = "URL of an OpenTelemetry collector, which receives a span of each run"},
    {"log-level", .type = FL_KEY_CHOICE, AT(log_level), .standard = "info", .choices = levels,
     .reloadable = true, .help = "lowest level of log lines"},
    {"exit-on-disconnect", .type = FL_KEY_FLAG, AT(exit_on_disconnect), .standard = "false",
     .reloadable = true, .help = "drain, and exit with status 69, when the broker is unreachable"},
    {"handlers", .type = FL_KEY_LIST, .otherwise = "echo, fail, hash, sleep",
     .help = "ready-made handlers, and limits of built-in ones"},
    {"environment", .type = FL_KEY_NAMES, AT(passed), .otherwise = "none",
     .help = "environment variables passed to commands and co-processes, besides PATH, HOME, LANG and TZ"},
    {"periodic", .type = FL_KEY_LIST, .otherwise = "none",
     .help = "jobs published on a schedule, once for all services"},

    {"type", OF(type), .type = FL_KEY_TEXT, .otherwise = "required", .help = "type of the jobs"},
    {"width", OF(width), .type = FL_KEY_NUMBER, .otherwise = "the service's", .least = 1,
     .most = FILCH_SERVICE_WIDTH_MOST, .help = "handlers of this type at a time"},
    {"rate", OF(rate), .type = FL_KEY_RATE, .otherwise = "no limit", .least = 1,
     .most = 1000000000, .help = "attempts started per second, minute, hour or day, and the burst"},
    {"timeout", OF(timeout), .type = FL_KEY_TIME, .otherwise = "the service's",
     .least = FILCH_MILLISECOND, .most = FILCH_FOREVER, .help = "time limit of an attempt"},
    {"retry-attempts", OF(retry.attempts), GIVES(has_retry), .type = FL_KEY_NUMBER,
     .otherwise = "the service's", .least = 1, .most = 1000000, .help = "total attempts"},
    {"retry-delay", OF(retry.base), GIVES(has_retry), .type = FL_KEY_TIME,
     .otherwise = "the service's", .least = FILCH_MILLISECOND, .most = DAY,
     .help = "delay after the first attempt"},
    {"retry-factor", OF(retry.factor), GIVES(has_retry), .type = FL_KEY_DECIMAL,
     .otherwise = "the service's", .least = 1000, .most = 100000, .help = "growth of the delay"},
    {"retry-max", OF(retry.cap), GIVES(has_retry), .type = FL_KEY_TIME,
     .otherwise = "the service's", .least = FILCH_MILLISECOND, .most = 7 * DAY,
     .help = "longest wait"},
    {"retry-jitter", OF(retry.jitter), GIVES(has_retry), .type = FL_KEY_CHOICE,
     .otherwise = "the service's", .choices = jitters, .help = "randomness of the delay"},
    {"thread", OF(thread), GIVES(has_thread), .type = FL_KEY_FLAG, .otherwise = "the handler's",
     .help = "run it on a thread with a system stack"},
    {"breaker", OF(breaker.is_on), GIVES(breaker.is_told), .type = FL_KEY_FLAG,
     .otherwise = "true with one of the next five", .help = "hold back attempts while most fail"},
    {"breaker-requests", OF(breaker.requests), GIVES(breaker.has_values), .type = FL_KEY_NUMBER,
     .otherwise = "3", .least = 1, .most = 1000000,
     .help = "least attempts in the interval before it opens"},
    {"breaker-percent", OF(breaker.percent), GIVES(breaker.has_values), .type = FL_KEY_NUMBER,
     .otherwise = "60", .least = 1, .most = 100, .help = "share of failures at which it opens"},
    {"breaker-interval", OF(breaker.interval), GIVES(breaker.has_values), .type = FL_KEY_TIME,
     .otherwise = "10s", .least = 10 * FILCH_MILLISECOND, .most = DAY,
     .help = "time for which outcomes count"},
    {"breaker-open", OF(breaker.open), GIVES(breaker.has_values), .type = FL_KEY_TIME,
     .otherwise = "60s", .least = FILCH_MILLISECOND, .most = DAY,
     .help = "time during which no attempt starts"},
    {"breaker-half-open", OF(breaker.half_open), GIVES(breaker.has_values), .type = FL_KEY_NUMBER,
     .otherwise = "3", .least = 1, .most = 1000000,
     .help = "attempts after that time, which close it if all succeed"},
    {"processes", OF(spec.processes), .type = FL_KEY_NUMBER, .otherwise = "as width", .least = 1,
     .most = 10000, .help = "co-processes kept"},
    {"recycle-jobs", OF(spec.recycle_jobs), .type = FL_KEY_NUMBER, .otherwise = "never",
     .least = 1, .most = 1000000000, .help = "jobs after which a co-process is replaced"},
    {"recycle-bytes", OF(spec.recycle_bytes), .type = FL_KEY_BYTES, .otherwise = "never",
     .least = 1 << 20, .most = (int64_t)1 << 40,
     .help = "resident memory above which a co-process is replaced"},
    {"output-most", OF(spec.output_most), .type = FL_KEY_BYTES, .otherwise = "64KiB", .least = 1,
     .most = 1 << 30, .help = "limit of the output or response that is read"},
    {"grace", OF(spec.grace), .type = FL_KEY_TIME, .otherwise = "5s", .least = FILCH_MILLISECOND,
     .most = DAY, .help = "time from SIGTERM to SIGKILL"},
    {"result", OF(spec.result), .type = FL_KEY_FLAG, .otherwise = "false",
     .help = "keep the standard output of a command, or an http response, as the job's result"},
    {"environment", OF(spec.passed), .type = FL_KEY_NAMES, .otherwise = "the service's",
     .help = "environment variables passed to its processes, instead of the service's list"},

    {"name", OF_PERIODIC(name), .type = FL_KEY_TEXT, .otherwise = "required",
     .help = "1..64 letters, digits, '-', '_' and '.'; the same in all services"},
    {"cron", OF_PERIODIC(cron), .type = FL_KEY_TEXT, .otherwise = "required",
     .help = "minute, hour, day of month, month, day of week; or @daily, @every 30s"},
    {"zone", OF_PERIODIC(zone), .type = FL_KEY_TEXT, .standard = "UTC",
     .help = "time zone: +02:00, Europe/Berlin"},
    {"type", OF_PERIODIC(type), .type = FL_KEY_TEXT, .otherwise = "required",
     .help = "type of the jobs"},
    {"queue", OF_PERIODIC(queue), .type = FL_KEY_TEXT, .otherwise = "the first of queues",
     .help = "their queue"},
    {"content-type", OF_PERIODIC(content_type), .type = FL_KEY_TEXT, .otherwise = "none",
     .help = "content type of the body"},
    {"body", OF_PERIODIC(body), .type = FL_KEY_TEXT, .otherwise = "empty", .help = "their body"},
    {"priority", OF_PERIODIC(priority), .type = FL_KEY_NUMBER, .standard = "0", .least = 0,
     .most = FILCH_MESSAGE_PRIORITIES - 1, .help = "their priority"},
    {0},
};
/* clang-format on */
FILCH_STATIC_ASSERT(sizeof fl_keys / sizeof *fl_keys <= FL_KEYS_MOST, "texts and sources hold all");

/* ---- Names ---- */

/* Keys by name, and their names in the environment. */

static const filch_service_defaults *own_defaults; /* set before threads are started */

void fl_key_defaults_set(const filch_service_defaults *defaults)
{
    own_defaults = defaults;
}

const char *fl_key_own_default(const fl_key *key)
{
    const filch_service_defaults *own = own_defaults;
    if (!own || key->scope != FL_KEY_OF_SERVICE)
        return NULL;
    const struct {
        const char *name, *text;
    } rows[] = {{"broker", own->broker},
                {"queues", own->queues},
                {"envelope", own->envelope},
                {"health-port", own->health_port}};
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, key->name) == 0)
            return rows[i].text;
    return NULL;
}

const fl_key *fl_key_of(fl_key_scope scope, const char *name, size_t length)
{
    for (const fl_key *key = fl_keys; key->name; key++)
        if (key->scope == scope && strlen(key->name) == length &&
            memcmp(key->name, name, length) == 0)
            return key;
    return NULL;
}

void fl_key_variable(const fl_key *key, char *text, size_t size)
{
    snprintf(text, size, "FILCH_SERVICE_%s", key->name);
    for (char *at = text; *at; at++)
        *at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
}

unsigned fl_key_names(fl_key_scope scope, const char **names)
{
    unsigned count = 0;
    for (const fl_key *key = fl_keys; key->name; key++)
        if (key->scope == scope)
            names[count++] = key->name;
    return count;
}
