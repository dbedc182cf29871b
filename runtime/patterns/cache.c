/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Magazines, after Bonwick and Adams, section 3.1. A shelf has a loaded magazine and the one
 * before, which is full or empty whenever the loaded one is used up. So a caller that acquires and
 * gives back at a boundary does not go to the depot each time. All magazines are made with the
 * cache: two for each shelf, and those of the depot, whose lists hold the full and the empty ones.
 * Giving back needs no memory.
 *
 * A shelf has a lock, where the paper disables interrupts. It is nearly always free, and held for
 * some instructions: a worker takes its own, others only to drain. Locks: a shelf's, then the
 * depot's. Callbacks are called under neither; an object that is being made, reset or freed is in
 * no magazine, and a cleanup that is pending frees it if the callback panics.
 * Life: nobody touches the cache after its last lock was unlocked. */
#include <filch/cache.h>

#include <runtime/engine/external.h>
#include <runtime/engine/panic.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/sized_struct.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Shelves of threads that are not workers. */
enum { OTHERS = 4, MAGAZINE = 16, MAGAZINE_MOST = 1024, DEPOT_MOST = 65536 };

typedef struct magazine {
    struct magazine *next; /* in the depot */
    unsigned count;
    void *object[];
} magazine;

typedef struct shelf {
    filch_u32 lock; /* of what follows */
    magazine *loaded, *previous;
    filch_cache_stats stats; /* its share of the sums */
} FILCH_ALIGNED(FILCH_APART) shelf;

struct filch_cache {
    /* Never changes */
    filch_cache_config config;
    unsigned shelves, workers;
    uint32_t life;   /* runtime/platform/given.h */
    char *magazines; /* the block that all of them lie in */
    char apart[FILCH_APART];
    struct {
        filch_u32 lock;
        magazine *full, *empty;
    } depot;
    shelf shelf[];
};

/* ---- Life ---- */

static int check_config(filch_cache_config *config, unsigned shelves)
{
    if (!config->alignment)
        config->alignment = _Alignof(max_align_t);
    if (!config->magazine)
        config->magazine = MAGAZINE;
    if (!config->depot)
        config->depot = shelves;
    if (!config->size || config->size > PTRDIFF_MAX / 2)
        return fl_fail(EINVAL, "a cache of objects of %zu bytes; give the size of one",
                       config->size);
    if (config->alignment & (config->alignment - 1) || config->alignment > PTRDIFF_MAX / 2)
        return fl_fail(EINVAL, "a cache of objects aligned to %zu bytes; give a power of two",
                       config->alignment);
    if (config->magazine > MAGAZINE_MOST || config->depot > DEPOT_MOST)
        return fl_fail(EINVAL, "a cache of %u magazines of %u objects (valid: up to %d and %d)",
                       config->depot, config->magazine, DEPOT_MOST, MAGAZINE_MOST);
    if (config->alignment < sizeof(void *))
        config->alignment = sizeof(void *);
    config->size = (config->size + config->alignment - 1) & ~(config->alignment - 1);
    return 0;
}

static magazine *next_magazine(char **at, const filch_cache_config *config)
{
    magazine *one = (magazine *)(void *)*at;
    *at += sizeof(magazine) + config->magazine * sizeof(void *);
    return one;
}

static void lay_out(filch_cache *cache)
{
    char *at = cache->magazines;
    for (unsigned i = 0; i < cache->shelves; i++) {
        cache->shelf[i].loaded = next_magazine(&at, &cache->config);
        cache->shelf[i].previous = next_magazine(&at, &cache->config);
    }
    for (unsigned i = 0; i < cache->config.depot; i++) {
        magazine *one = next_magazine(&at, &cache->config);
        one->next = cache->depot.empty;
        cache->depot.empty = one;
    }
}

int filch_cache_create(filch_cache **out, filch_runtime *rt, const filch_cache_config *config)
{
    FL_GIVEN(out);
    FL_GIVEN(config);
    int rc = fl_runtime_meant(&rt, "filch_cache_create");
    if (rc)
        return rc;
    filch_cache_config checked = *config;
    unsigned workers = filch_runtime_max_workers(rt), shelves = workers + OTHERS;
    rc = check_config(&checked, shelves);
    if (rc)
        return rc;
    filch_cache *cache = aligned_alloc(FILCH_APART, sizeof *cache + shelves * sizeof(shelf));
    size_t each = sizeof(magazine) + checked.magazine * sizeof(void *);
    char *magazines = cache ? calloc(2 * (size_t)shelves + checked.depot, each) : NULL;
    if (!magazines) {
        free(cache);
        return fl_fail(ENOMEM, "no memory for a cache of %u magazines of %u objects; give it less",
                       checked.depot, checked.magazine);
    }
    memset(cache, 0, sizeof *cache + shelves * sizeof(shelf));
    cache->config = checked;
    cache->shelves = shelves;
    cache->workers = workers;
    cache->magazines = magazines;
    lay_out(cache);
    fl_life_begin(&cache->life);
    *out = cache;
    return 0;
}

int filch_cache_destroy(filch_cache *cache)
{
    FL_MAY_LIVE(cache);
    if (!cache)
        return 0;
    filch_cache_stats all;
    filch_cache_stats_read(cache, &all, sizeof all);
    if (all.acquired != all.given_back)
        return fl_fail(EBUSY, "cannot destroy a cache: %lld objects are in use; give them back",
                       (long long)(all.acquired - all.given_back));
    filch_cache_drain(cache);
    free(cache->magazines);
    fl_life_end(&cache->life);
    free(cache);
    return 0;
}

/* ---- Shelves ---- */

/* Any shelf will do; a worker's own is the best. */
static shelf *shelf_here(filch_cache *cache)
{
    static __thread char thread;
    const fl_worker *here = fl_worker_here();
    unsigned other = (unsigned)((uintptr_t)&thread >> 12) % OTHERS;
    return &cache->shelf[here ? here->index % cache->workers : cache->workers + other];
}

static shelf *lock_here(filch_cache *cache)
{
    shelf *at = shelf_here(cache);
    fl_lock(&at->lock);
    return at;
}

static void swap(shelf *at)
{
    magazine *loaded = at->loaded;
    at->loaded = at->previous;
    at->previous = loaded;
}

/* With both locks: swaps the previous magazine, which is of no use, for one of `from`. */
static bool exchange(shelf *at, magazine **from, magazine **to)
{
    magazine *got = *from;
    if (!got)
        return false;
    *from = got->next;
    at->previous->next = *to;
    *to = at->previous;
    at->previous = at->loaded;
    at->loaded = got;
    at->stats.exchanged++;
    return true;
}

static bool load_full(filch_cache *cache, shelf *at)
{
    fl_lock(&cache->depot.lock);
    bool done = exchange(at, &cache->depot.full, &cache->depot.empty);
    fl_unlock(&cache->depot.lock);
    return done;
}

static bool load_empty(filch_cache *cache, shelf *at)
{
    fl_lock(&cache->depot.lock);
    bool done = exchange(at, &cache->depot.empty, &cache->depot.full);
    fl_unlock(&cache->depot.lock);
    return done;
}

/* With the shelf's lock; NULL: neither it nor the depot has one. */
static void *pop(filch_cache *cache, shelf *at)
{
    if (!at->loaded->count) {
        if (at->previous->count)
            swap(at);
        else if (!load_full(cache, at))
            return NULL;
    }
    return at->loaded->object[--at->loaded->count];
}

/* The same; false: there is no room. */
static bool push(filch_cache *cache, shelf *at, void *object)
{
    if (at->loaded->count == cache->config.magazine) {
        if (at->previous->count < cache->config.magazine)
            swap(at);
        else if (!load_empty(cache, at))
            return false;
    }
    at->loaded->object[at->loaded->count++] = object;
    return true;
}

/* ---- Objects outside of magazines ---- */

/* A callback in progress. Lies on its caller's stack. */
typedef struct callback {
    filch_cache *cache;
    void *object;
    filch_defer cleanup;
    bool deferred;
} callback;

static void begin(callback *it, filch_defer_fn *if_it_panics)
{
    it->deferred = fl_defer_here(&it->cleanup, if_it_panics, it);
}

/* It has returned. */
static void end(callback *it)
{
    if (it->deferred) {
        filch_undefer(&it->cleanup);
        filch_defer_end(&it->cleanup);
    }
}

static void free_object(void *arg)
{
    free(((callback *)arg)->object);
}

static int make(filch_cache *cache, void **out)
{
    const filch_cache_config *config = &cache->config;
    void *object = aligned_alloc(config->alignment, config->size);
    int rc = 0;
    if (!object)
        return fl_fail(ENOMEM,
                       "no memory for an object of %zu bytes; give some back, or drain caches",
                       config->size);
    if (config->construct) {
        callback it = {.object = object};
        begin(&it, free_object);
        rc = config->construct(object, config->arg);
        end(&it);
    } else {
        memset(object, 0, config->size);
    }
    if (rc)
        free(object);
    else
        *out = object;
    return rc > 0 ? -EINVAL : rc;
}

static void lose(void *arg)
{
    const callback *it = arg;
    shelf *at = lock_here(it->cache);
    at->stats.freed++;
    fl_unlock(&at->lock);
    free(it->object);
}

static void dispose(filch_cache *cache, void *object)
{
    callback it = {.cache = cache, .object = object};
    if (cache->config.destruct) {
        begin(&it, lose);
        cache->config.destruct(object, cache->config.arg);
        end(&it);
    }
    lose(&it);
}

static void dispose_of_put(void *arg)
{
    const callback *it = arg;
    shelf *at = lock_here(it->cache);
    at->stats.given_back++;
    fl_unlock(&at->lock);
    dispose(it->cache, it->object);
}

/* ---- Operations ---- */

int filch_cache_acquire(filch_cache *cache, void **out)
{
    FL_ALIVE(cache);
    FL_GIVEN(out);
    shelf *at = lock_here(cache);
    void *object = pop(cache, at);
    at->stats.acquired += object != NULL;
    fl_unlock(&at->lock);
    if (!object) {
        int rc = make(cache, &object);
        if (rc)
            return rc;
        at = lock_here(cache); /* perhaps another one: it may have waited */
        at->stats.acquired++;
        at->stats.made++;
        fl_unlock(&at->lock);
    }
    *out = object;
    return 0;
}

void filch_cache_give_back(filch_cache *cache, void *object)
{
    FL_MUST_LIVE(cache);
    if (!object)
        return;
    bool good = true;
    if (cache->config.reset) {
        callback it = {.cache = cache, .object = object};
        begin(&it, dispose_of_put);
        good = !cache->config.reset(object, cache->config.arg);
        end(&it);
    }
    shelf *at = lock_here(cache);
    good = good && push(cache, at, object);
    at->stats.given_back++;
    fl_unlock(&at->lock);
    if (!good)
        dispose(cache, object);
}

/* One at a time: if its destruction panics, the others are where they were. */
static void empty(filch_cache *cache, shelf *at)
{
    for (void *object;;) {
        fl_lock(&at->lock);
        object = pop(cache, at);
        fl_unlock(&at->lock);
        if (!object)
            break;
        dispose(cache, object);
    }
}

void filch_cache_drain(filch_cache *cache)
{
    FL_MUST_LIVE(cache);
    for (unsigned i = 0; i < cache->shelves; i++)
        empty(cache, &cache->shelf[i]);
}

/* ---- Queries ---- */

void filch_cache_stats_read(filch_cache *cache, filch_cache_stats *out, size_t size)
{
    FL_MUST_LIVE(cache);
    FL_MUST_GIVE(out);
    filch_cache_stats all = {0};
    for (unsigned i = 0; i < cache->shelves; i++) {
        shelf *at = &cache->shelf[i];
        fl_lock(&at->lock);
        all.acquired += at->stats.acquired;
        all.given_back += at->stats.given_back;
        all.made += at->stats.made;
        all.freed += at->stats.freed;
        all.exchanged += at->stats.exchanged;
        all.kept += at->loaded->count + at->previous->count;
        fl_unlock(&at->lock);
    }
    fl_lock(&cache->depot.lock);
    for (const magazine *one = cache->depot.full; one; one = one->next)
        all.kept += one->count;
    fl_unlock(&cache->depot.lock);
    fl_answer(out, size, &all, sizeof all);
}
