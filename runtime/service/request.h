/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A request to the publisher's thread: a message to publish, or a record to read. */
#ifndef FL_SERVICE_REQUEST_H
#define FL_SERVICE_REQUEST_H

#include <filch/future.h>
#include <filch/message.h>
#include <filch/service_records.h>
#include <runtime/service/list.h>

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

#endif
