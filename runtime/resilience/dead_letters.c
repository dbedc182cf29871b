/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Letters, and their queue: life, numbers, listing. Edge Z9: runtime/resilience/dead_letters.h. */
#include <runtime/resilience/dead_letters.h>
#include <runtime/resilience/dead_letters_memory.h>

#include <runtime/platform/answer.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>

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
    if (filch_u32_add(&letter->refs, (uint32_t)-1, FILCH_ACQ_REL) != 1) /* Z9 */
        return;
    void (*drop)(void *) = letter->given ? NULL : held->drop;
    void *data = held->data;
    free(letter);
    if (drop)
        drop(data); /* last: it may panic */
}

/* ---- Life ---- */

static int refuse_config(const filch_dead_letters_config *config)
{
    const filch_dead_letter_store *store = config->store;
    if (config->ttl < 0)
        return fl_fail(
            EINVAL, "lifetime of dead letters %lld ns is out of range; give 0 (for ever) or more",
            (long long)config->ttl);
    if (store && (!store->put || !store->next || !store->take || !store->settle || !store->remove ||
                  !store->trim || !store->count))
        return fl_fail(EINVAL, "a store of dead letters lacks a function; only close may be NULL");
    return 0;
}

static void close_store(const filch_dead_letters *letters)
{
    if (letters->store.close)
        letters->store.close(letters->config.store_arg);
}

static int open_store(filch_dead_letters *letters)
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

int filch_dead_letters_create(filch_dead_letters **out, const filch_dead_letters_config *config)
{
    FL_GIVEN(out);
    static const filch_dead_letters_config usual;
    config = config ? config : &usual;
    int rc = refuse_config(config);
    if (rc)
        return rc;
    filch_dead_letters *letters = calloc(1, sizeof *letters);
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

int filch_dead_letters_destroy(filch_dead_letters *letters)
{
    FL_MAY_LIVE(letters);
    int rc = letters ? fl_users_refuse(&letters->users, "filch_dead_letters_destroy") : 0;
    if (rc || !letters)
        return rc;
    close_store(letters);
    fl_life_end(&letters->life);
    free(letters);
    return 0;
}

/* ---- Numbers ---- */

void fl_dead_letters_count(filch_dead_letters *letters, uint64_t *which)
{
    fl_lock(&letters->lock);
    ++*which;
    fl_unlock(&letters->lock);
}

int fl_dead_letters_discard(filch_dead_letters *letters, uint64_t id, uint64_t *which)
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

int fl_dead_letters_next(filch_dead_letters *letters, uint64_t after, filch_dead_letter **out,
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

int filch_dead_letters_next(filch_dead_letters *letters, uint64_t after, filch_dead_letter **out)
{
    FL_ALIVE(letters);
    FL_GIVEN(out);
    return fl_dead_letters_next(letters, after, out, fl_dead_letters_moment().date);
}

int filch_dead_letters_list(filch_dead_letters *letters, uint64_t after, filch_dead_letter **page,
                            size_t most, size_t *count)
{
    FL_ALIVE(letters);
    FL_GIVEN(page);
    FL_GIVEN(count);
    size_t n = 0;
    int rc = 0;
    while (n < most &&
           !(rc = filch_dead_letters_next(letters, n ? page[n - 1]->id : after, &page[n])))
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

int fl_dead_letters_stats_read(filch_dead_letters *letters, filch_dead_letters_stats *out,
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

int filch_dead_letters_stats_read(filch_dead_letters *letters, filch_dead_letters_stats *out,
                                  size_t size)
{
    FL_ALIVE(letters);
    FL_GIVEN(out);
    filch_dead_letters_stats all;
    int rc = fl_dead_letters_stats_read(letters, &all, fl_dead_letters_moment().date);
    if (!rc)
        fl_answer(out, size, &all, sizeof all);
    return rc;
}
