/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/trace/names.h>

#include <runtime/platform/hash.h>
#include <runtime/platform/lock.h>
#include <runtime/trace/file.h>
#include <runtime/trace/format.h>

#include <stdlib.h>
#include <string.h>

struct fl_trace_entry {
    const char *lasting; /* NULL: known by `text` */
    uint32_t number;
    char text[];
};

enum { PLACES = 2 * FL_TRACE_NAMES_MOST };

void fl_trace_names_init(fl_trace_names *names, fl_trace_file *file)
{
    memset(names, 0, sizeof *names);
    names->file = file;
}

void fl_trace_names_clear(fl_trace_names *names)
{
    for (unsigned i = 0; i < PLACES; i++)
        free(filch_ptr_load(&names->entry[i], FILCH_RELAXED)); /* no longer shared */
    if (names->block)
        fl_trace_file_unmap(names->block);
}

static bool is_it(const struct fl_trace_entry *entry, const char *text, bool lasts)
{
    return lasts ? entry->lasting == text : !entry->lasting && strcmp(entry->text, text) == 0;
}

/* Its entry; NULL: there is none, and *place is where it would be. */
static struct fl_trace_entry *find(fl_trace_names *names, const char *text, bool lasts,
                                   unsigned *place)
{
    uint64_t hash =
        lasts ? (uint64_t)(uintptr_t)text * UINT64_C(0x9e3779b97f4a7c15) >> 32 : fl_hash_text(text);
    for (unsigned i = (unsigned)hash;; i++) {
        struct fl_trace_entry *entry =
            filch_ptr_load(&names->entry[i % PLACES], FILCH_ACQUIRE); /* FindEntry */
        if (!entry || is_it(entry, text, lasts)) {
            *place = i % PLACES;
            return entry;
        }
    }
}

/* Appends it to the names of the file. false: no room. */
static bool store(fl_trace_names *names, const char *text, size_t size)
{
    fl_trace_block *block = names->block;
    uint64_t used = block ? filch_u64_load(&block->used, FILCH_RELAXED) : 0; /* the lock's */
    if (!block || used + size > FL_TRACE_ROOM) {
        block = fl_trace_file_block(names->file, FL_TRACE_NAMES, names->sequence, 0);
        if (!block)
            return false;
        if (names->block)
            fl_trace_file_unmap(names->block);
        names->block = block;
        names->sequence++;
        used = 0;
    }
    memcpy((char *)(block + 1) + used, text, size);
    filch_u64_store(&block->used, used + size, FILCH_RELEASE); /* a reader sees what is below */
    return true;
}

static uint32_t insert(fl_trace_names *names, const char *text, bool lasts)
{
    enum { LONGEST = 1024 };
    unsigned place;
    size_t size = strnlen(text, LONGEST) + 1;
    struct fl_trace_entry *entry = find(names, text, lasts, &place); /* another thread's */
    if (entry)
        return entry->number;
    if (names->count == FL_TRACE_NAMES_MOST || size > LONGEST)
        return 0;
    entry = malloc(sizeof *entry + (lasts ? 0 : size));
    if (!entry || !store(names, text, size)) {
        free(entry);
        return 0;
    }
    entry->lasting = lasts ? text : NULL;
    entry->number = ++names->count;
    if (!lasts)
        memcpy(entry->text, text, size);
    filch_ptr_store(&names->entry[place], entry, FILCH_RELEASE); /* InsertEntry */
    return entry->number;
}

static uint32_t number_of(fl_trace_names *names, const char *text, bool lasts)
{
    unsigned place;
    if (!text)
        return 0;
    struct fl_trace_entry *entry = find(names, text, lasts, &place);
    if (entry)
        return entry->number;
    fl_lock_by(&names->lock, fl_lock_slow);
    uint32_t number = insert(names, text, lasts);
    fl_unlock(&names->lock);
    return number;
}

uint32_t fl_trace_name(fl_trace_names *names, const char *lasting)
{
    return number_of(names, lasting, true);
}

uint32_t fl_trace_name_copied(fl_trace_names *names, const char *text)
{
    return number_of(names, text, false);
}
