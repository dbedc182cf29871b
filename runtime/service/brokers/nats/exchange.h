/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Box: messages on their way from libnats's threads to the owner of a connection. The threads only put
 * things in and write to the eventfd; the owner takes them out. A callback may still run after its
 * subscription is destroyed, so the box has holders: the owner, the connection and each subscription.
 * The last one frees it. */
#ifndef FL_NATS_EXCHANGE_H
#define FL_NATS_EXCHANGE_H

#include <runtime/service/broker.h>
#include <runtime/service/job.h>

#include <nats/nats.h>
#include <pthread.h>

/* A message with an answer to give. */
typedef struct fl_nats_arrival {
    fl_list link;
    natsMsg *message;
    int64_t at; /* host->now */
} fl_nats_arrival;

/* One queue. All fields under the box's lock. */
typedef struct fl_nats_inbox {
    struct fl_nats_box *box;
    fl_list arrived;
    unsigned count;  /* of arrived */
    unsigned enough; /* arrivals for which the owner waits */
    bool is_waiting; /* the server holds a request for a message */
    bool declined;   /* the last such request ended without one */
    bool is_asked;   /* a fetch has had no answer yet */
    bool ended;      /* the server has nothing more for the present fetch */
} fl_nats_inbox;

typedef struct fl_nats_box {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const fl_broker_host *host; /* NULL: the owner has gone, callbacks drop what they get */
    unsigned holders;
    int event;       /* ready while something is in the box */
    bool is_written; /* to event */
    bool is_closed;  /* the connection */
    bool is_gone;    /* a consumer */
    uint64_t round;  /* of the replies that are awaited */
    natsMsg **replies;
    unsigned reply_room, reply_count;
    unsigned enough; /* replies for which the owner waits */
    unsigned inbox_count;
    fl_nats_inbox inboxes[];
} fl_nats_box;

/* With one holder, the owner. NULL: no memory, or no descriptor. */
fl_nats_box *fl_nats_box_create(const fl_broker_host *host, unsigned inboxes);
/* Any thread. */
void fl_nats_box_retain(fl_nats_box *box);
void fl_nats_box_release(fl_nats_box *box);
/* The owner goes: drops what is in it. */
void fl_nats_box_leave(fl_nats_box *box);

/* The oldest arrival of a queue, if it came until `before` of host->now. The caller frees it. NULL:
 * none. */
fl_nats_arrival *fl_nats_box_take(fl_nats_inbox *inbox, int64_t before);
/* Makes the descriptor ready if something is in the box, and not ready otherwise. Under the lock. */
void fl_nats_box_mark(fl_nats_box *box);
/* Waits under the lock until enough has come, which the caller has set, or something has ended. May
 * return early. false: `until` of CLOCK_MONOTONIC, ns, has come. */
bool fl_nats_box_wait(fl_nats_box *box, int64_t until);

/* Callbacks; the closure is a box or, of the last two, an inbox. */
void fl_nats_on_close(natsConnection *connection, void *box);
void fl_nats_on_reply(natsConnection *connection, natsSubscription *replies, natsMsg *message,
                      void *box);
void fl_nats_on_waited(natsConnection *connection, natsSubscription *waiting, natsMsg *message,
                       void *inbox);
void fl_nats_on_fetched(natsConnection *connection, natsSubscription *fetching, natsMsg *message,
                        void *inbox);
/* The subscription's last callback has returned. */
void fl_nats_on_complete(void *box);

#endif
