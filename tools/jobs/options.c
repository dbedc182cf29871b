/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <runtime/service/service.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/spell.h>
#include <tools/shared/terminal.h>

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

/* ---- Kinds of arguments ---- */

typedef struct option_row option_row;
typedef int option_reader(jobs_options *o, const option_row *row, const char *text);

struct option_row {
    unsigned bit;
    const char *name, *argument, *help;
    option_reader *read;
    size_t at; /* offset in jobs_options */
    unsigned long least, most;
};

static void *place(jobs_options *o, const option_row *row)
{
    return (char *)o + row->at;
}

static int read_text(jobs_options *o, const option_row *row, const char *text)
{
    if (!*text)
        return jobs_usage(o, "--%s is empty (give a text)", row->name);
    *(const char **)place(o, row) = text;
    return 0;
}

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

static int read_queue(jobs_options *o, const option_row *row, const char *text)
{
    (void)row;
    return take_queue(o, text);
}

static int read_flag(jobs_options *o, const option_row *row, const char *text)
{
    (void)text;
    *(bool *)place(o, row) = true;
    return 0;
}

static int read_count(jobs_options *o, const option_row *row, const char *text)
{
    if (spell_count(text, row->least, row->most, place(o, row)))
        return 0;
    return jobs_usage(o, "--%s '%s' is not a number in range (%lu..%lu)", row->name, text,
                      row->least, row->most);
}

static int read_rate(jobs_options *o, const option_row *row, const char *text)
{
    if (spell_number(text, 0.001, (double)row->most, place(o, row)))
        return 0;
    return jobs_usage(o, "--%s '%s' is not a rate in range (0.001..%lu jobs a second)", row->name,
                      text, row->most);
}

static int read_number(jobs_options *o, const option_row *row, const char *text)
{
    if (spell_number(text, 0, (double)row->most, place(o, row)))
        return 0;
    return jobs_usage(o, "--%s '%s' is not a number in range (0..%lu)", row->name, text, row->most);
}

static int read_duration(jobs_options *o, const option_row *row, const char *text)
{
    int64_t ns;
    if (!spell_duration(text, JOBS_TIME_MOST, &ns) || ns < (int64_t)row->least)
        return jobs_usage(o, "--%s '%s' is not a duration (200ms, 1.5s, 5m, 1h, at most 10 years)",
                          row->name, text);
    *(int64_t *)place(o, row) = ns;
    return 0;
}

static int read_envelope(jobs_options *o, const option_row *row, const char *text)
{
    static const char *const names[FILCH_ENVELOPES] = {
        [FILCH_ENVELOPE_NATIVE] = "native",
        [FILCH_ENVELOPE_JSON] = "json",
        [FILCH_ENVELOPE_RAW] = "raw",
    };
    for (int i = FILCH_ENVELOPE_NATIVE; i < FILCH_ENVELOPES; i++)
        if (strcmp(names[i], text) == 0) {
            o->envelope = (filch_envelope)i;
            return 0;
        }
    return jobs_usage(o, "unknown --%s '%s' (valid: native, json, raw)", row->name, text);
}

bool jobs_is_header_name(const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("-_.", name[i]))
            return false;
    return length;
}

static int read_header(jobs_options *o, const option_row *row, const char *text)
{
    const char *equals = strchr(text, '=');
    if (o->header_count == JOBS_HEADERS_MOST)
        return jobs_usage(o, "too many headers (at most %d)", JOBS_HEADERS_MOST);
    if (!equals || !jobs_is_header_name(text, (size_t)(equals - text)))
        return jobs_usage(o,
                          "--%s '%s' is no header (write NAME=VALUE; a name has letters, digits, "
                          "'-', '_' and '.')",
                          row->name, text);
    char *name = strndup(text, (size_t)(equals - text)); /* lives as long as the process */
    if (!name)
        return jobs_usage(o, "no memory for a header");
    o->headers[o->header_count++] = (filch_header){name, equals + 1};
    return 0;
}

static int read_redaction(jobs_options *o, const option_row *row, const char *text)
{
    if (!*text || o->redaction_count == JOBS_REDACTIONS_MOST)
        return jobs_usage(o, "--%s: a name is empty, or there are more than %d", row->name,
                          JOBS_REDACTIONS_MOST);
    o->redactions[o->redaction_count++] = text;
    return 0;
}

/* ---- The table ---- */

#define AT(field) offsetof(jobs_options, field)

static const option_row rows[] = {
    {JOBS_TYPE, "type", "TYPE", "type of the jobs", read_text, AT(type), 0, 0},
    {JOBS_HEADER, "header", "NAME=VALUE", "header; may be repeated", read_header, 0, 0, 0},
    {JOBS_DELAY, "delay", "TIME", "not before this time has passed: 200ms, 1.5s, 5m, 1h",
     read_duration, AT(delay), 0, 0},
    {JOBS_PRIORITY, "priority", "N", "0 (lowest, default) .. 9", read_count, AT(priority), 0, 9},
    {JOBS_DEDUP, "dedup", "KEY", "refused while an unfinished job has this key", read_text,
     AT(dedup), 0, 0},
    {JOBS_DEDUP, "dedup-for", "TIME",
     "the key stays taken for this time, also when the job is over", read_duration, AT(dedup_for),
     1, 0},
    {JOBS_EXPIRES, "expires", "TIME", "becomes a dead letter if it has not begun by then",
     read_duration, AT(expires), 1, 0},
    {JOBS_CONTENT_TYPE, "content-type", "TYPE", "of the body: application/json", read_text,
     AT(content_type), 0, 0},
    {JOBS_ID, "id", "ID", "default: a random one", read_text, AT(id), 0, 0},
    {JOBS_ENVELOPE, "envelope", "NAME",
     "form of the body: native (default), json ({\"id\", \"type\", \"payload\"}) or raw (no type)",
     read_envelope, 0, 0, 0},
    {JOBS_LINES, "lines", NULL, "reads a job from each line of FILE or stdin; see below", read_flag,
     AT(lines), 0, 0},
    {JOBS_LIMIT, "limit", "N", "at most so many jobs", read_count, AT(limit), 1, 100000},
    {JOBS_REDACT, "redact", "NAME", "also hides headers whose name contains NAME; may be repeated",
     read_redaction, 0, 0, 0},
    {JOBS_YES, "yes", NULL, "does not ask", read_flag, AT(yes), 0, 0},
    {JOBS_ALL, "all", NULL, "all letters of the queue", read_flag, AT(all), 0, 0},
    {JOBS_RATE, "rate", "N", "jobs a second (default: as fast as they are confirmed)", read_rate,
     AT(rate), 0, 1000000},
    {JOBS_SIZE, "size", "BYTES", "of each body (default 256)", read_count, AT(size), 0, BODY_MOST},
    {JOBS_CONCURRENCY, "concurrency", "N", "publishers (default 16)", read_count, AT(concurrency),
     1, THREADS_MOST},
    {JOBS_COUNT, "count", "N", "ends after so many jobs (default 10000, or no end with --duration)",
     read_count, AT(count), 1, WIDEST_COUNT},
    {JOBS_DURATION, "duration", "TIME", "ends publishing after this time", read_duration,
     AT(duration), 1, 0},
    {JOBS_CONSUME, "consume", NULL, "runs a service in this process, which takes the jobs",
     read_flag, AT(consume), 0, 0},
    {JOBS_WIDTH, "width", "N", "handlers at a time with --consume (default 10)", read_count,
     AT(width), 1, 100000},
    {JOBS_PATIENCE, "patience", "TIME",
     "gives up when nothing has been processed for so long (default 30s)", read_duration,
     AT(patience), 1, 0},
    {JOBS_PLAN, "rate", "N", "jobs that arrive a second", read_rate, AT(rate), 0, 1000000},
    {JOBS_PLAN, "service-time", "TIME", "mean time of a job in its handler", read_duration,
     AT(service_time), 1, 0},
    {JOBS_PLAN, "service-cv", "N", "standard deviation of that time / its mean (default 1)",
     read_number, AT(service_cv), 0, CV_MOST},
    {JOBS_PLAN, "arrival-cv", "N", "the same of the time between arrivals (default 1: Poisson)",
     read_number, AT(arrival_cv), 0, CV_MOST},
    {JOBS_PLAN, "p99", "TIME", "at most 1 % of the jobs may take longer", read_duration, AT(p99), 1,
     0},
    {JOBS_PLAN, "pods", "N", "evaluates this number of pods", read_count, AT(pods), 1, PODS_MOST},
    {JOBS_PLAN, "slots", "N", "jobs at a time in a pod (default 10)", read_count, AT(slots), 1,
     SLOTS_MOST},
    {JOBS_PLAN, "pod-cpu", "N", "processors of a pod (default 0.5)", read_number, AT(pod_cpu), 0,
     SLOTS_MOST},
    {JOBS_PLAN, "pod-gib", "N", "memory of a pod in GiB (default 1)", read_number, AT(pod_gib), 0,
     SLOTS_MOST},
    {JOBS_PLAN, "price-cpu-hour", "N", "price of a processor for an hour", read_number,
     AT(price_cpu_hour), 0, PRICE_MOST},
    {JOBS_PLAN, "price-gib-hour", "N", "price of a GiB of memory for an hour", read_number,
     AT(price_gib_hour), 0, PRICE_MOST},
    {JOBS_EVERY, "broker", "URL",
     "broker (default: $FILCH_SERVICE_BROKER, $RABBITMQ_URL, or sqlite:)", read_text, AT(broker), 0,
     0},
    {JOBS_EVERY, "queue", "NAME", "queue (default: $QUEUE_NAME, or tasks)", read_queue, AT(queue),
     0, 0},
    {JOBS_EVERY, "json", NULL, "writes one JSON object", read_flag, AT(json), 0, 0},
};
enum { ROWS = sizeof rows / sizeof *rows, HELP = 'h', FIRST = 256 };

void jobs_options_help(unsigned takes, FILE *out)
{
    enum { COLUMN = 26 };
    for (int i = 0; i < ROWS; i++) {
        if (!((takes | JOBS_EVERY) & rows[i].bit))
            continue;
        char left[40], *line;
        snprintf(left, sizeof left, "--%s%s%s", rows[i].name, rows[i].argument ? " " : "",
                 rows[i].argument ? rows[i].argument : "");
        if (asprintf(&line, "  %-*s%s", COLUMN - 2, left, rows[i].help) < 0)
            return;
        terminal_wrap(line, terminal_width(out), out);
        free(line);
    }
    fprintf(out, "  %-*s%s\n", COLUMN - 2, "-h, --help", "shows this");
}

/* ---- Parsing ---- */

const char jobs_broker_unnamed[] = "sqlite:";

/* An empty variable counts as none. */
static const char *variable(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

static void fill_defaults(jobs_options *o, const char *command)
{
    *o = (jobs_options){.command = command,
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

/* The rows that are taken, as getopt_long wants them. */
static void list_options(struct option *list, unsigned takes)
{
    *list++ = (struct option){"help", no_argument, NULL, HELP};
    for (int i = 0; i < ROWS; i++)
        if ((takes | JOBS_EVERY) & rows[i].bit)
            *list++ =
                (struct option){rows[i].name, rows[i].argument ? required_argument : no_argument,
                                NULL, FIRST + i};
    *list = (struct option){0};
}

int jobs_options_parse(jobs_options *out, unsigned takes, int argc, char **argv)
{
    struct option list[ROWS + 2];
    int rc = 0;
    fill_defaults(out, argv[0]);
    list_options(list, takes);
    optind = 0; /* begin anew */
    for (int found; !rc && (found = getopt_long(argc, argv, "h", list, NULL)) != -1;) {
        if (found == HELP)
            return -1;
        if (found == '?') {
            fprintf(stderr, "see %s --help\n", out->command);
            return JOBS_USAGE;
        }
        rc = rows[found - FIRST].read(out, &rows[found - FIRST], optarg);
    }
    out->arguments = &argv[optind];
    out->argument_count = argc - optind;
    return rc;
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
