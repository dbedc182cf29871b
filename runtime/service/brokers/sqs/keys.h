/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Access keys for AWS: from a web identity, from files, and fetched again before they expire. */
#ifndef FL_SQS_KEYS_H
#define FL_SQS_KEYS_H

#include <runtime/service/broker.h>
#include <runtime/service/net/http_client.h>

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* ---- Web identities ---- */

/* Access keys for a web identity, such as a service account of Kubernetes has in EKS. The token in
 * AWS_WEB_IDENTITY_TOKEN_FILE is exchanged for the keys of AWS_ROLE_ARN (AWS STS API Reference, version
 * 2011-06-15, AssumeRoleWithWebIdentity). The request is not signed; the token is its
 * proof. The file is read for each request, since it is rotated. */

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

/* ---- Profiles ---- */

/* The shared files of AWS's tools: ~/.aws/credentials with keys and ~/.aws/config with settings, by
 * profile (AWS SDKs and Tools Reference Guide, "Shared config and credentials files"). */

/* The value of a setting: first from the file of keys, then from the other. profile: NULL for that of
 * $AWS_PROFILE, or "default". false: there is none, or it has no room; then value is "". */
bool fl_sqs_profile_read(const char *profile, const char *setting, char *value, size_t size);

/* ---- Keys ---- */

/* Access keys for AWS, from the first of these that has some (AWS SDKs and Tools Reference Guide,
 * "Standardized credential providers"):
 *   1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN
 *   2. the web identity (keys.h)
 *   3. the profile of the shared files (keys.h)
 *   4. the container's endpoint: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, with the token of
 *      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or AWS_CONTAINER_AUTHORIZATION_TOKEN
 *   5. the instance's metadata, version 2
 * A profile that is asked for by name comes before the environment. The keys of 2, 4 and 5 expire. They are
 * fetched again five minutes before that, while requests go on with the old ones. Not read: SSO,
 * credential_process, assumed roles of a profile. */

typedef struct fl_sqs_keys fl_sqs_keys;

/* Access keys, valid until the next call of a function of fl_sqs_keys. */
typedef struct fl_sqs_key {
    const char *id, *secret, *token; /* token: NULL if it is no session */
} fl_sqs_key;

/* profile: NULL for the environment's. NULL: no memory. */
fl_sqs_keys *fl_sqs_keys_create(const fl_broker_host *host, fl_web *web, const char *profile,
                                const char *region);
/* Wipes them. NULL is allowed. Before fl_web_destroy. */
void fl_sqs_keys_destroy(fl_sqs_keys *keys);
/* Keys that are valid now. Waits only if there are none yet, until that time of filch_now(). LOST: the
 * endpoint does not answer. REFUSED: there are none. Both are explained. */
fl_broker_rc fl_sqs_keys_get(fl_sqs_keys *keys, fl_sqs_key *out, int64_t until);
/* The server says that they are not valid: they are fetched again by the next fl_sqs_keys_get. */
void fl_sqs_keys_forget(fl_sqs_keys *keys);

#endif
