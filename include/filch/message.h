/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Messages: a job's description on its way through a broker. For service authors
 * (<filch/service.h>).
 *
 *   const filch_message mail = {.type = "email_send", .body = text, .body_size = strlen(text)};
 *
 * A publisher fills in the fields it needs; zero means the default. A handler reads them all.
 * Texts and bytes belong to the caller of a publishing call, and to the service in a handler, where
 * they are valid until the handler returns.
 * Threads: plain values. Suspends: no. Errors: none; docs/service/README.md has the limits of sizes.
 * Since 0.1.0. */
#ifndef FILCH_MESSAGE_H
#define FILCH_MESSAGE_H
#include <filch/detail/hide_words.h>

#include <filch/traceparent.h>

/* A header: a name, which is compared without regard to case, and a text. */
typedef struct filch_header {
    const char *name, *value;
} filch_header;

typedef struct filch_message {
    const char *id;           /* default: a random one. In a handler NULL if another program
                                 published it without one (docs/service/rabbitmq.md) */
    const char *type;         /* chooses the handler */
    const char *content_type; /* of the body; default: none */
    const char *queue;        /* default: the service's first queue */
    const char *dedup; /* a message with the key of one that is unfinished is refused; default: no
                          key */
    const void *body;  /* bytes, which need not be text */
    size_t body_size;
    const filch_header *headers;
    size_t header_count;
    unsigned priority;   /* 0 (lowest) .. 9 */
    unsigned attempt;    /* 1, 2, ...; set by the service, 0 in a new message */
    unsigned deliveries; /* times the broker has delivered this attempt; 0: it does not count */
    int64_t delay;       /* ns from its publication until it may be delivered */
    int64_t expires;     /* ns of Unix time; a message that has not begun by then becomes a dead
                               letter; 0: never */
    int64_t dedup_for;   /* ns from its publication for which its key stays taken, also after the
                               message is finished; at most FILCH_DEDUP_MOST. 0: until it is
                               finished. Use a key always with it, or always without. 0 in
                               handlers */
    int64_t first_seen;  /* ns of Unix time: its publication; set by the service */
    filch_traceparent trace; /* the span of the publisher; zero bytes: none. A header `traceparent`
                               wins, and becomes this field, with the header `tracestate` */
    const char *tracestate;  /* passed on as it is; NULL: none */
} filch_message;

enum { FILCH_MESSAGE_PRIORITIES = 10 };
#define FILCH_DEDUP_MOST (INT64_C(3650) * 86400 * 1000000000) /* ns: ten years */

#include <filch/detail/show_words.h>
#endif
