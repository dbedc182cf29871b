/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The configuration of a service program: the values of the keys in keys.c, from five sources. A
 * later source wins: defaults, the program's own defaults, the file, the environment, the command line. */
#ifndef FL_CONFIGURATION_H
#define FL_CONFIGURATION_H

#include <filch/service.h>
#include <runtime/service/handlers/handlers.h>
#include <runtime/service/program/arena.h>

#include <stdbool.h>

enum { FL_KEYS_MOST = 64, FL_PORT_NONE = -1 };

typedef enum fl_source {
    FL_SOURCE_DEFAULT,
    FL_SOURCE_PROGRAM, /* filch_service_defaults */
    FL_SOURCE_FILE,
    FL_SOURCE_ENVIRONMENT,
    FL_SOURCE_OPTION,
    FL_SOURCES
} fl_source;

extern const char *const fl_source_names[FL_SOURCES];

/* Of the breaker of a handler; 0: the default. */
typedef struct fl_configured_breaker {
    bool is_told, is_on; /* the member `breaker` */
    bool has_values;     /* one of the others, which switch it on as well */
    unsigned requests, percent, half_open;
    int64_t interval, open;
} fl_configured_breaker;

/* One entry of the key `handlers`. */
typedef struct fl_configured_handler {
    const char *type;
    const fl_handler_kind *kind; /* NULL: the program has a handler of this type */
    unsigned width;
    filch_limit rate;
    int64_t timeout;
    filch_retry_policy retry;
    bool has_retry;
    bool has_thread, thread;
    fl_configured_breaker breaker;
    fl_handler_spec spec;
} fl_configured_handler;

typedef struct fl_configuration {
    const char *broker;
    filch_service_queue queues[FILCH_SERVICE_QUEUES];
    unsigned queue_count;
    bool strict;
    filch_envelope envelope;
    unsigned workers, width, buffer, prefetch, deliveries;
    int64_t lease, timeout, result_ttl, drain;
    filch_retry_policy retry;
    int health_port; /* or FL_PORT_NONE */
    const char *health_address, *health_token;
    const char *otlp_endpoint; /* NULL: no spans are exported */
    filch_log_level log_level;
    bool exit_on_disconnect;
    const char *const *passed; /* names of variables that children get; NULL: none */
    fl_configured_handler *handlers;
    size_t handler_count;
    filch_periodic *periodics;
    unsigned periodic_count;

    /* By the key's place in the table: its value as it was given (NULL: the default's is none),
     * the file that holds it (NULL: none), and its source. */
    const char *texts[FL_KEYS_MOST];
    const char *files[FL_KEYS_MOST];
    fl_source sources[FL_KEYS_MOST];
    char *const *environment; /* that was read */
    fl_keep keep;
} fl_configuration;

/* The rest of the command line, beside the keys. */
typedef struct fl_command_line {
    const struct fl_action *action; /* NULL: serve */
    const char *argument;           /* of the action */
    const char *file;               /* of the configuration; NULL: none */
    bool once, check;
} fl_command_line;

/* Reads the command line, the environment ("NAME=value", NULL at the end) and the file; *request and *out are overwritten. After a
 * failure, too, *out is to be ended. Errors: -EINVAL, explained: the name as it was given, the value,
 * and the allowed ones; -ENOMEM. */
int fl_configuration_load(fl_configuration *out, fl_command_line *request, int argc, char **argv,
                          char *const *environment);
/* Frees its memory. Zero bytes are allowed. */
void fl_configuration_end(fl_configuration *configuration);

/* Sets a key to a text, of which it takes a copy. `called` is the key's name as it was given, for
 * messages. An empty text is refused, except from the environment, where it counts as unset. Errors: -EINVAL, -ENOMEM, explained. */
struct fl_key;
int fl_configuration_set(fl_configuration *configuration, const struct fl_key *key,
                         const char *called, const char *text, fl_source source);
/* The same with the content of a file, for a secret. */
int fl_configuration_set_from(fl_configuration *configuration, const struct fl_key *key,
                              const char *called, const char *path, fl_source source);

/* ---- Containers ---- */

/* Containers: does this process run in one? Probes of its orchestrator then come from other addresses. */

/* By the variables of an orchestrator ("NAME=value", NULL at the end), the mark of a container engine,
 * or the names of the cgroups. root: the folder before "/proc", "" but in tests. */
bool fl_is_contained(const char *root, char *const *environment);

#endif
