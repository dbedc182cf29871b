/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * URLs of Google Cloud Pub/Sub: pubsub://PROJECT[/][?OPTION=VALUE&...] */
#ifndef FL_PUBSUB_URL_H
#define FL_PUBSUB_URL_H

#include <runtime/service/broker.h>
#include <runtime/service/url.h>

typedef struct fl_pubsub_options {
    fl_url url;     /* most of the others point into it */
    char *emulator; /* or into this one */
    const char *project;
    const char *endpoint;    /* https://HOST or http://HOST:PORT, without a path */
    const char *credentials; /* a file, "metadata" or "none"; NULL: found out (token.h) */
    const char *prefix;      /* of the names of topics and subscriptions; "": none */
    const char *ca;          /* a file; NULL: the system's */
    bool creates, is_ordered;
} fl_pubsub_options;

extern const fl_url_kind fl_pubsub_url_kind;

/* FATAL, explained: it does not parse. */
fl_broker_rc fl_pubsub_parse(const fl_broker_host *host, const char *url, fl_pubsub_options *out);
/* Also of one that did not parse. */
void fl_pubsub_options_end(fl_pubsub_options *options);
/* Can it be the name of a topic? */
bool fl_pubsub_is_name(const char *name);
/* Does a URL of http or https stay on this machine, or is it encrypted? */
bool fl_pubsub_is_private(const char *url);

#endif
