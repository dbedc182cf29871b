/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The connection of a service to its broker, and the leases of its messages. */
#ifndef FL_CONNECTION_H
#define FL_CONNECTION_H

#include <filch/retry.h>
#include <filch/service.h>
#include <runtime/service/broker.h>

/* ---- The link ---- */

/* Link: a connection to a broker that is made again after it breaks, later and later: within 1 s
 * where the broker is away, within 30 s where it refuses. All calls by its owner, a plain thread.
 * After a good connection the first attempt is made at once. */

struct filch_service;

enum { FL_EXPLAINED = 512 };

/* Kinds of calls. A broker may refuse one kind and accept others: a full disk can be read. */
typedef enum fl_call {
    FL_CALL_TURN,
    FL_CALL_RECEIVE,
    FL_CALL_SETTLE,
    FL_CALL_EXTEND,
    FL_CALL_STOPPED,
    FL_CALL_NOTE,
    FL_CALL_PUBLISH,
    FL_CALL_RECORD,
    FL_CALL_COUNT,
    FL_CALLS
} fl_call;

typedef struct fl_link {
    fl_broker_host host; /* first: the broker's functions get its address */
    fl_broker_config config;
    const fl_broker_kind *kind;
    fl_broker *broker; /* NULL: not connected */
    fl_broker_caps caps;
    struct filch_service *service;
    unsigned failures; /* in a row */
    uint64_t lost;     /* connections that broke or could not be made */
    int64_t retry_at;  /* not before */
    filch_retry_state random;
    char explained[FL_EXPLAINED]; /* why the last call failed */
    char *url;                    /* as read again from its file; NULL: it has not changed */
    bool is_stale;                /* the last reading failed, and that was logged */
    int64_t busy_since[FL_CALLS]; /* the broker has refused each call of this kind since; 0: none */
    int64_t busy_at;              /* the last refusal */
    bool is_busy;                 /* for a second or more, and that was logged */
} fl_link;

/* With the service's configuration; does not connect. */
void fl_link_init(fl_link *link, struct filch_service *service, const fl_broker_kind *kind,
                  fl_broker_role role);
/* Checks the URL and the queues without connecting. 0; -EINVAL, -ENOMEM, explained. */
int fl_link_check(fl_link *link);
/* Connects, if it is not connected and the time has come. OK: it is connected. LOST: it is not.
 * FATAL: it never will be. */
fl_broker_rc fl_link_open(fl_link *link);
/* Judges the result of a call: true, go on (OK or BUSY). Otherwise the connection is closed. A broker
 * that has been busy for a second is logged once, and once more when it is not. */
bool fl_link_judge(fl_link *link, fl_call call, fl_broker_rc rc);
/* Since when the broker has refused each call of some kind; 0: it does not. */
int64_t fl_link_busy_since(const fl_link *link);
/* There is nothing left that it refuses. */
void fl_link_calm(fl_link *link);
void fl_link_close(fl_link *link);
/* Closes it, and frees what the link has. */
void fl_link_end(fl_link *link);

/* ---- Leases ---- */

/* The owner's connection: its loss and its leases. */

/* Connects if it is time. OK, LOST, FATAL. */
fl_broker_rc fl_service_connect(filch_service *service);
/* After a call: true, go on. false: the connection is closed, and with it the leases that do not
 * outlive it. */
bool fl_service_judge(filch_service *service, fl_call call, fl_broker_rc rc);

/* Adds a new delivery to those whose leases are extended. */
void fl_service_lease(filch_service_job *job);
/* Extends leases of which a third is over, and drops jobs that have not begun by the end of
 * theirs. */
void fl_service_extend(filch_service *service);
/* The time of the service's clock at which that is due; FILCH_FOREVER: never. */
int64_t fl_service_extend_due(const filch_service *service);

#endif
