/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * URLs of Redis. */
#ifndef FL_REDIS_URL_H
#define FL_REDIS_URL_H

#include <runtime/service/broker.h>
#include <runtime/service/url.h>

typedef struct fl_redis_url {
    fl_url url; /* the others point into it */
    fl_url_place place;
    const char *socket; /* its path: redis+unix; NULL: a place */
    bool tls;           /* rediss */
    unsigned database;
    const char *user, *password, *ca; /* NULL: none */
    bool plaintext;
} fl_redis_url;

extern const fl_url_kind fl_redis_url_kind;

/* FATAL, explained: it does not parse, or sends a password in plain text to another machine. End
 * out->url in either case. */
fl_broker_rc fl_redis_url_parse(const fl_broker_host *host, const char *text, fl_redis_url *out);

#endif
