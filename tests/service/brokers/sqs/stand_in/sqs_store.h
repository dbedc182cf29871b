/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Queues and messages of the stand-in for Amazon SQS, in memory. Times: ns of the stand-in's clock. */
#ifndef STAND_IN_SQS_STORE_H
#define STAND_IN_SQS_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define SQS_SECOND INT64_C(1000000000)
enum { SQS_SIZE_LEAST = 1024, SQS_SIZE_MOST = 1 << 20 };

typedef struct sqs_message {
    struct sqs_message *next;
    char id[40];
    json_t *content;   /* the entry that was sent */
    const char *group; /* in a FIFO queue */
    int64_t sent, visible_at, leased_at;
    unsigned received; /* times */
    bool is_leased;    /* it was received, and its visibility is not over at visible_at */
} sqs_message;

typedef struct sqs_seen {
    struct sqs_seen *next;
    char id[129]; /* of a deduplication */
    int64_t at;
} sqs_seen;

typedef struct sqs_queue {
    struct sqs_queue *next;
    char name[81];
    bool is_fifo;
    unsigned size_most; /* MaximumMessageSize */
    sqs_message *first, **end;
    sqs_seen *seen;
} sqs_queue;

typedef struct sqs_counts {
    unsigned ready, delayed, leased;
} sqs_counts;

/* NULL: there is none. */
sqs_queue *sqs_find(sqs_queue *first, const char *name);
sqs_queue *sqs_create(sqs_queue **first, const char *name);
/* Bytes of an entry's body and attributes; SIZE_MAX: an attribute that the server refuses. */
size_t sqs_size(json_t *entry);
/* Stores an entry of SendMessageBatch. NULL, or the code of its error. Writes the message's id. */
const char *sqs_send(sqs_queue *queue, json_t *entry, int64_t now, char id[40]);
/* Leases up to `most` messages, as the server returns them; a new array. */
json_t *sqs_receive(sqs_queue *queue, unsigned most, int64_t visibility, int64_t now);
/* NULL, or the code of the error. An old receipt deletes nothing. */
const char *sqs_delete(sqs_queue *queue, const char *receipt);
const char *sqs_show(sqs_queue *queue, const char *receipt, int64_t visibility, int64_t now);
sqs_counts sqs_count(const sqs_queue *queue, int64_t now);
/* When the next message becomes visible; INT64_MAX: none does. */
int64_t sqs_next(const sqs_queue *queue, int64_t now);

#endif
