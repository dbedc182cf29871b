/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Letters, and their queue: life, numbers, listing. Edge DropLetters:
 * runtime/resilience/dead_letters.h. */
#include <runtime/resilience/dead_letters.h>

#include <runtime/engine/panic.h>
#include <runtime/metrics/metrics.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/sized_struct.h>
#include <runtime/platform/time_sum.h>
#include <runtime/resilience/dead_letters_memory.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

fl_moment fl_dead_letters_moment(void)
{
    return (fl_moment){.now = fl_now(), .date = fl_unix_now()};
}

/* ---- One letter ---- */

int fl_dead_letter_new(fl_dead_letter **out, const filch_dead_letter *from)
{
    const char *name = from->name ? from->name : "(a job)";
    size_t room = strlen(name) + 1, size = from->size;
    fl_dead_letter *letter =
        size < SIZE_MAX - sizeof *letter - room ? malloc(sizeof *letter + size + room) : NULL;
    if (!letter)
        return fl_fail(ENOMEM, "no memory for a dead letter of %zu bytes; purge some", size);
    *letter = (fl_dead_letter){.is = *from};
    filch_u32_store(&letter->refs, 1, FILCH_RELAXED); /* not yet shared */
    letter->is.name = memcpy(letter->bytes + size, name, room);
    letter->is.failure.task = letter->is.name;
    if (size) {
        letter->is.data = from->data ? memcpy(letter->bytes, from->data, size) : letter->bytes;
        letter->is.drop = NULL;
    }
    *out = letter;
    return 0;
}

int filch_dead_letter_create(filch_dead_letter **out, const filch_dead_letter *from)
{
    FL_GIVEN(out);
    FL_GIVEN(from);
    fl_dead_letter *letter;
    if (from->size && !from->data)
        return fl_fail(EINVAL, "filch_dead_letter_create of %zu bytes without data; give it some",
                       from->size);
    int rc = fl_dead_letter_new(&letter, from);
    if (!rc)
        *out = &letter->is;
    return rc;
}

void filch_dead_letter_retain(filch_dead_letter *letter)
{
    if (letter)
        filch_u32_add(&((fl_dead_letter *)letter)->refs, 1, FILCH_RELAXED); /* the caller has one */
}

void filch_dead_letter_release(filch_dead_letter *held)
{
    fl_dead_letter *letter = (fl_dead_letter *)held;
    if (!letter)
        return;
    if (filch_u32_add(&letter->refs, (uint32_t)-1, FILCH_ACQ_REL) != 1) /* DropLetters */
        return;
    void (*drop)(void *) = letter->given ? NULL : held->drop;
    void *data = held->data;
    free(letter);
    if (drop)
        drop(data); /* last: it may panic */
}

/* ---- Life ---- */

static int refuse_config(const filch_dead_letter_queue_config *config)
{
    const filch_dead_letter_store *store = config->store;
    if (config->ttl < 0)
        return fl_fail(EINVAL,
                       "lifetime of dead letters %lld ns is out of range; give 0 (forever) or more",
                       (long long)config->ttl);
    if (store && (!store->put || !store->next || !store->take || !store->settle || !store->remove ||
                  !store->trim || !store->count))
        return fl_fail(EINVAL, "a store of dead letters lacks a function; only close may be NULL");
    return 0;
}

static void close_store(const filch_dead_letter_queue *letters)
{
    if (letters->store.close)
        letters->store.close(letters->config.store_arg);
}

static int open_store(filch_dead_letter_queue *letters)
{
    filch_dead_letter_count found;
    letters->store = letters->config.store ? *letters->config.store : fl_dead_letters_memory;
    int rc = letters->config.store ? 0 : fl_dead_letters_memory_create(&letters->config.store_arg);
    if (!rc)
        rc = letters->store.count(letters->config.store_arg, &found);
    if (!rc)
        letters->stats.found = found.kept + found.taken;
    return rc;
}

int filch_dead_letter_queue_create(filch_dead_letter_queue **out,
                                   const filch_dead_letter_queue_config *config)
{
    FL_GIVEN(out);
    static const filch_dead_letter_queue_config usual;
    config = config ? config : &usual;
    int rc = refuse_config(config);
    if (rc)
        return rc;
    filch_dead_letter_queue *letters = calloc(1, sizeof *letters);
    if (!letters)
        return fl_fail(ENOMEM, "no memory for a queue of dead letters; free some");
    fl_life_begin(&letters->life);
    letters->config = *config;
    if (!config->name)
        letters->config.name = "letters";
    rc = open_store(letters);
    if (rc)
        free(letters);
    else
        *out = letters;
    return rc;
}

int filch_dead_letter_queue_destroy(filch_dead_letter_queue *letters)
{
    FL_MAY_LIVE(letters);
    int rc = letters ? fl_users_refuse(&letters->users, "filch_dead_letter_queue_destroy") : 0;
    if (rc || !letters)
        return rc;
    close_store(letters);
    fl_life_end(&letters->life);
    free(letters);
    return 0;
}

/* ---- Numbers ---- */

void fl_dead_letters_count(filch_dead_letter_queue *letters, uint64_t *which)
{
    fl_lock(&letters->lock);
    ++*which;
    fl_unlock(&letters->lock);
}

int fl_dead_letters_discard(filch_dead_letter_queue *letters, uint64_t id, uint64_t *which)
{
    filch_dead_letter *gone = NULL;
    int rc = letters->store.remove(letters->config.store_arg, id, &gone);
    if (rc)
        return rc;
    fl_dead_letters_count(letters, which);
    filch_dead_letter_release(gone);
    return 0;
}

/* ---- Listing ---- */

int fl_dead_letters_next(filch_dead_letter_queue *letters, uint64_t after, filch_dead_letter **out,
                         int64_t date)
{
    for (filch_dead_letter *one;;) {
        int rc = letters->store.next(letters->config.store_arg, after, &one);
        if (rc)
            return rc;
        if (one->expires > date) {
            *out = one;
            return 0;
        }
        after = one->id;
        filch_dead_letter_release(one);
        rc = fl_dead_letters_discard(letters, after, &letters->stats.expired);
        if (rc && rc != -ENOENT && rc != -EBUSY)
            return rc;
    }
}

int filch_dead_letter_queue_next(filch_dead_letter_queue *letters, uint64_t after,
                                 filch_dead_letter **out)
{
    FL_ALIVE(letters);
    FL_GIVEN(out);
    return fl_dead_letters_next(letters, after, out, fl_dead_letters_moment().date);
}

int filch_dead_letter_queue_list(filch_dead_letter_queue *letters, uint64_t after,
                                 filch_dead_letter **page, size_t most, size_t *count)
{
    FL_ALIVE(letters);
    FL_GIVEN(page);
    FL_GIVEN(count);
    size_t n = 0;
    int rc = 0;
    while (n < most &&
           !(rc = filch_dead_letter_queue_next(letters, n ? page[n - 1]->id : after, &page[n])))
        n++;
    if (rc && rc != -ENOENT) {
        while (n)
            filch_dead_letter_release(page[--n]);
        return rc;
    }
    *count = n;
    return 0;
}

/* ---- Queries ---- */

int fl_dead_letters_stats_read(filch_dead_letter_queue *letters, filch_dead_letter_queue_stats *out,
                               int64_t date)
{
    filch_dead_letter *oldest;
    filch_dead_letter_count here;
    int rc = fl_dead_letters_next(letters, 0, &oldest, date); /* removes letters that are too old */
    if (!rc)
        filch_dead_letter_release(oldest);
    if (!rc || rc == -ENOENT)
        rc = letters->store.count(letters->config.store_arg, &here);
    if (rc)
        return rc;
    fl_lock(&letters->lock);
    *out = letters->stats;
    fl_unlock(&letters->lock);
    out->kept = here.kept;
    out->taken = here.taken;
    return 0;
}

int filch_dead_letter_queue_stats_read(filch_dead_letter_queue *letters,
                                       filch_dead_letter_queue_stats *out, size_t size)
{
    FL_ALIVE(letters);
    FL_GIVEN(out);
    filch_dead_letter_queue_stats all;
    int rc = fl_dead_letters_stats_read(letters, &all, fl_dead_letters_moment().date);
    if (!rc)
        fl_answer(out, size, &all, sizeof all);
    return rc;
}

/* ---- Putting letters ---- */

/* Putting: the letter is written, the store takes it, and the oldest go. Until the store has it,
 * the data is the caller's. The later steps cannot fail, and a destructor that panics there leaves
 * only work that the next put does. */

/* ---- Writing ---- */

/* Its data keeps its owner. */
static void tear_up(void *letter)
{
    ((fl_dead_letter *)letter)->given = true;
    filch_dead_letter_release(letter);
}

static bool packs(const filch_dead_letter_queue *letters, const filch_dead_letter_draft *draft)
{
    return letters->config.pack && draft->data && !draft->size;
}

/* The bytes, into a letter that has room for them. */
static int pack(const filch_dead_letter_queue *letters, const void *data, fl_dead_letter *letter)
{
    filch_defer cleanup;
    bool deferred = fl_defer_here(&cleanup, tear_up, letter);
    size_t room = letter->is.size;
    size_t size = letters->config.pack(data, letter->bytes, room, letters->config.pack_arg);
    if (deferred) {
        filch_undefer(&cleanup);
        filch_defer_end(&cleanup);
    }
    return size == room
               ? 0
               : fl_fail(EINVAL, "a dead letter of %zu bytes was packed as %zu; give the same size",
                         room, size);
}

static int write_letter(fl_dead_letter **out, const filch_dead_letter_queue *letters,
                        const filch_dead_letter_draft *draft, fl_moment at)
{
    const int64_t to_date = at.date - at.now, ttl = letters->config.ttl;
    filch_dead_letter what = {.name = draft->name,
                              .attempts = draft->attempts,
                              .first = draft->first ? draft->first + to_date : at.date,
                              .last = draft->last ? draft->last + to_date : at.date,
                              .expires = ttl ? fl_later(at.date, ttl) : FILCH_FOREVER,
                              .data = draft->data,
                              .size = draft->size,
                              .drop = draft->drop};
    if (draft->failure)
        what.failure = *draft->failure;
    bool packed = packs(letters, draft);
    if (packed) {
        what.size = letters->config.pack(draft->data, NULL, 0, letters->config.pack_arg);
        what.data = NULL;
        what.drop = NULL;
    }
    int rc = fl_dead_letter_new(out, &what);
    if (rc || !packed)
        return rc;
    rc = pack(letters, draft->data, *out);
    if (rc)
        tear_up(*out);
    return rc;
}

/* ---- What goes for it ---- */

/* Removes those that are too old: a few at a time, but more than come. */
static void sweep(filch_dead_letter_queue *letters, int64_t date)
{
    enum { FEW = 4 };
    filch_dead_letter *oldest;
    for (unsigned i = 0; letters->config.ttl && i < FEW; i++) {
        if (letters->store.next(letters->config.store_arg, 0, &oldest))
            return;
        uint64_t id = oldest->id;
        bool old = oldest->expires <= date;
        filch_dead_letter_release(oldest);
        if (!old || fl_dead_letters_discard(letters, id, &letters->stats.expired))
            return;
    }
}

static void trim(filch_dead_letter_queue *letters)
{
    const uint64_t max = letters->config.max;
    filch_dead_letter *gone = NULL;
    while (max && letters->store.trim(letters->config.store_arg, max, &gone) > 0) {
        fl_dead_letters_count(letters, &letters->stats.dropped);
        filch_dead_letter_release(gone);
        gone = NULL;
    }
}

/* ---- Putting ---- */

static int refuse_draft(const filch_dead_letter_queue *letters,
                        const filch_dead_letter_draft *draft)
{
    if (!letters || !draft)
        return fl_fail(EINVAL, "filch_dead_letter_queue_put without a %s; pass one",
                       letters ? "draft" : "queue");
    if (draft->size && !draft->data)
        return fl_fail(EINVAL, "data of a dead letter of %zu bytes is NULL; give its address",
                       draft->size);
    return 0;
}

int fl_dead_letters_put(filch_dead_letter_queue *letters, const filch_dead_letter_draft *draft,
                        uint64_t *id, fl_moment at)
{
    fl_dead_letter *letter;
    int rc = write_letter(&letter, letters, draft, at);
    if (!rc) {
        rc = letters->store.put(letters->config.store_arg, &letter->is);
        if (rc)
            tear_up(letter);
    }
    if (rc) {
        fl_dead_letters_count(letters, &letters->stats.refused);
        return rc;
    }
    if (id)
        *id = letter->is.id;
    fl_dead_letters_count(letters, &letters->stats.put);
    filch_dead_letter_release(&letter->is);
    if (packs(letters, draft) && draft->drop)
        draft->drop(draft->data);
    sweep(letters, at.date);
    trim(letters);
    return 0;
}

int filch_dead_letter_queue_put(filch_dead_letter_queue *letters,
                                const filch_dead_letter_draft *draft, uint64_t *id)
{
    FL_ALIVE(letters);
    FL_GIVEN(draft);
    int rc = refuse_draft(letters, draft);
    return rc ? rc : fl_dead_letters_put(letters, draft, id, fl_dead_letters_moment());
}

/* ---- Metrics ---- */

/* A queue's numbers, as metrics. Counters are the queue's own; only gauges ask the store. */

static double counter_of(filch_dead_letter_queue *letters, const uint64_t *which)
{
    fl_lock(&letters->lock);
    uint64_t value = *which;
    fl_unlock(&letters->lock);
    return (double)value;
}

#define READ_COUNTER(field)                                                                        \
    static double read_##field(void *letters)                                                      \
    {                                                                                              \
        return counter_of(letters, &((filch_dead_letter_queue *)letters)->stats.field);            \
    }
READ_COUNTER(put)
READ_COUNTER(refused)
READ_COUNTER(returned)
READ_COUNTER(requeued)
READ_COUNTER(purged)
READ_COUNTER(expired)
READ_COUNTER(dropped)

/* A store that does not answer: NaN. */
#define READ_GAUGE(field)                                                                          \
    static double read_##field(void *letters)                                                      \
    {                                                                                              \
        filch_dead_letter_queue_stats stats;                                                       \
        return filch_dead_letter_queue_stats_read(letters, &stats, sizeof stats)                   \
                   ? __builtin_nan("")                                                             \
                   : (double)stats.field;                                                          \
    }
READ_GAUGE(kept)
READ_GAUGE(taken)

#define COUNTER(metric, says, from)                                                                \
    {                                                                                              \
        .name = "filch_dead_letters_" metric "_total", .help = says, .kind = FILCH_METRIC_COUNTER, \
        .read = from                                                                               \
    }
#define GAUGE(metric, says, from)                                                                  \
    {                                                                                              \
        .name = "filch_dead_letters_" metric, .help = says, .kind = FILCH_METRIC_GAUGE,            \
        .read = from                                                                               \
    }
#define GONE(which)                                                                                \
    {                                                                                              \
        .name = "filch_dead_letters_gone_total", .help = "Dead letters removed, by reason.",       \
        .labels = {{"way", #which}}, .kind = FILCH_METRIC_COUNTER, .read = read_##which            \
    }

static const filch_metric metrics_of_letters[] = {
    COUNTER("put", "Dead letters stored.", read_put),
    COUNTER("refused", "Dead letters that could not be stored.", read_refused),
    COUNTER("returned", "Dead letters whose resubmission failed.", read_returned),
    GONE(requeued),
    GONE(purged),
    GONE(expired),
    GONE(dropped),
    GAUGE("kept", "Dead letters in the queue.", read_kept),
    GAUGE("taken", "Dead letters being requeued.", read_taken),
};
enum { METRICS = sizeof metrics_of_letters / sizeof *metrics_of_letters };

static int add(filch_metrics *metrics, filch_metric one, filch_dead_letter_queue *letters)
{
    unsigned label = one.labels[0].name ? 1 : 0;
    one.labels[label] = (filch_label){"letters", letters->config.name};
    one.owner = letters;
    one.arg = letters;
    return filch_metrics_add(metrics, &one);
}

int filch_metrics_add_dead_letters(filch_metrics *metrics, filch_dead_letter_queue *letters)
{
    FL_ALIVE(metrics);
    FL_ALIVE(letters);
    uint64_t before = fl_metrics_newest(metrics);
    int rc = 0;
    for (unsigned i = 0; i < METRICS && !rc; i++)
        rc = add(metrics, metrics_of_letters[i], letters);
    if (rc)
        fl_metrics_remove_above(metrics, letters, before);
    return rc;
}
