/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Export of spans to an OpenTelemetry collector (Jaeger, Tempo), as OTLP/HTTP JSON. For service
 * authors (docs/service/README.md).
 *
 *   filch_service_otlp *otlp;
 *   filch_service_otlp_start(&otlp, &(filch_service_otlp_config){.service_name = "images"});
 *   const filch_tracer tracer = {.sink = filch_service_otlp_sink, .arg = otlp};
 *   ... a service with .tracer = &tracer ...
 *   filch_service_destroy(service);
 *   filch_service_otlp_stop(otlp, filch_in(5 * FILCH_SECOND));
 *
 * A thread sends spans in batches and repeats a request that failed for a passing reason, later and
 * later. Its queue is bounded: while the collector is away, further spans are dropped and counted,
 * and no handler waits.
 * Threads: any task or thread; stopping is for one, once no span can end any more. Suspends: no;
 * stopping waits.
 * Errors: 0 or a negative errno; filch_error() says what was wrong and what to do.
 * Since 0.1.0. */
#ifndef FILCH_SERVICE_OTLP_H
#define FILCH_SERVICE_OTLP_H
#include <filch/detail/hide_words.h>

#include <filch/log.h>
#include <filch/span.h>

#include <stddef.h>

/* ---- Types ---- */

typedef struct filch_service_otlp filch_service_otlp;

/* A zero field means the default. Texts are copied. */
typedef struct filch_service_otlp_config {
    size_t size;               /* sizeof(filch_service_otlp_config), or 0: those of the first
                                 release */
    const char *endpoint;      /* of the collector, http: or https:, to which /v1/traces is added;
                                 default: OTEL_EXPORTER_OTLP_ENDPOINT, else
                                 "http://localhost:4318" */
    const char *service_name;  /* default: OTEL_SERVICE_NAME, else "unknown_service" */
    const char *authorization; /* value of the header Authorization; default: none */
    unsigned queue;            /* spans that wait, 1..1,000,000; default 2048 */
    unsigned batch;            /* spans of a request, 1..queue; default 512 */
    int64_t delay;             /* ns that the first span of a batch waits for more; default 5 s */
    int64_t timeout;           /* ns of a request; default 10 s */
    unsigned attempts;         /* to send a batch; default 5 */
    int64_t pause;             /* ns before the second attempt, then twice as long each time, up to
                                  30 s; default 1 s */
    const filch_log *log;      /* the first failure in a row is logged; default: none */
    const char *endpoint_file; /* a file with the URL in one line, closed to others; read again
                                 after a failed request, for a changed password; default: none */
} filch_service_otlp_config;

/* Spans so far. */
typedef struct filch_service_otlp_stats {
    uint64_t received;
    uint64_t exported; /* accepted by the collector */
    uint64_t dropped;  /* the queue was full */
    uint64_t failed;   /* refused by the collector, or attempts or time were used up */
    uint64_t requests; /* sent, repeated ones included */
} filch_service_otlp_stats;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* Starts an exporter. config may be NULL. Connects at the first batch. Errors: -EINVAL (out is NULL,
 * a number is out of range, or the endpoint is no http: or https: URL); -ENOTSUP (a build
 * without libcurl or jansson); -ENOMEM; -EAGAIN (no thread). */
FILCH_API int filch_service_otlp_start(filch_service_otlp **out,
                                       const filch_service_otlp_config *config);
/* Sends the waiting spans, until `until` at the latest, and frees the exporter. NULL is allowed. Error:
 * -ETIMEDOUT (some spans were not sent). */
FILCH_API int filch_service_otlp_stop(filch_service_otlp *otlp, int64_t until);

/* ---- Operations ---- */

/* For filch_tracer.sink, with the exporter as filch_tracer.arg: takes a finished span. Never
 * waits for the network. */
FILCH_API void filch_service_otlp_sink(filch_span *span, void *otlp);

/* ---- Queries ---- */

/* Fills the first `size` bytes of *out; size is the caller's sizeof *out. */
FILCH_API void filch_service_otlp_stats_read(const filch_service_otlp *otlp,
                                             filch_service_otlp_stats *out, size_t size);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
