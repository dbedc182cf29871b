/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The parts of a URL of the broker `redis:`. */
#ifndef FL_REDIS_URL_H
#define FL_REDIS_URL_H

#include <runtime/service/broker.h>

typedef struct fl_redis_url {
    char *text;       /* holds the parts */
    bool tls;         /* rediss */
    bool is_path;     /* redis+unix */
    const char *host; /* a name, an address, or the path of a socket */
    const char *port, *database;
    const char *user, *password, *ca; /* or NULL */
    const char *faulty;               /* NULL, or the option that was not read */
    const char *plain; /* NULL, or "yes": a password may cross a network without TLS */
} fl_redis_url;

/* FATAL, explained: it does not parse; *out is then empty. */
fl_broker_rc fl_redis_url_parse(const fl_broker_host *host, const char *text, fl_redis_url *out);
void fl_redis_url_free(fl_redis_url *url);

#endif
