/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/headers.h>

#include <runtime/service/message.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_replaced(const filch_header *header, const filch_header *by, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(header->name, by[i].name) == 0)
            return true;
    return false;
}

/* Appends the text with its NUL. */
static size_t put(char *to, size_t used, const char *text)
{
    size_t size = strlen(text) + 1;
    if (to)
        memcpy(to + used, text, size);
    return used + size;
}

size_t fl_headers_pack(char *to, const filch_header *more, size_t more_count,
                       const filch_header *old, size_t old_count)
{
    size_t used = 0;
    for (size_t i = 0; i < more_count; i++)
        used = put(to, put(to, used, more[i].name), more[i].value);
    for (size_t i = 0; i < old_count; i++)
        if (!is_replaced(&old[i], more, more_count))
            used = put(to, put(to, used, old[i].name), old[i].value);
    return used;
}

/* Returns how many; `out` may be NULL. The texts lie in `text`, which ends with NUL. */
static size_t unpack(const char *text, size_t size, filch_header *out)
{
    size_t count = 0;
    for (const char *at = text, *end = text + size; at < end; count++) {
        const char *value = at + strlen(at) + 1;
        if (value >= end)
            break;
        if (out)
            out[count] = (filch_header){at, value};
        at = value + strlen(value) + 1;
    }
    return count;
}

fl_delivery *fl_headers_deliver(const fl_broker_config *config, unsigned queue,
                                filch_message message, const char *text, size_t size,
                                uint64_t body_size)
{
    bool has_end = size && text[size - 1] == '\0';
    size_t count = has_end ? unpack(text, size, NULL) : 0;
    filch_header *headers = count ? malloc(count * sizeof *headers) : NULL;
    if (count && !headers)
        return NULL;
    if (count)
        unpack(text, size, headers);
    message.headers = headers;
    message.header_count = count;
    message.queue = config->queues[queue];
    fl_delivery *delivery = config->host->delivery(config->host, &message);
    free(headers);
    if (!delivery)
        return NULL;
    fl_message_take_trace(&delivery->message);
    delivery->queue = queue;
    if (body_size > config->body_most)
        delivery->malformed = "the body is longer than the service reads";
    else if (size > config->header_most)
        delivery->malformed = "the headers are longer than the service reads";
    return delivery;
}
