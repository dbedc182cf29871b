/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/test.h>
#include <tests/support/tools.h>

void made_begin(made_trace *made, uint32_t workers, int64_t length)
{
    static unsigned made_before;
    memset(made, 0, sizeof *made);
    made->header = (fl_trace_header){.order = FL_TRACE_ORDER,
                                     .version = FL_TRACE_VERSION,
                                     .header_size = FL_TRACE_HEADER,
                                     .block_size = FL_TRACE_BLOCK,
                                     .state = FL_TRACE_STOPPED,
                                     .workers = workers,
                                     .began_ns = MADE_BEGAN,
                                     .began_ticks = MADE_BEGAN,
                                     .ended_ns = MADE_BEGAN + length,
                                     .ended_ticks = (uint64_t)(MADE_BEGAN + length),
                                     .program = "program"};
    memcpy(made->header.magic, FL_TRACE_MAGIC, sizeof made->header.magic);
    snprintf(made->path, sizeof made->path, "%s/%u.trace", folder_make(), made_before++);
    made->file = fopen(made->path, "w");
    cr_assert_not_null(made->file);
    cr_assert_eq(fseek(made->file, FL_TRACE_HEADER, SEEK_SET), 0);
}

static uint64_t *made_sequence(made_trace *made, uint32_t writer)
{
    uint32_t at = writer == FL_TRACE_OUTSIDE ? MADE_WRITERS - 2
                  : writer == FL_TRACE_NAMES ? MADE_WRITERS - 1
                                             : writer;
    return &made->sequence[at % MADE_WRITERS];
}

static void made_block(made_trace *made, uint32_t writer, int64_t ns, const void *content,
                       size_t size)
{
    static char bytes[FL_TRACE_BLOCK];
    fl_trace_block *block = (fl_trace_block *)(void *)bytes;
    memset(bytes, 0, sizeof bytes);
    *block = (fl_trace_block){.writer = writer,
                              .sequence = (*made_sequence(made, writer))++,
                              .ticks = (uint64_t)(MADE_BEGAN + ns),
                              .ns = MADE_BEGAN + ns};
    filch_u64_store(&block->used, size, FILCH_RELAXED);
    memcpy(block + 1, content, size);
    cr_assert_eq(fwrite(bytes, sizeof bytes, 1, made->file), 1);
}

void made_events(made_trace *made, uint32_t writer, const made_event *events)
{
    enum { MOST = FL_TRACE_ROOM / sizeof(fl_trace_event) };
    static fl_trace_event raw[MOST];
    size_t count = 0;
    int64_t first = 0;
    bool is_made = false;
    for (const made_event *e = events; e->kind; e++) {
        if (e->writer != writer)
            continue;
        first = count ? first : e->ns;
        raw[count++] =
            (fl_trace_event){(uint64_t)e->ns << FL_TRACE_KIND_BITS | (unsigned)e->kind, e->a, e->b};
        if (count == MOST) {
            made_block(made, writer, first, raw, count * sizeof *raw);
            count = 0;
            is_made = true;
        }
    }
    if (count || !is_made)
        made_block(made, writer, first, raw, count * sizeof *raw);
}

void made_names(made_trace *made, const char *names, size_t size)
{
    made_block(made, FL_TRACE_NAMES, 0, names, size);
}

void made_end(made_trace *made)
{
    cr_assert_eq(fseek(made->file, 0, SEEK_SET), 0);
    cr_assert_eq(fwrite(&made->header, sizeof made->header, 1, made->file), 1);
    cr_assert_eq(fclose(made->file), 0);
}

trace_file *opened_trace(const char *path)
{
    char error[256];
    trace_file *trace = trace_open(path, error, sizeof error);
    cr_assert_not_null(trace, "%s", error);
    return trace;
}

trace_file *made_of(const made_event *events, uint32_t workers, enum fl_trace_level level,
                    const char *names, size_t size)
{
    made_trace made;
    int64_t length = 0;
    for (const made_event *e = events; e->kind; e++)
        length = e->ns > length ? e->ns : length;
    made_begin(&made, workers, length + 1000);
    made.header.level = level;
    for (uint32_t i = 0; i < workers; i++)
        made_events(&made, i, events);
    made_events(&made, FL_TRACE_OUTSIDE, events);
    made_names(&made, names, size);
    made_end(&made);
    return opened_trace(made.path);
}
