/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Breakers that the configuration gives to handlers. Each change of state is logged. */
#ifndef FL_PROGRAM_BREAKER_H
#define FL_PROGRAM_BREAKER_H

#include <filch/breaker.h>
#include <filch/log.h>
#include <runtime/service/program/configuration.h>

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

#endif
