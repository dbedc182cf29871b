/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/pubsub/message.h>

#include <filch/log.h>
#include <filch/traceparent.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/pubsub/pubsub.h>
#include <runtime/service/message.h>
#include <runtime/service/periodic/time_zone.h>

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
static size_t size_of_all(const json_t *attributes)
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
    size_t room = size_of_all(attributes), used;
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

/* ---- Messages ---- */

/* Messages as PubsubMessage of the REST reference: a body in base64, and attributes, which are names and
 * texts. */

/* Kept free below the limit of a request: for the headers of a dead letter, and what is around them. */
enum { HEADROOM = 100 * 1000 };

/* ---- Writing messages ---- */

static json_t *write_body(const filch_message *message)
{
    size_t size = message->body_size;
    char *text = malloc((size + 2) / 3 * 4 + 1);
    if (!text)
        return NULL;
    int length = EVP_EncodeBlock((unsigned char *)text, message->body, (int)size);
    json_t *body = json_stringn_nocheck(text, (size_t)length);
    free(text);
    return body;
}

/* An ordering key has at most 1 KiB of UTF-8. */
static int check_key(const char *key)
{
    enum { KEY_MOST = 1024 };
    json_t *text = key ? json_string(key) : NULL;
    int status = !key || text ? 0 : -ENOTSUP;
    json_decref(text);
    return key && strlen(key) > KEY_MOST ? -EMSGSIZE : status;
}

json_t *fl_pubsub_write(const filch_message *message, const char *data, const char *key,
                        int *status)
{
    size_t size = fl_message_room(message) - message->body_size +
                  (data ? strlen(data) : (message->body_size + 2) / 3 * 4);
    json_t *attributes = NULL, *out = json_object();
    *status = size > FL_PUBSUB_REQUEST_MOST - HEADROOM ? -EMSGSIZE : check_key(key);
    if (!*status)
        *status = fl_pubsub_attributes_write(message, &attributes);
    if (!*status) {
        json_t *body = data ? json_string_nocheck(data) : write_body(message);
        *status = json_object_set_new(out, "attributes", attributes) ||
                          json_object_set_new(out, "data", body) ||
                          (key && json_object_set_new(out, "orderingKey", json_string(key)))
                      ? -EAGAIN
                      : 0;
    }
    if (!*status)
        return out;
    json_decref(out);
    return NULL;
}

/* ---- Reading messages ---- */

/* RFC 3339, in UTC: "2014-10-02T15:01:23.045Z". 0: it is none. */
static int64_t read_time(const char *text)
{
    int year, used = 0;
    unsigned month, day, hour, minute, second;
    if (!text ||
        sscanf(text, "%d-%u-%uT%u:%u:%u%n", &year, &month, &day, &hour, &minute, &second, &used) !=
            6 ||
        month < 1 || month > 12)
        return 0;
    double fraction = text[used] == '.' ? strtod(text + used, NULL) : 0;
    int64_t days = fl_civil_days(year, month, day);
    return ((days * 24 + hour) * 60 + minute) * 60 * FILCH_SECOND + second * FILCH_SECOND +
           (int64_t)(fraction * (double)FILCH_SECOND);
}

/* Deliveries before its time do not count; the server keeps one back for up to FL_PUBSUB_LEASE_MOST. */
static unsigned count_deliveries(int64_t attempts, int64_t published, int64_t due)
{
    int64_t waited = due && published && due > published ? due - published : 0;
    int64_t most = FL_PUBSUB_LEASE_MOST * FILCH_SECOND;
    int64_t counted = attempts - (waited + most - 1) / most;
    return attempts <= 0 ? 0 : counted < 1 ? 1 : (unsigned)counted;
}

/* Bytes of this base64; the text is checked when it is decoded. */
static size_t size_of(const char *data, size_t length)
{
    size_t size = length / 4 * 3;
    for (size_t i = length; i && size && data[i - 1] == '='; i--)
        size--;
    return size;
}

/* NULL: no memory, or no base64. */
static char *read_body(const char *data, size_t length)
{
    char *body = malloc(length + 1);
    if (body && length &&
        EVP_DecodeBlock((unsigned char *)body, (const unsigned char *)data, (int)length) < 0) {
        free(body);
        return NULL;
    }
    return body;
}

void fl_pubsub_release(void *handle_)
{
    fl_pubsub_handle *handle = handle_;
    free(handle->data);
    free(handle->key);
    free(handle);
}

static fl_pubsub_handle *make_handle(const char *ack_id, const char *data, const char *key)
{
    fl_pubsub_handle *handle = malloc(sizeof *handle + strlen(ack_id) + 1);
    if (!handle)
        return NULL;
    *handle = (fl_pubsub_handle){.data = data ? strdup(data) : NULL,
                                 .key = key && *key ? strdup(key) : NULL};
    strcpy(handle->ack_id, ack_id);
    if ((!data || handle->data) && (!key || !*key || handle->key))
        return handle;
    fl_pubsub_release(handle);
    return NULL;
}

/* The message without its body. Fields that another program has left out come from the server. */
static void complete(const json_t *received, const json_t *from, filch_message *message,
                     int64_t due)
{
    int64_t published = read_time(json_string_value(json_object_get(from, "publishTime")));
    int64_t attempts = json_integer_value(json_object_get(received, "deliveryAttempt"));
    message->deliveries = count_deliveries(attempts, published, due);
    if (!message->first_seen)
        message->first_seen = published;
    if (!message->id)
        message->id = json_string_value(json_object_get(from, "messageId"));
}

fl_delivery *fl_pubsub_read(fl_pubsub *p, const json_t *received, unsigned queue, int64_t *due)
{
    const json_t *from = json_object_get(received, "message");
    const json_t *coded = json_object_get(from, "data");
    const char *ack_id = json_string_value(json_object_get(received, "ackId"));
    const char *data = json_is_string(coded) ? json_string_value(coded) : "";
    size_t length = json_string_length(coded), size = size_of(data, length), packed_size;
    bool is_long = size > p->config.body_most;
    char *packed, *body = is_long ? NULL : read_body(data, length);
    filch_message message = {.body = body, .body_size = body ? size : 0};
    bool has_nul = false;
    *due = 0;
    if (!ack_id || fl_pubsub_attributes_read(json_object_get(from, "attributes"), &message, due,
                                             &packed, &packed_size, &has_nul)) {
        free(body);
        return NULL;
    }
    complete(received, from, &message, *due);
    fl_pubsub_handle *handle = make_handle(ack_id, body ? NULL : data,
                                           json_string_value(json_object_get(from, "orderingKey")));
    fl_delivery *delivery =
        handle ? fl_headers_deliver(&p->config, queue, message, packed, packed_size, size) : NULL;
    free(packed);
    free(body);
    if (!delivery) {
        if (handle)
            fl_pubsub_release(handle);
        return NULL;
    }
    if (!is_long && !message.body)
        delivery->malformed = "a body that is not base64";
    if (has_nul)
        delivery->malformed = "an attribute with a NUL";
    delivery->handle = handle;
    handle->delivery = delivery;
    return delivery;
}
