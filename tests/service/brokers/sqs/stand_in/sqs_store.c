/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/service/brokers/sqs/stand_in/sqs_store.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ATTRIBUTES_MOST = 10, DELAY_MOST = 900 };
static const int64_t DEDUPLICATED_FOR = 300 * SQS_SECOND, VISIBILITY_MOST = 43200 * SQS_SECOND;

static const char *text_in(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* ---- Queues ---- */

sqs_queue *sqs_find(sqs_queue *first, const char *name)
{
    while (first && strcmp(first->name, name) != 0)
        first = first->next;
    return first;
}

sqs_queue *sqs_create(sqs_queue **first, const char *name)
{
    sqs_queue *queue = calloc(1, sizeof *queue);
    size_t length = strlen(name);
    snprintf(queue->name, sizeof queue->name, "%s", name);
    queue->size_most = SQS_SIZE_MOST;
    queue->is_fifo = length > 5 && strcmp(name + length - 5, ".fifo") == 0;
    queue->end = &queue->first;
    queue->next = *first;
    *first = queue;
    return queue;
}

/* ---- Sending ---- */

/* Bytes of names, types and values; SIZE_MAX: an attribute that the server refuses. */
static size_t attributes_size(json_t *attributes)
{
    const char *name;
    json_t *value;
    size_t size = 0;
    if (json_object_size(attributes) > ATTRIBUTES_MOST)
        return SIZE_MAX;
    json_object_foreach(attributes, name, value)
    {
        const char *type = text_in(value, "DataType"), *text = text_in(value, "StringValue"),
                   *binary = text_in(value, "BinaryValue");
        size_t length = text ? strlen(text) : binary ? strlen(binary) / 4 * 3 : 0;
        for (size_t i = 1; binary && i <= 2 && binary[strlen(binary) - i] == '='; i++)
            length--;
        if (!type || !length || strncmp(name, "AWS.", 4) == 0)
            return SIZE_MAX;
        size += strlen(name) + strlen(type) + length;
    }
    return size;
}

static bool has_allowed_characters(const char *body)
{
    for (; *body; body++)
        if ((unsigned char)*body < 0x20 && !strchr("\t\n\r", *body))
            return false;
    return true;
}

static bool was_seen(sqs_queue *queue, const char *id, int64_t now)
{
    for (sqs_seen **one = &queue->seen; *one;) {
        sqs_seen *old = *one;
        if (old->at + DEDUPLICATED_FOR > now) {
            if (strcmp(old->id, id) == 0)
                return true;
            one = &old->next;
            continue;
        }
        *one = old->next;
        free(old);
    }
    sqs_seen *new = calloc(1, sizeof *new);
    snprintf(new->id, sizeof new->id, "%s", id);
    new->at = now;
    new->next = queue->seen;
    queue->seen = new;
    return false;
}

static void store(sqs_queue *queue, json_t *entry, int64_t visible_at, int64_t now, const char *id)
{
    sqs_message *message = calloc(1, sizeof *message);
    snprintf(message->id, sizeof message->id, "%s", id);
    message->content = json_incref(entry);
    message->group = text_in(entry, "MessageGroupId");
    message->sent = now;
    message->visible_at = visible_at;
    *queue->end = message;
    queue->end = &message->next;
}

size_t sqs_size(json_t *entry)
{
    const char *body = text_in(entry, "MessageBody");
    size_t attributes = attributes_size(json_object_get(entry, "MessageAttributes"));
    return attributes == SIZE_MAX ? attributes : attributes + (body ? strlen(body) : 0);
}

const char *sqs_send(sqs_queue *queue, json_t *entry, int64_t now, char id[40])
{
    static unsigned long last;
    const char *body = text_in(entry, "MessageBody"), *group = text_in(entry, "MessageGroupId"),
               *once = text_in(entry, "MessageDeduplicationId");
    json_int_t delay = json_integer_value(json_object_get(entry, "DelaySeconds"));
    if (!body || !*body || delay < 0 || delay > DELAY_MOST ||
        (queue->is_fifo && (delay || !group || !once)) || sqs_size(entry) > queue->size_most)
        return "InvalidParameterValue";
    if (!has_allowed_characters(body))
        return "InvalidMessageContents";
    snprintf(id, 40, "00000000-0000-4000-8000-%012lx", ++last);
    if (!queue->is_fifo || !was_seen(queue, once, now))
        store(queue, entry, now + delay * SQS_SECOND, now, id);
    return NULL;
}

/* ---- Receiving ---- */

/* A message of this group is leased: the others wait for it. */
static bool is_blocked(const sqs_queue *queue, const sqs_message *message, int64_t now)
{
    for (const sqs_message *one = queue->first; queue->is_fifo && one != message; one = one->next)
        if (one->visible_at > now && strcmp(one->group, message->group) == 0)
            return true;
    return false;
}

static void lease(sqs_message *message, int64_t visibility, int64_t now)
{
    message->received++;
    message->is_leased = true;
    message->leased_at = now;
    message->visible_at = now + visibility;
}

static json_t *show(const sqs_message *message)
{
    char receipt[80], count[16], sent[24];
    snprintf(receipt, sizeof receipt, "%s#%u", message->id, message->received);
    snprintf(count, sizeof count, "%u", message->received);
    snprintf(sent, sizeof sent, "%lld", (long long)(message->sent / 1000000));
    json_t *system =
        json_pack("{s:s, s:s}", "ApproximateReceiveCount", count, "SentTimestamp", sent);
    if (message->group)
        json_object_set_new(system, "MessageGroupId", json_string(message->group));
    json_t *out =
        json_pack("{s:s, s:s, s:O, s:o}", "MessageId", message->id, "ReceiptHandle", receipt,
                  "Body", json_object_get(message->content, "MessageBody"), "Attributes", system);
    json_t *attributes = json_object_get(message->content, "MessageAttributes");
    if (attributes)
        json_object_set(out, "MessageAttributes", attributes);
    return out;
}

/* Of a FIFO queue, messages of a group are leased together, so the group's state is that from before. */
json_t *sqs_receive(sqs_queue *queue, unsigned most, int64_t visibility, int64_t now)
{
    sqs_message *taken[10];
    unsigned count = 0;
    json_t *list = json_array();
    for (sqs_message *one = queue->first; one && count < most; one = one->next)
        if (one->visible_at <= now && !is_blocked(queue, one, now))
            taken[count++] = one;
    for (unsigned i = 0; i < count; i++) {
        lease(taken[i], visibility, now);
        json_array_append_new(list, show(taken[i]));
    }
    return list;
}

/* ---- Receipts ---- */

/* The place of the message with the receipt; NULL: it is gone. *is_current: it was not received again. */
static sqs_message **place_of(sqs_queue *queue, const char *receipt, bool *is_current)
{
    for (sqs_message **one = &queue->first; *one; one = &(*one)->next) {
        size_t length = strlen((*one)->id);
        if (strncmp((*one)->id, receipt, length) != 0 || receipt[length] != '#')
            continue;
        *is_current = (unsigned)strtoul(receipt + length + 1, NULL, 10) == (*one)->received;
        return one;
    }
    return NULL;
}

const char *sqs_delete(sqs_queue *queue, const char *receipt)
{
    bool is_current;
    if (!receipt || !strchr(receipt, '#'))
        return "ReceiptHandleIsInvalid";
    sqs_message **place = place_of(queue, receipt, &is_current);
    if (!place || !is_current)
        return NULL;
    sqs_message *message = *place;
    *place = message->next;
    if (!*place)
        queue->end = place;
    json_decref(message->content);
    free(message);
    return NULL;
}

const char *sqs_show(sqs_queue *queue, const char *receipt, int64_t visibility, int64_t now)
{
    bool is_current;
    if (!receipt || !strchr(receipt, '#') || visibility < 0 || visibility > VISIBILITY_MOST)
        return "InvalidParameterValue";
    sqs_message **place = place_of(queue, receipt, &is_current);
    if (!place || !is_current || (*place)->visible_at <= now)
        return "MessageNotInflight";
    if (now + visibility > (*place)->leased_at + VISIBILITY_MOST)
        return "InvalidParameterValue";
    (*place)->visible_at = now + visibility;
    (*place)->is_leased = visibility > 0;
    return NULL;
}

/* ---- Counts ---- */

sqs_counts sqs_count(const sqs_queue *queue, int64_t now)
{
    sqs_counts counts = {0};
    for (const sqs_message *one = queue->first; one; one = one->next)
        if (one->visible_at <= now)
            counts.ready++;
        else if (one->is_leased)
            counts.leased++;
        else
            counts.delayed++;
    return counts;
}

int64_t sqs_next(const sqs_queue *queue, int64_t now)
{
    int64_t next = INT64_MAX;
    for (const sqs_message *one = queue->first; one; one = one->next)
        if (one->visible_at > now && one->visible_at < next)
            next = one->visible_at;
    return next;
}
