/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * AWS Signature Version 4 for POST requests to "/" without a query (IAM User Guide, "Create a signed AWS
 * API request"). libcurl signs as well, but which headers it signs depends on its version, and a
 * session's token must be among them. */
#ifndef FL_SQS_SIGN_H
#define FL_SQS_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum { FL_SQS_SIGNED_MOST = 8, FL_SQS_DATE = 17, FL_SQS_AUTHORIZATION = 640 };

typedef struct fl_sqs_signed {
    const char *id, *secret, *region, *service;
    const char *date; /* of fl_sqs_date; the header x-amz-date has to be among the headers */
    const char *const *names;  /* of headers, in small letters and sorted */
    const char *const *values; /* trimmed */
    unsigned count;
    const void *body;
    size_t body_size;
} fl_sqs_signed;

/* 20260203T040506Z */
void fl_sqs_date(time_t now, char date[FL_SQS_DATE]);
/* The value of the header Authorization. false: no memory, or no room. */
bool fl_sqs_sign(const fl_sqs_signed *request, char out[FL_SQS_AUTHORIZATION]);

#endif
