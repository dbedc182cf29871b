/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Orders of tests to the stand-in for Amazon SQS, without signatures:
 *   /stand-in/advance?ns=N                                       moves the clock
 *   /stand-in/fail?operation=NAME&count=N&status=N&code=CODE     makes requests fail; with &entry=INDEX only
 *                                                                that entry of batches
 *   /stand-in/keys?seconds=N                                     makes fetched keys last that long
 *   /stand-in/seen?operation=NAME                                answers how many there were; "keys" as well */
#ifndef STAND_IN_SQS_ORDERS_H
#define STAND_IN_SQS_ORDERS_H

#include <stdbool.h>
#include <stdint.h>
#include <tests/service/brokers/sqs/stand_in/sqs_door.h>
#include <tests/service/http_server.h>

enum { SQS_OPERATIONS = 32, SQS_OPERATION_NAME = 64 };

typedef struct sqs_orders {
    int64_t offset;                                               /* ns, of the clock */
    char operation[SQS_OPERATION_NAME], code[SQS_OPERATION_NAME]; /* of failures */
    unsigned count, status;
    int entry; /* -1: the whole request */
    struct {
        char operation[SQS_OPERATION_NAME];
        unsigned count;
    } seen[SQS_OPERATIONS];
} sqs_orders;

/* false: it is no order. */
bool sqs_orders_answer(sqs_orders *orders, sqs_door *door, http_request *request);
void sqs_orders_count(sqs_orders *orders, const char *operation);
/* Does this entry of the request have to fail, or with -1 the whole? */
bool sqs_orders_fail(sqs_orders *orders, const char *operation, int entry);

#endif
