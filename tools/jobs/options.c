/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "options.h"

#include <ctype.h>
#include <runtime/service/modules.h>
#include <runtime/service/service.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/command.h>

enum { WIDEST_COUNT = 10000000, THREADS_MOST = 1000, BODY_MOST = 16 << 20 };
enum { CV_MOST = 10, PODS_MOST = 1000, SLOTS_MOST = 1000, PRICE_MOST = 1000000 }; /* of plan */

int jobs_usage(const jobs_options *o, const char *format, ...)
{
    va_list list;
    fprintf(stderr, "%s: ", o->command);
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fprintf(stderr, "; see %s --help\n", o->command);
    return JOBS_USAGE;
}

/* ---- Readers ---- */

bool jobs_is_queue_name(const char *name)
{
    return *name && !name[fl_queue_name_length(name)];
}

static int take_queue(jobs_options *o, const char *name)
{
    if (!jobs_is_queue_name(name))
        return jobs_usage(o, "the queue's name is empty, or has a blank or a control character "
                             "(allowed: all others)");
    o->queue = name;
    o->queue_named = true;
    return 0;
}

static void read_queue(const command *c, const command_option *row, void *to, const char *text)
{
    (void)c;
    (void)row;
    if (take_queue(to, text))
        exit(JOBS_USAGE);
}

static const char *const envelope_names[] = {"native", "json", "raw", NULL};

static void read_envelope(const command *c, const command_option *row, void *to, const char *text)
{
    ((jobs_options *)to)->envelope =
        FILCH_ENVELOPE_NATIVE + (filch_envelope)command_pick(c, row, text);
}

static void list_brokers(names_list *out)
{
    static fl_module_name starts[FL_MODULES_MOST]; /* `out` keeps pointers to them */
    for (unsigned i = 0; i < FL_MODULES_MOST && fl_broker_url_start(i, starts[i]); i++)
        names_add(out, starts[i]);
}

bool jobs_is_header_name(const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("-_.", name[i]))
            return false;
    return length;
}

static void read_header(const command *c, const command_option *row, void *to, const char *text)
{
    jobs_options *o = to;
    const char *equals = strchr(text, '=');
    if (o->header_count == JOBS_HEADERS_MOST)
        command_refuse(c, "too many headers (at most %d)", JOBS_HEADERS_MOST);
    if (!equals || !jobs_is_header_name(text, (size_t)(equals - text)))
        command_refuse(c,
                       "--%s '%s' is not a header (write NAME=VALUE; a name has letters, digits, "
                       "'-', '_' and '.')",
                       row->name, text);
    char *name = strndup(text, (size_t)(equals - text)); /* lives as long as the process */
    if (!name)
        command_refuse(c, "no memory for a header");
    o->headers[o->header_count++] = (filch_header){name, equals + 1};
}

static void read_redaction(const command *c, const command_option *row, void *to, const char *text)
{
    jobs_options *o = to;
    if (!*text || o->redaction_count == JOBS_REDACTIONS_MOST)
        command_refuse(c, "--%s: a name is empty, or there are more than %d", row->name,
                       JOBS_REDACTIONS_MOST);
    o->redactions[o->redaction_count++] = text;
}

/* ---- The table ---- */

#define AT(field) COMMAND_FIELD(jobs_options, field)

const command_option jobs_rows[] = {
    {"type", "TYPE", "type of the jobs", .read = command_text, AT(type), .group = JOBS_TYPE},
    {"header", "NAME=VALUE", "header; may be repeated", .read = read_header, .group = JOBS_HEADER},
    {"delay", "TIME", "not before this time has passed: 200ms, 1.5s, 5m, 1h",
     .read = command_duration, AT(delay), .most = JOBS_TIME_MOST, .group = JOBS_DELAY},
    {"priority", "N", "0 (lowest, default) .. 9", .read = command_count, AT(priority), .most = 9,
     .group = JOBS_PRIORITY},
    {"dedup", "KEY", "refused while an unfinished job has this key", .read = command_text,
     AT(dedup), .group = JOBS_DEDUP},
    {"dedup-for", "TIME", "the key stays taken for this time, even after the job has ended",
     .read = command_duration, AT(dedup_for), .least = 1, .most = JOBS_TIME_MOST,
     .group = JOBS_DEDUP},
    {"expires", "TIME", "becomes a dead letter if it has not begun by then",
     .read = command_duration, AT(expires), .least = 1, .most = JOBS_TIME_MOST,
     .group = JOBS_EXPIRES},
    {"content-type", "TYPE", "of the body: application/json", .read = command_text,
     AT(content_type), .group = JOBS_CONTENT_TYPE},
    {"id", "ID", "default: a random one", .read = command_text, AT(id), .group = JOBS_ID},
    {"envelope", "NAME",
     "form of the body: native (default), json ({\"id\", \"type\", \"payload\"}) or raw (no type)",
     .read = read_envelope, .choices = envelope_names, .group = JOBS_ENVELOPE},
    {"lines", .help = "reads a job from each line of FILE or stdin; see above",
     .read = command_flag, AT(lines), .group = JOBS_LINES},
    {"limit", "N", "at most this many jobs", .read = command_count, AT(limit), .least = 1,
     .most = 100000, .group = JOBS_LIMIT},
    {"redact", "NAME", "also hides headers whose name contains NAME; may be repeated",
     .read = read_redaction, .group = JOBS_REDACT},
    {"yes", .help = "does not ask", .read = command_flag, AT(yes), .group = JOBS_YES},
    {"all", .help = "all letters of the queue", .read = command_flag, AT(all), .group = JOBS_ALL},
    {"rate", "N", "jobs per second (default: as fast as they are confirmed)",
     .read = command_number, AT(rate), .least = 0.001, .most = 1000000, .group = JOBS_RATE},
    {"size", "BYTES", "zero bytes of each body (default 256)", .read = command_count, AT(size),
     .most = BODY_MOST, .group = JOBS_SIZE},
    {"concurrency", "N", "publishers (default 16)", .read = command_count, AT(concurrency),
     .least = 1, .most = THREADS_MOST, .group = JOBS_CONCURRENCY},
    {"count", "N", "ends after this many jobs (default 10000, or no end with --duration)",
     .read = command_count, AT(count), .least = 1, .most = WIDEST_COUNT, .group = JOBS_COUNT},
    {"duration", "TIME", "ends publishing after this time", .read = command_duration, AT(duration),
     .least = 1, .most = JOBS_TIME_MOST, .group = JOBS_DURATION},
    {"consume", .help = "runs a service in this process, which takes the jobs",
     .read = command_flag, AT(consume), .group = JOBS_CONSUME},
    {"width", "N", "handlers at a time with --consume (default 10)", .read = command_count,
     AT(width), .least = 1, .most = 100000, .group = JOBS_WIDTH},
    {"patience", "TIME", "gives up when nothing has been processed for this long (default 30s)",
     .read = command_duration, AT(patience), .least = 1, .most = JOBS_TIME_MOST,
     .group = JOBS_PATIENCE},
    {"rate", "N", "jobs that arrive per second", .read = command_number, AT(rate), .least = 0.001,
     .most = 1000000, .group = JOBS_PLAN},
    {"service-time", "TIME", "mean time of a job in its handler", .read = command_duration,
     AT(service_time), .least = 1, .most = JOBS_TIME_MOST, .group = JOBS_PLAN},
    {"service-cv", "N", "standard deviation of that time / its mean (default 1)",
     .read = command_number, AT(service_cv), .most = CV_MOST, .group = JOBS_PLAN},
    {"arrival-cv", "N", "the same of the time between arrivals (default 1: Poisson)",
     .read = command_number, AT(arrival_cv), .most = CV_MOST, .group = JOBS_PLAN},
    {"p99", "TIME", "at most 1 % of the jobs may take longer", .read = command_duration, AT(p99),
     .least = 1, .most = JOBS_TIME_MOST, .group = JOBS_PLAN},
    {"pods", "N", "evaluates this number of pods", .read = command_count, AT(pods), .least = 1,
     .most = PODS_MOST, .group = JOBS_PLAN},
    {"slots", "N", "jobs at a time in a pod (default 10)", .read = command_count, AT(slots),
     .least = 1, .most = SLOTS_MOST, .group = JOBS_PLAN},
    {"pod-cpu", "N", "processors of a pod (default 0.5)", .read = command_number, AT(pod_cpu),
     .most = SLOTS_MOST, .group = JOBS_PLAN},
    {"pod-gib", "N", "memory of a pod in GiB (default 1)", .read = command_number, AT(pod_gib),
     .most = SLOTS_MOST, .group = JOBS_PLAN},
    {"price-cpu-hour", "N", "price of a processor for an hour", .read = command_number,
     AT(price_cpu_hour), .most = PRICE_MOST, .group = JOBS_PLAN},
    {"price-gib-hour", "N", "price of a GiB of memory for an hour", .read = command_number,
     AT(price_gib_hour), .most = PRICE_MOST, .group = JOBS_PLAN},
    {"broker", "URL", "broker (default: $FILCH_SERVICE_BROKER, $RABBITMQ_URL, or sqlite:)",
     .read = command_text, AT(broker), .registry = list_brokers},
    {"queue", "NAME", "queue (default: $QUEUE_NAME, or tasks)", .read = read_queue, AT(queue)},
    {"json", .help = "writes one JSON object", .read = command_flag, AT(json)},
    {0},
};

/* ---- Parsing ---- */

const char jobs_broker_unnamed[] = "sqlite:";

/* An empty variable counts as none. */
static const char *variable(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

static void fill_defaults(jobs_options *o, const char *title)
{
    *o = (jobs_options){.command = title,
                        .broker = variable("FILCH_SERVICE_BROKER",
                                           variable("RABBITMQ_URL", jobs_broker_unnamed)),
                        .queue = variable("QUEUE_NAME", "tasks"),
                        .size = 256,
                        .concurrency = 16,
                        .width = 10,
                        .patience = 30 * FILCH_SECOND,
                        .service_cv = 1,
                        .arrival_cv = 1,
                        .slots = 10,
                        .pod_cpu = 0.5,
                        .pod_gib = 1};
}

void jobs_options_read(jobs_options *out, const command *c, int argc, char **argv)
{
    fill_defaults(out, c->name);
    out->arguments = command_read(c, out, argc, argv);
    while (out->arguments[out->argument_count])
        out->argument_count++;
}

int jobs_take_queue(jobs_options *o)
{
    if (!o->argument_count)
        return 0;
    if (o->queue_named)
        return jobs_usage(o, "the queue is named twice: '%s' and --queue '%s' (give one)",
                          o->arguments[0], o->queue);
    return take_queue(o, o->arguments[0]);
}
