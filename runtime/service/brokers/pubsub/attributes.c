/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/pubsub/attributes.h>

#include <runtime/service/message.h>

#include <filch/traceparent.h>

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PACKED "filch-headers-"
#define DUE "filch-due"

enum {
    NAME_MOST = 256, /* bytes */
    VALUE_MOST = 1024,
    ALL_MOST = 100, /* attributes */
    PLAIN_MOST = 80 /* headers with attributes of their own: there is room for fields and reasons */
};

/* ---- Writing ---- */

static int put(json_t *out, const char *name, const char *value)
{
    if (strlen(value) > VALUE_MOST)
        return -EMSGSIZE;
    json_t *text = json_string(value);
    if (!text)
        return -ENOTSUP;
    return json_object_set_new(out, name, text) ? -EAGAIN : 0;
}

static int put_fields(json_t *out, const filch_message *message)
{
    char buffer[FILCH_TRACEPARENT_TEXT];
    int rc = 0;
    for (const fl_message_field *field = fl_message_fields; field->name && !rc; field++) {
        const char *text = fl_message_field_text(field, message, buffer);
        rc = text ? put(out, field->name, text) : 0;
    }
    if (rc || message->delay <= 0)
        return rc;
    snprintf(buffer, sizeof buffer, "%" PRId64, message->first_seen + message->delay);
    return put(out, DUE, buffer);
}

/* Prefixes that are the server's or ours. */
static bool is_plain_name(const json_t *out, const char *name)
{
    return *name && strlen(name) <= NAME_MOST && strncasecmp(name, "goog", 4) != 0 &&
           strncasecmp(name, "filch-", 6) != 0 &&
           !fl_message_field_named(fl_message_fields, name) && !json_object_get(out, name);
}

static bool put_plain(json_t *out, const filch_message *message)
{
    for (size_t i = 0; i < message->header_count; i++) {
        const filch_header *header = &message->headers[i];
        if (i == PLAIN_MOST || !is_plain_name(out, header->name) ||
            put(out, header->name, header->value))
            return false;
    }
    return true;
}

static int put_packed(json_t *out, const filch_message *message)
{
    char name[32], part[VALUE_MOST + 1];
    const filch_header *headers = message->headers;
    size_t size = fl_headers_pack(NULL, NULL, 0, headers, message->header_count), count = 0;
    char *packed = malloc(size + 1), *text = malloc((size + 2) / 3 * 4 + 1);
    int rc = packed && text ? 0 : -EAGAIN;
    if (!rc) {
        fl_headers_pack(packed, NULL, 0, headers, message->header_count);
        EVP_EncodeBlock((unsigned char *)text, (unsigned char *)packed, (int)size);
    }
    for (const char *at = text; !rc && *at; at += strlen(part)) {
        snprintf(name, sizeof name, PACKED "%zu", count++);
        snprintf(part, sizeof part, "%s", at);
        rc = put(out, name, part);
    }
    free(packed);
    free(text);
    return rc;
}

int fl_pubsub_attributes_write(const filch_message *message, json_t **out)
{
    json_t *attributes = json_object();
    int rc = attributes ? put_fields(attributes, message) : -EAGAIN;
    if (!rc && !put_plain(attributes, message)) {
        json_object_clear(attributes);
        rc = put_fields(attributes, message);
        rc = rc ? rc : put_packed(attributes, message);
    }
    if (!rc && json_object_size(attributes) > ALL_MOST)
        rc = -EMSGSIZE;
    if (rc)
        json_decref(attributes);
    else
        *out = attributes;
    return rc;
}

/* ---- Reading ---- */

static int64_t read_number(const char *value)
{
    char *end;
    long long number = strtoll(value, &end, 10);
    return *end || number < 0 ? 0 : number;
}

static size_t append(char *to, size_t used, const char *text)
{
    strcpy(to + used, text);
    return used + strlen(text) + 1;
}

/* Bytes of all names and values, as texts with NUL. */
static size_t size_of(const json_t *attributes)
{
    size_t size = 1;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)attributes, name, value) size +=
        strlen(name) + json_string_length(value) + 2;
    return size;
}

/* Undoes put_packed. Returns the bytes; 0: there are none, or they are damaged. */
static size_t unpack(const json_t *attributes, char *to, size_t room)
{
    char name[32];
    const char *part;
    char *text = malloc(room);
    size_t used = 0, size;
    if (!text)
        return 0;
    for (unsigned i = 0;; i++) {
        snprintf(name, sizeof name, PACKED "%u", i);
        part = json_string_value(json_object_get(attributes, name));
        if (!part || used + strlen(part) >= room)
            break;
        strcpy(text + used, part);
        used += strlen(part);
    }
    int decoded = used ? EVP_DecodeBlock((unsigned char *)to, (unsigned char *)text, (int)used) : 0;
    size = decoded > 0 ? (size_t)decoded : 0;
    for (; size && used && text[used - 1] == '='; used--)
        size--;
    free(text);
    return size;
}

int fl_pubsub_attributes_read(const json_t *attributes, filch_message *message, int64_t *due,
                              char **packed, size_t *size, bool *has_nul)
{
    const char *name;
    json_t *value;
    size_t room = size_of(attributes), used;
    char *text = malloc(room);
    if (!text)
        return -ENOMEM;
    used = unpack(attributes, text, room);
    json_object_foreach((json_t *)(uintptr_t)attributes, name, value)
    {
        const char *content = json_string_value(value);
        const fl_message_field *field = fl_message_field_named(fl_message_fields, name);
        *has_nul |= content && strlen(content) != json_string_length(value);
        if (!content || strncmp(name, PACKED, strlen(PACKED)) == 0)
            continue;
        if (field)
            fl_message_field_read(field, content, message);
        else if (strcmp(name, DUE) == 0)
            *due = read_number(content);
        else
            used = append(text, append(text, used, name), content);
    }
    *packed = text;
    *size = used;
    return 0;
}
