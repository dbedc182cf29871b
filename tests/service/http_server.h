/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * An HTTP/1.1 server for stand-ins of cloud services: programs of their own on 127.0.0.1, which end with
 * the process that has started them, unless they are told to stay. One thread, so a stand-in needs no locks.
 *
 * A program gives its functions and its state to http_serve, which never returns:
 *
 *     static const http_routes routes = {.handle = handle, .expire = expire, .leave = leave};
 *     return http_serve(&routes, &state, &(http_options){.port = 0, .body_most = 1 << 20});
 *
 * It prints its port and a newline when it accepts connections. Each request is answered by one call of
 * http_answer. That is made within `handle`, or later (long polling): then `handle` calls http_wait. The
 * late answer comes from the handling of another request, or from `expire` when the time is over. A
 * waiting client that closes its connection is reported by `leave`. SIGUSR1 cuts all connections. */
#ifndef STAND_IN_HTTP_SERVER_H
#define STAND_IN_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct http_request {
    const char *method;
    const char *path; /* with escapes undone, without the query */
    const char *body; /* a NUL follows it */
    size_t body_size;
    void *data; /* the stand-in's, NULL at first */
} http_request;

typedef struct http_routes {
    /* Answers, or calls http_wait. */
    void (*handle)(void *state, http_request *request);
    /* The time of http_wait is over: answers, or calls http_wait again. NULL: nothing waits. */
    void (*expire)(void *state, http_request *request);
    /* The client of a waiting request has gone, and so has the request when this returns. NULL: the
     * stand-in keeps no list of them. */
    void (*leave)(void *state, http_request *request);
    /* Does what is due, and returns the time of http_now at which it must be called next. NULL: the
     * stand-in does nothing of itself. */
    int64_t (*turn)(void *state);
} http_routes;

typedef struct http_options {
    int port;         /* 0: one that is free */
    bool stays;       /* it does not end with the process that has started it */
    size_t body_most; /* bytes; a larger body is answered by 413 */
} http_options;

/* Returns only when it cannot start: the exit status, after a message. */
int http_serve(const http_routes *routes, void *state, const http_options *options);

/* The value of a header or of a variable of the query; NULL: there is none. */
const char *http_header(const http_request *request, const char *name);
const char *http_query(const http_request *request, const char *name);

/* A header of the answer, before http_answer. Up to 8. */
void http_add_header(http_request *request, const char *name, const char *value);
/* Answers. The body is copied. The request is gone when the caller returns to the server. */
void http_answer(http_request *request, unsigned status, const char *type, const char *body,
                 size_t size);
/* The answer comes later: at this time of http_now at the latest. */
void http_wait(http_request *request, int64_t until);

/* ns, monotonic. */
int64_t http_now(void);

#endif
