/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Connections that fail, and the sentences in which brokers explain it. */
#ifndef SERVICE_EXPLAINED_H
#define SERVICE_EXPLAINED_H

#include <stdarg.h>
#include <tests/service/service.h>

static char explained[512], logged[512]; /* the last */
static size_t tried_body_most = FL_BODY_MOST;
static const char *const *tried_queues = test_queues;
static unsigned tried_queue_count = 1, tried_prefetch = 1000;
static int64_t tried_call_timeout = 10 * FILCH_SECOND;
static bool tried_reads;

FILCH_PRINTF(3, 4)
static inline fl_broker_rc explained_keep(const fl_broker_host *host, fl_broker_rc rc,
                                          const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(explained, sizeof explained, format, args);
    va_end(args);
    return rc;
}

static inline void logged_keep(const fl_broker_host *host, filch_log_level level, const char *text)
{
    size_t used = strlen(logged);
    snprintf(logged + used, sizeof logged - used, "%s\n", text);
}

/* Opens a connection whose explanations are kept. */
static inline fl_broker_rc try_to_open_as(const fl_broker_kind *kind, const char *url,
                                          fl_broker_role role, fl_broker **out)
{
    static fl_broker_host host;
    static fl_broker_config config;
    host = beside_host;
    host.explain = explained_keep;
    host.log = logged_keep;
    config = (fl_broker_config){.host = &host,
                                .role = role,
                                .url = url,
                                .queues = tried_queues,
                                .queue_count = tried_queue_count,
                                .prefetch = tried_prefetch,
                                .lease = 30 * FILCH_SECOND,
                                .call_timeout = tried_call_timeout,
                                .body_most = tried_body_most,
                                .header_most = FL_HEADERS_MOST,
                                .client = "test",
                                .reads = tried_reads};
    explained[0] = logged[0] = '\0';
    return kind->open(out, &config);
}

static inline fl_broker_rc try_to_open(const fl_broker_kind *kind, const char *url, fl_broker **out)
{
    return try_to_open_as(kind, url, FL_BROKER_PUBLISHES, out);
}

/* No connection can be opened, for a reason with these words. */
static inline void is_refused(const fl_broker_kind *kind, const char *url, fl_broker_rc expected,
                              const char *words)
{
    fl_broker *broker = NULL;
    fl_broker_rc rc = try_to_open(kind, url, &broker);
    cr_assert(rc == expected && !broker, "%s: %d, %s", url, rc, explained);
    cr_assert(strstr(explained, words), "%s: %s", url, explained);
}

#endif
