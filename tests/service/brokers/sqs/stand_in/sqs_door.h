/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The door of the stand-in for Amazon SQS: signatures of requests, and the metadata that give keys. */
#ifndef STAND_IN_SQS_DOOR_H
#define STAND_IN_SQS_DOOR_H

#include <stdbool.h>
#include <tests/service/http_server.h>

typedef struct sqs_door {
    const char *id, *secret, *token; /* token: "" for none */
    long seconds;                    /* that keys last, which are fetched from the metadata */
    unsigned fetched;                /* times */
} sqs_door;

/* NULL, or the code of the error: the signature covers what it must, is right and of now. */
const char *sqs_door_check(const sqs_door *door, const http_request *request);
/* Answers requests for keys: GET /keys as a container's agent, with the header Authorization: agent; and
 * the instance's metadata, version 2. false: it is another request. */
bool sqs_door_answer(sqs_door *door, http_request *request);

#endif
