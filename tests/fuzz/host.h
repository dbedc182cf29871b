/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The host of a broker for targets that reach its parts without a service. */
#ifndef FUZZ_HOST_H
#define FUZZ_HOST_H

#include <runtime/service/broker.h>
#include <runtime/service/message.h>
#include <stdarg.h>
#include <tests/fuzz/fuzz.h>

static char host_told[1024]; /* by the last `explain`; "": nothing */

static inline fl_delivery *host_delivery(const fl_broker_host *host, const filch_message *message)
{
    fl_delivery *one = calloc(1, sizeof *one + fl_message_room(message));
    FUZZ_CHECK(one, "no memory");
    fl_message_copy(&one->message, message, one + 1);
    return one;
}

FILCH_PRINTF(3, 4)
static inline fl_broker_rc host_explain(const fl_broker_host *host, fl_broker_rc rc,
                                        const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(host_told, sizeof host_told, format, arguments);
    va_end(arguments);
    return rc;
}

static const fl_broker_host fuzz_host = {.abi = FL_BROKER_ABI,
                                         .delivery = host_delivery,
                                         .explain = host_explain};

#endif
