/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Written directly: a trace has millions of events, and a tree of objects for all of them takes ten times the
 * file's memory and longer than reading it. */
#include "chrome.h"
#include "json.h"
#include <tools/trace/lanes.h>

#include <errno.h>
#include <inttypes.h>

typedef struct writing {
    trace_file *trace;
    FILE *out;
    lanes lanes;
    uint64_t arrows;
    bool has_begun; /* an object is there, so a comma is needed */
} writing;

/* ---- Parts of JSON ---- */

static void put_us(int64_t ns, FILE *out)
{
    fprintf(out, "%" PRId64 ".%03" PRId64, ns / 1000, ns % 1000);
}

static void put_event(writing *w, char phase, uint32_t thread, int64_t ns, const char *name)
{
    fprintf(w->out,
            "%s\n{\"ph\":\"%c\",\"pid\":1,\"tid\":%" PRIu32 ",\"ts\":", w->has_begun ? "," : "",
            phase, thread);
    put_us(ns, w->out);
    fputs(",\"name\":", w->out);
    json_text(name, w->out);
    w->has_begun = true;
}

/* ---- Rows ---- */

static void put_row_name(writing *w, uint32_t thread, const char *kind, const char *text)
{
    put_event(w, 'M', thread, 0, kind);
    fputs(",\"args\":{\"name\":", w->out);
    json_text(text, w->out);
    fputs("}}", w->out);
}

static void put_row_names(writing *w)
{
    char text[32];
    put_row_name(w, 0, "process_name", trace_facts_of(w->trace)->program);
    for (uint32_t i = 0; i < w->lanes.workers; i++) {
        snprintf(text, sizeof text, "worker %" PRIu32, i);
        put_row_name(w, i, "thread_name", text);
    }
}

static void put_part(void *arg, const lane_part *part)
{
    static const char *const doings[FL_DOINGS] = {
        [FL_SEARCHING] = "searching", [FL_SLEEPING] = "sleeping", [FL_RETIRED] = "retired"};
    writing *w = arg;
    const char *name = doings[part->doing];
    put_event(w, 'X', part->worker, part->from, name ? name : trace_name(w->trace, part->name));
    fputs(",\"dur\":", w->out);
    put_us(part->to - part->from, w->out);
    fprintf(w->out, ",\"args\":{\"fiber\":%" PRIu32 "}}", part->fiber);
}

/* ---- Events ---- */

/* From the victim to the thief. */
static void put_arrow(writing *w, const trace_event *e)
{
    const struct {
        char phase;
        uint32_t thread;
        const char *rest;
    } ends[] = {{'s', e->a, "}"}, {'f', e->writer, ",\"bp\":\"e\"}"}};
    if (e->a >= w->lanes.workers || e->writer >= w->lanes.workers)
        return;
    w->arrows++;
    for (int i = 0; i < 2; i++) {
        put_event(w, ends[i].phase, ends[i].thread, e->ns, "steal");
        fprintf(w->out, ",\"cat\":\"steal\",\"id\":%" PRIu64 "%s", w->arrows, ends[i].rest);
    }
}

/* Of a fiber, which may move from worker to worker. */
static void put_span(writing *w, const trace_event *e, char phase, const char *kind, uint32_t id,
                     const char *name)
{
    put_event(w, phase, e->writer, e->ns, name);
    fprintf(w->out, ",\"cat\":\"%s\",\"id\":%" PRIu32 "}", kind, id);
}

static void put_mark(writing *w, const trace_event *e)
{
    put_event(w, 'i', e->writer, e->ns, trace_name(w->trace, e->a));
    fprintf(w->out, ",\"s\":\"t\",\"args\":{\"value\":%" PRIu32 "}}", e->b);
}

static void put_own(writing *w, const trace_event *e)
{
    switch (e->kind) {
    case FL_TRACE_GIFT:
    case FL_TRACE_FORCED:
    case FL_TRACE_READY_STEAL:
        put_arrow(w, e);
        return;
    case FL_TRACE_WAIT:
        put_span(w, e, 'b', "wait", e->a, trace_name(w->trace, e->b));
        return;
    case FL_TRACE_GO_ON:
        put_span(w, e, 'e', "wait", e->a, "");
        return;
    case FL_TRACE_SPAN:
        put_span(w, e, 'b', "span", e->b, trace_name(w->trace, e->a));
        return;
    case FL_TRACE_SPAN_END:
        put_span(w, e, 'e', "span", e->a, "");
        return;
    case FL_TRACE_MARK:
        put_mark(w, e);
        return;
    default:
        return;
    }
}

int chrome_write(trace_file *trace, FILE *out)
{
    const trace_facts *facts = trace_facts_of(trace);
    writing w = {.trace = trace, .out = out};
    trace_event e;
    if (!lanes_begin(&w.lanes, facts->workers, put_part, &w))
        return -ENOMEM;
    fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", out);
    put_row_names(&w);
    for (trace_rewind(trace); trace_next(trace, &e);) {
        lanes_event(&w.lanes, &e);
        put_own(&w, &e);
    }
    bool is_whole = lanes_end(&w.lanes, facts->length);
    fputs("\n]}\n", out);
    return is_whole ? 0 : -ENOMEM;
}
