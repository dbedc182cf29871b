/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * URLs of NATS: nats://[USER:PASSWORD@|TOKEN@]HOST[:PORT][,HOST...][/STREAM][?OPTION=VALUE&...] */
#ifndef FL_NATS_URL_H
#define FL_NATS_URL_H

#include <runtime/service/broker.h>
#include <runtime/service/url.h>

typedef struct fl_nats_options {
    fl_url url; /* the others point into it */
    const char *hosts, *stream, *prefix;
    const char *user, *password, *token, *creds; /* NULL: none */
    const char *ca, *cert, *key;                 /* files; NULL: none */
    bool creates;                                /* missing streams and consumers */
    bool plaintext; /* a password may go to other machines without TLS */
    bool has_tls;
} fl_nats_options;

extern const fl_url_kind fl_nats_url_kind;

/* FATAL, explained: it does not parse, or sends a password in plain text to another machine. End
 * out->url in either case. */
fl_broker_rc fl_nats_parse(const fl_broker_host *host, const char *url, fl_nats_options *out);
/* Only letters, digits, '-', '_' and those of `also`; not empty; up to 128. */
bool fl_nats_is_name(const char *text, const char *also);

#endif
