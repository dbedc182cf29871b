/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Messages on their way to one topic: they are collected, and sent in as few requests as the server's
 * limits allow. Each has a status, which is written when its request is answered.
 *
 * One message that the server refuses would hold up all others of its request. So the messages of a
 * request that is refused as invalid are sent once more, one by one, and only the culprit's status is
 * final. */
#ifndef FL_PUBSUB_PUBLISH_H
#define FL_PUBSUB_PUBLISH_H

#include <runtime/service/broker.h>
#include <runtime/service/brokers/pubsub.h>

#include <jansson.h>

typedef struct fl_pubsub_mail {
    fl_pubsub *p;
    const char *topic;
    json_t *messages; /* NULL: none yet */
    size_t size;      /* bytes of the request */
    fl_broker_rc rc;  /* of the requests so far: the first that is not OK */
    int *statuses[FL_PUBSUB_BATCH];
} fl_pubsub_mail;

/* topic: outlives it. */
void fl_pubsub_mail_begin(fl_pubsub_mail *mail, fl_pubsub *p, const char *topic);
/* Steals the message, and writes *status, now or later: 0; -EMSGSIZE (it is longer than a request may
 * be); -ENOTSUP (the server refuses it, which is logged); -EAGAIN. */
void fl_pubsub_mail_add(fl_pubsub_mail *mail, json_t *message, int *status);
/* Sends the rest. */
fl_broker_rc fl_pubsub_mail_end(fl_pubsub_mail *mail);

fl_broker_rc fl_pubsub_publish(fl_broker *broker, fl_publication *batch, unsigned count);

#endif
