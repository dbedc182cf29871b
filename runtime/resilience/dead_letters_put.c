/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Putting: the letter is written, the store takes it, and the oldest go. Until the store has it,
 * the data is the caller's. The later steps cannot fail, and a destructor that panics there leaves
 * only work that the next put does. */
#include <runtime/resilience/dead_letters.h>
#include <runtime/resilience/dead_letters_put.h>

#include <runtime/engine/panic.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/later.h>

#include <errno.h>

/* ---- Writing ---- */

/* Its data keeps its owner. */
static void tear_up(void *letter)
{
    ((fl_dead_letter *)letter)->given = true;
    filch_dead_letter_release(letter);
}

static bool packs(const filch_dead_letters *letters, const filch_dead_letter_draft *draft)
{
    return letters->config.pack && draft->data && !draft->size;
}

/* The bytes, into a letter that has room for them. */
static int pack(const filch_dead_letters *letters, const void *data, fl_dead_letter *letter)
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

static int write_letter(fl_dead_letter **out, const filch_dead_letters *letters,
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
static void sweep(filch_dead_letters *letters, int64_t date)
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

static void trim(filch_dead_letters *letters)
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

static int refuse_draft(const filch_dead_letters *letters, const filch_dead_letter_draft *draft)
{
    if (!letters || !draft)
        return fl_fail(EINVAL, "filch_dead_letters_put without a %s; give it one",
                       letters ? "draft" : "queue");
    if (draft->size && !draft->data)
        return fl_fail(EINVAL, "data of a dead letter of %zu bytes is NULL; give its address",
                       draft->size);
    return 0;
}

int fl_dead_letters_put(filch_dead_letters *letters, const filch_dead_letter_draft *draft,
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

int filch_dead_letters_put(filch_dead_letters *letters, const filch_dead_letter_draft *draft,
                           uint64_t *id)
{
    FL_ALIVE(letters);
    FL_GIVEN(draft);
    int rc = refuse_draft(letters, draft);
    return rc ? rc : fl_dead_letters_put(letters, draft, id, fl_dead_letters_moment());
}
