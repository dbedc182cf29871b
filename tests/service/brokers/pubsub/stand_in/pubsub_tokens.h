/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Access tokens of a stand-in: given for assertions by RFC 7523, whose signature and claims are checked. */
#ifndef STAND_IN_PUBSUB_TOKENS_H
#define STAND_IN_PUBSUB_TOKENS_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct tokens {
    EVP_PKEY *key; /* NULL: requests need no token */
    const char *issuer;
    long life;               /* s */
    unsigned given, revoked; /* of the numbers in tokens */
    int64_t ends[1024];
} tokens;

/* false, after a message: the file has no public key. */
bool tokens_begin(tokens *all, const char *path, const char *issuer);
/* The body of a request for a token. NULL, or why it gets none. now: s of Unix time. */
const char *tokens_verify(const tokens *all, const char *form, int64_t now);
/* A new one. now: ns of the clock of tokens_allow. */
const char *tokens_give(tokens *all, int64_t now);
/* header: "Bearer ...", or NULL. */
bool tokens_allow(const tokens *all, const char *header, int64_t now);
void tokens_revoke(tokens *all);

#endif
