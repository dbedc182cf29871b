/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqs/sign.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HASH = 32, HEX = 2 * HASH + 1, DAY = 8, SIGNED = 256, SCOPE = 160, TO_SIGN = 320 };

void fl_sqs_date(time_t now, char date[FL_SQS_DATE])
{
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(date, FL_SQS_DATE, "%Y%m%dT%H%M%SZ", &parts);
}

static void write_hex(const unsigned char hash[HASH], char hex[HEX])
{
    for (unsigned i = 0; i < HASH; i++)
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
}

static bool hash(const void *data, size_t size, char hex[HEX])
{
    unsigned char digest[HASH];
    bool good = EVP_Digest(data, size, digest, NULL, EVP_sha256(), NULL) == 1;
    if (good)
        write_hex(digest, hex);
    return good;
}

static bool hmac(const void *key, size_t key_size, const char *text, size_t size,
                 unsigned char out[HASH])
{
    return HMAC(EVP_sha256(), key, (int)key_size, (const unsigned char *)text, size, out, NULL);
}

/* The names with semicolons between them. */
static bool list_names(const fl_sqs_signed *request, char names[SIGNED])
{
    size_t used = 0;
    for (unsigned i = 0; i < request->count && used < SIGNED; i++)
        used +=
            (size_t)snprintf(names + used, SIGNED - used, "%s%s", i ? ";" : "", request->names[i]);
    return used < SIGNED;
}

/* Step 1: the canonical request, and its hash. */
static bool hash_request(const fl_sqs_signed *request, const char *names, char hex[HEX])
{
    char body[HEX], *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (!file || !hash(request->body, request->body_size, body)) {
        if (file)
            fclose(file);
        free(text);
        return false;
    }
    fputs("POST\n/\n\n", file);
    for (unsigned i = 0; i < request->count; i++)
        fprintf(file, "%s:%s\n", request->names[i], request->values[i]);
    fprintf(file, "\n%s\n%s", names, body);
    bool good = !fclose(file) && hash(text, size, hex);
    if (text)
        explicit_bzero(text, size); /* with the session's token */
    free(text);
    return good;
}

/* Step 3: the key for the day, region and service, and with it the signature. */
static bool sign(const fl_sqs_signed *request, const char *text, char hex[HEX])
{
    unsigned char key[HASH], next[HASH];
    char *secret;
    int size = asprintf(&secret, "AWS4%s", request->secret);
    if (size < 0)
        return false;
    bool good = hmac(secret, (size_t)size, request->date, DAY, key) &&
                hmac(key, HASH, request->region, strlen(request->region), next) &&
                hmac(next, HASH, request->service, strlen(request->service), key) &&
                hmac(key, HASH, "aws4_request", strlen("aws4_request"), next) &&
                hmac(next, HASH, text, strlen(text), key);
    if (good)
        write_hex(key, hex);
    explicit_bzero(secret, (size_t)size);
    explicit_bzero(key, sizeof key);
    explicit_bzero(next, sizeof next);
    free(secret);
    return good;
}

bool fl_sqs_sign(const fl_sqs_signed *request, char out[FL_SQS_AUTHORIZATION])
{
    char names[SIGNED], hex[HEX], scope[SCOPE], text[TO_SIGN];
    int size = snprintf(scope, sizeof scope, "%.*s/%s/%s/aws4_request", DAY, request->date,
                        request->region, request->service);
    if (size >= SCOPE || !list_names(request, names) || !hash_request(request, names, hex))
        return false;
    snprintf(text, sizeof text, "AWS4-HMAC-SHA256\n%s\n%s\n%s", request->date, scope, hex);
    return sign(request, text, hex) &&
           snprintf(out, FL_SQS_AUTHORIZATION,
                    "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
                    request->id, scope, names, hex) < FL_SQS_AUTHORIZATION;
}
