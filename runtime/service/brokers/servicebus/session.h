/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Sessions of Service Bus: messages with the same session id run one after another, in their order, on the
 * one connection that has locked the session. ("AMQP 1.0 in Azure Service Bus: protocol guide", message
 * sessions.)
 *
 * A session is a receiver of its own. Its source has a filter without a value: the server answers when any
 * session has messages and no lock, with its id in the filter. So a request may wait for long, and the owner
 * does not wait for it. A queue has up to `sessions` of them at a time, waiting or held. A held one gives
 * credit for one message, hands that out, and gives the next credit when it is settled: that is the order.
 * After SESSION_IDLE without a message it is closed, and the next one is asked for.
 *
 * The session's lock is the lease of its job. Short jobs would use it up, job after job, until one has no time
 * left: so it is also renewed between jobs, when half of its time is over. It ends with the link, so no lease outlives the connection.
 *
 * The race: the server takes a session away (its lock ran out) while its job runs. The job's transfer is gone
 * with the link, and the job's memory may be gone as well. So neither points to the other: a held session has
 * a number, which the message keeps. A settlement whose session is not found by it is -ESTALE. */
#ifndef FL_BUS_SESSION_H
#define FL_BUS_SESSION_H

#include <runtime/service/broker.h>
#include <runtime/service/brokers/servicebus/servicebus.h>

#include <proton/link.h>

/* The header of a job that names its session. */
#define FL_BUS_SESSION_HEADER "session-id"

enum { FL_BUS_SESSION_NAME = 4 * 128 }; /* bytes of as many characters */

struct fl_bus_session {
    fl_bus_inlet inlet;               /* first: its link's context */
    char id[FL_BUS_SESSION_NAME + 1]; /* "": it is not held */
    uint64_t number;                  /* of this lock */
    uint64_t busy;                    /* fl_bus_held.order of the job that runs; 0: none */
    int64_t since;                    /* filch_now: asked for, or without a job */
    int64_t locked_until;             /* Unix time in ms; 0: the server has not said */
    int64_t renew_at;                 /* Unix time in ms: half of the lock's time is over */
};

/* The sessions of a queue. false: no memory. */
bool fl_bus_sessions_begin(fl_bus *b, unsigned queue);
void fl_bus_sessions_end(fl_bus *b, unsigned queue);
/* Up to `most` messages, of sessions without a job. Asks for more sessions. */
fl_broker_rc fl_bus_sessions_receive(fl_bus *b, unsigned queue, fl_delivery **out, unsigned most,
                                     unsigned *count);
/* Has the server had no time to answer a request for a session or a message? */
bool fl_bus_may_come(fl_broker *broker, int64_t since);
/* Before the owner sleeps: asks for more sessions, if it wants messages; lowers *until. */
void fl_bus_sessions_watch(fl_bus *b, bool wants, int64_t *until);
/* Closes those that are idle; all: also those that wait, and those with messages that no job has. */
void fl_bus_sessions_turn(fl_bus *b, bool all);
/* The session that a message came by, NULL: it is lost. */
fl_bus_session *fl_bus_session_of(const fl_bus *b, const fl_bus_held *held);
/* The lock of a session ends at this Unix time in ms; 0: unsaid. */
void fl_bus_session_lock(fl_bus *b, fl_bus_session *session, int64_t locked_until);
/* Renews the lock of the session of a delivery, and writes its lease_until. */
fl_broker_rc fl_bus_session_extend(fl_bus *b, fl_delivery *one, int64_t lease);
/* Renews locks of sessions without a job. */
fl_broker_rc fl_bus_sessions_renew(fl_bus *b);
/* A message is settled, or was given back. */
void fl_bus_session_done(fl_bus *b, const fl_bus_held *held);
/* The server has attached or detached the link of a session. */
void fl_bus_session_attached(fl_bus *b, fl_bus_session *session);
void fl_bus_session_detached(fl_bus *b, fl_bus_session *session);

#endif
