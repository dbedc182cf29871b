/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Publisher: a thread with a connection of its own, so that a blocked publisher does
 * not hold up acknowledgements. It starts with the first message. Callers put a copy of their
 * message into a list and wait for a future; the thread publishes up to 100 at a time, tries again
 * after a lost connection, and sets the futures. A caller that stops waiting leaves its message:
 * it is dropped if it has not been sent yet. Reading a record is a request like a message. */
#ifndef FL_SERVICE_PUBLISHER_H
#define FL_SERVICE_PUBLISHER_H

#include <filch/service.h>
#include <filch/service_records.h>
#include <runtime/service/broker.h>
#include <runtime/service/link.h>
#include <runtime/service/list.h>
#include <runtime/service/waker.h>

#include <pthread.h>

typedef struct fl_publisher {
    fl_link link; /* the thread's */
    pthread_mutex_t lock;
    fl_waker waker;
    fl_list waiting; /* under the lock: requests */
    pthread_t thread;
    bool started, ending; /* under the lock */
    uint64_t published;   /* under the lock */
    int64_t pause_until;  /* the thread's: the broker was busy */
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
uint64_t fl_publisher_count(fl_publisher *publisher);

#endif
