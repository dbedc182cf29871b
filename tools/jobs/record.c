/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "record.h"

#include <filch/wait.h>
#include <runtime/service/message.h>

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int load_record_begin(load_record *r, uint64_t room)
{
    char random[FL_ID_BYTES];
    *r = (load_record){.room = room, .entries = calloc(room, sizeof *r->entries)};
    if (!r->entries)
        return -ENOMEM;
    fl_message_random_id(random);
    memcpy(r->run, random, LOAD_RUN);
    pthread_mutex_init(&r->lock, NULL);
    return 0;
}

void load_record_end(load_record *r)
{
    pthread_mutex_destroy(&r->lock);
    free(r->entries);
}

/* ---- Jobs ---- */

int64_t load_record_next(load_record *r, int64_t start, double rate, int64_t until, int64_t *due)
{
    int64_t number = -1;
    pthread_mutex_lock(&r->lock);
    *due = rate > 0 ? start + (int64_t)((double)r->begun / rate * FILCH_SECOND) : filch_now();
    if (r->begun < r->room && *due < until) {
        number = (int64_t)r->begun++;
        r->entries[number].due = *due;
    }
    pthread_mutex_unlock(&r->lock);
    return number;
}

void load_record_id(const load_record *r, int64_t number, char id[LOAD_ID])
{
    snprintf(id, LOAD_ID, "load-%s-%" PRId64, r->run, number);
}

/* The number in an id; -1: it is none of this load. */
static int64_t number_of(const load_record *r, const char *id)
{
    char prefix[LOAD_ID], *end;
    size_t length = (size_t)snprintf(prefix, sizeof prefix, "load-%s-", r->run);
    if (!id || strncmp(id, prefix, length) != 0 || id[length] < '0' || id[length] > '9')
        return -1;
    errno = 0;
    long long number = strtoll(id + length, &end, 10);
    return *end || errno || (uint64_t)number >= r->begun ? -1 : number;
}

void load_record_published(load_record *r, int64_t number, bool confirmed, int64_t now)
{
    pthread_mutex_lock(&r->lock);
    load_entry *entry = &r->entries[number];
    entry->is_published = confirmed;
    r->published += confirmed;
    r->failed += !confirmed;
    r->open += confirmed && !entry->runs;
    r->published_at = now;
    pthread_mutex_unlock(&r->lock);
}

bool load_record_ran(load_record *r, const char *id, int64_t now)
{
    pthread_mutex_lock(&r->lock);
    int64_t number = number_of(r, id);
    load_entry *entry = number < 0 ? NULL : &r->entries[number];
    if (entry && !entry->runs) {
        entry->latency = (float)((double)(now - entry->due) / FILCH_SECOND);
        r->processed++;
        r->open -= entry->is_published;
    } else if (entry) {
        r->duplicates++;
    }
    if (entry) {
        entry->runs += entry->runs < UINT16_MAX;
        r->processed_at = now;
    }
    pthread_mutex_unlock(&r->lock);
    return entry;
}

/* ---- Results ---- */

load_record load_record_read(load_record *r)
{
    pthread_mutex_lock(&r->lock);
    load_record copy = *r;
    pthread_mutex_unlock(&r->lock);
    copy.entries = NULL;
    return copy;
}

static int by_value(const void *one, const void *other)
{
    float a = *(const float *)one, b = *(const float *)other;
    return (a > b) - (a < b);
}

/* By nearest rank: the smallest value that is at least a share of all. */
static double rank(const float *sorted, uint64_t count, double share)
{
    uint64_t at = (uint64_t)ceil(share * (double)count);
    return (double)sorted[at ? at - 1 : 0];
}

int load_record_latency(load_record *r, load_latency *out)
{
    uint64_t count = 0;
    *out = (load_latency){-1, -1, -1};
    float *all = malloc((size_t)(r->processed + 1) * sizeof *all);
    if (!all)
        return -ENOMEM;
    pthread_mutex_lock(&r->lock);
    for (uint64_t i = 0; i < r->begun && count < r->processed; i++)
        if (r->entries[i].runs)
            all[count++] = r->entries[i].latency;
    pthread_mutex_unlock(&r->lock);
    qsort(all, count, sizeof *all, by_value);
    if (count)
        *out =
            (load_latency){rank(all, count, 0.5), rank(all, count, 0.99), rank(all, count, 0.999)};
    free(all);
    return 0;
}
