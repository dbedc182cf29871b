/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Access keys for AWS, from the first of these that has some (AWS SDKs and Tools Reference Guide,
 * "Standardized credential providers"):
 *   1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN
 *   2. the web identity (sqs_identity.h)
 *   3. the profile of the shared files (sqs_profile.h)
 *   4. the container's endpoint: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, with the token of
 *      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or AWS_CONTAINER_AUTHORIZATION_TOKEN
 *   5. the instance's metadata, version 2
 * A profile that is asked for by name comes before the environment. The keys of 2, 4 and 5 expire. They are
 * fetched again five minutes before that, while requests go on with the old ones. Not read: SSO,
 * credential_process, assumed roles of a profile. */
#ifndef FL_SQS_KEYS_H
#define FL_SQS_KEYS_H

#include <runtime/service/broker.h>
#include <runtime/service/net/http_client.h>

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
