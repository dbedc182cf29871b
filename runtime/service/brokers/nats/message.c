/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/nats/nats.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/nats/header.h>
#include <runtime/service/message.h>

#include <stdlib.h>
#include <string.h>

/* ---- Writing ---- */

natsMsg *fl_nats_write(const fl_nats *n, unsigned index, const char *subject,
                       const filch_message *message)
{
    natsMsg *out = fl_nats_message(n, index, subject, message->body, message->body_size);
    natsStatus status = out ? fl_nats_write_fields(out, message, false) : NATS_NO_MEMORY;
    for (size_t i = 0; i < message->header_count && status == NATS_OK; i++)
        status = fl_nats_write_header(out, message->headers[i].name, message->headers[i].value);
    if (status == NATS_OK)
        return out;
    natsMsg_Destroy(out);
    return NULL;
}

/* ---- Reading ---- */

/* $JS.ACK.STREAM.CONSUMER.DELIVERED.SEQUENCE.CONSUMED.TIME.PENDING; newer servers put domain and
 * account behind ACK, and may add more at the end. */
bool fl_nats_metadata(const char *answer_to, const char *stream, uint64_t *delivered,
                      uint64_t *sequence, int64_t *time)
{
    const char *token[16];
    unsigned count = 0;
    for (const char *at = answer_to; at && count < 16;
         at = strchr(at, '.') ? strchr(at, '.') + 1 : NULL)
        token[count++] = at;
    unsigned from = count == 9 ? 4 : count >= 11 ? 6 : 0;
    if (!from || strncmp(answer_to, "$JS.ACK.", 8) != 0)
        return false;
    size_t length = strlen(stream);
    *delivered = strtoull(token[from], NULL, 10);
    *sequence = strtoull(token[from + 1], NULL, 10);
    *time = strtoll(token[from + 3], NULL, 10);
    return strncmp(token[from - 2], stream, length) == 0 && token[from - 2][length] == '.';
}

/* Fields that another program has left out come from the server. */
static void complete(const fl_nats *n, natsMsg *raw, filch_message *message, int64_t *delay,
                     char id[FL_NATS_SUBJECT])
{
    uint64_t delivered = 0, sequence = 0;
    int64_t stored = 0;
    fl_nats_metadata(natsMsg_GetReply(raw), n->options.stream, &delivered, &sequence, &stored);
    if (message->delay) { /* its first delivery was too early, and does not count */
        int64_t left = stored + message->delay - n->base.host->unix_time(n->base.host);
        *delay = left > message->delay ? message->delay : left;
        delivered -= delivered > 1;
        message->delay = 0;
    }
    message->deliveries += (unsigned)delivered;
    if (!message->first_seen)
        message->first_seen = stored;
    snprintf(id, FL_NATS_SUBJECT, "%s-%llu", n->options.stream, (unsigned long long)sequence);
    if (!message->id)
        message->id = id;
}

/* An upper limit of the bytes of all names and values, as text with NUL. */
static size_t header_bytes(natsMsg *raw, const char **keys, int count)
{
    size_t size = 0;
    for (int i = 0; i < count; i++) {
        const char **values = NULL;
        int value_count = 0;
        natsMsgHeader_Values(raw, keys[i], &values, &value_count);
        for (int k = 0; k < value_count; k++)
            size += strlen(keys[i]) + strlen(values[k]) + 2;
        free((void *)values);
    }
    return size;
}

/* Puts fields into the message, and other headers into `packed`. Returns the bytes of these. */
static size_t read_headers(natsMsg *raw, const char **keys, int count, filch_message *message,
                           char *fields, char *packed)
{
    size_t used = 0;
    for (int i = 0; i < count; i++) {
        const char **values = NULL;
        int value_count = 0;
        natsMsgHeader_Values(raw, keys[i], &values, &value_count);
        for (int k = 0; k < value_count; k++)
            if (!fl_nats_read_field(keys[i], values[k], message, &fields))
                used += fl_nats_read_header(keys[i], values[k], packed + used);
        free((void *)values);
    }
    return used;
}

fl_delivery *fl_nats_read(fl_nats *n, natsMsg *raw, unsigned queue, int64_t *delay)
{
    filch_message message = {.body = natsMsg_GetData(raw),
                             .body_size = (size_t)natsMsg_GetDataLength(raw)};
    size_t body_size = message.body_size;
    char id[FL_NATS_SUBJECT];
    const char **keys = NULL;
    int count = 0;
    *delay = 0;
    natsStatus status = natsMsgHeader_Keys(raw, &keys, &count);
    count = status == NATS_OK ? count : 0;
    size_t size = header_bytes(raw, keys, count);
    char *room = status == NATS_NO_MEMORY ? NULL : malloc(2 * size + 1);
    fl_delivery *delivery = NULL;
    if (room) {
        size_t used = read_headers(raw, keys, count, &message, room, room + size);
        if (body_size > n->config.body_most)
            message.body_size = 0;
        complete(n, raw, &message, delay, id);
        delivery = fl_headers_deliver(&n->config, queue, message, room + size, used, body_size);
    }
    free((void *)keys);
    free(room);
    if (!delivery)
        return NULL;
    delivery->handle = raw;
    delivery->tag[0] = n->life;
    if (status == NATS_PROTOCOL_ERROR)
        delivery->malformed = "headers that libnats cannot read (a value is empty)";
    return delivery;
}
