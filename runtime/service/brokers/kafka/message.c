/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Messages as records of Kafka: the fields are headers, the body is the value. */
#include <runtime/service/brokers/kafka/kafka.h>

#include <runtime/service/broker.h>
#include <runtime/service/key_order.h>
#include <runtime/service/message.h>

#include <filch/traceparent.h>

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Before a header of the publisher that has the name of a field. */
#define ESCAPED "filch-header-"
#define DUE "filch-due"

enum { FIELDS = 10 }; /* about as many headers as a message has without its own */

/* ---- Writing ---- */

static bool add(rd_kafka_headers_t *to, const char *name, const char *value)
{
    return rd_kafka_header_add(to, name, -1, value, (ssize_t)strlen(value)) == 0;
}

static bool write_header(rd_kafka_headers_t *to, const filch_header *header)
{
    if (strncasecmp(header->name, "filch-", 6) != 0 &&
        !fl_message_field_named(fl_message_fields, header->name))
        return add(to, header->name, header->value);
    size_t size = sizeof ESCAPED + strlen(header->name);
    char *name = malloc(size);
    if (!name)
        return false;
    snprintf(name, size, ESCAPED "%s", header->name);
    bool done = add(to, name, header->value);
    free(name);
    return done;
}

rd_kafka_headers_t *fl_kafka_write_headers(const filch_message *message, int64_t due)
{
    char text[24];
    rd_kafka_headers_t *to = rd_kafka_headers_new(FIELDS + 1 + message->header_count);
    bool done = to;
    for (const fl_message_field *field = fl_message_fields; field->name && done; field++) {
        char room[FILCH_TRACEPARENT_TEXT];
        const char *value = fl_message_field_text(field, message, room);
        done = !value || add(to, field->name, value);
    }
    snprintf(text, sizeof text, "%" PRId64, due);
    if (due && done)
        done = add(to, DUE, text);
    for (size_t i = 0; i < message->header_count && done; i++)
        done = write_header(to, &message->headers[i]);
    if (to && !done)
        rd_kafka_headers_destroy(to);
    return done ? to : NULL;
}

/* ---- Reading ---- */

/* The bytes of all names and values, as texts with NUL. */
static size_t header_bytes(const rd_kafka_headers_t *headers)
{
    const char *name;
    const void *value;
    size_t size, bytes = 0;
    for (size_t i = 0; headers && !rd_kafka_header_get_all(headers, i, &name, &value, &size); i++)
        bytes += strlen(name) + size + 2;
    return bytes;
}

/* Puts fields into the message, and other headers into `packed`. Returns the bytes of these. */
static size_t read_headers(const rd_kafka_headers_t *headers, filch_message *message, char *packed,
                           int64_t *due)
{
    const char *name;
    const void *value;
    size_t size, used = 0;
    for (size_t i = 0; headers && !rd_kafka_header_get_all(headers, i, &name, &value, &size); i++) {
        /* librdkafka puts a NUL behind each value; one without bytes may be NULL */
        const char *text = value ? value : "";
        const fl_message_field *field = fl_message_field_named(fl_message_fields, name);
        if (field) {
            fl_message_field_read(field, text, message);
        } else if (strcasecmp(name, DUE) == 0) {
            *due = strtoll(text, NULL, 10);
        } else {
            if (strncasecmp(name, ESCAPED, strlen(ESCAPED)) == 0)
                name += strlen(ESCAPED);
            used += (size_t)sprintf(packed + used, "%s", name) + 1;
            used += (size_t)sprintf(packed + used, "%s", text) + 1;
        }
    }
    return used;
}

/* Other publishers name the key only in the record. One that is no text has no header, and no order. */
static size_t read_key(const rd_kafka_message_t *raw, const rd_kafka_headers_t *headers,
                       char *packed)
{
    const void *value;
    size_t size;
    if (!raw->key_len || memchr(raw->key, '\0', raw->key_len) ||
        (headers && !rd_kafka_header_get_last(headers, FL_KEY_HEADER, &value, &size)))
        return 0;
    memcpy(packed, FL_KEY_HEADER, sizeof FL_KEY_HEADER);
    memcpy(packed + sizeof FL_KEY_HEADER, raw->key, raw->key_len);
    packed[sizeof FL_KEY_HEADER + raw->key_len] = '\0';
    return sizeof FL_KEY_HEADER + raw->key_len + 1;
}

fl_delivery *fl_kafka_read(fl_kafka *k, const rd_kafka_message_t *raw, unsigned queue, int64_t *due)
{
    char id[FL_KAFKA_TOPIC + 48];
    rd_kafka_headers_t *headers = NULL;
    filch_message message = {.body = raw->payload, .body_size = raw->len};
    if (rd_kafka_message_headers(raw, &headers))
        headers = NULL;
    *due = 0;
    char *packed = malloc(header_bytes(headers) + sizeof FL_KEY_HEADER + raw->key_len + 1);
    if (!packed)
        return NULL;
    size_t used = read_headers(headers, &message, packed, due);
    used += read_key(raw, headers, packed + used);
    if (!message.id) {
        snprintf(id, sizeof id, "%s-%d-%" PRId64, rd_kafka_topic_name(raw->rkt),
                 (int)raw->partition, raw->offset);
        message.id = id;
    }
    if (!message.first_seen) {
        int64_t stored = rd_kafka_message_timestamp(raw, NULL);
        message.first_seen = stored > 0 && stored <= INT64_MAX / FILCH_MILLISECOND
                                 ? stored * FILCH_MILLISECOND
                                 : 0; /* others stamp in us */
    }
    fl_delivery *one = fl_headers_deliver(&k->config, queue, message, packed, used, raw->len);
    free(packed);
    if (one) {
        one->tag[1] = (uint64_t)raw->offset;
        one->lease_until = FILCH_FOREVER;
    }
    return one;
}
