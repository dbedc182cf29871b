/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * HTTP endpoints of a service: probes, metrics, state, and a page for people. For service authors
 * (docs/service/README.md).
 *
 *   filch_service_http *http;
 *   filch_service_http_start(&http, service, &(filch_service_http_config){.port = 8080});
 *   filch_service_run(service);
 *   filch_service_http_stop(http);
 *   filch_service_destroy(service);
 *
 *   path          answer
 *   /health       200 while the service's loop turns, also while it drains; 503 if it has not turned
 *                 for 30 s
 *   /ready        200 if the service was connected to its broker within the last 30 s, the broker has
 *                 not refused calls for so long, and the service does not drain, else 503
 *   /metrics      Prometheus text
 *   /debug/state  JSON: running jobs, queues, totals, rates
 *   /             a page that shows these and refreshes itself
 *
 * Only GET and HEAD; nothing changes the service. A connection has 2 s for its first request, and from
 * the start of each answer 10 s to read it and to send the next request. There are at most 64. One more
 * replaces the one that has waited longest, so slow clients do not block probes.
 * Threads: any task or thread; the server has two threads of its own. Suspends: no; stopping waits
 * for the answers in progress.
 * Errors: 0 or a negative errno; filch_error() says what was wrong and what to do.
 * Since 0.1.0. */
#ifndef FILCH_SERVICE_HTTP_H
#define FILCH_SERVICE_HTTP_H
#include <filch/detail/hide_words.h>

#include <filch/metrics.h>
#include <filch/service.h>

/* ---- Types ---- */

typedef struct filch_service_http filch_service_http;

/* A zero field means the default. Texts are copied. */
typedef struct filch_service_http_config {
    size_t size;         /* sizeof(filch_service_http_config), or 0: those of the first release */
    const char *address; /* to listen on, IPv4 or IPv6 in digits; default "127.0.0.1" */
    unsigned port;       /* default 0: the kernel chooses one */
    const char *token; /* asked for at / and /debug: "Authorization: Bearer TOKEN", or TOKEN as the
                            password in a browser. Default: none; then / and /debug are
                            refused unless the address is a loopback one */
    filch_metrics *metrics; /* gets the service's metrics too, and is what /metrics shows; outlives
                               the server. Default: its own, with those of the process */
    const filch_log *log;   /* for where it listens; default: the service's */
} filch_service_http_config;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* Starts a server for the service, which need not run yet. config may be NULL. Errors:
 * -EADDRINUSE (the port is taken: stop the other process, or choose another). -EADDRNOTAVAIL or
 * -EACCES (choose another address or port). -EINVAL (out or service is NULL, or the address or port
 * is wrong). -EEXIST (config.metrics has metrics of these names). -ENOTSUP (a build without
 * libmicrohttpd or jansson). -ENOMEM; -EAGAIN (no thread); -EMFILE, -ENFILE. */
FILCH_API int filch_service_http_start(filch_service_http **out, filch_service *service,
                                       const filch_service_http_config *config);
/* Stops it and frees it, before the service is destroyed. Waits for the answers in progress. NULL is
 * allowed. */
FILCH_API void filch_service_http_stop(filch_service_http *http);

/* ---- Queries ---- */

/* Returns the port on which it listens. */
FILCH_API unsigned filch_service_http_port(const filch_service_http *http);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
