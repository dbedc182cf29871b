/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "html.h"
#include "json.h"
#include <tools/trace/analysis.h>
#include <tools/trace/columns.h>
#include <tools/trace/lanes.h>

#include "timeline_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* A part's number: a state, or a name behind them. timeline/data.js knows them, too. */
enum { SEARCHES = 1, SLEEPS, RETIRED, NAMES_FROM };

typedef struct page {
    trace_file *trace;
    uint32_t workers, names;
    lanes lanes;
    columns *part; /* of each worker: from; number */
    columns steals, waits, marks, spans;
    fibers open;   /* waits and spans that have begun: their rows + 1 */
    bool is_short; /* of memory */
} page;

/* ---- Rows ---- */

static size_t add(page *p, columns *c)
{
    size_t row = columns_add(c);
    p->is_short |= row == SIZE_MAX;
    return row;
}

static uint32_t name_of(page *p, uint32_t number)
{
    uint32_t first = trace_name_first(p->trace, number);
    p->names = first >= p->names ? first + 1 : p->names;
    return first;
}

static uint32_t code_of(page *p, const lane_part *part)
{
    static const uint32_t states[FL_DOINGS] = {
        [FL_SEARCHING] = SEARCHES, [FL_SLEEPING] = SLEEPS, [FL_RETIRED] = RETIRED};
    return states[part->doing] ? states[part->doing] : NAMES_FROM + name_of(p, part->name);
}

static void on_part(void *arg, const lane_part *part)
{
    page *p = arg;
    columns *c = &p->part[part->worker];
    uint32_t code = code_of(p, part);
    if (c->count && c->number[0][c->count - 1] == code)
        return;
    size_t row = add(p, c);
    if (row == SIZE_MAX)
        return;
    c->time[0][row] = (double)part->from;
    c->number[0][row] = code;
}

static void on_steal(page *p, const trace_event *e)
{
    if (e->a >= p->workers || e->writer >= p->workers)
        return;
    size_t row = add(p, &p->steals);
    if (row == SIZE_MAX)
        return;
    p->steals.time[0][row] = (double)e->ns;
    p->steals.number[0][row] = e->writer;
    p->steals.number[1][row] = e->a;
    p->steals.number[2][row] = e->kind == FL_TRACE_GIFT ? e->b : 1;
}

/* Of a fiber; its end comes later, or not. */
static size_t begin(page *p, columns *c, const trace_event *e, uint32_t name)
{
    size_t row = add(p, c);
    if (row == SIZE_MAX)
        return 0;
    c->time[0][row] = (double)e->ns;
    c->time[1][row] = (double)trace_facts_of(p->trace)->length;
    c->number[0][row] = e->writer;
    c->number[1][row] = name_of(p, name);
    return row + 1;
}

static void on_wait(page *p, const trace_event *e)
{
    fiber *f = fibers_at(&p->open, e->a);
    size_t row = begin(p, &p->waits, e, e->b);
    if (f)
        f->waits_since = (int64_t)row;
}

static void on_go_on(page *p, const trace_event *e)
{
    fiber *f = fibers_at(&p->open, e->a);
    if (f && f->waits_since)
        p->waits.time[1][f->waits_since - 1] = (double)e->ns;
    if (f)
        f->waits_since = 0;
}

static void on_span(page *p, const trace_event *e)
{
    fiber *f = fibers_at(&p->open, e->b);
    size_t row = begin(p, &p->spans, e, e->a);
    if (f)
        fiber_begin(&p->open, f, &(fiber_run){.since = (int64_t)row});
}

static void on_span_end(page *p, const trace_event *e)
{
    fiber *f = fibers_at(&p->open, e->a);
    const fiber_run *run = f ? fiber_end(f, 0, 0) : NULL;
    if (run && run->since)
        p->spans.time[1][run->since - 1] = (double)e->ns;
}

static void on_mark(page *p, const trace_event *e)
{
    size_t row = add(p, &p->marks);
    if (row == SIZE_MAX)
        return;
    p->marks.time[0][row] = (double)e->ns;
    p->marks.number[0][row] = e->writer;
    p->marks.number[1][row] = name_of(p, e->a);
    p->marks.number[2][row] = e->b;
}

static void (*const reactions[FL_TRACE_KINDS])(page *p, const trace_event *e) = {
    [FL_TRACE_GIFT] = on_steal, [FL_TRACE_FORCED] = on_steal,     [FL_TRACE_READY_STEAL] = on_steal,
    [FL_TRACE_WAIT] = on_wait,  [FL_TRACE_GO_ON] = on_go_on,      [FL_TRACE_MARK] = on_mark,
    [FL_TRACE_SPAN] = on_span,  [FL_TRACE_SPAN_END] = on_span_end};

static bool collect(page *p)
{
    trace_event e;
    p->part = calloc(p->workers, sizeof *p->part);
    if (!p->part || !lanes_begin(&p->lanes, p->workers, on_part, p))
        return false;
    for (trace_rewind(p->trace); !p->is_short && trace_next(p->trace, &e);) {
        lanes_event(&p->lanes, &e);
        if (reactions[e.kind])
            reactions[e.kind](p, &e);
    }
    return lanes_end(&p->lanes, trace_facts_of(p->trace)->length) && !p->is_short &&
           !p->open.is_short;
}

/* ---- The document ---- */

static void write_texts(page *p, FILE *out)
{
    const trace_facts *f = trace_facts_of(p->trace);
    const char *why = NULL;
    fputs("{\"program\":", out);
    json_text(f->program, out);
    fprintf(out, ",\"workers\":%" PRIu32 ",\"length\":%" PRId64 ",\"missing\":", p->workers,
            f->length);
    if (trace_is_whole(p->trace, &why))
        fputs("null", out);
    else
        json_text(why, out);
    fputs(",\"names\":[", out);
    for (uint32_t i = 0; i < p->names || !i; i++) {
        fputs(i ? "," : "", out);
        json_text(trace_name(p->trace, i), out);
    }
    fputs("]", out);
}

static void write_runs(const page *p, const analysis *a, FILE *out)
{
    (void)p;
    fputs(",\"runs\":[", out);
    for (size_t i = 0; i < a->runs.count; i++) {
        const name_figures *of = a->runs.row[i];
        fprintf(out,
                "%s{\"name\":%" PRIu32 ",\"count\":%" PRIu64 ",\"sum\":%" PRId64 ",\"lengths\":[",
                i ? "," : "", of->name, of->length.count, of->length.sum);
        uint64_t doubling[SPREAD_BUCKETS / SPREAD_PARTS + 1] = {0};
        for (unsigned k = 0; k < SPREAD_BUCKETS; k++)
            doubling[k / SPREAD_PARTS] += of->length.bucket[k];
        for (unsigned k = 0; k <= SPREAD_BUCKETS / SPREAD_PARTS; k++)
            fprintf(out, "%s%" PRIu64, k ? "," : "", doubling[k]);
        fputs("]}", out);
    }
    fputs("]", out);
}

static void write_matrix(const page *p, const analysis *a, FILE *out)
{
    fputs(",\"matrix\":[", out);
    for (size_t i = 0; i < (size_t)p->workers * p->workers; i++)
        fprintf(out, "%s%" PRIu64, i ? "," : "", a->matrix[i]);
    fputs("]", out);
}

static void write_columns(const page *p, FILE *out)
{
    fputs(",\"parts\":[", out);
    for (uint32_t i = 0; i < p->workers; i++) {
        fputs(i ? "," : "", out);
        columns_write(&p->part[i], 1, 1, out);
    }
    fputs("],\"steals\":", out);
    columns_write(&p->steals, 1, 3, out);
    fputs(",\"waits\":", out);
    columns_write(&p->waits, 2, 2, out);
    fputs(",\"marks\":", out);
    columns_write(&p->marks, 1, 3, out);
    fputs(",\"spans\":", out);
    columns_write(&p->spans, 2, 2, out);
    fputs("}", out);
}

#define PART(name) fwrite(part_##name, 1, sizeof part_##name, out)

static void write_page(page *p, const analysis *a, FILE *out)
{
    PART(head_html);
    PART(style_css);
    PART(body_html);
    write_texts(p, out);
    write_runs(p, a, out);
    write_matrix(p, a, out);
    write_columns(p, out);
    PART(script_html);
    PART(data_js);
    PART(scale_js);
    PART(draw_js);
    PART(figures_js);
    PART(page_js);
    PART(foot_html);
}

static void end(page *p)
{
    for (uint32_t i = 0; p->part && i < p->workers; i++)
        columns_free(&p->part[i]);
    free(p->part);
    columns_free(&p->steals);
    columns_free(&p->waits);
    columns_free(&p->marks);
    columns_free(&p->spans);
    fibers_free(&p->open);
}

int html_write(trace_file *trace, FILE *out, const char **why)
{
    analysis figures;
    page p = {.trace = trace, .workers = trace_facts_of(trace)->workers};
    (void)why;
    if (!analyse(&figures, trace))
        return -ENOMEM;
    bool is_whole = collect(&p);
    for (size_t i = 0; is_whole && i < figures.runs.count; i++)
        name_of(&p, figures.runs.row[i]->name);
    if (is_whole)
        write_page(&p, &figures, out);
    end(&p);
    analysis_free(&figures);
    return is_whole ? 0 : -ENOMEM;
}
