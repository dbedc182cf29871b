/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/memory/store.h>

#include <runtime/platform/container.h>
#include <runtime/platform/hash.h>
#include <runtime/service/brokers/memory/records.h>
#include <runtime/service/message.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct remembered_key {
    fl_list link;
    int64_t until;
    char key[];
} remembered_key;

typedef struct paused_type {
    fl_list link;
    char name[];
} paused_type;

static pthread_mutex_t stores_lock = PTHREAD_MUTEX_INITIALIZER;
static fl_list stores = {&stores, &stores};

/* ---- Stores ---- */

static fl_memory_store *make_store(const char *name)
{
    fl_memory_store *store = calloc(1, sizeof *store);
    char *copy = strdup(name);
    if (!store || !copy) {
        free(copy);
        free(store);
        return NULL;
    }
    store->name = copy;
    pthread_mutex_init(&store->lock, NULL);
    fl_list_init(&store->queues);
    fl_list_init(&store->listeners);
    fl_list_init(&store->remembered);
    for (unsigned i = 0; i < FL_MEMORY_BUCKETS; i++) {
        fl_list_init(&store->numbers[i]);
        fl_list_init(&store->keys[i]);
        fl_list_init(&store->record_ids[i]);
    }
    fl_list_init(&store->records);
    fl_list_append(&stores, &store->link);
    return store;
}

fl_memory_store *fl_memory_store_open(const char *name)
{
    fl_memory_store *found = NULL;
    pthread_mutex_lock(&stores_lock);
    for (fl_list *at = stores.next; at != &stores && !found; at = at->next) {
        fl_memory_store *store = FL_CONTAINER_OF(at, fl_memory_store, link);
        if (strcmp(store->name, name) == 0)
            found = store;
    }
    if (!found)
        found = make_store(name);
    if (found)
        found->connections++;
    pthread_mutex_unlock(&stores_lock);
    return found;
}

static void clear(fl_list *list)
{
    while (!fl_list_is_empty(list))
        fl_memory_remove(fl_memory_entry_of(list->next));
}

static void free_queue(fl_memory_queue *queue)
{
    fl_list *link;
    for (unsigned i = 0; i < FILCH_MESSAGE_PRIORITIES; i++)
        clear(&queue->ready[i]);
    clear(&queue->delayed);
    clear(&queue->leased);
    while ((link = fl_list_take(&queue->paused_types)))
        free(FL_CONTAINER_OF(link, paused_type, link));
    free(queue->name);
    free(queue);
}

void fl_memory_store_close(fl_memory_store *store)
{
    fl_list *link;
    pthread_mutex_lock(&stores_lock);
    bool last = --store->connections == 0;
    if (last)
        fl_list_remove(&store->link);
    pthread_mutex_unlock(&stores_lock);
    if (!last)
        return;
    while ((link = fl_list_take(&store->queues)))
        free_queue(FL_CONTAINER_OF(link, fl_memory_queue, link));
    fl_memory_forget_records(store);
    while ((link = fl_list_take(&store->remembered)))
        free(FL_CONTAINER_OF(link, remembered_key, link));
    pthread_mutex_destroy(&store->lock);
    free(store->name);
    free(store);
}

/* ---- Queues ---- */

fl_memory_queue *fl_memory_queue_of(fl_memory_store *store, const char *name)
{
    for (fl_list *at = store->queues.next; at != &store->queues; at = at->next) {
        fl_memory_queue *queue = FL_CONTAINER_OF(at, fl_memory_queue, link);
        if (strcmp(queue->name, name) == 0)
            return queue;
    }
    fl_memory_queue *queue = calloc(1, sizeof *queue);
    char *copy = strdup(name);
    if (!queue || !copy) {
        free(copy);
        free(queue);
        return NULL;
    }
    queue->name = copy;
    for (unsigned i = 0; i < FILCH_MESSAGE_PRIORITIES; i++)
        fl_list_init(&queue->ready[i]);
    fl_list_init(&queue->delayed);
    fl_list_init(&queue->leased);
    fl_list_init(&queue->paused_types);
    fl_list_append(&store->queues, &queue->link);
    return queue;
}

static paused_type *find_paused(fl_memory_queue *queue, const char *type)
{
    for (fl_list *at = queue->paused_types.next; at != &queue->paused_types; at = at->next) {
        paused_type *one = FL_CONTAINER_OF(at, paused_type, link);
        if (type && strcmp(one->name, type) == 0)
            return one;
    }
    return NULL;
}

int fl_memory_pause(fl_memory_queue *queue, const char *type, bool paused)
{
    paused_type *one = find_paused(queue, type);
    if (!type) {
        queue->paused = paused;
    } else if (one && !paused) {
        fl_list_remove(&one->link);
        free(one);
    } else if (!one && paused) {
        one = malloc(sizeof *one + strlen(type) + 1);
        if (!one)
            return -ENOMEM;
        strcpy(one->name, type);
        fl_list_append(&queue->paused_types, &one->link);
    }
    return 0;
}

fl_memory_entry *fl_memory_next(fl_memory_queue *queue, const fl_memory_entry *after)
{
    unsigned priority = after ? after->message.priority : FILCH_MESSAGE_PRIORITIES - 1;
    fl_list *at = after ? after->link.next : queue->ready[priority].next;
    while (!queue->paused) {
        for (; at != &queue->ready[priority]; at = at->next)
            if (!find_paused(queue, fl_memory_entry_of(at)->message.type))
                return fl_memory_entry_of(at);
        if (!priority--)
            return NULL;
        at = queue->ready[priority].next;
    }
    return NULL;
}

/* ---- Entries ---- */

fl_list *fl_memory_bucket(fl_list table[FL_MEMORY_BUCKETS], const char *text)
{
    return &table[fl_hash_text(text) % FL_MEMORY_BUCKETS];
}

/* Forgets the keys whose time is over. */
static bool is_remembered(fl_memory_store *store, const char *key, int64_t now)
{
    fl_list *list = &store->remembered, *next;
    for (fl_list *at = list->next; at != list; at = next) {
        remembered_key *one = FL_CONTAINER_OF(at, remembered_key, link);
        next = at->next;
        if (one->until > now && strcmp(one->key, key) == 0)
            return true;
        if (one->until <= now) {
            fl_list_remove(at);
            free(one);
        }
    }
    return false;
}

bool fl_memory_remember(fl_memory_store *store, const char *key, int64_t until)
{
    size_t size = strlen(key) + 1;
    remembered_key *one = malloc(sizeof *one + size);
    if (!one)
        return false;
    one->until = until;
    memcpy(one->key, key, size);
    fl_list_append(&store->remembered, &one->link);
    return true;
}

bool fl_memory_has_key(fl_memory_store *store, const char *key, int64_t now)
{
    if (is_remembered(store, key, now))
        return true;
    fl_list *bucket = fl_memory_bucket(store->keys, key);
    for (fl_list *at = bucket->next; at != bucket; at = at->next)
        if (strcmp(FL_CONTAINER_OF(at, fl_memory_entry, key)->message.dedup, key) == 0)
            return true;
    return false;
}

fl_memory_entry *fl_memory_add(fl_memory_store *store, fl_memory_queue *queue,
                               const filch_message *message, const filch_header *more,
                               unsigned more_count, int64_t now)
{
    filch_message whole = *message;
    filch_header *headers = NULL;
    if (more_count) {
        headers = malloc((message->header_count + more_count) * sizeof *headers);
        if (!headers)
            return NULL;
        memcpy(headers, more, more_count * sizeof *more);
        if (message->header_count)
            memcpy(headers + more_count, message->headers, message->header_count * sizeof *headers);
        whole.headers = headers; /* the first of a name counts */
        whole.header_count += more_count;
    }
    fl_memory_entry *entry = malloc(sizeof *entry + fl_message_room(&whole));
    if (entry) {
        *entry = (fl_memory_entry){.queue = queue, .id = ++store->last_id};
        fl_message_copy(&entry->message, &whole, entry + 1);
        fl_list_init(&entry->link);
        fl_list_init(&entry->number);
        fl_list_init(&entry->key);
        if (message->dedup)
            fl_list_append(fl_memory_bucket(store->keys, message->dedup), &entry->key);
        queue->readies++;
        entry->place = FL_MEMORY_READY;
        fl_memory_make_ready(entry, false, now);
    }
    free(headers);
    return entry;
}

static uint64_t *count_of(fl_memory_entry *entry)
{
    fl_memory_queue *queue = entry->queue;
    uint64_t *const counts[] = {&queue->readies, &queue->delays, &queue->leases};
    return counts[entry->place];
}

static void move_to(fl_memory_entry *entry, fl_memory_place place)
{
    --*count_of(entry);
    entry->place = place;
    ++*count_of(entry);
    fl_list_remove(&entry->link);
    fl_list_remove(&entry->number);
}

void fl_memory_remove(fl_memory_entry *entry)
{
    --*count_of(entry);
    fl_list_remove(&entry->link);
    fl_list_remove(&entry->number);
    fl_list_remove(&entry->key);
    free(entry);
}

void fl_memory_make_ready(fl_memory_entry *entry, bool older, int64_t since)
{
    fl_list *ready = &entry->queue->ready[entry->message.priority];
    move_to(entry, FL_MEMORY_READY);
    entry->at = since;
    fl_list_insert(older ? ready->next : ready, &entry->link);
}

/* In the order of times; a new one is usually the last. */
static void insert_by_time(fl_list *list, fl_memory_entry *entry)
{
    fl_list *after = list->previous;
    while (after != list && fl_memory_entry_of(after)->at > entry->at)
        after = after->previous;
    fl_list_insert(after->next, &entry->link);
}

void fl_memory_delay(fl_memory_entry *entry, int64_t until)
{
    move_to(entry, FL_MEMORY_DELAYED);
    entry->at = until;
    insert_by_time(&entry->queue->delayed, entry);
}

void fl_memory_lease(fl_memory_store *store, fl_memory_entry *entry, int64_t until)
{
    move_to(entry, FL_MEMORY_LEASED);
    entry->at = until;
    insert_by_time(&entry->queue->leased, entry);
    fl_list_append(&store->numbers[entry->id % FL_MEMORY_BUCKETS], &entry->number);
}

static void move_list(fl_list *list, bool older, int64_t now)
{
    fl_memory_entry *first;
    while (!fl_list_is_empty(list) && (first = fl_memory_entry_of(list->next))->at <= now)
        fl_memory_make_ready(first, older, first->at);
}

void fl_memory_move_due(fl_memory_queue *queue, int64_t now)
{
    move_list(&queue->delayed, false, now);
    move_list(&queue->leased, true, now);
}

int64_t fl_memory_ready_since(const fl_memory_queue *queue)
{
    int64_t since = FILCH_FOREVER;
    for (unsigned i = 0; i < FILCH_MESSAGE_PRIORITIES; i++) {
        const fl_memory_entry *next = fl_memory_entry_of(queue->ready[i].next);
        if (!fl_list_is_empty(&queue->ready[i]) && next->at < since)
            since = next->at;
    }
    return since;
}

fl_memory_entry *fl_memory_leased(fl_memory_store *store, uint64_t id, uint64_t token)
{
    fl_list *bucket = &store->numbers[id % FL_MEMORY_BUCKETS];
    for (fl_list *at = bucket->next; at != bucket; at = at->next) {
        fl_memory_entry *entry = FL_CONTAINER_OF(at, fl_memory_entry, number);
        if (entry->id == id)
            return entry->token == token ? entry : NULL;
    }
    return NULL;
}
