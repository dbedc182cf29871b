/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * URLs of Kafka: kafka://[USER:PASSWORD@]HOST[:PORT][,HOST...][/][?OPTION=VALUE&...] */
#ifndef FL_KAFKA_URL_H
#define FL_KAFKA_URL_H

#include <runtime/service/broker.h>
#include <runtime/service/url.h>

#include <librdkafka/rdkafka.h>

typedef struct fl_kafka_options {
    fl_url url; /* the others point into it */
    const char *hosts, *group;
    const char *user, *password; /* NULL: none */
    const char *ca, *cert, *key; /* files; NULL: none */
    const char *settings[32][2]; /* of librdkafka: name, value */
    unsigned setting_count;
    bool has_tls;
    bool creates;    /* missing topics */
    bool is_ordered; /* jobs of one key run one after another */
    bool plaintext;  /* a password may go to other machines without TLS */
} fl_kafka_options;

extern const fl_url_kind fl_kafka_url_kind;

/* FATAL, explained: it does not parse, or sends a password in plain text to another machine. End
 * out->url in either case. */
fl_broker_rc fl_kafka_parse(const fl_broker_host *host, const char *url, fl_kafka_options *out);
/* The settings of the URL for librdkafka; *out is destroyed by the caller or by rd_kafka_new. FATAL,
 * explained: librdkafka does not know one. */
fl_broker_rc fl_kafka_configure(const fl_broker_host *host, const fl_kafka_options *options,
                                rd_kafka_conf_t **out);
/* Sets one of ours, which is valid in every release; false: no memory for it, or no such feature. */
bool fl_kafka_set(rd_kafka_conf_t *conf, const char *name, const char *value);
/* Can a topic have this name, also with what retries and dead letters append? */
bool fl_kafka_is_topic(const char *name);

#endif
