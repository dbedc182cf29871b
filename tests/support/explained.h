/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Brokers that cannot be opened: the result, and the explanation. */
#ifndef SUPPORT_EXPLAINED_H
#define SUPPORT_EXPLAINED_H

#include <stdarg.h>
#include <tests/support/broker.h>

static char explained[512]; /* the last explanation */

FILCH_PRINTF(3, 4)
static inline fl_broker_rc keep(const fl_broker_host *host, fl_broker_rc rc, const char *format,
                                ...)
{
    (void)host;
    va_list args;
    va_start(args, format);
    vsnprintf(explained, sizeof explained, format, args);
    va_end(args);
    return rc;
}

static inline fl_broker_rc try_to_open_as(const fl_broker_kind *kind, const char *url,
                                          fl_broker_role role, fl_broker **out)
{
    static fl_broker_host host;
    host = beside_host;
    host.explain = keep;
    const fl_broker_config config = {.host = &host,
                                     .role = role,
                                     .url = url,
                                     .queues = test_queues,
                                     .queue_count = 1,
                                     .prefetch = 1000,
                                     .lease = 30 * FILCH_SECOND,
                                     .call_timeout = 10 * FILCH_SECOND,
                                     .body_most = FL_BODY_MOST,
                                     .header_most = FL_HEADERS_MOST,
                                     .client = "test"};
    return kind->open(out, &config);
}

static inline fl_broker_rc try_to_open(const fl_broker_kind *kind, const char *url, fl_broker **out)
{
    return try_to_open_as(kind, url, FL_BROKER_PUBLISHES, out);
}

/* With this result, and an explanation that has these words. */
static inline void is_refused(const fl_broker_kind *kind, const char *url, fl_broker_rc expected,
                              const char *words)
{
    fl_broker *broker = NULL;
    explained[0] = '\0';
    fl_broker_rc rc = try_to_open(kind, url, &broker);
    cr_assert(rc == expected && !broker, "%s: %d, %s", url, rc, explained);
    cr_assert(strstr(explained, words), "%s: %s", url, explained);
}

#endif
