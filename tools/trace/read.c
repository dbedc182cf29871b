/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "read.h"
#include "clock.h"
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <runtime/engine/settings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The blocks of one writer, by sequence, and how far they are read. */
typedef struct writer {
    const fl_trace_block **block;
    size_t count, room;
    size_t at;      /* block */
    size_t offset;  /* bytes in it */
    size_t hint;    /* for the clock */
    uint64_t ticks; /* of the last event: times do not go back */
    uint32_t number;
    trace_event next; /* if is_there */
    bool is_there;
} writer;

struct trace_file {
    const char *map;
    size_t size;
    fl_trace_header header;
    trace_facts facts;
    trace_clock clock;
    writer *writer; /* workers, then outside, then names */
    const char **name;
    char **line;          /* names made here, or NULL */
    uint32_t *name_first; /* the first number of the same text */
    size_t name_count;
    size_t *heap; /* of writers that have an event, the earliest first */
    size_t heap_count;
    bool is_counting; /* damaged events, in the first pass */
};

static size_t writers_of(const trace_file *t)
{
    return (size_t)t->facts.workers + 2;
}

static writer *writer_of(trace_file *t, uint32_t number)
{
    if (number == FL_TRACE_OUTSIDE)
        return &t->writer[t->facts.workers];
    if (number == FL_TRACE_NAMES)
        return &t->writer[t->facts.workers + 1];
    return number < t->facts.workers ? &t->writer[number] : NULL;
}

/* Bytes of a block that hold something; a live one changes, so it is asked once. */
static uint64_t used_of(const fl_trace_block *block)
{
    uint64_t used = filch_u64_load(&block->used, FILCH_ACQUIRE); /* see runtime/trace/ring.h */
    return used <= FL_TRACE_ROOM ? used : 0;
}

/* ---- Opening ---- */

/* Events have 56 bits for their times, some two years. */
static const uint64_t LONGEST = UINT64_C(1) << (64 - FL_TRACE_KIND_BITS);

static bool has_plausible_times(const fl_trace_header *h)
{
    return h->began_ns >= 0 &&
           (!h->ended_ns || (h->ended_ns >= h->began_ns && h->ended_ticks >= h->began_ticks &&
                             (uint64_t)(h->ended_ns - h->began_ns) < LONGEST &&
                             h->ended_ticks - h->began_ticks < LONGEST));
}

static const char *check_header(const fl_trace_header *header, size_t size)
{
    if (size < FL_TRACE_HEADER || memcmp(header->magic, FL_TRACE_MAGIC, sizeof header->magic) != 0)
        return "it is not a trace of Filch";
    if (header->order != FL_TRACE_ORDER)
        return "it was written by a processor of the other byte order; read it there";
    if (header->version != FL_TRACE_VERSION)
        return "its version is another one; use the filch of the library that wrote it";
    if (header->header_size != FL_TRACE_HEADER || header->block_size != FL_TRACE_BLOCK ||
        !has_plausible_times(header) || !header->workers || header->workers > FL_MOST_WORKERS ||
        header->state >= FL_TRACE_STATES || header->level >= FL_TRACE_LEVELS)
        return "its head is damaged";
    return NULL;
}

/* NULL, or the reason. */
static const char *map_file(trace_file *t, const char *path)
{
    struct stat is;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return strerror(errno);
    if (fstat(fd, &is) || !S_ISREG(is.st_mode)) {
        close(fd);
        return "it is not a file";
    }
    t->size = (size_t)is.st_size;
    void *map = t->size ? mmap(NULL, t->size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    close(fd);
    if (map == MAP_FAILED)
        return t->size ? strerror(errno) : "it is empty";
    t->map = map;
    if (t->size >= sizeof t->header)
        memcpy(&t->header, map, sizeof t->header);
    return check_header(&t->header, t->size);
}

static bool add_block(writer *w, const fl_trace_block *block)
{
    if (w->count == w->room) {
        size_t room = w->room ? 2 * w->room : 16;
        const fl_trace_block **more = realloc(w->block, room * sizeof *more);
        if (!more)
            return false;
        w->block = more;
        w->room = room;
    }
    w->block[w->count++] = block;
    return true;
}

static int by_sequence(const void *one, const void *other)
{
    const fl_trace_block *a = *(const fl_trace_block *const *)one,
                         *b = *(const fl_trace_block *const *)other;
    return (a->sequence > b->sequence) - (a->sequence < b->sequence);
}

static bool is_plausible(const trace_file *t, const fl_trace_block *block)
{
    return block->ticks >= t->header.began_ticks &&
           block->ticks - t->header.began_ticks < LONGEST && block->ns >= t->header.began_ns &&
           (uint64_t)block->ns - (uint64_t)t->header.began_ns < LONGEST &&
           filch_u64_load(&block->used, FILCH_ACQUIRE) <=
               FL_TRACE_ROOM; /* see runtime/trace/ring.h */
}

static bool list_blocks(trace_file *t)
{
    for (size_t at = FL_TRACE_HEADER; at + FL_TRACE_BLOCK <= t->size; at += FL_TRACE_BLOCK) {
        const fl_trace_block *block = (const fl_trace_block *)(const void *)(t->map + at);
        writer *w = writer_of(t, block->writer);
        if (!block->ticks) /* reserved, and not begun: its process was killed */
            continue;
        if (!w || !is_plausible(t, block)) {
            t->facts.damaged++;
            continue;
        }
        if (!add_block(w, block) ||
            !trace_clock_add(&t->clock, block->ticks - t->header.began_ticks,
                             block->ns - t->header.began_ns))
            return false;
    }
    if (t->size > FL_TRACE_HEADER && (t->size - FL_TRACE_HEADER) % FL_TRACE_BLOCK)
        t->facts.damaged++;
    return true;
}

/* Overwritten blocks are the oldest, so only those between others are gaps. */
static void count_gaps(trace_file *t)
{
    for (size_t i = 0; i < writers_of(t); i++) {
        writer *w = &t->writer[i];
        if (w->count)
            qsort(w->block, w->count, sizeof *w->block, by_sequence);
        for (size_t k = 1; k < w->count; k++)
            t->facts.gaps += w->block[k]->sequence - w->block[k - 1]->sequence - 1;
    }
}

static bool list_names(trace_file *t)
{
    const writer *w = &t->writer[t->facts.workers + 1];
    size_t room = 0;
    for (size_t i = 0; i < w->count; i++) {
        const char *at = (const char *)(w->block[i] + 1), *end = at + used_of(w->block[i]);
        for (size_t length;
             at < end && (length = strnlen(at, (size_t)(end - at))) < (size_t)(end - at);
             at += length + 1) {
            if (t->name_count == room) {
                room = room ? 2 * room : 64;
                const char **more = realloc(t->name, room * sizeof *more);
                if (!more)
                    return false;
                t->name = more;
            }
            t->name[t->name_count++] = at;
        }
    }
    return true;
}

/* Names with a source line, as far as it is known, in place of those with an address. */
static bool find_lines(trace_file *t)
{
    char text[1024];
    bool right = true;
    source *program = NULL;
    t->line = calloc(t->name_count + 1, sizeof *t->line);
    for (size_t i = 0; t->line && i < t->name_count; i++) {
        if (!source_has_place(t->name[i]))
            continue;
        if (!program && !(program = source_open(t->facts.program, t->facts.began_unix)))
            break;
        if (source_name(program, t->name[i], text, sizeof text)) {
            t->line[i] = strdup(text);
            right = right && t->line[i];
            t->name[i] = t->line[i];
        }
    }
    source_close(program);
    return right && t->line;
}

static bool compare_names(trace_file *t)
{
    t->name_first = calloc(t->name_count + 1, sizeof *t->name_first);
    for (uint32_t i = 1; t->name_first && i <= t->name_count; i++) {
        uint32_t first = 1;
        while (strcmp(t->name[first - 1], t->name[i - 1]) != 0)
            first++;
        t->name_first[i] = first;
    }
    return t->name_first;
}

static void note_facts(trace_file *t)
{
    const fl_trace_header *h = &t->header;
    trace_facts *f = &t->facts;
    f->workers = h->workers;
    f->level = (enum fl_trace_level)h->level;
    f->state = (enum fl_trace_state)h->state;
    f->killed = !h->ended_ns;
    f->began_unix = h->began_unix;
    f->lost = h->lost;
    f->replaced = h->replaced;
    t->header.program[FL_TRACE_PROGRAM - 1] = '\0';
    f->program = t->header.program;
    f->process = h->process;
}

static bool prepare(trace_file *t)
{
    note_facts(t);
    t->writer = calloc(writers_of(t), sizeof *t->writer);
    t->heap = calloc(writers_of(t), sizeof *t->heap);
    if (!t->writer || !t->heap || !trace_clock_add(&t->clock, 0, 0) || !list_blocks(t))
        return false;
    for (size_t i = 0; i < writers_of(t); i++)
        t->writer[i].number = i < t->facts.workers ? (uint32_t)i : FL_TRACE_OUTSIDE;
    if (!t->facts.killed && t->header.ended_ticks > t->header.began_ticks &&
        !trace_clock_add(&t->clock, t->header.ended_ticks - t->header.began_ticks,
                         t->header.ended_ns - t->header.began_ns))
        return false;
    t->facts.drift = trace_clock_ready(&t->clock, !t->header.ticks_are);
    count_gaps(t);
    return list_names(t) && find_lines(t) && compare_names(t);
}

/* The end of a trace that has none is its last event. */
static void find_length(trace_file *t)
{
    trace_event event;
    t->is_counting = true;
    t->facts.length = t->facts.killed ? 0 : t->header.ended_ns - t->header.began_ns;
    trace_rewind(t);
    while (trace_next(t, &event))
        if (event.ns > t->facts.length)
            t->facts.length = event.ns;
    t->is_counting = false;
    trace_rewind(t);
}

trace_file *trace_open(const char *path, char *error, size_t size)
{
    trace_file *t = calloc(1, sizeof *t);
    const char *why = t ? map_file(t, path) : "no memory; free some";
    if (!why && !prepare(t))
        why = "no memory; free some";
    if (why) {
        snprintf(error, size, "cannot read trace '%s': %s", path, why);
        trace_close(t);
        return NULL;
    }
    find_length(t);
    return t;
}

void trace_close(trace_file *t)
{
    if (!t)
        return;
    for (size_t i = 0; t->writer && i < writers_of(t); i++)
        free(t->writer[i].block);
    if (t->map)
        munmap((void *)(uintptr_t)t->map, t->size);
    trace_clock_free(&t->clock);
    free(t->writer);
    free(t->heap);
    for (size_t i = 0; t->line && i < t->name_count; i++)
        free(t->line[i]);
    free(t->line);
    free(t->name);
    free(t->name_first);
    free(t);
}

const trace_facts *trace_facts_of(const trace_file *t)
{
    return &t->facts;
}

const char *trace_name(const trace_file *t, uint32_t number)
{
    return number && number <= t->name_count ? t->name[number - 1] : "(unnamed)";
}

uint32_t trace_name_first(const trace_file *t, uint32_t number)
{
    return number <= t->name_count ? t->name_first[number] : 0;
}

bool trace_is_whole(const trace_file *t, const char **why)
{
    const trace_facts *f = &t->facts;
    *why = f->lost       ? "it lost events when it was full; record with a larger limit"
           : f->replaced ? "its oldest events were overwritten; record with a larger limit"
           : f->gaps     ? "parts of it are missing"
           : f->damaged  ? "parts of it are damaged"
           : f->killed   ? "it has no end: its process was killed, or still runs"
                         : NULL;
    return !*why;
}

/* ---- Events in order ---- */

/* Puts the writer's next event into w->next. */
static void advance(trace_file *t, writer *w)
{
    for (w->is_there = false; w->at < w->count && !w->is_there;) {
        const fl_trace_block *block = w->block[w->at];
        if (w->offset + sizeof(fl_trace_event) > used_of(block)) {
            w->at++;
            w->offset = 0;
            continue;
        }
        fl_trace_event raw;
        memcpy(&raw, (const char *)(block + 1) + w->offset, sizeof raw);
        w->offset += sizeof raw;
        uint32_t kind = raw.when & ((1u << FL_TRACE_KIND_BITS) - 1);
        uint64_t ticks = raw.when >> FL_TRACE_KIND_BITS;
        if (!kind || kind >= FL_TRACE_KINDS || ticks < w->ticks) {
            t->facts.damaged += t->is_counting;
            continue;
        }
        int64_t ns = trace_clock_ns(&t->clock, ticks, &w->hint);
        w->ticks = ticks;
        w->next = (trace_event){.ns = ns > w->next.ns ? ns : w->next.ns, /* rounded */
                                .writer = w->number,
                                .kind = kind,
                                .a = raw.a,
                                .b = raw.b};
        w->is_there = true;
    }
}

static bool is_before(const trace_file *t, size_t one, size_t other)
{
    const trace_event *a = &t->writer[one].next, *b = &t->writer[other].next;
    return a->ns != b->ns ? a->ns < b->ns : one < other;
}

static void sink(trace_file *t, size_t at)
{
    for (size_t child; (child = 2 * at + 1) < t->heap_count; at = child) {
        if (child + 1 < t->heap_count && is_before(t, t->heap[child + 1], t->heap[child]))
            child++;
        if (!is_before(t, t->heap[child], t->heap[at]))
            return;
        size_t up = t->heap[child];
        t->heap[child] = t->heap[at];
        t->heap[at] = up;
    }
}

void trace_rewind(trace_file *t)
{
    t->heap_count = 0;
    for (size_t i = 0; i + 1 < writers_of(t); i++) { /* the last one has the names */
        writer *w = &t->writer[i];
        w->at = w->offset = w->hint = 0;
        w->ticks = 0;
        w->next.ns = 0;
        advance(t, w);
        if (w->is_there)
            t->heap[t->heap_count++] = i;
    }
    for (size_t i = t->heap_count / 2; i-- > 0;)
        sink(t, i);
}

bool trace_next(trace_file *t, trace_event *out)
{
    if (!t->heap_count)
        return false;
    writer *w = &t->writer[t->heap[0]];
    *out = w->next;
    advance(t, w);
    if (!w->is_there)
        t->heap[0] = t->heap[--t->heap_count];
    sink(t, 0);
    return true;
}
