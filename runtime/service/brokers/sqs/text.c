/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqs/text.h>

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* Amazon SQS API Reference, SendMessage: #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to
 * #x10FFFF. A carriage return may become a newline on its way. U+FFFE and U+FFFF are three bytes, ef bf be and ef bf bf. */
static bool is_allowed(const unsigned char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((text[i] < 0x20 && text[i] != '\t' && text[i] != '\n') ||
            (text[i] == 0xef && i + 2 < size && text[i + 1] == 0xbf && text[i + 2] >= 0xbe))
            return false;
    return true;
}

json_t *fl_sqs_text(const void *bytes, size_t size)
{
    return is_allowed(bytes, size) ? json_stringn(bytes, size) : NULL;
}

json_t *fl_sqs_binary(const void *bytes, size_t size)
{
    char *text = malloc((size + 2) / 3 * 4 + 1);
    if (!text)
        return NULL;
    int length = EVP_EncodeBlock((unsigned char *)text, bytes, (int)size);
    json_t *string = json_stringn_nocheck(text, (size_t)length);
    free(text);
    return string;
}

char *fl_sqs_bytes(const char *text, size_t *size)
{
    size_t length = strlen(text), padding = 0;
    while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
        padding++;
    char *bytes = malloc(length / 4 * 3 + 1);
    int decoded =
        bytes ? EVP_DecodeBlock((unsigned char *)bytes, (const unsigned char *)text, (int)length)
              : -1;
    if (decoded < (int)padding) {
        free(bytes);
        return NULL;
    }
    *size = (size_t)decoded - padding;
    bytes[*size] = '\0';
    return bytes;
}
