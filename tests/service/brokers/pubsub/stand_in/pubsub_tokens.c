/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/service/brokers/pubsub/stand_in/pubsub_tokens.h>

#include <jansson.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GRANT "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
#define ASSERTION "assertion="
#define SCOPE "https://www.googleapis.com/auth/pubsub"

enum { SKEW = 300, LIFE_MOST = 3600 }; /* s */

bool tokens_begin(tokens *all, const char *path, const char *issuer)
{
    FILE *file = fopen(path, "r");
    all->key = file ? PEM_read_PUBKEY(file, NULL, NULL, NULL) : NULL;
    all->issuer = issuer ? issuer : "";
    if (file)
        fclose(file);
    if (!all->key)
        fprintf(stderr, "no public key: %s\n", path);
    return all->key;
}

/* ---- Assertions ---- */

/* Decodes base64url of RFC 4648 without padding; a NUL follows. Returns the bytes, or -1. */
static int decode(const char *text, size_t length, unsigned char *out)
{
    char padded[8192];
    if (length > sizeof padded - 4)
        return -1;
    for (size_t i = 0; i < length; i++)
        padded[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    size_t size = length;
    while (size % 4)
        padded[size++] = '=';
    int decoded = EVP_DecodeBlock(out, (unsigned char *)padded, (int)size);
    if (decoded < 0)
        return -1;
    decoded -= (int)(size - length);
    out[decoded] = '\0';
    return decoded;
}

static bool is_signed(const tokens *all, const char *text, size_t size, const char *signature)
{
    unsigned char bytes[8192];
    int length = decode(signature, strlen(signature), bytes);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is =
        length > 0 && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, all->key) > 0 &&
        EVP_DigestVerify(context, bytes, (size_t)length, (const unsigned char *)text, size) > 0;
    EVP_MD_CTX_free(context);
    return is;
}

static bool is_text(const json_t *claims, const char *name, const char *expected)
{
    const char *text = json_string_value(json_object_get(claims, name));
    return text && strcmp(text, expected) == 0;
}

static bool ends_with(const json_t *claims, const char *name, const char *end)
{
    const char *text = json_string_value(json_object_get(claims, name));
    return text && strlen(text) >= strlen(end) &&
           strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static const char *judge(const tokens *all, const json_t *header, const json_t *claims, int64_t now)
{
    json_int_t begins = json_integer_value(json_object_get(claims, "iat")),
               ends = json_integer_value(json_object_get(claims, "exp"));
    if (!is_text(header, "alg", "RS256") || !is_text(header, "typ", "JWT"))
        return "not signed by RS256";
    if (!is_text(claims, "iss", all->issuer))
        return "Invalid issuer: Not a valid email.";
    if (!is_text(claims, "scope", SCOPE))
        return "Invalid scope";
    if (!ends_with(claims, "aud", "/token"))
        return "Invalid audience";
    if (begins > now + SKEW || ends <= now - SKEW || ends > begins + LIFE_MOST)
        return "Token must be a short-lived token and in a reasonable timeframe";
    return NULL;
}

const char *tokens_verify(const tokens *all, const char *form, int64_t now)
{
    unsigned char first[8192], second[8192];
    const char *text = strstr(form, ASSERTION);
    if (!all->key || strncmp(form, GRANT, strlen(GRANT)) != 0 || !text)
        return "no assertion";
    text += strlen(ASSERTION);
    const char *claims = strchr(text, '.'), *signature = claims ? strchr(claims + 1, '.') : NULL;
    if (!signature || decode(text, (size_t)(claims - text), first) < 0 ||
        decode(claims + 1, (size_t)(signature - claims - 1), second) < 0)
        return "no JSON Web Token";
    if (!is_signed(all, text, (size_t)(signature - text), signature + 1))
        return "Invalid JWT Signature.";
    json_t *header = json_loads((char *)first, 0, NULL),
           *payload = json_loads((char *)second, 0, NULL);
    const char *why = judge(all, header, payload, now);
    json_decref(header);
    json_decref(payload);
    return why;
}

/* ---- Tokens ---- */

const char *tokens_give(tokens *all, int64_t now)
{
    static char text[32];
    if (all->given == sizeof all->ends / sizeof *all->ends)
        abort();
    all->ends[all->given] = now + all->life * INT64_C(1000000000);
    snprintf(text, sizeof text, "token-%u", all->given++);
    return text;
}

bool tokens_allow(const tokens *all, const char *header, int64_t now)
{
    unsigned number;
    if (!all->key)
        return true;
    return header && sscanf(header, "Bearer token-%u", &number) == 1 && number < all->given &&
           number >= all->revoked && all->ends[number] > now;
}

void tokens_revoke(tokens *all)
{
    all->revoked = all->given;
}
