/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/service/brokers/servicebus/stand_in/service_bus.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BUCKETS = 1 << 16, ENCODED = 4 << 20 };

static sb_queue *queues;
static sb_message *buckets[BUCKETS];
static int64_t lock_ms;
static unsigned delivery_limit;
static uint64_t last_sequence, last_lock;

int64_t sb_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

void sb_store_begin(int64_t lock, unsigned limit)
{
    lock_ms = lock;
    delivery_limit = limit;
}

/* ---- Queues ---- */

static sb_queue *create(const char *name, const char *suffix)
{
    sb_queue *queue = calloc(1, sizeof *queue);
    snprintf(queue->name, sizeof queue->name, "%s%s", name, suffix);
    fl_list_init(&queue->ready);
    fl_list_init(&queue->locked);
    fl_list_init(&queue->scheduled);
    queue->next = queues;
    queues = queue;
    return queue;
}

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), size = strlen(end);
    return length >= size && strcmp(name + length - size, end) == 0;
}

void sb_queue_create(const char *name)
{
    sb_queue *dead = create(name, "/$DeadLetterQueue"), *queue = create(name, "");
    queue->dead = dead;
    queue->is_unique = ends_with(name, "unique");
    queue->has_sessions = ends_with(name, "sessions");
}

/* An id that a queue has had. */
typedef struct sb_id {
    struct sb_id *next;
    size_t size;
    char text[];
} sb_id;

bool sb_is_duplicate(sb_queue *queue, pn_bytes_t id)
{
    if (!queue->is_unique)
        return false;
    for (const sb_id *one = queue->seen; one; one = one->next)
        if (one->size == id.size && memcmp(one->text, id.start, id.size) == 0)
            return true;
    sb_id *one = malloc(sizeof *one + id.size);
    one->next = queue->seen;
    one->size = id.size;
    memcpy(one->text, id.start, id.size);
    queue->seen = one;
    return false;
}

sb_queue *sb_queue_find(const char *name)
{
    sb_queue *queue = queues;
    while (queue && strcmp(queue->name, name) != 0)
        queue = queue->next;
    return queue;
}

static sb_message *message_of(fl_list *link)
{
    return (sb_message *)(void *)link;
}

static void insert_by_sequence(fl_list *list, sb_message *message)
{
    fl_list *before = list;
    while (before->previous != list && message_of(before->previous)->sequence > message->sequence)
        before = before->previous;
    fl_list_insert(before, &message->link);
}

static void insert_by_time(fl_list *list, sb_message *message)
{
    fl_list *before = list;
    while (before->previous != list && message_of(before->previous)->until > message->until)
        before = before->previous;
    fl_list_insert(before, &message->link);
}

static sb_message **bucket_of(uint64_t sequence)
{
    return &buckets[sequence % BUCKETS];
}

void sb_enqueue(sb_queue *queue, const char *bytes, size_t size, int64_t due, const char *session)
{
    sb_message *message = calloc(1, sizeof *message + size);
    sb_message **bucket = bucket_of(++last_sequence);
    message->sequence = last_sequence;
    message->queue = queue;
    message->size = size;
    message->enqueued = sb_now();
    message->until = due;
    snprintf(message->session, sizeof message->session, "%s", session ? session : "");
    memcpy(message->bytes, bytes, size);
    message->same = *bucket;
    *bucket = message;
    if (due > message->enqueued)
        insert_by_time(&queue->scheduled, message);
    else
        fl_list_append(&queue->ready, &message->link);
}

static void forget(sb_message *message)
{
    sb_message **at = bucket_of(message->sequence);
    while (*at != message)
        at = &(*at)->same;
    *at = message->same;
    fl_list_remove(&message->link);
    if (message->properties)
        pn_data_free(message->properties);
    free(message);
}

/* ---- Locks ---- */

static void make_ready(sb_message *message)
{
    fl_list_remove(&message->link);
    message->lock = 0;
    message->until = 0;
    insert_by_sequence(&message->queue->ready, message);
}

static void die(sb_message *message)
{
    fl_list_remove(&message->link);
    message->queue = message->queue->dead;
    message->failed = 0;
    fl_list_init(&message->link);
    make_ready(message);
}

/* The delivery has failed. Too many of them make a dead letter. */
static void fail(sb_message *message)
{
    pn_data_t *reason;
    message->failed++;
    if (message->failed < delivery_limit || !message->queue->dead) {
        make_ready(message);
        return;
    }
    reason = pn_data(0);
    pn_data_put_map(reason);
    pn_data_enter(reason);
    sb_put_text(reason, "DeadLetterReason");
    sb_put_text(reason, "MaxDeliveryCountExceeded");
    pn_data_exit(reason);
    message->properties = reason;
    die(message);
}

static unsigned sweep(fl_list *list, int64_t now, void (*end)(sb_message *))
{
    unsigned count = 0;
    for (; !fl_list_is_empty(list) && message_of(list->next)->until <= now; count++)
        end(message_of(list->next));
    return count;
}

unsigned sb_sweep(void)
{
    unsigned count = 0;
    int64_t now = sb_now();
    for (sb_queue *queue = queues; queue; queue = queue->next)
        count += sweep(&queue->locked, now, fail) + sweep(&queue->scheduled, now, make_ready);
    return count;
}

bool sb_has_times(void)
{
    for (sb_queue *queue = queues; queue; queue = queue->next)
        if (!fl_list_is_empty(&queue->locked) || !fl_list_is_empty(&queue->scheduled))
            return true;
    return false;
}

/* NULL: none is. */
static fl_list *first_of(sb_queue *queue, const char *session)
{
    fl_list *at = queue->ready.next;
    while (at != &queue->ready && queue->has_sessions &&
           strcmp(message_of(at)->session, session) != 0)
        at = at->next;
    return at == &queue->ready ? NULL : at;
}

sb_message *sb_take(sb_queue *queue, const char *session)
{
    fl_list *first = first_of(queue, session);
    if (!first)
        return NULL;
    fl_list_remove(first);
    sb_message *message = message_of(first);
    message->lock = ++last_lock;
    message->until = queue->has_sessions ? INT64_MAX : sb_now() + lock_ms; /* the session's */
    insert_by_time(&queue->locked, message);
    return message;
}

void sb_unlock_session(sb_queue *queue, const char *session, bool failed)
{
    for (fl_list *at = queue->locked.next, *next; at != &queue->locked; at = next) {
        next = at->next;
        if (strcmp(message_of(at)->session, session) != 0)
            continue;
        if (failed)
            fail(message_of(at));
        else
            make_ready(message_of(at));
    }
}

void sb_token_of(const sb_message *message, char token[SB_TOKEN])
{
    memcpy(token, &message->sequence, 8);
    memcpy(token + 8, &message->lock, 8);
}

sb_message *sb_locked_by(const char token[SB_TOKEN])
{
    uint64_t sequence, lock;
    memcpy(&sequence, token, 8);
    memcpy(&lock, token + 8, 8);
    sb_sweep();
    sb_message *message = *bucket_of(sequence);
    while (message && message->sequence != sequence)
        message = message->same;
    return message && lock && message->lock == lock ? message : NULL;
}

void sb_settle(sb_message *message, sb_outcome outcome, pn_data_t *properties)
{
    if (outcome == SB_COMPLETES) {
        forget(message);
    } else if (outcome == SB_RELEASES) {
        make_ready(message);
    } else if (outcome == SB_ABANDONS || !message->queue->dead) {
        fail(message);
    } else {
        if (properties) {
            message->properties = pn_data(0);
            pn_data_copy(message->properties, properties);
        }
        die(message);
    }
}

int64_t sb_renew(sb_message *message)
{
    fl_list_remove(&message->link);
    message->until = sb_now() + lock_ms;
    insert_by_time(&message->queue->locked, message);
    return message->until;
}

/* ---- Deliveries ---- */

static void put_symbol(pn_data_t *data, const char *text)
{
    pn_data_put_symbol(data, pn_bytes(strlen(text), text));
}

static void annotate(pn_data_t *annotations, const sb_message *message)
{
    pn_data_clear(annotations);
    pn_data_put_map(annotations);
    pn_data_enter(annotations);
    put_symbol(annotations, "x-opt-locked-until");
    pn_data_put_timestamp(annotations, message->until);
    put_symbol(annotations, "x-opt-enqueued-time");
    pn_data_put_timestamp(annotations, message->enqueued);
    put_symbol(annotations, "x-opt-sequence-number");
    pn_data_put_long(annotations, (int64_t)message->sequence);
    pn_data_exit(annotations);
}

/* Copies the pairs of `from` whose names `but` lacks. */
static void copy_pairs(pn_data_t *to, pn_data_t *from, pn_data_t *but)
{
    char name[256];
    pn_data_rewind(from);
    if (!pn_data_next(from) || !pn_data_enter(from))
        return;
    while (pn_data_next(from)) {
        pn_bytes_t key = pn_data_get_bytes(from);
        snprintf(name, sizeof name, "%.*s", (int)key.size, key.start);
        bool replaced = but && sb_find(but, name);
        pn_data_next(from);
        if (replaced)
            continue;
        sb_put_text(to, name);
        pn_data_put_atom(to, pn_data_get_atom(from));
    }
}

static void add_properties(pn_message_t *message, pn_data_t *more)
{
    pn_data_t *own = pn_message_properties(message), *merged = pn_data(0);
    pn_data_put_map(merged);
    pn_data_enter(merged);
    copy_pairs(merged, own, more);
    copy_pairs(merged, more, NULL);
    pn_data_exit(merged);
    pn_data_copy(own, merged);
    pn_data_free(merged);
}

size_t sb_encode(const sb_message *message, char **bytes)
{
    static char room[ENCODED];
    static pn_message_t *decoded;
    size_t size = sizeof room;
    if (!decoded)
        decoded = pn_message();
    pn_message_decode(decoded, message->bytes, message->size);
    pn_message_set_inferred(decoded, true);
    pn_message_set_delivery_count(decoded, message->failed);
    annotate(pn_message_annotations(decoded), message);
    if (message->properties)
        add_properties(decoded, message->properties);
    if (pn_message_encode(decoded, room, &size)) {
        fprintf(stderr, "service_bus: message of %zu bytes cannot be encoded\n", message->size);
        abort();
    }
    *bytes = room;
    return size;
}
