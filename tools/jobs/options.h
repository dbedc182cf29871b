/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The command line of a command of filch-jobs: one table has all options, and each command names
 * those it takes. */
#ifndef JOBS_OPTIONS_H
#define JOBS_OPTIONS_H

#include <filch/service.h>
#include <filch/wait.h>

#include <stdbool.h>
#include <stdio.h>
#include <tools/shared/command.h>

/* Exit statuses. */
enum {
    JOBS_OK,
    JOBS_REFUSED,    /* the broker refused, was away, or has no such job */
    JOBS_USAGE,      /* a wrong command line, or wrong input */
    JOBS_UNSUPPORTED /* this broker cannot do it */
};

/* The options, as bits of jobs_command.takes. */
enum {
    JOBS_TYPE = 1 << 0,
    JOBS_HEADER = 1 << 1,
    JOBS_DELAY = 1 << 2,
    JOBS_PRIORITY = 1 << 3,
    JOBS_DEDUP = 1 << 4,
    JOBS_EXPIRES = 1 << 5,
    JOBS_CONTENT_TYPE = 1 << 6,
    JOBS_ID = 1 << 7,
    JOBS_ENVELOPE = 1 << 8,
    JOBS_LINES = 1 << 9,
    JOBS_LIMIT = 1 << 10,
    JOBS_REDACT = 1 << 11,
    JOBS_YES = 1 << 12,
    JOBS_ALL = 1 << 13,
    JOBS_RATE = 1 << 14,
    JOBS_SIZE = 1 << 15,
    JOBS_CONCURRENCY = 1 << 16,
    JOBS_COUNT = 1 << 17,
    JOBS_DURATION = 1 << 18,
    JOBS_CONSUME = 1 << 19,
    JOBS_WIDTH = 1 << 20,
    JOBS_PATIENCE = 1 << 21,
    JOBS_PLAN = 1 << 22 /* all of plan */
};

/* The longest duration, in ns: ten years. */
#define JOBS_TIME_MOST (INT64_C(10) * 365 * 24 * 3600 * FILCH_SECOND)

enum { JOBS_HEADERS_MOST = 256, JOBS_REDACTIONS_MOST = 64 };

/* Texts point into the arguments and the environment. */
typedef struct jobs_options {
    const char *command; /* "filch-jobs enqueue", for messages */
    const char *broker, *queue;
    bool queue_named; /* by option or argument */
    bool json;
    const char *type, *dedup, *content_type, *id;
    filch_header headers[JOBS_HEADERS_MOST];
    size_t header_count;
    int64_t dedup_for;      /* ns; 0: until the job is finished */
    int64_t delay, expires; /* ns; expires: from now on, 0: never */
    unsigned long priority;
    filch_envelope envelope;
    bool lines, yes, all, consume;
    unsigned long limit;
    const char *redactions[JOBS_REDACTIONS_MOST];
    size_t redaction_count;
    double rate; /* jobs a second; 0: not given */
    unsigned long size, concurrency, count, width;
    int64_t duration, patience; /* ns */
    int64_t service_time, p99;  /* ns; 0: not given */
    double service_cv, arrival_cv, pod_cpu, pod_gib, price_cpu_hour, price_gib_hour;
    unsigned long slots, pods; /* pods 0: not given */
    char *const *arguments;    /* without options */
    int argument_count;
} jobs_options;

/* All options, a group for each row of the enumeration above. */
extern const command_option jobs_rows[];

/* Fills in the defaults, then what argv says. */
void jobs_options_read(jobs_options *out, const command *c, int argc, char **argv);

/* jobs_options.broker where neither an option nor a variable names it. */
extern const char jobs_broker_unnamed[];

/* Is this a name that every broker takes: letters, digits, '-', '_' and '.', and at least one? */
bool jobs_is_header_name(const char *name, size_t length);

/* Of a command that takes QUEUE as its only argument: makes that the queue. 0, or JOBS_USAGE after a
 * message: --queue names one as well. */
int jobs_take_queue(jobs_options *o);
/* Neither empty, nor with blanks or control characters. */
bool jobs_is_queue_name(const char *name);

/* Writes "COMMAND: ...; see COMMAND --help" to stderr. Returns JOBS_USAGE. */
FILCH_PRINTF(2, 3) int jobs_usage(const jobs_options *o, const char *format, ...);

#endif
