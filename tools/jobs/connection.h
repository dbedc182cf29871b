/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A connection of filch-jobs to a broker: opened for one queue, used by the one thread of the
 * program. A call that fails writes its reason to stderr. */
#ifndef JOBS_CONNECTION_H
#define JOBS_CONNECTION_H

#include "options.h"

#include <runtime/service/broker.h>

enum { JOBS_EXPLAINED = 512 };

typedef struct jobs_connection {
    fl_broker_host host; /* first: the broker's functions get its address */
    fl_broker_config config;
    const jobs_options *options;
    const fl_broker_kind *kind;
    fl_broker *broker; /* NULL: not connected */
    fl_broker_caps caps;
    const char *queue;              /* the only one of this connection */
    int64_t busy_until;             /* of the present call; 0: it was not busy */
    char explained[JOBS_EXPLAINED]; /* why the last call failed */
} jobs_connection;

/* Capabilities that commands need, as bits. */
enum {
    JOBS_NEEDS_COUNT = 1,
    JOBS_NEEDS_PEEK = 2,
    JOBS_NEEDS_CANCEL = 4,
    JOBS_NEEDS_PAUSE = 8,
    JOBS_NEEDS_RECORDS = 32
};

/* Connects. prefetch: deliveries that are not settled, at most. Returns 0 or an exit status. */
int jobs_connect(jobs_connection *c, const jobs_options *o, fl_broker_role role, const char *queue,
                 unsigned prefetch);
/* The same, to take jobs and answer them at once: the lease of a queue's consumers stays as it is. */
int jobs_connect_briefly(jobs_connection *c, const jobs_options *o, const char *queue,
                         unsigned prefetch);
/* The same, to look only: nothing is created in the broker. */
int jobs_connect_to_read(jobs_connection *c, const jobs_options *o, const char *queue);
void jobs_disconnect(jobs_connection *c);

/* After a call: repeat it? The broker was busy, and the time for that is not over; it has waited. */
bool jobs_again(jobs_connection *c, fl_broker_rc rc);
/* The exit status for the result of a call; writes the reason if it is not OK. */
int jobs_status(const jobs_connection *c, fl_broker_rc rc);

/* Says that the broker lacks these words: "a peek". Returns JOBS_UNSUPPORTED. */
int jobs_unsupported(const jobs_connection *c, const char *lacks);
/* Does the connection have all of these? 0, or JOBS_UNSUPPORTED after a message. */
int jobs_check_needs(const jobs_connection *c, unsigned needs);
/* Does it have what the message asks for? The same. */
int jobs_check_message(const jobs_connection *c, const filch_message *message);

#endif
