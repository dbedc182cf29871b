/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Access keys for a web identity, such as a service account of Kubernetes has in EKS. The token in
 * AWS_WEB_IDENTITY_TOKEN_FILE is exchanged for the keys of AWS_ROLE_ARN (AWS STS API Reference, version
 * 2011-06-15, AssumeRoleWithWebIdentity). The request is not signed; the token is its
 * proof. The file is read for each request, since it is rotated. */
#ifndef FL_SQS_IDENTITY_H
#define FL_SQS_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* Of an answer; the texts are NUL-terminated. */
typedef struct fl_sqs_identity {
    char id[512], secret[512], token[4096];
    time_t expires;
} fl_sqs_identity;

/* Does the environment name a role and a file? */
bool fl_sqs_identity_is_given(void);
/* Writes the endpoint of a region, or that of AWS_ENDPOINT_URL_STS. false: it is too long. */
bool fl_sqs_identity_endpoint(const char *region, char *url, size_t size);
/* The form that asks for keys; the caller frees it. NULL: the file cannot be read, or no memory. */
char *fl_sqs_identity_form(void);
/* Reads an answer. false: it has no keys. */
bool fl_sqs_identity_read(const char *xml, fl_sqs_identity *out);
/* "2026-02-03T04:05:06Z", also with a fraction; 0: it is no such time. */
time_t fl_sqs_time(const char *text);

#endif
