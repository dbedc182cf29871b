/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The reader of traces. Any file is refused with a reason, or gives events in the order of time whose
 * figures agree with each other, and a picture that is JSON.
 *
 * An input is text, a line for each part of the file, because a file of random bytes has no block that is
 * read:
 *   workers 2          a field of the header is that number
 *   block 1 500        a block of writer 1, begun at 500 ns; a tick is a nanosecond
 *   used 7             a field of the last block
 *   WAIT 510 3 1       an event in the last block: its time, a and b
 *   name mutex         a name in the last block
 *   raw 511 200 0 0    an event of any kind
 *   size 5000          the file ends after so many bytes */
#include <errno.h>
#include <inttypes.h>
#include <runtime/trace/format.h>
#include <stddef.h>
#include <sys/mman.h>
#include <tests/fuzz/fuzz.h>
#include <tools/play/cursor.h>
#include <tools/play/say.h>
#include <tools/sim/replay.h>
#include <tools/sim/walk.h>
#include <tools/trace/dag.h>
#include <tools/trace/export/chrome.h>
#include <tools/trace/export/folded.h>
#include <tools/trace/span.h>
#include <tools/trace/summary.h>
#include <unistd.h>
#ifdef FILCH_HAVE_JANSSON
#include <jansson.h>
#endif

enum { BLOCKS = 6, BEGAN = 1000, SHOWN_MOST = 1 << 20 };
static const int64_t SUMMED_MOST = INT64_C(1) << 40; /* ns; longer times may saturate a sum */

/* ---- The file that an input spells ---- */

typedef struct made {
    fl_trace_header header;
    fl_trace_block block[BLOCKS];
    size_t filled[BLOCKS]; /* bytes behind the head */
    unsigned blocks;
    uint64_t size; /* of the file; 0: whole blocks */
    int fd;
} made;

typedef struct field {
    const char *name;
    size_t at, size;
} field;

#define FIELD(of, name)                                                                            \
    {                                                                                              \
#name, offsetof(of, name), sizeof(((of *)NULL)->name)                                      \
    }
static const field header_fields[] = {
    FIELD(fl_trace_header, magic),       FIELD(fl_trace_header, order),
    FIELD(fl_trace_header, version),     FIELD(fl_trace_header, header_size),
    FIELD(fl_trace_header, block_size),  FIELD(fl_trace_header, state),
    FIELD(fl_trace_header, level),       FIELD(fl_trace_header, workers),
    FIELD(fl_trace_header, ticks_are),   FIELD(fl_trace_header, began_ns),
    FIELD(fl_trace_header, ended_ns),    FIELD(fl_trace_header, began_ticks),
    FIELD(fl_trace_header, ended_ticks), FIELD(fl_trace_header, replaced),
    FIELD(fl_trace_header, lost)};
static const field block_fields[] = {FIELD(fl_trace_block, used),     FIELD(fl_trace_block, writer),
                                     FIELD(fl_trace_block, sequence), FIELD(fl_trace_block, ticks),
                                     FIELD(fl_trace_block, ns),       FIELD(fl_trace_block, lost)};
#undef FIELD
enum {
    HEADER_FIELDS = sizeof header_fields / sizeof *header_fields,
    BLOCK_FIELDS = sizeof block_fields / sizeof *block_fields
};

#define KIND_NAME(kind, name, a, b) [FL_TRACE_##kind] = #kind,
static const char *const kinds[FL_TRACE_KINDS] = {FL_TRACE_EVENTS(KIND_NAME)};
#undef KIND_NAME

static bool set_field(void *record, const field *fields, size_t count, const char *word,
                      uint64_t value)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, word) == 0) {
            memcpy((char *)record + fields[i].at, &value, fields[i].size);
            return true;
        }
    return false;
}

static void put(made *m, const void *bytes, size_t size)
{
    if (!m->blocks || m->filled[m->blocks - 1] + size > FL_TRACE_ROOM)
        return;
    unsigned last = m->blocks - 1;
    size_t at = FL_TRACE_HEADER + last * (size_t)FL_TRACE_BLOCK + sizeof(fl_trace_block);
    FUZZ_CHECK(pwrite(m->fd, bytes, size, (off_t)(at + m->filled[last])) == (ssize_t)size, "%zu",
               size);
    m->filled[last] += size;
    filch_u64_store(&m->block[last].used, m->filled[last], FILCH_RELAXED);
}

static void begin_block(made *m, uint32_t writer, uint64_t ns)
{
    if (m->blocks < BLOCKS)
        m->block[m->blocks++] = (fl_trace_block){.writer = writer,
                                                 .sequence = m->blocks,
                                                 .ticks = BEGAN + ns,
                                                 .ns = (int64_t)(BEGAN + ns)};
}

static void put_event(made *m, uint64_t when, uint64_t kind, uint64_t a, uint64_t b)
{
    fl_trace_event raw = {when << FL_TRACE_KIND_BITS | (kind & 255), (uint32_t)a, (uint32_t)b};
    put(m, &raw, sizeof raw);
}

static void follow(made *m, const char *word, const uint64_t v[4])
{
    if (strcmp(word, "block") == 0)
        begin_block(m, (uint32_t)v[0], v[1]);
    else if (strcmp(word, "size") == 0)
        m->size = v[0];
    else if (strcmp(word, "raw") == 0)
        put_event(m, v[0], v[1], v[2], v[3]);
    else if (m->blocks &&
             set_field(&m->block[m->blocks - 1], block_fields, BLOCK_FIELDS, word, v[0]))
        return;
    else if (!set_field(&m->header, header_fields, HEADER_FIELDS, word, v[0]))
        for (unsigned kind = 1; kind < FL_TRACE_KINDS; kind++)
            if (strcmp(kinds[kind], word) == 0)
                put_event(m, v[0], kind, v[1], v[2]);
}

static void follow_line(made *m, char *line)
{
    uint64_t value[4] = {0};
    char *rest = line, *word = strsep(&rest, " ");
    if (strcmp(word, "name") == 0) {
        put(m, rest ? rest : "", rest ? strlen(rest) + 1 : 1);
        return;
    }
    for (int i = 0; rest && i < 4; i++)
        value[i] = strtoull(rest, &rest, 0);
    follow(m, word, value);
}

static void make_file(made *m, const uint8_t *data, size_t size)
{
    *m = (made){.header = {.magic = FL_TRACE_MAGIC,
                           .order = FL_TRACE_ORDER,
                           .version = FL_TRACE_VERSION,
                           .header_size = FL_TRACE_HEADER,
                           .block_size = FL_TRACE_BLOCK,
                           .state = FL_TRACE_STOPPED,
                           .workers = 2,
                           .began_ns = BEGAN,
                           .began_ticks = BEGAN,
                           .program = "program"},
                .fd = memfd_create("trace", MFD_CLOEXEC)};
    char *text = calloc(1, size + 1), *rest = text;
    FUZZ_CHECK(text && m->fd >= 0, "no memory");
    memcpy(text, data, size);
    while (rest)
        follow_line(m, strsep(&rest, "\n"));
    free(text);
    uint64_t whole = FL_TRACE_HEADER + m->blocks * (uint64_t)FL_TRACE_BLOCK;
    FUZZ_CHECK(pwrite(m->fd, &m->header, sizeof m->header, 0) == sizeof m->header, "the head");
    for (unsigned i = 0; i < m->blocks; i++)
        FUZZ_CHECK(pwrite(m->fd, &m->block[i], sizeof m->block[i],
                          FL_TRACE_HEADER + i * (off_t)FL_TRACE_BLOCK) == sizeof m->block[i],
                   "block %u", i);
    FUZZ_CHECK(ftruncate(m->fd, (off_t)(m->size && m->size < whole ? m->size : whole)) == 0,
               "%" PRIu64, m->size);
}

/* ---- What must hold for each file ---- */

static uint64_t check_events(trace_file *trace)
{
    const trace_facts *f = trace_facts_of(trace);
    uint64_t count = 0;
    trace_event e;
    int64_t last = 0;
    for (trace_rewind(trace); trace_next(trace, &e); count++) {
        FUZZ_CHECK(e.ns >= last && e.ns <= f->length, "%" PRId64 ", %" PRId64, last, e.ns);
        FUZZ_CHECK(e.kind && e.kind < FL_TRACE_KINDS, "%" PRIu32, e.kind);
        FUZZ_CHECK(e.writer < f->workers || e.writer == FL_TRACE_OUTSIDE, "%" PRIu32, e.writer);
        FUZZ_CHECK(trace_name(trace, e.a) && trace_name(trace, e.b), "%" PRIu32, e.a);
        last = e.ns;
    }
    return count;
}

static void check_spread(const spread *s)
{
    FUZZ_CHECK(s->sum >= s->most && s->most >= 0, "%" PRId64, s->sum);
    FUZZ_CHECK(spread_at(s, 0.5) <= spread_at(s, 0.99) && spread_at(s, 1) <= s->most, "%" PRId64,
               s->most);
}

static void check_figures(const analysis *a, const trace_facts *f, uint64_t events)
{
    uint64_t sum = 0;
    for (unsigned kind = 0; kind < FL_TRACE_KINDS; kind++)
        sum += a->by_kind[kind];
    FUZZ_CHECK(a->events == events && sum == events, "%" PRIu64 " of %" PRIu64, sum, events);
    for (uint32_t i = 0; i < f->workers; i++) {
        int64_t spent = 0;
        for (unsigned k = 0; k < FL_DOINGS; k++)
            spent += a->worker[i].spent[k];
        FUZZ_CHECK(spent >= 0 && spent <= f->length, "worker %" PRIu32 ": %" PRId64, i, spent);
    }
    for (unsigned i = 0; i < LATENCIES; i++)
        check_spread(&a->latency[i]);
    for (size_t i = 0; i < a->loops.count; i++)
        FUZZ_CHECK(a->loops.row[i].helped <= a->loops.row[i].calls &&
                       a->loops.row[i].magnitude < 64,
                   "%" PRIu64, a->loops.row[i].calls);
    int64_t waits = 0, lines = 0;
    for (size_t i = 0; i < a->waits.count; i++)
        check_spread(&a->waits.row[i]->length);
    if (f->length > SUMMED_MOST)
        return;
    for (size_t i = 0; i < a->waits.count; i++)
        waits += a->waits.row[i]->length.sum;
    for (size_t i = 0; i < a->stacks.count; i++)
        lines += a->stacks.list[i].ns;
    FUZZ_CHECK(waits == lines, "%" PRId64 ", %" PRId64, waits, lines);
}

static void check_texts(trace_file *trace, const analysis *a)
{
    const char *why = NULL;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    FUZZ_CHECK(out, "no memory");
    write_summary(trace, a, out);
    FUZZ_CHECK(folded_write(trace, out, &why) == 0, "no memory");
    fclose(out);
    for (size_t i = 0; i < size; i++)
        FUZZ_CHECK((unsigned char)text[i] >= ' ' || text[i] == '\n', "byte %d", text[i]);
    free(text);
}

/* A large picture is written, but not parsed: the time is better spent on more inputs. */
static void check_picture(trace_file *trace)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    FUZZ_CHECK(out && chrome_write(trace, out) == 0, "no memory");
    fclose(out);
#ifdef FILCH_HAVE_JANSSON
    json_error_t error;
    json_t *picture = size < SHOWN_MOST ? json_loadb(text, size, 0, &error) : json_true();
    FUZZ_CHECK(picture, "%s: %s", error.text, text);
    json_decref(picture);
#endif
    free(text);
}

/* A trace that has no span is refused with a reason. */
static void check_span(trace_file *trace)
{
    dag d;
    span_figures f;
    const char *why = NULL;
    int rc = dag_build(&d, trace, &why);
    FUZZ_CHECK(rc ? rc == -EINVAL && why : d.strands < 64 * BLOCKS * FL_TRACE_ROOM, "%d", rc);
    if (rc)
        return;
    FUZZ_CHECK(span_measure(&f, &d, 10), "no memory");
    FUZZ_CHECK(0 <= f.span && f.span <= f.work && f.span <= f.burdened,
               "%" PRId64 ", %" PRId64 ", %" PRId64, f.work, f.span, f.burdened);
    int64_t on_span = 0;
    for (uint32_t i = 0; i < d.sites; i++)
        on_span += f.site[i].on_span;
    FUZZ_CHECK(on_span == f.span, "%" PRId64 ", %" PRId64, on_span, f.span);
    span_free(&f);
    dag_free(&d);
}

/* A trace that is no film is refused with a reason. Others are the same forwards and backwards. */
static void check_film(trace_file *trace)
{
    film f;
    cursor c;
    const char *why = NULL;
    char text[SAY_SENTENCE];
    int rc = film_build(&f, trace, &why);
    FUZZ_CHECK(!rc || (rc == -EINVAL && why && !f.step), "%d", rc);
    if (rc)
        return;
    FUZZ_CHECK(cursor_begin(&c, &f), "no memory");
    for (uint32_t i = 0; i < f.steps; i++) {
        cursor_go(&c, i + 1);
        cursor_sort(&c);
        for (uint32_t k = 0; k < c.count; k++)
            FUZZ_CHECK(c.at[c.there[k].task] == k + 1 && c.there[k].place.where < FILM_GONE,
                       "task %" PRIu32, c.there[k].task);
        for (const char *at = say_step(&f, i, text, sizeof text); *at; at++)
            FUZZ_CHECK((unsigned char)*at >= ' ' && *at != 0x7f, "byte %d", *at);
    }
    cursor_go(&c, 0);
    FUZZ_CHECK(!c.count, "%" PRIu32 " tasks before the first step", c.count);
    cursor_end(&c);
    film_free(&f);
}

/* A trace that has no graph is refused with a reason; else its tasks are a tree. */
static void check_replay(const char *path)
{
    char error[512] = "";
    generator g;
    replay r;
    extent e;
    int rc = replay_read(&r, path, error, sizeof error);
    FUZZ_CHECK(rc ? rc == -EINVAL && *error : r.makespan >= 0, "%d, %s", rc, error);
    if (rc)
        return;
    replay_graph(&r, &g);
    FUZZ_CHECK(walk(&g, UINT64_MAX, &e) == 0, "no memory");
    FUZZ_CHECK(0 <= e.span && e.span <= e.work, "%" PRId64 ", %" PRId64, e.work, e.span);
    replay_free(&r);
}

static void check_file(const char *path)
{
    char error[256];
    analysis figures;
    trace_file *trace = trace_open(path, error, sizeof error);
    if (!trace) {
        FUZZ_CHECK(strncmp(error, "cannot read trace '", 19) == 0 && strlen(error) > 40, "%s",
                   error);
        FUZZ_CHECK(!strstr(error, "memory"), "%s", error);
        return;
    }
    uint64_t events = check_events(trace);
    FUZZ_CHECK(analyse(&figures, trace), "no memory");
    check_figures(&figures, trace_facts_of(trace), events);
    check_texts(trace, &figures);
    analysis_free(&figures);
    check_picture(trace);
    check_span(trace);
    check_film(trace);
    check_replay(path);
    trace_close(trace);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    made m;
    make_file(&m, data, size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", m.fd);
    check_file(path);
    close(m.fd);
    return 0;
}
