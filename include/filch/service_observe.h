/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Observation of a service: an HTTP server for probes, metrics, state and a page for people, and
 * the export of spans to an OpenTelemetry collector (Jaeger, Tempo). For service authors
 * (docs/service/README.md).
 *
 *   filch_service_otlp *otlp;
 *   filch_service_otlp_start(&otlp, &(filch_service_otlp_config){.service_name = "images"});
 *   const filch_tracer tracer = {.sink = filch_service_otlp_sink, .arg = otlp};
 *   ...                                                    a service with .tracer = &tracer
 *   filch_service_http *http;
 *   filch_service_http_start(&http, service, &(filch_service_http_config){.port = 8080});
 *   filch_service_run(service);
 *   filch_service_http_stop(http);
 *   filch_service_destroy(service);
 *   filch_service_otlp_stop(otlp, filch_in(5 * FILCH_SECOND));
 *
 * Life: the server starts after the service is created, and stops before it is destroyed. The
 * exporter starts before the service, and stops when no span can end any more.
 * Threads: any task or thread; one caller stops each. The server has two threads, the exporter one.
 * Suspends: no; stopping the server waits for the answers in progress, stopping the exporter for
 * the collector.
 * Errors: 0 or a negative errno; filch_error() says what was wrong and what to do.
 * Since 0.1.0. */
#ifndef FILCH_SERVICE_OBSERVE_H
#define FILCH_SERVICE_OBSERVE_H
#include <filch/detail/hide_words.h>

#include <filch/log.h>
#include <filch/metrics.h>
#include <filch/service.h>
#include <filch/span.h>
#include <stddef.h>

/* ---- HTTP ---- */

/* An HTTP server for one service:
 *
 *   path          answer
 *   /health       200 while the service's loop runs, even while it drains; 503 if it has not run
 *                 for 30 s
 *   /ready        200 if the service was connected to its broker within the last 30 s, the broker
 *                 has not refused calls for so long, and the service does not drain; else 503
 *   /metrics      Prometheus text
 *   /debug/state  JSON: running jobs, queues, totals, rates
 *   /             a page that shows these and refreshes itself
 *
 * Only GET and HEAD; nothing changes the service. A connection has 2 s for its first request, and
 * from the start of each answer 10 s to read it and to send the next request. There are at most 64
 * connections. One more replaces the connection that has waited longest, so slow clients block no
 * probes. */
typedef struct filch_service_http filch_service_http;

/* A zero field means the default. Texts are copied. */
typedef struct filch_service_http_config {
    size_t size;         /* sizeof(filch_service_http_config), or 0: those of the first release */
    const char *address; /* to listen on, IPv4 or IPv6 in digits; default "127.0.0.1" */
    unsigned port;       /* default 0: the kernel chooses one */
    const char *token;   /* required at / and /debug: "Authorization: Bearer TOKEN", or TOKEN as the
                            password in a browser. Default: none; then / and /debug are
                            refused unless the address is a loopback one */
    filch_metrics *metrics; /* the registry that /metrics shows; receives the service's metrics, and
                               outlives the server. Default: its own, with those of the process */
    const filch_log *log;   /* for the address on which it listens; default: the service's */
} filch_service_http_config;

FILCH_BEGIN_DECLS

/* Starts a server for the service, which need not run yet. config may be NULL. Errors: -EADDRINUSE
 * (the port is taken: stop the other process, or choose another). -EADDRNOTAVAIL or -EACCES (not an
 * address of this host, or a port that needs a privilege: choose another). -EINVAL (out or service
 * is NULL, or the address or port is wrong). -EEXIST (config.metrics has metrics of these names).
 * -ENOTSUP (a build without libmicrohttpd or jansson). -ENOMEM; -EAGAIN (no thread); -EMFILE or
 * -ENFILE (no file for the socket). */
FILCH_API int filch_service_http_start(filch_service_http **out, filch_service *service,
                                       const filch_service_http_config *config);
/* Stops and frees it, before the service is destroyed. Waits for answers in progress. NULL is
 * allowed. */
FILCH_API void filch_service_http_stop(filch_service_http *http);

/* Returns the port on which it listens. */
FILCH_API unsigned filch_service_http_port(const filch_service_http *http);

FILCH_END_DECLS

/* ---- OpenTelemetry ---- */

/* A thread sends spans in batches, as OTLP/HTTP JSON. It repeats a request that failed for a
 * temporary reason, with growing delays. Its queue is bounded: while the collector is unreachable,
 * further spans are dropped and counted, and no handler waits. */
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
    unsigned queue;            /* the most waiting spans, 1..1,000,000; default 2048 */
    unsigned batch;            /* the most spans of a request, 1..queue; default 512 */
    int64_t delay;             /* ns that the first span of a batch waits for more; default 5 s */
    int64_t timeout;           /* ns of a request; default 10 s */
    unsigned attempts;         /* to send a batch; default 5 */
    int64_t pause;             /* ns before the second attempt, then twice as long each time, up to
                                  30 s; default 1 s */
    const filch_log *log;      /* the first failure in a row is logged; default: none */
    const char *endpoint_file; /* a file with the URL in one line, not readable by other users;
                                 read again after a failed request, in case the password has
                                 changed; default: none */
} filch_service_otlp_config;

/* Numbers of spans so far; the last is of requests. */
typedef struct filch_service_otlp_stats {
    uint64_t received;
    uint64_t exported; /* accepted by the collector */
    uint64_t dropped;  /* the queue was full */
    uint64_t failed;   /* refused by the collector, or attempts or time were used up */
    uint64_t requests; /* sent, repeated ones included */
} filch_service_otlp_stats;

FILCH_BEGIN_DECLS

/* Starts an exporter. config may be NULL. Connects at the first batch. Errors: -EINVAL (out is
 * NULL, a number is out of range, or the endpoint is not an http: or https: URL); -ENOTSUP (a build
 * without libcurl or jansson); -ENOMEM; -EAGAIN (no thread). */
FILCH_API int filch_service_otlp_start(filch_service_otlp **out,
                                       const filch_service_otlp_config *config);
/* Sends the waiting spans, until `until` at the latest, and frees the exporter. NULL is allowed.
 * Error: -ETIMEDOUT (some spans were not sent). */
FILCH_API int filch_service_otlp_stop(filch_service_otlp *otlp, int64_t until);

/* For filch_tracer.sink, with the exporter as filch_tracer.arg: takes a finished span. Never
 * waits for the network. */
FILCH_API void filch_service_otlp_sink(filch_span *span, void *otlp);

/* Fills the first `size` bytes of *out; size is the caller's sizeof *out. */
FILCH_API void filch_service_otlp_stats_read(const filch_service_otlp *otlp,
                                             filch_service_otlp_stats *out, size_t size);

FILCH_END_DECLS

#include <filch/detail/show_words.h>
#endif
