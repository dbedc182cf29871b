/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The thread that publishes, and the requests to it. */
#ifndef FL_SERVICE_PUBLISHER_H
#define FL_SERVICE_PUBLISHER_H

#include <filch/future.h>
#include <filch/service.h>
#include <runtime/service/broker.h>
#include <runtime/service/connection.h>
#include <runtime/service/job.h>
#include <runtime/service/loop.h>

#include <pthread.h>

/* ---- Requests ---- */

/* A request to the publisher's thread: a message to publish, or a record to read. */

/* Held by its caller while that waits, and by the publisher until its future is set. */
typedef struct fl_request {
    fl_list link;
    filch_message message;        /* to publish; */
    const char *read_id;          /* or, unless NULL, the record to read */
    filch_service_record *record; /* that was read */
    filch_future done;            /* int: 0 or a negative errno */
    unsigned holders;             /* under the publisher's lock */
} fl_request;

/* With a copy of the message, or of the id; both hold it. NULL: no memory. */
fl_request *fl_request_of_message(const filch_message *message);
fl_request *fl_request_of_record(const char *id);
/* Nobody holds it. */
void fl_request_free(fl_request *request);
/* Sets the text of filch_error() for the result of a request, and returns it. */
int fl_request_explain(int status);

/* ---- The publisher ---- */

/* Publisher: a thread with a connection of its own, so that a blocked publisher does
 * not hold up acknowledgements. It starts with the first message. Callers put a copy of their
 * message into a list and wait for a future; the thread publishes up to 100 at a time, tries again
 * after a lost connection, and sets the futures. A caller that stops waiting leaves its message:
 * it is dropped if it has not been sent yet. Reading a record is a request like a message. The
 * thread also publishes periodic jobs. */

/* The end of a slot of a periodic job. */
typedef enum fl_slot_end {
    FL_SLOT_PUBLISHED,
    FL_SLOT_ELSEWHERE,
    FL_SLOT_MISSED,
    FL_SLOT_ENDS
} fl_slot_end;

typedef struct fl_publisher {
    fl_link link; /* the thread's */
    pthread_mutex_t lock;
    fl_waker waker;
    fl_list waiting; /* under the lock: requests */
    pthread_t thread;
    bool started, ending;         /* under the lock */
    uint64_t published;           /* under the lock */
    bool is_busy;                 /* under the lock: link.is_busy */
    uint64_t slots[FL_SLOT_ENDS]; /* under the lock: of periodic jobs, by their end */
    bool periodic;                /* under the lock: periodic jobs are published */
    int64_t pause_until;          /* the thread's: the broker was busy */
} fl_publisher;

/* 0, or a negative errno. */
int fl_publisher_init(fl_publisher *publisher, filch_service *service, const fl_broker_kind *kind);
/* Requests that are left fail with -EPIPE. */
void fl_publisher_end(fl_publisher *publisher);
/* filch_service_publish, for a message that has been checked and completed. */
int fl_publisher_publish(fl_publisher *publisher, const filch_message *message, int64_t until);
/* filch_service_record_read, for an id that has been checked. */
int fl_publisher_read(fl_publisher *publisher, const char *id, filch_service_record **out,
                      int64_t until);
/* Begins or ends publishing periodic jobs. 0, or -EAGAIN: no thread. */
int fl_publisher_set_periodic(fl_publisher *publisher, bool on);
/* A copy of the message, on its way; the caller drops it. By the thread itself. NULL: no memory. */
fl_request *fl_publisher_begin(fl_publisher *publisher, const filch_message *message);
/* true: it is over, with *status as of fl_publisher_publish, but not explained. */
bool fl_publisher_is_over(const fl_request *request, int *status);
/* It is not sent if it has not been sent yet. */
void fl_publisher_drop(fl_publisher *publisher, fl_request *request);
void fl_publisher_count_slot(fl_publisher *publisher, fl_slot_end end);
/* Writes its numbers into *out. */
void fl_publisher_stats(fl_publisher *publisher, filch_service_stats *out);

#endif
