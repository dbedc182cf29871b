/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * URLs of brokers, SCHEME://[LOGIN@]HOSTS[/PATH][?NAME=VALUE&...], taken apart by tables. The options
 * ca, cert, key, create and plaintext mean the same on all brokers. Messages never show a part that may belong to a
 * password. */
#ifndef FL_SERVICE_URL_H
#define FL_SERVICE_URL_H

#include <runtime/service/broker.h>

#include <stdbool.h>
#include <stddef.h>

typedef enum fl_url_type {
    FL_URL_TEXT,  /* const char *, not empty */
    FL_URL_FLAG,  /* bool: yes or no */
    FL_URL_WORD,  /* unsigned: the place of the value in `value` */
    FL_URL_NUMBER /* unsigned: least..most */
} fl_url_type;

typedef struct fl_url_option {
    const char *name, *value; /* "ca", "FILE"; the allowed words: "quorum, classic" */
    const char *help;         /* its meaning and its default */
    fl_url_type type;
    size_t offset; /* in the broker's struct */
    unsigned least, most;
} fl_url_option;

/* The options that mean the same on all brokers, for a struct with these fields. */
#define FL_URL_CA(type)                                                                            \
    {                                                                                              \
        "ca", "FILE", "authorities of the server's certificate; default: those of the system",     \
            FL_URL_TEXT, offsetof(type, ca), 0, 0                                                  \
    }
#define FL_URL_CERT(type)                                                                          \
    {                                                                                              \
        "cert", "FILE", "the client's own certificate; default: none", FL_URL_TEXT,                \
            offsetof(type, cert), 0, 0                                                             \
    }
#define FL_URL_KEY(type)                                                                           \
    {                                                                                              \
        "key", "FILE", "the key of `cert`; keep it readable by the service's user only",           \
            FL_URL_TEXT, offsetof(type, key), 0, 0                                                 \
    }
#define FL_URL_CREATE(type, things)                                                                \
    {                                                                                              \
        "create", "yes, no", "creates missing " things "; default: yes", FL_URL_FLAG,              \
            offsetof(type, creates), 0, 0                                                          \
    }
#define FL_URL_PLAINTEXT(type, things)                                                             \
    {                                                                                              \
        "plaintext", "yes, no",                                                                    \
            "lets " things " cross a network without TLS; default: no, only loopback",             \
            FL_URL_FLAG, offsetof(type, plaintext), 0, 0                                           \
    }

typedef struct fl_url_kind {
    const char *name; /* of the broker, for messages */
    const char *form; /* the same: a valid URL */
    const fl_url_option *options;
    unsigned count;
    const char *others; /* further options, for messages; "": none */
    bool has_keys;      /* a login may hold a slash, as keys in base64 do */
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

/* Copies a URL and cuts it. FATAL, explained: no "://", or an invalid %XX in the path. Call
 * fl_url_end in either case. */
fl_broker_rc fl_url_cut(const fl_broker_host *host, const fl_url_kind *kind, const char *url,
                        fl_url *out);
/* The same of SCHEME:PATH[?NAME=VALUE&...], which has no hosts. */
fl_broker_rc fl_url_cut_path(const fl_broker_host *host, const char *url, fl_url *out);
/* Wipes and frees it. */
void fl_url_end(fl_url *url);

/* Decodes USER[:PASSWORD] in place; NULL: that part is missing. FATAL, explained: an invalid
 * %XX, or a slash where kind->has_keys is false (the @ after it then belongs to the path). */
fl_broker_rc fl_url_login(const fl_broker_host *host, const fl_url_kind *kind, fl_url *url,
                          const char **user, const char **password);
/* Reads NAME=VALUE&... (NULL: none) into the struct at `out`, with decoded values. FATAL, explained. */
fl_broker_rc fl_url_read(const fl_broker_host *host, const fl_url_kind *kind, char *settings,
                         void *out);
/* Reads one NAME=VALUE of those. hides: messages omit its text. */
fl_broker_rc fl_url_read_one(const fl_broker_host *host, const fl_url_kind *kind, char *setting,
                             bool hides, void *out);
/* For a connection without TLS. FATAL, explained: one of the hosts is another machine. `things` ("a
 * password") would be sent; `secure` ("nats+tls://") begins a URL with TLS. */
fl_broker_rc fl_url_refuse_plain(const fl_broker_host *host, const fl_url_kind *kind,
                                 const char *hosts, const char *things, const char *secure);

typedef struct fl_url_place {
    char host[256], port[8];
} fl_url_place;

/* HOST, HOST:PORT, [HOST] or [HOST]:PORT, taken apart; `port` if it has none. */
fl_url_place fl_url_place_of(const char *text, const char *port);
/* The same, checked. FATAL, explained: no host, a malformed address, or an invalid port. */
fl_broker_rc fl_url_place_read(const fl_broker_host *host, const fl_url_kind *kind,
                               const char *text, const char *port, fl_url_place *out);
/* Replaces each %XX, in place. */
char *fl_url_decode(char *text);
/* A part for a message: *** if it has an @, since it may be the end of a password that holds a / or ?. */
const char *fl_url_show(const char *text);

/* ---- Loopback ---- */

/* Host names in URLs of brokers that mean this machine: passwords may go there in clear text. */

/* "localhost", an IPv4 address of 127.0.0.0/8 in full, "::1" or "[::1]". A name such as
 * 127.example.com is not. Asks no name server. */
bool fl_loopback_has(const char *name, size_t length);
/* The same of all of HOST[:PORT][,HOST...]. */
bool fl_loopback_has_all(const char *hosts);

/* ---- The nearest name ---- */

/* The names that a misspelt one is close to, for messages. */

/* Writes "nearest: " and the names that are closest to a misspelt one; or "valid: " and as many of
 * `names`, which ends with NULL, as have room, if none is close. */
void fl_nearest(const char *name, const char *const *names, char *text, size_t size);

#endif
