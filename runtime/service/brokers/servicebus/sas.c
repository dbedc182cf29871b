/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/servicebus/sas.h>

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

enum { DIGEST = 32, BASE64 = 45, ENCODED = FL_BUS_SAS_BYTES / 2 };

/* Percent-encodes all but the unreserved characters of RFC 3986. -EMSGSIZE: there is no room. */
static int encode(char *to, size_t size, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t used = 0;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (used + 4 > size)
            return -EMSGSIZE;
        if (isalnum(c) || strchr("-_.~", c)) {
            to[used++] = *text;
        } else {
            to[used++] = '%';
            to[used++] = digits[c >> 4];
            to[used++] = digits[c & 15];
        }
    }
    to[used] = '\0';
    return 0;
}

int fl_bus_sas(char token[FL_BUS_SAS_BYTES], const char *resource, const char *key_name,
               const char *key, int64_t expiry)
{
    char where[ENCODED], name[ENCODED / 2], signed_text[ENCODED + 32], signature[3 * BASE64 + 4];
    unsigned char digest[DIGEST], base64[BASE64];
    unsigned size = sizeof digest;
    if (encode(where, sizeof where, resource) || encode(name, sizeof name, key_name))
        return -EMSGSIZE;
    int length = snprintf(signed_text, sizeof signed_text, "%s\n%" PRId64, where, expiry);
    if (!HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)signed_text,
              (size_t)length, digest, &size))
        return -EMSGSIZE;
    EVP_EncodeBlock(base64, digest, DIGEST);
    encode(signature, sizeof signature, (const char *)base64);
    length = snprintf(token, FL_BUS_SAS_BYTES,
                      "SharedAccessSignature sr=%s&sig=%s&se=%" PRId64 "&skn=%s", where, signature,
                      expiry, name);
    return length < FL_BUS_SAS_BYTES ? 0 : -EMSGSIZE;
}
