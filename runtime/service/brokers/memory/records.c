/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/memory/records.h>

#include <runtime/platform/container.h>
#include <runtime/service/brokers/memory/memory.h>
#include <runtime/service/job.h>
#include <runtime/service/job_record.h>

#include <filch/wait.h>

#include <stdlib.h>
#include <string.h>

typedef struct kept {
    fl_list link; /* in store->records, by `expires` */
    fl_list key;  /* in store->record_ids */
    int64_t expires;
    filch_service_record *record;
    char id[];
} kept;

static kept *kept_of(fl_list *key)
{
    return FL_CONTAINER_OF(key, kept, key);
}

static kept *find(fl_memory_store *store, const char *id)
{
    fl_list *bucket = fl_memory_bucket(store->record_ids, id);
    for (fl_list *at = bucket->next; at != bucket; at = at->next)
        if (strcmp(kept_of(at)->id, id) == 0)
            return kept_of(at);
    return NULL;
}

static void forget(kept *one)
{
    fl_list_remove(&one->link);
    fl_list_remove(&one->key);
    filch_service_record_destroy(one->record);
    free(one);
}

/* Those whose time is over. */
static void expire(fl_memory_store *store, int64_t unix_time)
{
    while (!fl_list_is_empty(&store->records)) {
        kept *first = FL_CONTAINER_OF(store->records.next, kept, link);
        if (first->expires > unix_time)
            return;
        forget(first);
    }
}

void fl_memory_forget_records(fl_memory_store *store)
{
    expire(store, FILCH_FOREVER);
}

/* In the order of times; a new one is usually the last. */
static void keep_until(fl_memory_store *store, kept *one, int64_t expires)
{
    fl_list_remove(&one->link);
    fl_list *after = store->records.previous;
    while (after != &store->records && FL_CONTAINER_OF(after, kept, link)->expires > expires)
        after = after->previous;
    one->expires = expires;
    fl_list_insert(after->next, &one->link);
}

/* An empty one. NULL: no memory. */
static kept *add(fl_memory_store *store, const char *id)
{
    size_t size = strlen(id) + 1;
    kept *one = calloc(1, sizeof *one + size);
    if (!one)
        return NULL;
    memcpy(one->id, id, size);
    fl_list_init(&one->link);
    fl_list_init(&one->key);
    fl_list_append(fl_memory_bucket(store->record_ids, id), &one->key);
    return one;
}

bool fl_memory_keep(fl_memory_store *store, const fl_note *note, int64_t unix_time)
{
    expire(store, unix_time);
    kept *one = find(store, note->id);
    if (!one && !note->creates)
        return true;
    bool has_progress = note->progress || !one;
    filch_service_record *copy = fl_job_record_copy(
        &(filch_service_record){.state = note->state,
                                .updated = unix_time,
                                .progress = has_progress ? note->progress : one->record->progress,
                                .progress_size =
                                    has_progress ? note->progress_size : one->record->progress_size,
                                .result = note->result,
                                .result_size = note->result_size,
                                .reason = note->reason});
    if (copy && !one)
        one = add(store, note->id);
    if (!copy || !one) {
        filch_service_record_destroy(copy);
        return false;
    }
    filch_service_record_destroy(one->record);
    one->record = copy;
    keep_until(store, one,
               note->ttl < FILCH_FOREVER - unix_time ? unix_time + note->ttl : FILCH_FOREVER);
    return true;
}

fl_broker_rc fl_memory_note(fl_broker *broker, const fl_note *batch, unsigned count)
{
    fl_memory *m = fl_memory_of(broker);
    int64_t unix_time = broker->host->unix_time(broker->host);
    bool all = true;
    pthread_mutex_lock(&m->store->lock);
    for (unsigned i = 0; i < count && all; i++)
        if (fl_memory_leased(m->store, batch[i].delivery->tag[0], batch[i].delivery->tag[1]))
            all = fl_memory_keep(m->store, &batch[i], unix_time);
    pthread_mutex_unlock(&m->store->lock);
    return all ? FL_BROKER_OK : fl_memory_short(broker->host);
}

fl_broker_rc fl_memory_record(fl_broker *broker, const char *id, filch_service_record **out)
{
    fl_memory *m = fl_memory_of(broker);
    *out = NULL;
    pthread_mutex_lock(&m->store->lock);
    expire(m->store, broker->host->unix_time(broker->host));
    const kept *one = find(m->store, id);
    if (one)
        *out = fl_job_record_copy(one->record);
    pthread_mutex_unlock(&m->store->lock);
    return !one || *out ? FL_BROKER_OK : fl_memory_short(broker->host);
}
