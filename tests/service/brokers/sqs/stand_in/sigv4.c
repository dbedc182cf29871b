/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/service/brokers/sqs/stand_in/sigv4.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

enum { CANONICAL = 16384 };

bool sigv4_parse(const char *authorization, sigv4_parts *out)
{
    return authorization &&
           sscanf(authorization,
                  "AWS4-HMAC-SHA256 Credential=%127[^/]/%8[^/]/%63[^/]/%63[^/]/aws4_request, "
                  "SignedHeaders=%511[^,], Signature=%64[0-9a-f]",
                  out->id, out->date, out->region, out->service, out->names, out->signature) == 6;
}

static void to_hex(const unsigned char digest[SHA256_DIGEST_LENGTH], char out[SIGV4_HEX])
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < SHA256_DIGEST_LENGTH; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[SIGV4_HEX - 1] = '\0';
}

static void sha256_hex(const void *data, size_t size, char out[SIGV4_HEX])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(data, size, digest);
    to_hex(digest, out);
}

/* Appends "name:value\n", where blanks in a row count as one and those at the ends as none. */
static size_t append_header(char *text, size_t used, const char *name, const char *value)
{
    used += (size_t)snprintf(text + used, CANONICAL - used, "%s:", name);
    for (value += strspn(value, " "); *value && used < CANONICAL - 2; value++)
        if (*value != ' ' || (value[1] && value[1] != ' '))
            text[used++] = *value;
    text[used++] = '\n';
    return used;
}

static bool append_headers(const sigv4_request *request, const char *names, char *text,
                           size_t *used)
{
    char list[512];
    snprintf(list, sizeof list, "%s", names);
    char *rest = NULL;
    for (char *name = strtok_r(list, ";", &rest); name; name = strtok_r(NULL, ";", &rest)) {
        const char *value = request->header(request->of, name);
        if (!value || strlen(value) + strlen(name) + *used + 256 > CANONICAL)
            return false;
        *used = append_header(text, *used, name, value);
    }
    return true;
}

static void derive(const char *secret, const sigv4_parts *parts, unsigned char key[32])
{
    const char *const steps[] = {parts->date, parts->region, parts->service, "aws4_request"};
    char first[256];
    unsigned char next[32];
    snprintf(first, sizeof first, "AWS4%s", secret);
    for (unsigned i = 0; i < 4; i++) {
        HMAC(EVP_sha256(), i ? (const void *)key : first, i ? 32 : (int)strlen(first),
             (const unsigned char *)steps[i], strlen(steps[i]), next, NULL);
        memcpy(key, next, sizeof next);
    }
}

bool sigv4_sign(const sigv4_request *request, const sigv4_parts *parts, const char *secret,
                char out[SIGV4_HEX])
{
    char text[CANONICAL], hash[SIGV4_HEX], to_sign[512];
    unsigned char key[32], digest[32];
    const char *when = request->header(request->of, "x-amz-date");
    size_t used = (size_t)snprintf(text, sizeof text, "%s\n%s\n\n", request->method, request->path);
    if (!when || !append_headers(request, parts->names, text, &used))
        return false;
    sha256_hex(request->body, request->body_size, hash);
    used += (size_t)snprintf(text + used, sizeof text - used, "\n%s\n%s", parts->names, hash);
    if (used >= sizeof text)
        return false;
    sha256_hex(text, used, hash);
    int size = snprintf(to_sign, sizeof to_sign, "AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n%s",
                        when, parts->date, parts->region, parts->service, hash);
    derive(secret, parts, key);
    HMAC(EVP_sha256(), key, sizeof key, (const unsigned char *)to_sign, (size_t)size, digest, NULL);
    to_hex(digest, out);
    return true;
}
