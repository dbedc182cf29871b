/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The listening socket. */
#ifndef FL_SERVE_SERVER_H
#define FL_SERVE_SERVER_H

#include <stdbool.h>

typedef struct fl_listener {
    int fd;
    unsigned port;
    bool is_loopback;
} fl_listener;

/* Listens on an address in digits. 0 or a negative errno, with the text of filch_error(). */
int fl_listen(fl_listener *out, const char *address, unsigned port);

/* ---- Guards ---- */

/* Access to the pages that show the content of jobs. */

typedef struct fl_guard {
    char *token; /* or NULL */
    bool is_loopback;
} fl_guard;

typedef enum fl_access {
    FL_ACCESS_GRANTED,
    FL_ACCESS_ASK,     /* 401: no token, or a wrong one */
    FL_ACCESS_REFUSED, /* 403: the address is not a loopback one, and there is no token */
    FL_ACCESS_FOREIGN  /* 403: the name in Host is foreign (DNS rebinding) */
} fl_access;

/* Judges a request by its header Host, the token of Authorization: Bearer, and the password of
 * Authorization: Basic; each may be NULL. */
fl_access fl_guard_judge(const fl_guard *guard, const char *host, const char *authorization,
                         const char *password);

#endif
