/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Stand-in for Amazon SQS (AWS JSON protocol 1.0), with the metadata endpoints that give access keys.
 *
 *   stand_in_sqs ID SECRET TOKEN     prints its port. TOKEN: of the session, "" for none
 *
 * Covered: signatures, whose date is within 15 minutes; queues, FIFO queues with groups and deduplication;
 * batches with their limits, failures of single entries; visibility, delays, long polls; counts.
 * Not covered: policies, other accounts, encryption, redrive, purge, tags, MD5 sums, and the retention of
 * messages. Unlike the service, its short polls miss no message, none comes twice or out of order, a new
 * queue is there at once, and the number of leased messages has no limit.
 *
 * Tests give it orders (sqs_orders.h). */
#include <tests/service/brokers/sqs/stand_in/sqs_door.h>
#include <tests/service/brokers/sqs/stand_in/sqs_orders.h>
#include <tests/service/brokers/sqs/stand_in/sqs_store.h>
#include <tests/service/http_server.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_MOST = 4 << 20, ENTRIES_MOST = 10, WAITING_MOST = 256, SEEN_MOST = 32 };

typedef struct poll_of {
    http_request *request;
    sqs_queue *queue;
    unsigned most;
    int64_t visibility;
} poll_of;

typedef struct server {
    sqs_door door;
    sqs_queue *queues;
    poll_of waiting[WAITING_MOST];
    unsigned waiting_count;
    sqs_orders orders;
} server;

static int64_t now_of(const server *s)
{
    return http_now() + s->orders.offset;
}

/* ---- Answers ---- */

static void answer_json(http_request *request, unsigned status, json_t *root)
{
    char *text = json_dumps(root, JSON_COMPACT);
    http_answer(request, status, "application/x-amz-json-1.0", text, strlen(text));
    free(text);
    json_decref(root);
}

static void refuse(http_request *request, unsigned status, const char *code)
{
    char type[128];
    snprintf(type, sizeof type, "com.amazonaws.sqs#%s", code);
    answer_json(request, status, json_pack("{s:s, s:s}", "__type", type, "message", "refused"));
}

static const char *text_in(json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* http://HOST/000000000000/NAME */
static void answer_url(http_request *request, const sqs_queue *queue)
{
    char url[256];
    snprintf(url, sizeof url, "http://%s/000000000000/%s", http_header(request, "Host"),
             queue->name);
    answer_json(request, 200, json_pack("{s:s}", "QueueUrl", url));
}

/* ---- Operations ---- */

/* MaximumMessageSize is the only attribute that can be set. false: it is out of its range. */
static bool set_size(sqs_queue *queue, json_t *body)
{
    const char *text = text_in(json_object_get(body, "Attributes"), "MaximumMessageSize");
    unsigned long size = text ? strtoul(text, NULL, 10) : queue->size_most;
    if (size < SQS_SIZE_LEAST || size > SQS_SIZE_MOST)
        return false;
    queue->size_most = (unsigned)size;
    return true;
}

static void set_attributes(server *s, http_request *request, json_t *body, sqs_queue *queue)
{
    if (set_size(queue, body))
        answer_json(request, 200, json_object());
    else
        refuse(request, 400, "InvalidAttributeValue");
}

static void create_queue(server *s, http_request *request, json_t *body, sqs_queue *none)
{
    const char *name = text_in(body, "QueueName");
    if (!name || strlen(name) > 80 ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
                     "WXYZ0123456789-_.") != strlen(name)) {
        refuse(request, 400, "InvalidParameterValue");
        return;
    }
    sqs_queue *queue = sqs_find(s->queues, name);
    queue = queue ? queue : sqs_create(&s->queues, name);
    if (set_size(queue, body))
        answer_url(request, queue);
    else
        refuse(request, 400, "InvalidAttributeValue");
}

static void get_url(server *s, http_request *request, json_t *body, sqs_queue *none)
{
    const char *name = text_in(body, "QueueName");
    sqs_queue *queue = name ? sqs_find(s->queues, name) : NULL;
    if (queue)
        answer_url(request, queue);
    else
        refuse(request, 400, "QueueDoesNotExist");
}

static void get_attributes(server *s, http_request *request, json_t *body, sqs_queue *queue)
{
    char text[4][16];
    const sqs_counts counts = sqs_count(queue, now_of(s));
    snprintf(text[0], sizeof text[0], "%u", counts.ready);
    snprintf(text[1], sizeof text[1], "%u", counts.delayed);
    snprintf(text[2], sizeof text[2], "%u", counts.leased);
    snprintf(text[3], sizeof text[3], "%u", queue->size_most);
    answer_json(request, 200,
                json_pack("{s:{s:s, s:s, s:s, s:s}}", "Attributes", "ApproximateNumberOfMessages",
                          text[0], "ApproximateNumberOfMessagesDelayed", text[1],
                          "ApproximateNumberOfMessagesNotVisible", text[2], "MaximumMessageSize",
                          text[3]));
}

static void send_message(server *s, http_request *request, json_t *body, sqs_queue *queue)
{
    char id[40];
    const char *code = sqs_send(queue, body, now_of(s), id);
    if (code)
        refuse(request, 400, code);
    else
        answer_json(request, 200, json_pack("{s:s}", "MessageId", id));
}

/* ---- Batches ---- */

static json_t *send_entry(server *s, sqs_queue *queue, json_t *entry, const char **code)
{
    char id[40];
    *code = sqs_send(queue, entry, now_of(s), id);
    return *code ? NULL : json_pack("{s:s}", "MessageId", id);
}

static json_t *delete_entry(server *s, sqs_queue *queue, json_t *entry, const char **code)
{
    *code = sqs_delete(queue, text_in(entry, "ReceiptHandle"));
    return *code ? NULL : json_object();
}

static json_t *show_entry(server *s, sqs_queue *queue, json_t *entry, const char **code)
{
    json_int_t seconds = json_integer_value(json_object_get(entry, "VisibilityTimeout"));
    *code = sqs_show(queue, text_in(entry, "ReceiptHandle"), seconds * SQS_SECOND, now_of(s));
    return *code ? NULL : json_object();
}

static const struct {
    const char *operation;
    json_t *(*run)(server *s, sqs_queue *queue, json_t *entry, const char **code);
} batches[] = {
    {"SendMessageBatch", send_entry},
    {"DeleteMessageBatch", delete_entry},
    {"ChangeMessageVisibilityBatch", show_entry},
};

/* NULL, or the code that refuses the whole batch. */
static const char *check_batch(json_t *entries)
{
    size_t count = json_array_size(entries);
    if (!count)
        return "EmptyBatchRequest";
    if (count > ENTRIES_MOST)
        return "TooManyEntriesInBatchRequest";
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++) {
            const char *one = text_in(json_array_get(entries, i), "Id"),
                       *other = text_in(json_array_get(entries, k), "Id");
            if (!one || !other || strcmp(one, other) == 0)
                return "BatchEntryIdsNotDistinct";
        }
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += sqs_size(json_array_get(entries, i)) % SIZE_MAX; /* an odd attribute is no reason */
    return size > SQS_SIZE_MOST ? "BatchRequestTooLong" : NULL;
}

static void run_batch(server *s, http_request *request, json_t *body, sqs_queue *queue,
                      unsigned which)
{
    size_t i;
    json_t *entry, *entries = json_object_get(body, "Entries");
    const char *code = check_batch(entries);
    if (code) {
        refuse(request, 400, code);
        return;
    }
    json_t *good = json_array(), *bad = json_array();
    json_array_foreach(entries, i, entry)
    {
        bool is_ours = sqs_orders_fail(&s->orders, batches[which].operation, (int)i);
        json_t *done = is_ours ? NULL : batches[which].run(s, queue, entry, &code);
        if (is_ours)
            code = s->orders.code;
        if (done) {
            json_object_set_new(done, "Id", json_string(text_in(entry, "Id")));
            json_array_append_new(good, done);
        } else {
            json_array_append_new(bad, json_pack("{s:s, s:s, s:b}", "Id", text_in(entry, "Id"),
                                                 "Code", code, "SenderFault", !is_ours));
        }
    }
    answer_json(request, 200, json_pack("{s:o, s:o}", "Successful", good, "Failed", bad));
}

/* ---- Long polls ---- */

static bool answer_poll(server *s, const poll_of *poll, bool even_empty)
{
    json_t *list = sqs_receive(poll->queue, poll->most, poll->visibility, now_of(s));
    if (!json_array_size(list) && !even_empty) {
        json_decref(list);
        return false;
    }
    answer_json(poll->request, 200,
                json_array_size(list) ? json_pack("{s:o}", "Messages", list)
                                      : (json_decref(list), json_object()));
    return true;
}

static void receive(server *s, http_request *request, json_t *body, sqs_queue *queue)
{
    json_int_t most = json_integer_value(json_object_get(body, "MaxNumberOfMessages")),
               seconds = json_integer_value(json_object_get(body, "WaitTimeSeconds")),
               visibility = json_integer_value(json_object_get(body, "VisibilityTimeout"));
    if (most < 1 || most > 10 || seconds < 0 || seconds > 20 || visibility < 0 ||
        visibility > 43200) {
        refuse(request, 400, "InvalidParameterValue");
        return;
    }
    const poll_of poll = {request, queue, (unsigned)most, visibility * SQS_SECOND};
    bool waits = seconds && s->waiting_count < WAITING_MOST;
    if (answer_poll(s, &poll, !waits))
        return;
    s->waiting[s->waiting_count++] = poll;
    http_wait(request, http_now() + seconds * SQS_SECOND);
}

static void forget(server *s, unsigned index)
{
    memmove(&s->waiting[index], &s->waiting[index + 1],
            (--s->waiting_count - index) * sizeof *s->waiting);
}

static unsigned place_of(const server *s, const http_request *request)
{
    unsigned i = 0;
    while (i < s->waiting_count && s->waiting[i].request != request)
        i++;
    return i;
}

static void expire(void *state, http_request *request)
{
    server *s = state;
    unsigned i = place_of(s, request);
    const poll_of poll = s->waiting[i];
    forget(s, i);
    answer_poll(s, &poll, true);
}

static void leave(void *state, http_request *request)
{
    server *s = state;
    unsigned i = place_of(s, request);
    if (i < s->waiting_count)
        forget(s, i);
}

/* Answers the polls that have messages by now. */
static int64_t turn(void *state)
{
    server *s = state;
    int64_t next = INT64_MAX;
    for (unsigned i = 0; i < s->waiting_count;)
        if (answer_poll(s, &s->waiting[i], false))
            forget(s, i);
        else
            i++;
    for (unsigned i = 0; i < s->waiting_count; i++) {
        int64_t at = sqs_next(s->waiting[i].queue, now_of(s));
        if (at != INT64_MAX && at - s->orders.offset < next)
            next = at - s->orders.offset;
    }
    return next;
}

/* ---- Requests ---- */

static const struct {
    const char *operation;
    void (*run)(server *s, http_request *request, json_t *body, sqs_queue *queue);
    bool has_queue;
} operations[] = {
    {"CreateQueue", create_queue, false},         {"GetQueueUrl", get_url, false},
    {"GetQueueAttributes", get_attributes, true}, {"SetQueueAttributes", set_attributes, true},
    {"SendMessage", send_message, true},          {"ReceiveMessage", receive, true},
};

static void run(server *s, http_request *request, const char *operation, json_t *body)
{
    const char *url = text_in(body, "QueueUrl");
    sqs_queue *queue = url && strrchr(url, '/') ? sqs_find(s->queues, strrchr(url, '/') + 1) : NULL;
    for (unsigned i = 0; i < sizeof operations / sizeof *operations; i++)
        if (strcmp(operations[i].operation, operation) == 0 &&
            (queue || !operations[i].has_queue)) {
            operations[i].run(s, request, body, queue);
            return;
        }
    for (unsigned i = 0; i < sizeof batches / sizeof *batches && queue; i++)
        if (strcmp(batches[i].operation, operation) == 0) {
            run_batch(s, request, body, queue, i);
            return;
        }
    refuse(request, 400, queue ? "UnknownOperationException" : "QueueDoesNotExist");
}

static void handle(void *state, http_request *request)
{
    static const char prefix[] = "AmazonSQS.";
    server *s = state;
    const char *target = http_header(request, "X-Amz-Target");
    if (sqs_orders_answer(&s->orders, &s->door, request))
        return;
    if (sqs_door_answer(&s->door, request))
        return;
    const char *refused = sqs_door_check(&s->door, request);
    if (refused || !target || strncmp(target, prefix, sizeof prefix - 1) != 0) {
        refuse(request, refused ? 403 : 400, refused ? refused : "UnknownOperationException");
        return;
    }
    target += sizeof prefix - 1;
    sqs_orders_count(&s->orders, target);
    json_t *body = json_loadb(request->body, request->body_size, 0, NULL);
    if (sqs_orders_fail(&s->orders, target, -1))
        refuse(request, s->orders.status, s->orders.code);
    else if (body)
        run(s, request, target, body);
    else
        refuse(request, 400, "SerializationException");
    json_decref(body);
}

int main(int argc, char **argv)
{
    static const http_routes routes = {.handle = handle,
                                       .expire = expire,
                                       .leave = leave,
                                       .turn = turn};
    static server state;
    if (argc != 4) {
        fprintf(stderr, "usage: stand_in_sqs ID SECRET TOKEN\n");
        return 2;
    }
    state.door = (sqs_door){.id = argv[1], .secret = argv[2], .token = argv[3], .seconds = 3600};
    return http_serve(&routes, &state, &(http_options){.body_most = BODY_MOST});
}
