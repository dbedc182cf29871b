/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * URLs of Service Bus: servicebus://[KEY_NAME:KEY@]HOST[:PORT]/[?OPTION=VALUE&...] and connection
 * strings: Endpoint=sb://HOST[:PORT];SharedAccessKeyName=NAME;SharedAccessKey=KEY */
#ifndef FL_BUS_URL_H
#define FL_BUS_URL_H

#include <runtime/service/broker.h>
#include <runtime/service/url.h>

typedef struct fl_bus_url {
    fl_url url;
    char *secret; /* the others point into these two */
    size_t secret_size;
    const char *host, *port;    /* "": where a connection string says */
    const char *key_name, *key; /* NULL: none */
    const char *key_file, *connection_file, *connection_env; /* NULL: none */
    const char *ca; /* a file of authorities; NULL: those of the system */
    bool has_tls, plaintext;
    unsigned token;    /* s, for which a token is valid */
    unsigned sessions; /* of a queue at a time; 0: queues without sessions */
} fl_bus_url;

extern const fl_url_kind fl_bus_url_kind;

/* Reads the URL, and the secret that it names. FATAL, explained: it does not parse, has no key, or would
 * go to another machine without TLS. Otherwise REFUSED: the secret cannot be read now. */
fl_broker_rc fl_bus_parse(const fl_broker_host *host, const char *url, fl_bus_url *out);
/* Also of one that did not parse. */
void fl_bus_url_end(fl_bus_url *url);

#endif
