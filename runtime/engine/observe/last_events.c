/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/observe/last_events.h>

#include <filch/atomic.h>
#include <runtime/engine/observe/tracing.h>
#include <runtime/engine/runtime.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/text/text_builder.h>
#include <runtime/trace/file.h>
#include <runtime/trace/format.h>

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHOWN = 12 };

/* The meaning of an event's numbers. */
enum meaning {
    NONE,
    DOING,
    CPU,
    COUNT,
    WORKER,
    FIBER,
    NAME,
    ITEM,
    VALUE,
    SLOT,
    KEPT,
    OBJECT,
    SITE,
    TIME
};

#define KIND(kind, name, a, b) [FL_TRACE_##kind] = {#name, a, b},
static const struct {
    const char *name;
    enum meaning a, b;
} kinds[FL_TRACE_KINDS] = {FL_TRACE_EVENTS(KIND)};
#undef KIND

typedef struct last {
    const char *map; /* the file */
    size_t size;
    struct {
        fl_trace_event event;
        uint32_t writer;
    } list[SHOWN]; /* the oldest first */
    unsigned count;
} last;

static uint64_t time_of(const fl_trace_event *event)
{
    return event->when >> FL_TRACE_KIND_BITS;
}

/* The loop of a worker and its switches tell nothing of tasks; hand-overs come too often. */
static bool is_shown(const fl_trace_event *event)
{
    unsigned kind = event->when & ((1u << FL_TRACE_KIND_BITS) - 1);
    return kind < FL_TRACE_FREE && kind >= FL_TRACE_GIFT && kind != FL_TRACE_WAKE &&
           kind != FL_TRACE_SWITCH;
}

static void insert(last *l, uint32_t writer, const fl_trace_event *event)
{
    unsigned at = l->count;
    while (at && time_of(&l->list[at - 1].event) > time_of(event))
        at--;
    if (l->count == SHOWN && !at)
        return;
    if (l->count == SHOWN) {
        memmove(l->list, l->list + 1, (at - 1) * sizeof *l->list);
        at--;
    } else {
        memmove(l->list + at + 1, l->list + at, (l->count - at) * sizeof *l->list);
        l->count++;
    }
    l->list[at].event = *event;
    l->list[at].writer = writer;
}

static const fl_trace_block *block_at(const last *l, size_t number)
{
    size_t at = FL_TRACE_HEADER + number * FL_TRACE_BLOCK;
    return at + FL_TRACE_BLOCK <= l->size ? (const fl_trace_block *)(const void *)(l->map + at)
                                          : NULL;
}

static uint64_t used_of(const fl_trace_block *block)
{
    uint64_t used = filch_u64_load(&block->used, FILCH_ACQUIRE); /* see runtime/trace/ring.h */
    return used <= FL_TRACE_ROOM ? used : 0;
}

static void look_into(last *l, const fl_trace_block *block)
{
    const fl_trace_event *first = (const fl_trace_event *)(const void *)(block + 1);
    unsigned left = SHOWN;
    for (size_t i = used_of(block) / sizeof *first; i && left; i--)
        if (is_shown(&first[i - 1])) {
            insert(l, block->writer, &first[i - 1]);
            left--;
        }
}

/* ---- Words ---- */

static const char *name_of(const last *l, uint32_t number)
{
    const fl_trace_block *block;
    for (size_t i = 0; (block = block_at(l, i)); i++) {
        const char *at = (const char *)(block + 1), *end = at + used_of(block);
        if (block->writer == FL_TRACE_NAMES)
            for (; at < end; at += strnlen(at, (size_t)(end - at)) + 1)
                if (!--number)
                    return at;
    }
    return NULL;
}

static void add_number(fl_text *text, const last *l, enum meaning meaning, uint32_t number)
{
    const char *name = meaning == NAME ? name_of(l, number) : NULL;
    if (name)
        fl_text_add(text, " %s", name);
    else if (meaning == FIBER)
        fl_text_add(text, " fiber %u", number);
    else if (meaning == WORKER)
        fl_text_add(text, " worker %u", number);
    else if (meaning == VALUE)
        fl_text_add(text, " %u", number);
}

/* The words of its name, apart. */
static void add_kind(fl_text *text, unsigned kind)
{
    for (const char *at = kinds[kind].name; *at; at++)
        fl_text_add(text, "%c", *at == '_' ? ' ' : *at);
}

static void add_line(fl_text *text, const last *l, unsigned i, double ns_of_tick)
{
    const fl_trace_event *event = &l->list[i].event;
    unsigned kind = event->when & ((1u << FL_TRACE_KIND_BITS) - 1);
    uint64_t before = time_of(&l->list[l->count - 1].event) - time_of(event);
    fl_text_add(text, "filch:   %10.3f us before: ", (double)before * ns_of_tick / 1000);
    if (l->list[i].writer == FL_TRACE_OUTSIDE)
        fl_text_add(text, "a thread: ");
    else
        fl_text_add(text, "worker %u: ", l->list[i].writer);
    add_kind(text, kind);
    add_number(text, l, kinds[kind].a, event->a);
    add_number(text, l, kinds[kind].b, event->b);
    fl_text_add(text, "\n");
}

/* ---- The whole ---- */

static double ns_of_tick(const fl_trace_file *file)
{
    uint64_t ticks = fl_trace_file_ticks(file) - file->header->began_ticks;
    return ticks ? (double)(fl_now() - file->header->began_ns) / (double)ticks : 1;
}

static void add_head(fl_text *text, int fd)
{
    char link[32], path[256];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    fl_text_add(text, "filch: the last events of the trace %s:\n", path);
}

static void add_events(fl_text *text, const fl_trace_file *file)
{
    struct stat is;
    const fl_trace_block *block;
    if (fstat(file->fd, &is))
        return;
    last l = {.size = (size_t)is.st_size};
    void *map = mmap(NULL, l.size, PROT_READ, MAP_SHARED, file->fd, 0);
    if (map == MAP_FAILED)
        return;
    l.map = map;
    for (size_t i = 0; (block = block_at(&l, i)); i++)
        if (block->writer != FL_TRACE_NAMES)
            look_into(&l, block);
    add_head(text, file->fd);
    for (unsigned i = 0; i < l.count; i++)
        add_line(text, &l, i, ns_of_tick(file));
    munmap(map, l.size);
}

void fl_last_events_add(fl_text *text, fl_runtime *rt)
{
    fl_lock(&rt->trace_lock);                                                /* the trace stays */
    const fl_tracing *tracing = filch_ptr_load(&rt->tracing, FILCH_RELAXED); /* the lock's */
    if (tracing)
        add_events(text, &tracing->file);
    fl_unlock(&rt->trace_lock);
}
