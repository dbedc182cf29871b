/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * HTTPS as each client of this library speaks it. */
#ifndef FL_HTTP_CLIENT_H
#define FL_HTTP_CLIENT_H

#include <runtime/service/net/certificate.h>

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* TLS 1.2 or later, to a server whose certificate has its name, and is signed by an authority in the
 * file. NULL or "": in that of $SSL_CERT_FILE, else the system's. libcurl copies the
 * path. */
void fl_curl_verify(CURL *curl, const char *authorities);
/* http and https, and no others. */
void fl_curl_allow_schemes(CURL *curl);

/* Its connections do not outlive a silent network for long (socket.h). */
void fl_curl_keep(CURL *curl);
/* Why a transfer has failed, such as "Timeout was reached"; of a refused certificate, its fault and remedy.
 * authorities: as given to fl_curl_verify; setting: names them; c: room for the text. */
const char *fl_curl_failure(CURL *curl, CURLcode code, const char *authorities, const char *setting,
                            fl_certificate *c);

/* ---- Requests ---- */

/* HTTP requests of one thread: several at once, none of which it waits for unless it wants to. For
 * connections of brokers that speak HTTP.
 *
 * The owner polls the descriptor of fl_web_fd together with its own, and calls fl_web_turn, which
 * calls `done` of each request that is over. Connections are kept and used again.
 *
 * Threads. One owner; it calls all functions. Only `authorities` and requests' texts are its; they
 * are copied. Since a proxy of the environment (https_proxy, no_proxy) may be the way out, it is used,
 * except for requests that say otherwise. */

typedef struct fl_web fl_web;
typedef struct fl_web_call fl_web_call;

/* The answer to a request. The texts are valid during the call of `done`. */
typedef struct fl_web_answer {
    long status;         /* of HTTP; 0: no answer came */
    const char *failure; /* NULL if an answer came; else why not, such as "Timeout was reached" */
    bool is_distrusted;  /* the failure is the server's certificate */
    bool is_late;        /* it was sent, and no answer came within its time */
    bool is_cut;         /* the body is longer than answer_most, and is not here */
    int64_t retry_after; /* ns, of Retry-After; 0: none */
    const char *body;    /* a NUL follows */
    size_t body_size;
} fl_web_answer;

typedef struct fl_web_request {
    const char *method;         /* NULL: GET, or POST with a body */
    const char *url;            /* http or https; redirects are not followed */
    const char *const *headers; /* "Name: value", the last is NULL; or NULL */
    char *body; /* of malloc: belongs to the request, which frees it, also on failure. NULL: none */
    size_t body_size;
    int64_t timeout;    /* ns, for all of it; at least 1 ms */
    size_t answer_most; /* bytes of the answer's body */
    bool is_direct;     /* no proxy: of this machine, or of the network's link */
    /* Called once by fl_web_turn or fl_web_finish, unless the request is cancelled. May begin and
     * cancel requests, other than this one. */
    void (*done)(void *arg, const fl_web_answer *answer);
    void *arg;
} fl_web_request;

/* authorities: file with the certificates that servers' must be signed by; NULL: the system's
 * (above). NULL: no memory, or no descriptor. */
fl_web *fl_web_create(const char *authorities);
/* Cancels all requests. NULL is allowed. */
void fl_web_destroy(fl_web *web);

/* NULL: no memory, or no such URL; `done` is not called. The call is over with `done`. */
fl_web_call *fl_web_begin(fl_web *web, const fl_web_request *request);
/* `done` is not called. The connection is closed if the server has not answered, so that it learns of
 * it. */
void fl_web_cancel(fl_web_call *call);

/* Has its answer begun to arrive? */
bool fl_web_is_answering(const fl_web_call *call);

/* Readable (POLLIN) when fl_web_turn has something to do, times included. */
int fl_web_fd(const fl_web *web);
/* Does it, without waiting. */
void fl_web_turn(fl_web *web);
/* The same, after waiting for something to do, until this time of filch_now(). */
void fl_web_wait(fl_web *web, int64_t until);
/* Turns until *left, which `done` of the caller's requests counts down, is 0, or until this time of
 * filch_now(). Returns whether it is 0. */
bool fl_web_finish(fl_web *web, const unsigned *left, int64_t until);

#endif
