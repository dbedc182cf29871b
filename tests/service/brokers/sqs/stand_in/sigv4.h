/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Checks signatures of AWS Signature Version 4 as a server does (IAM User Guide, "Elements of an AWS API request
 * signature"). Written apart from the client's code (runtime/service/brokers/sqs/sign.c), and tested
 * against published examples. Not covered: queries, paths that need escapes, bodies sent in signed chunks. */
#ifndef STAND_IN_SIGV4_H
#define STAND_IN_SIGV4_H

#include <stdbool.h>
#include <stddef.h>

enum { SIGV4_HEX = 65 };

typedef struct sigv4_request {
    const char *method, *path;
    const char *(*header)(const void *of, const char *name); /* NULL: there is none */
    const void *of;
    const void *body;
    size_t body_size;
} sigv4_request;

/* The parts of the header Authorization. */
typedef struct sigv4_parts {
    char id[128], date[9], region[64], service[64], names[512], signature[SIGV4_HEX];
} sigv4_parts;

bool sigv4_parse(const char *authorization, sigv4_parts *out);
/* The signature that the request must have. false: a signed header is absent. */
bool sigv4_sign(const sigv4_request *request, const sigv4_parts *parts, const char *secret,
                char out[SIGV4_HEX]);

#endif
