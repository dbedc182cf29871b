/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/resilience/limiters.h>

#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/resilience/token_bucket.h>
#include <runtime/sync/wait_queue.h>
#include <sched/rng.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef fl_limiter_entry entry;

static entry *entry_at(filch_keyed_limiter *limiters, unsigned i)
{
    return (entry *)(void *)(limiters->entries + i * limiters->stride);
}

/* ---- Life ---- */

static int refuse_create(filch_keyed_limiter **out, filch_limit limit, unsigned keys,
                         unsigned key_size)
{
    if (!out || !keys || !key_size)
        return fl_fail(EINVAL,
                       "filch_keyed_limiter_create for %u keys of %u bytes, %s; give at least "
                       "one each, and a place",
                       keys, key_size, out ? "to a place" : "to no place");
    return fl_limit_refuse(limit);
}

static unsigned power_of_two(unsigned least)
{
    unsigned power = 1;
    while (power < least && power < 1u << 31)
        power *= 2;
    return power;
}

int filch_keyed_limiter_create(filch_keyed_limiter **out, filch_limit limit, unsigned keys,
                               unsigned key_size)
{
    FL_GIVEN(out);
    int rc = refuse_create(out, limit, keys, key_size);
    if (rc)
        return rc;
    size_t align = _Alignof(entry), stride = (sizeof(entry) + key_size + align - 1) / align * align;
    unsigned chains = power_of_two(keys);
    filch_keyed_limiter *limiters = calloc(1, sizeof *limiters + chains * sizeof(entry *));
    if (!limiters)
        goto fail;
    limiters->entries = calloc(keys, stride);
    if (!limiters->entries)
        goto fail_entries;
    limiters->seed = fl_rng_seed((uint64_t)fl_now(), (uintptr_t)limiters);
    limiters->key_size = key_size;
    limiters->stride = stride;
    limiters->keys = keys;
    limiters->mask = chains - 1;
    limiters->limit = limit;
    fl_life_begin(&limiters->life);
    *out = limiters;
    return 0;
fail_entries:
    free(limiters);
fail:
    return fl_fail(ENOMEM, "no memory for limiters of %u keys of %u bytes; ask for fewer", keys,
                   key_size);
}

void filch_keyed_limiter_destroy(filch_keyed_limiter *limiters)
{
    FL_MAY_LIVE(limiters);
    if (!limiters)
        return;
    fl_wait_queue_close(&limiters->wait_queue);
    for (unsigned i = 0; i < limiters->used; i++)
        fl_wait_queue_close(&entry_at(limiters, i)->limiter.wait_queue);
    fl_wait_queue_await("filch_keyed_limiter_destroy", &limiters->wait_queue);
    free(limiters->entries);
    fl_life_end(&limiters->life);
    free(limiters);
}

/* ---- Finding; under the lock ---- */

/* Unpredictable without the seed, but no protection from an attacker that can measure. */
static uint64_t hash_of(const filch_keyed_limiter *limiters, const void *key, size_t size)
{
    uint64_t hash = limiters->seed;
    const char *bytes = key;
    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
        uint64_t word = size;
        memcpy(&word, bytes + at, size - at < sizeof word ? size - at : sizeof word);
        hash = fl_rng_seed(hash ^ word, at);
    }
    return hash;
}

static entry **chain_of(filch_keyed_limiter *limiters, uint64_t hash)
{
    return &limiters->chains[hash & limiters->mask];
}

static void unlink_entry(filch_keyed_limiter *limiters, entry *one)
{
    entry **at = chain_of(limiters, one->hash);
    while (*at != one)
        at = &(*at)->next;
    *at = one->next;
}

/* Takes an entry that is as good as new out of its chain; NULL: none is. */
static entry *recycle(filch_keyed_limiter *limiters, int64_t now)
{
    if (now < limiters->none_before)
        return NULL;
    int64_t first = FILCH_FOREVER;
    for (unsigned i = 0; i < limiters->keys; i++) {
        entry *one = entry_at(limiters, limiters->hand);
        limiters->hand = (limiters->hand + 1) % limiters->keys;
        int64_t full_at = fl_limiter_full_at(&one->limiter);
        if (full_at <= now && !one->users) {
            unlink_entry(limiters, one);
            return one;
        }
        if (full_at < first)
            first = full_at;
    }
    limiters->none_before = first;
    return NULL;
}

static entry *add(filch_keyed_limiter *limiters, const void *key, size_t size, uint64_t hash,
                  int64_t now)
{
    entry *one;
    if (limiters->used < limiters->keys) {
        one = entry_at(limiters, limiters->used++);
        fl_limiter_init(&one->limiter, limiters->limit);
    } else if (!(one = recycle(limiters, now))) {
        return NULL;
    }
    one->hash = hash;
    one->size = size;
    memcpy(one->key, key, size);
    entry **chain = chain_of(limiters, hash);
    one->next = *chain;
    *chain = one;
    return one;
}

static entry *find(filch_keyed_limiter *limiters, const void *key, size_t size, int64_t now)
{
    uint64_t hash = hash_of(limiters, key, size);
    for (entry *one = *chain_of(limiters, hash); one; one = one->next)
        if (one->hash == hash && one->size == size && !memcmp(one->key, key, size))
            return one;
    return add(limiters, key, size, hash, now);
}

/* ---- Using; the entry is kept meanwhile ---- */

/* NULL: *rc is the reason. */
static entry *enter(filch_keyed_limiter *limiters, const void *key, size_t size, int64_t now,
                    int *rc)
{
    if (!key || !size || size > limiters->key_size) {
        *rc = fl_fail(EINVAL, "a key of %zu bytes; give it 1 to %zu", key ? size : 0,
                      limiters->key_size);
        return NULL;
    }
    fl_wait_queue_lock(&limiters->wait_queue);
    entry *one = find(limiters, key, size, now);
    if (one) {
        one->users++;
        limiters->wait_queue.inside++;
    }
    fl_wait_queue_unlock(&limiters->wait_queue);
    if (!one)
        *rc = fl_fail(ENOSPC, "all %u keys are in use; create the limiters with more",
                      limiters->keys);
    return one;
}

static void leave(filch_keyed_limiter *limiters, entry *one)
{
    fl_wait_queue_lock(&limiters->wait_queue);
    one->users--;
    limiters->wait_queue.inside--;
    fl_wait_queue_unlock(&limiters->wait_queue);
}

int filch_keyed_limiter_allow(filch_keyed_limiter *limiters, const void *key, size_t size,
                              unsigned permits)
{
    FL_ALIVE(limiters);
    int rc;
    int64_t now = fl_now();
    entry *one = enter(limiters, key, size, now, &rc);
    if (!one)
        return rc;
    rc = fl_limiter_allow(&one->limiter, permits, now);
    leave(limiters, one);
    return rc;
}

int filch_keyed_limiter_reserve(filch_keyed_limiter *limiters, const void *key, size_t size,
                                unsigned permits, filch_reservation *out)
{
    FL_ALIVE(limiters);
    FL_GIVEN(out);
    int rc;
    int64_t now = fl_now();
    entry *one = enter(limiters, key, size, now, &rc);
    if (!one)
        return rc;
    rc = fl_limiter_reserve(&one->limiter, permits, now, out);
    leave(limiters, one);
    return rc;
}

int filch_keyed_limiter_acquire(filch_keyed_limiter *limiters, const void *key, size_t size,
                                unsigned permits, filch_context *context, int64_t until)
{
    FL_ALIVE(limiters);
    int rc = fl_limiter_wait_refuse(context, until);
    if (rc)
        return rc;
    entry *one = enter(limiters, key, size, fl_now(), &rc);
    if (!one)
        return rc;
    rc = fl_limiter_wait("filch_keyed_limiter_acquire", &one->limiter, permits, context, until);
    leave(limiters, one);
    return rc;
}

/* ---- For all keys ---- */

int filch_keyed_limiter_set(filch_keyed_limiter *limiters, filch_limit limit)
{
    FL_ALIVE(limiters);
    int rc = fl_limit_refuse(limit);
    if (rc)
        return rc;
    int64_t now = fl_now();
    fl_wait_queue_lock(&limiters->wait_queue);
    limiters->limit = limit;
    limiters->none_before = 0;
    unsigned used = limiters->used;
    fl_wait_queue_unlock(&limiters->wait_queue);
    for (unsigned i = 0; i < used; i++)
        fl_limiter_set(&entry_at(limiters, i)->limiter, limit, now);
    return 0;
}

unsigned filch_keyed_limiter_count(filch_keyed_limiter *limiters)
{
    FL_MUST_LIVE(limiters);
    fl_wait_queue_lock(&limiters->wait_queue);
    unsigned count = limiters->used;
    fl_wait_queue_unlock(&limiters->wait_queue);
    return count;
}
