/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqs/message.h>

#include <filch/traceparent.h>
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/sqs/sqs.h>
#include <runtime/service/message.h>

#include <errno.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* ---- Messages ---- */

/* A message has the attribute Filch with the fields of its envelope, and Filch-Headers with its headers:
 * both are binary, since the server has ten attributes for a message, and texts of few characters. Only
 * its trace has attributes that other programs read. A message of another program has neither: its
 * attributes are its headers. */

static const char FIELDS_ATTRIBUTE[] = "Filch", HEADERS_ATTRIBUTE[] = "Filch-Headers",
                  GROUP_HEADER[] = "message-group-id", ENCODING[] = "encoding";
enum { NUMBER = 24, NUMBERS = 6, FIELD_NAMES = 160, HASH = 32 };

static const fl_message_field fields[] = {
    {"id", FL_MESSAGE_TEXT, offsetof(filch_message, id)},
    {"type", FL_MESSAGE_TEXT, offsetof(filch_message, type)},
    {"content-type", FL_MESSAGE_TEXT, offsetof(filch_message, content_type)},
    {"tracestate", FL_MESSAGE_TEXT, offsetof(filch_message, tracestate)},
    {"attempt", FL_MESSAGE_COUNT, offsetof(filch_message, attempt)},
    {"deliveries", FL_MESSAGE_COUNT, offsetof(filch_message, deliveries)},
    {"first-seen", FL_MESSAGE_TIME, offsetof(filch_message, first_seen)},
    {"delay", FL_MESSAGE_TIME, offsetof(filch_message, delay)},
    {"expires", FL_MESSAGE_TIME, offsetof(filch_message, expires)},
    {NULL, FL_MESSAGE_TEXT, 0},
};
enum { FIELDS = sizeof fields / sizeof *fields };

/* Attributes of all messages; a tracestate that is no text is a field. */
static const fl_message_field traces[] = {
    {"tracestate", FL_MESSAGE_TEXT, offsetof(filch_message, tracestate)},
    {"traceparent", FL_MESSAGE_TRACE, offsetof(filch_message, trace)},
    {NULL, FL_MESSAGE_TEXT, 0},
};

/* Attributes of messages of other programs. */
static const fl_message_field foreign[] = {
    {"Filch-Id", FL_MESSAGE_TEXT, offsetof(filch_message, id)},
    {"Filch-Type", FL_MESSAGE_TEXT, offsetof(filch_message, type)},
    {"Content-Type", FL_MESSAGE_TEXT, offsetof(filch_message, content_type)},
    {NULL, FL_MESSAGE_TEXT, 0},
};

/* ---- Writing ---- */

static bool add_attribute(json_t *attributes, const char *name, const char *bytes, size_t length,
                          size_t *size)
{
    json_t *value = fl_sqs_binary(bytes, length);
    *size += strlen(name) + strlen("Binary") + length;
    return value && !json_object_set_new(attributes, name,
                                         json_pack("{s:s, s:o}", "DataType", "Binary",
                                                   "BinaryValue", value));
}

/* Removes an added tracestate from the message. false: no memory. */
static bool add_traces(json_t *attributes, filch_message *message, size_t *size)
{
    bool good = true;
    for (const fl_message_field *field = traces; field->name && good; field++) {
        char room[FILCH_TRACEPARENT_TEXT];
        const char *text = fl_message_field_text(field, message, room);
        json_t *value = text && *text ? fl_sqs_text(text, strlen(text)) : NULL;
        if (!value)
            continue;
        *size += strlen(field->name) + strlen("String") + strlen(text);
        good = !json_object_set_new(attributes, field->name,
                                    json_pack("{s:s, s:o}", "DataType", "String", "StringValue",
                                              value));
        if (field->kind == FL_MESSAGE_TEXT)
            message->tracestate = NULL;
    }
    return good;
}

static bool add_fields(json_t *attributes, const filch_message *message, const char *encoding,
                       size_t *size)
{
    filch_header list[FIELDS];
    char room[FIELDS][FILCH_TRACEPARENT_TEXT];
    size_t count = 0;
    for (const fl_message_field *field = fields; field->name; field++) {
        const char *text = fl_message_field_text(field, message, room[count]);
        if (text)
            list[count++] = (filch_header){field->name, text};
    }
    if (encoding)
        list[count++] = (filch_header){ENCODING, encoding};
    size_t length = fl_headers_pack(NULL, list, count, NULL, 0);
    char *packed = malloc(length + 1);
    if (!packed)
        return false;
    fl_headers_pack(packed, list, count, NULL, 0);
    bool good = add_attribute(attributes, FIELDS_ATTRIBUTE, packed, length, size);
    free(packed);
    return good;
}

static bool add_headers(json_t *attributes, const filch_message *message, size_t *size)
{
    size_t length = fl_headers_pack(NULL, message->headers, message->header_count, NULL, 0);
    char *packed = length ? malloc(length) : NULL;
    if (!length || !packed)
        return !length;
    fl_headers_pack(packed, message->headers, message->header_count, NULL, 0);
    bool good = add_attribute(attributes, HEADERS_ATTRIBUTE, packed, length, size);
    free(packed);
    return good;
}

/* The body as the server takes it. *encoding: NULL, or how it is encoded. */
static json_t *body_of(const filch_message *message, const char **encoding)
{
    json_t *body = message->body_size ? fl_sqs_text(message->body, message->body_size) : NULL;
    *encoding = body ? NULL : message->body_size ? "base64" : "empty";
    if (body)
        return body;
    return message->body_size ? fl_sqs_binary(message->body, message->body_size) : json_string("-");
}

/* A message that is sent twice within five minutes is stored once by a FIFO queue. */
static void deduplicate(const fl_publication *one, char id[2 * HASH + 1])
{
    unsigned char digest[HASH] = {0};
    char *text = NULL;
    int size = asprintf(&text, "%s\n%u\n%s", one->message->id, one->message->attempt,
                        one->copy_of ? (const char *)one->copy_of->handle : "");
    if (size >= 0)
        EVP_Digest(text, (size_t)size, digest, NULL, EVP_sha256(), NULL);
    free(size < 0 ? NULL : text);
    for (unsigned i = 0; i < HASH; i++)
        snprintf(id + 2 * i, 3, "%02x", digest[i]);
}

static void add_group(const fl_sqs *s, const fl_sqs_queue *queue, const fl_publication *one,
                      json_t *entry)
{
    char id[2 * HASH + 1];
    const char *group = filch_message_header(one->message, GROUP_HEADER);
    group = group ? group : s->options.group ? s->options.group : queue->remote;
    deduplicate(one, id);
    json_object_set_new(entry, "MessageGroupId", json_string(group));
    json_object_set_new(entry, "MessageDeduplicationId", json_string(id));
}

int fl_sqs_write(const fl_sqs *s, fl_sqs_queue *queue, const fl_publication *one, fl_sqs_entry *out)
{
    filch_message message = *one->message;
    const char *encoding;
    message.deliveries = one->copy_of ? message.deliveries : 0;
    int64_t delay = message.delay > 0 ? fl_sqs_seconds(message.delay) : 0;
    if (queue->is_fifo && delay)
        return -ENOTSUP;
    if (message.body_size > queue->size_most)
        return -EMSGSIZE;
    delay = delay < FL_SQS_DELAY_MOST ? delay : FL_SQS_DELAY_MOST;
    message.delay -= message.delay > 0 ? delay * FILCH_SECOND : 0;
    message.delay = message.delay > 0 ? message.delay : 0; /* for the next copy */
    json_t *entry = json_object(), *attributes = json_object(),
           *body = body_of(&message, &encoding);
    size_t size = body ? json_string_length(body) : 0;
    bool good = add_traces(attributes, &message, &size) &&
                add_fields(attributes, &message, encoding, &size) &&
                add_headers(attributes, &message, &size);
    good = !json_object_set_new(entry, "MessageAttributes", attributes) && good;
    good = body && !json_object_set_new(entry, "MessageBody", body) && good;
    if (delay)
        json_object_set_new(entry, "DelaySeconds", json_integer(delay));
    if (queue->is_fifo)
        add_group(s, queue, one, entry);
    size += one->copy_of ? 0 : FL_SQS_HEADROOM;
    if (!good || size > queue->size_most) {
        json_decref(entry);
        return good ? -EMSGSIZE : -EAGAIN;
    }
    *out = (fl_sqs_entry){.queue = queue, .entry = entry, .size = size};
    return 0;
}

/* ---- Reading ---- */

/* The parts of a received message, as they are decoded. */
typedef struct parts {
    filch_message message;
    const char *encoding;
    char *fields, *headers, *body; /* decoded, to be freed; NULL: none */
    size_t fields_size, headers_size;
    const char *malformed; /* a literal; NULL: it is not */
} parts;

static void read_fields(parts *p)
{
    const char *at = p->fields, *end = at ? at + p->fields_size : at;
    while (at < end) {
        const char *value = at + strlen(at) + 1;
        if (value >= end)
            break;
        if (strcmp(at, ENCODING) == 0)
            p->encoding = value;
        const fl_message_field *field = fl_message_field_named(fields, at);
        if (field)
            fl_message_field_read(field, value, &p->message);
        at = value + strlen(value) + 1;
    }
}

static void read_traces(parts *p, json_t *attributes)
{
    for (const fl_message_field *field = traces; field->name; field++) {
        const char *value = json_string_value(
            json_object_get(json_object_get(attributes, field->name), "StringValue"));
        if (value)
            fl_message_field_read(field, value, &p->message);
    }
}

/* Attributes of another program become headers. false: no memory. */
static bool pack_foreign(parts *p, json_t *attributes, const char *group)
{
    const char *name;
    json_t *attribute;
    size_t count = 0;
    filch_header *list = calloc(json_object_size(attributes) + 1, sizeof *list);
    if (!list)
        return false;
    if (group)
        list[count++] = (filch_header){GROUP_HEADER, group};
    json_object_foreach(attributes, name, attribute)
    {
        const char *value = json_string_value(json_object_get(attribute, "StringValue"));
        const fl_message_field *field = fl_message_field_named(foreign, name);
        if (value && field)
            fl_message_field_read(field, value, &p->message);
        else if (value && !fl_message_field_named(traces, name))
            list[count++] = (filch_header){name, value};
    }
    p->headers_size = fl_headers_pack(NULL, list, count, NULL, 0);
    p->headers = malloc(p->headers_size + 1);
    if (p->headers)
        fl_headers_pack(p->headers, list, count, NULL, 0);
    free(list);
    return p->headers;
}

static char *decode(json_t *attributes, const char *name, size_t *size)
{
    const char *text =
        json_string_value(json_object_get(json_object_get(attributes, name), "BinaryValue"));
    return text ? fl_sqs_bytes(text, size) : NULL;
}

/* A body that cannot be decoded is kept as it is, for the dead letter. */
static void read_body(parts *p, json_t *body)
{
    const char *text = json_string_value(body);
    if (!text)
        p->malformed = "a message without a body";
    if (!text || (p->encoding && strcmp(p->encoding, "base64") != 0))
        return; /* empty */
    p->message.body = text;
    p->message.body_size = json_string_length(body);
    if (!p->encoding)
        return;
    p->body = fl_sqs_bytes(text, &p->message.body_size);
    if (p->body)
        p->message.body = p->body;
    else
        p->malformed = "a body that is not base64";
}

static int64_t number_of(json_t *attributes, const char *name)
{
    const char *text = json_string_value(json_object_get(attributes, name));
    return text ? strtoll(text, NULL, 10) : 0;
}

/* Fields that come from the server. */
static void complete(parts *p, json_t *raw, json_t *system, bool is_fifo)
{
    filch_message *message = &p->message;
    int64_t received = number_of(system, "ApproximateReceiveCount");
    received = received > 0 ? received : 1;
    if (!message->id)
        message->id = json_string_value(json_object_get(raw, "MessageId"));
    if (!message->first_seen)
        message->first_seen = number_of(system, "SentTimestamp") * FILCH_MILLISECOND;
    if (is_fifo)
        message->attempt = (message->attempt ? message->attempt : 1) + (unsigned)received - 1;
    message->deliveries += (unsigned)received;
}

static bool read_parts(parts *p, json_t *raw, bool is_fifo)
{
    json_t *attributes = json_object_get(raw, "MessageAttributes"),
           *system = json_object_get(raw, "Attributes");
    p->fields = decode(attributes, FIELDS_ATTRIBUTE, &p->fields_size);
    p->headers = decode(attributes, HEADERS_ATTRIBUTE, &p->headers_size);
    read_fields(p);
    read_traces(p, attributes);
    if (!p->fields &&
        !pack_foreign(p, attributes, json_string_value(json_object_get(system, "MessageGroupId"))))
        return false;
    complete(p, raw, system, is_fifo);
    read_body(p, json_object_get(raw, "Body"));
    return true;
}

fl_delivery *fl_sqs_read(fl_sqs *s, json_t *raw, unsigned queue, int64_t *left)
{
    parts p = {0};
    const char *text = json_string_value(json_object_get(raw, "ReceiptHandle"));
    char *receipt = text ? strdup(text) : NULL;
    fl_delivery *delivery = NULL;
    if (receipt && read_parts(&p, raw, s->queues[queue]->is_fifo)) {
        *left = p.message.delay;
        p.message.delay = 0;
        delivery = fl_headers_deliver(&s->config, queue, p.message, p.headers,
                                      p.headers ? p.headers_size : 0, p.message.body_size);
    }
    if (delivery)
        delivery->handle = receipt;
    else
        free(receipt);
    if (delivery && p.malformed)
        delivery->malformed = p.malformed;
    free(p.fields);
    free(p.headers);
    free(p.body);
    return delivery;
}
