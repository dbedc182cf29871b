/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/service/brokers/servicebus/stand_in/service_bus.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char start[] = "SharedAccessSignature ";

enum { FIELD = 1024 };

/* The value of a field, NAME=VALUE&..., as it stands; false: there is none. */
static bool field(const char *text, const char *name, char value[FIELD])
{
    size_t length = strlen(name);
    for (const char *at = text; at; at = strchr(at, '&') ? strchr(at, '&') + 1 : NULL)
        if (strncmp(at, name, length) == 0 && at[length] == '=') {
            snprintf(value, FIELD, "%.*s", (int)strcspn(at + length + 1, "&"), at + length + 1);
            return true;
        }
    return false;
}

static void decode(char *text)
{
    char *to = text;
    unsigned byte;
    for (; *text; to++, text++) {
        *to = *text;
        if (*text == '%' && sscanf(text + 1, "%2x", &byte) == 1) {
            *to = (char)byte;
            text += 2;
        }
    }
    *to = '\0';
}

/* The signature covers the resource as it is encoded, a newline, and the expiry. */
static bool is_signed(const char *resource, const char *expiry, const char *signature,
                      const char *key)
{
    char text[2 * FIELD];
    unsigned char digest[EVP_MAX_MD_SIZE], expected[64];
    unsigned size = 0;
    int length = snprintf(text, sizeof text, "%s\n%s", resource, expiry);
    HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)text, (size_t)length, digest,
         &size);
    EVP_EncodeBlock(expected, digest, (int)size);
    return strcmp((const char *)expected, signature) == 0;
}

bool sb_token_is_valid(const char *text, const char *key_name, const char *key, char path[SB_NAME],
                       int64_t *until)
{
    char resource[FIELD], signature[FIELD], expiry[FIELD], name[FIELD];
    if (strncmp(text, start, sizeof start - 1) != 0)
        return false;
    text += sizeof start - 1;
    if (!field(text, "sr", resource) || !field(text, "sig", signature) ||
        !field(text, "se", expiry) || !field(text, "skn", name))
        return false;
    decode(signature);
    decode(name);
    *until = atoll(expiry) * 1000;
    if (strcmp(name, key_name) != 0 || !is_signed(resource, expiry, signature, key) ||
        *until <= sb_now())
        return false;
    decode(resource);
    const char *host = strncmp(resource, "sb://", 5) == 0 ? resource + 5 : NULL;
    const char *slash = host ? strchr(host, '/') : NULL;
    snprintf(path, SB_NAME, "%s", slash ? slash + 1 : "");
    return slash;
}
