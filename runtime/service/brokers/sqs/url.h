/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * URLs of Amazon SQS: sqs:?region=REGION, or sqs://HOST[:PORT][/ACCOUNT][/]?OPTION=VALUE&... for another
 * endpoint, sqs+http:// for one without TLS. Keys are not part of them (keys.h). */
#ifndef FL_SQS_URL_H
#define FL_SQS_URL_H

#include <runtime/service/broker.h>
#include <runtime/service/url.h>

enum { FL_SQS_HOST = 256, FL_SQS_REGION = 40 };

typedef struct fl_sqs_options {
    fl_url url;                        /* the others point into it */
    const char *account;               /* of the queues' owner; NULL: the keys' own */
    const char *region, *profile, *ca; /* NULL: none */
    bool creates;                      /* missing queues */
    bool plaintext;                    /* without TLS also to other machines */
    const char *group;                 /* of FIFO messages without the header; NULL: the queue */
    bool is_local;                     /* the host is this machine */
    char host[FL_SQS_HOST];            /* HOST[:PORT], as the header Host has it */
    char endpoint[FL_SQS_HOST + 16];   /* https://HOST[:PORT]/ */
    char found_region[FL_SQS_REGION];  /* in the profile's configuration */
} fl_sqs_options;

extern const fl_url_kind fl_sqs_url_kind;

/* FATAL, explained: it does not parse, or would send messages in plain text to another machine. The region
 * may come from AWS_REGION, AWS_DEFAULT_REGION or the profile's configuration. End out->url in either case. */
fl_broker_rc fl_sqs_parse(const fl_broker_host *host, const char *url, fl_sqs_options *out);

#endif
