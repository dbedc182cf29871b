/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The configured handlers, and their breakers. */
#ifndef FL_PROGRAM_HANDLER_TABLE_H
#define FL_PROGRAM_HANDLER_TABLE_H

#include <filch/breaker.h>
#include <filch/log.h>
#include <runtime/service/handlers/handlers.h>
#include <runtime/service/program/configuration.h>

/* ---- Breakers ---- */

/* Breakers that the configuration gives to handlers. Each change of state is logged. */

typedef struct fl_handler_breaker {
    filch_breaker *breaker;
    const char *type;            /* of the jobs */
    const filch_log *const *log; /* which may be NULL; read when the state changes */
} fl_handler_breaker;

/* Does the configuration switch it on? */
bool fl_handler_breaker_is_on(const fl_configured_breaker *configured);
/* Creates it for a type, which outlives it as `log` does. Errors: -ENOMEM, -EINVAL, explained. */
int fl_handler_breaker_init(fl_handler_breaker *out, const fl_configured_breaker *configured,
                            const char *type, const filch_log *const *log);
/* Frees it; no job runs. */
void fl_handler_breaker_end(fl_handler_breaker *one);

/* ---- The table ---- */

/* The handlers of a service program: its own, with limits of the configuration, and ready-made
 * ones. */

typedef struct fl_handler_table {
    filch_handler *handlers;
    const fl_handler_kind **kinds; /* of each; NULL: the program's own */
    size_t count;
    fl_handler_breaker *breakers; /* of the configuration */
    size_t breaker_count;
    const filch_log *log; /* for their changes of state; NULL, the default: none */
} fl_handler_table;

/* Makes the table, which stays where it is; `given` are the program's own. The configuration outlives
 * it. After a failure,
 * too, it is to be ended. Errors: -EINVAL, -ENOMEM, those of a kind's `make`, explained. */
int fl_handler_table_init(fl_handler_table *table, const fl_configuration *configuration,
                          const filch_handler *given, size_t count);
/* Ends the ready-made ones and the breakers; no job runs. Zero bytes are allowed. */
void fl_handler_table_end(fl_handler_table *table);

#endif
