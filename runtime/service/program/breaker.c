/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/program/breaker.h>

#include <filch/timer.h>

bool fl_handler_breaker_is_on(const fl_configured_breaker *configured)
{
    return configured->is_told ? configured->is_on : configured->has_values;
}

static void changed(filch_breaker *breaker, const filch_breaker_change *change, void *arg)
{
    const fl_handler_breaker *one = arg;
    const filch_log *log = *one->log;
    (void)breaker;
    if (log)
        FILCH_LOG(log, change->to == FILCH_BREAKER_OPEN ? FILCH_LOG_WARN : FILCH_LOG_INFO,
                  "circuit breaker changed", filch_log_text("type", one->type),
                  filch_log_text("from", filch_breaker_state_name(change->from)),
                  filch_log_text("to", filch_breaker_state_name(change->to)),
                  filch_log_text("reason", change->why));
}

int fl_handler_breaker_init(fl_handler_breaker *out, const fl_configured_breaker *configured,
                            const char *type, const filch_log *const *log)
{
    unsigned requests = configured->requests ? configured->requests : 3;
    unsigned half_open = configured->half_open ? configured->half_open : 3;
    int64_t open = configured->open ? configured->open : 60 * FILCH_SECOND;
    *out = (fl_handler_breaker){.type = type, .log = log};
    const filch_breaker_config config = {.name = type,
                                         .window_time = configured->interval ? configured->interval
                                                                             : 10 * FILCH_SECOND,
                                         .failure_percent =
                                             configured->percent ? configured->percent : 60,
                                         .min_calls = requests,
                                         .open_time = open,
                                         .open_most = open,
                                         .probes = half_open,
                                         .successes = half_open,
                                         .changed = changed,
                                         .arg = out};
    return filch_breaker_create(&out->breaker, &config);
}

void fl_handler_breaker_end(fl_handler_breaker *one)
{
    filch_breaker_destroy(one->breaker);
}
