/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Access tokens for Google Cloud, and the keys that sign the requests for them. */
#ifndef FL_PUBSUB_TOKEN_H
#define FL_PUBSUB_TOKEN_H

#include <runtime/service/broker.h>
#include <runtime/service/net/certificate.h>
#include <runtime/service/net/http_client.h>

#include <openssl/evp.h>

/* ---- Keys ---- */

/* The key of a service account, from the JSON file that Google Cloud gives out. */

typedef struct fl_pubsub_key fl_pubsub_key;

/* FATAL, explained: others can read it, or it is no such file. */
fl_broker_rc fl_pubsub_key_read(fl_pubsub_key **out, const fl_broker_host *host, const char *path);
/* NULL is allowed. */
void fl_pubsub_key_free(fl_pubsub_key *key);
/* The URL at which an assertion is exchanged for a token. */
const char *fl_pubsub_key_endpoint(const fl_pubsub_key *key);
/* A signed assertion for Pub/Sub, valid between these Unix times, s. NULL: no memory. */
char *fl_pubsub_key_assert(const fl_pubsub_key *key, int64_t from, int64_t until);

/* ---- Tokens ---- */

/* Access tokens for Google Cloud. The key of a service account signs a JSON Web Token (RFC 7519, by RS256
 * of RFC 7518), which the token endpoint exchanges (RFC 7523); or the metadata server of the machine gives
 * one. The credentials are found as by the vendor's libraries: the option, or the file that
 * GOOGLE_APPLICATION_CREDENTIALS names, or else the metadata server.
 *
 * A token is fetched again when four fifths of its life are over, beside the requests that still use the
 * old one. Owner only. Neither keys nor tokens appear in messages. */

typedef struct fl_pubsub_token fl_pubsub_token;

/* credentials: of the URL. REFUSED, explained: the file cannot be read now, or is no key of a service
 * account; it may be in the middle of a rotation. */
fl_broker_rc fl_pubsub_token_create(fl_pubsub_token **out, const fl_broker_host *host, fl_web *web,
                                    const char *credentials);
/* Before the fl_web is destroyed. NULL is allowed. */
void fl_pubsub_token_destroy(fl_pubsub_token *token);
/* Writes the header of requests, "Authorization: Bearer ..."; NULL: none is needed. Waits for a token up
 * to `timeout` ns if there is none that is valid. The text lives until the next call. */
fl_broker_rc fl_pubsub_token_header(fl_pubsub_token *token, int64_t timeout, const char **header);
/* The server refuses the present token. false: it is forgotten already. */
bool fl_pubsub_token_forget(fl_pubsub_token *token);

/* The compact serialization of RFC 7515 of a header and a payload, signed by RS256. NULL: no memory, or
 * no RSA key. */
char *fl_pubsub_sign(EVP_PKEY *key, const char *header, const char *payload);

#endif
