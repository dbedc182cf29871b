/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * URLs of brokers, SCHEME://[LOGIN@]HOSTS[/PATH][?NAME=VALUE&...], taken apart by tables. Messages never show a
 * part that may belong to a password. */
#ifndef FL_SERVICE_URL_H
#define FL_SERVICE_URL_H

#include <runtime/service/broker.h>

#include <stdbool.h>
#include <stddef.h>

/* An option, and its place in the broker's struct: a const char *, or a bool. */
typedef struct fl_url_option {
    const char *name;
    size_t offset;
    bool is_flag; /* yes or no */
} fl_url_option;

typedef struct fl_url_kind {
    const char *name; /* of the broker, for messages */
    const char *form; /* the same: a valid URL */
    const fl_url_option *options;
    unsigned count;
    const char *others; /* further options, for messages; "": none */
    /* Reads one of those; *is_known: it is one. NULL if there are none. */
    fl_broker_rc (*read_other)(const fl_broker_host *host, const char *name, const char *value,
                               void *out, bool *is_known);
} fl_url_kind;

/* The parts point into `text`. */
typedef struct fl_url {
    char *text;
    size_t size;
    char *login;                   /* NULL: none; not decoded, since it has parts of its own */
    char *hosts, *path, *settings; /* path, settings: NULL if their sign is missing */
} fl_url;

/* Copies a URL and cuts it. FATAL, explained: no "://". fl_url_end in each case. */
fl_broker_rc fl_url_cut(const fl_broker_host *host, const fl_url_kind *kind, const char *url,
                        fl_url *out);
/* Wipes and frees it. */
void fl_url_end(fl_url *url);

/* Reads NAME=VALUE&... (NULL: none) into the struct at `out`, with decoded values. FATAL, explained. */
fl_broker_rc fl_url_read(const fl_broker_host *host, const fl_url_kind *kind, char *settings,
                         void *out);
typedef struct fl_url_place {
    char host[256], port[8];
} fl_url_place;

/* HOST, HOST:PORT, [HOST] or [HOST]:PORT, taken apart; `port` if it has none. */
fl_url_place fl_url_place_of(const char *text, const char *port);
/* Replaces each %XX, in place. */
char *fl_url_decode(char *text);
/* A part for a message: *** if it has an @, since it may be the end of a password that holds a / or ?. */
const char *fl_url_show(const char *text);

#endif
