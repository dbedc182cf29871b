/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "perfetto.h"
#include "lanes.h"
#include "protobuf.h"
#include "table.h"

#include <errno.h>
#include <inttypes.h>

/* Fields, and values of enums. */
enum { TRACE_PACKET = 1 };
enum {
    TIMESTAMP = 8,
    SEQUENCE = 10,
    TRACK_EVENT = 11,
    INTERNED_DATA = 12,
    SEQUENCE_FLAGS = 13,
    TRACK_DESCRIPTOR = 60
};
enum { STATE_CLEARED = 1, NEEDS_STATE = 2 };
enum { TRACK_UUID = 1, TRACK_NAME = 2, TRACK_PROCESS = 3, TRACK_PARENT = 5 };
enum { PROCESS_PID = 1, PROCESS_NAME = 6 };
enum {
    EVENT_TYPE = 9,
    EVENT_NAME_IID = 10,
    EVENT_TRACK = 11,
    EVENT_FLOW = 47,
    EVENT_FLOW_ENDS = 48
};
enum { SLICE_BEGIN = 1, SLICE_END, INSTANT };
enum { EVENT_NAMES = 2, NAME_IID = 1, NAME_TEXT = 2 };

/* Numbers of tracks, and of names: those of states and steals stand before the trace's. */
enum { PROCESS = 1, FIRST_WORKER = 16, STEAL = 8, FIRST_NAME = 16 };
#define FIRST_FIBER (UINT64_C(1) << 32)

typedef struct writing {
    trace_file *trace;
    FILE *out;
    lanes lanes;
    table names, fibers; /* that have been told */
    uint64_t flows;
    bool has_begun, is_short;
} writing;

/* ---- Packets ---- */

static void write_packet(writing *w, protobuf *packet)
{
    protobuf_number(packet, SEQUENCE, 1);
    protobuf_number(packet, SEQUENCE_FLAGS, NEEDS_STATE | (w->has_begun ? 0 : STATE_CLEARED));
    protobuf_write(packet, TRACE_PACKET, w->out);
    w->has_begun = true;
}

static bool is_new(writing *w, table *told, uint32_t key)
{
    table_place *place = table_at(told, key);
    bool is = place && !place->value;
    if (place)
        place->value = 1;
    w->is_short |= !place;
    return is;
}

/* A name's text comes with the first packet that uses its number. */
static void tell_name(writing *w, protobuf *packet, uint32_t iid, const char *text)
{
    protobuf name = {0}, data = {0};
    if (!is_new(w, &w->names, iid))
        return;
    protobuf_number(&name, NAME_IID, iid);
    protobuf_text(&name, NAME_TEXT, text);
    protobuf_message(&data, EVENT_NAMES, &name);
    protobuf_message(packet, INTERNED_DATA, &data);
}

static void write_track(writing *w, uint64_t uuid, const char *name)
{
    protobuf packet = {0}, track = {0}, process = {0};
    protobuf_number(&track, TRACK_UUID, uuid);
    protobuf_text(&track, TRACK_NAME, name);
    if (uuid == PROCESS) {
        protobuf_number(&process, PROCESS_PID, trace_facts_of(w->trace)->process & INT32_MAX);
        protobuf_text(&process, PROCESS_NAME, name);
        protobuf_message(&track, TRACK_PROCESS, &process);
    } else {
        protobuf_number(&track, TRACK_PARENT, PROCESS);
    }
    protobuf_message(&packet, TRACK_DESCRIPTOR, &track);
    write_packet(w, &packet);
}

/* name: NULL: of an end, which has none. flow_field 0: no flow. */
static void write_event(writing *w, int64_t ns, uint64_t track, unsigned type, uint32_t iid,
                        const char *name, unsigned flow_field)
{
    protobuf packet = {0}, event = {0};
    protobuf_number(&packet, TIMESTAMP, (uint64_t)ns);
    protobuf_number(&event, EVENT_TYPE, type);
    protobuf_number(&event, EVENT_TRACK, track);
    if (name) {
        protobuf_number(&event, EVENT_NAME_IID, iid);
        tell_name(w, &packet, iid, name);
    }
    if (flow_field)
        protobuf_fixed64(&event, flow_field, w->flows);
    protobuf_message(&packet, TRACK_EVENT, &event);
    write_packet(w, &packet);
}

static void write_named(writing *w, int64_t ns, uint64_t track, unsigned type, uint32_t name)
{
    uint32_t first = trace_name_first(w->trace, name);
    write_event(w, ns, track, type, FIRST_NAME + first, trace_name(w->trace, first), 0);
}

/* ---- Workers ---- */

static void put_part(void *arg, const lane_part *part)
{
    static const char *const doings[FL_DOINGS] = {
        [FL_SEARCHING] = "searching", [FL_SLEEPING] = "sleeping", [FL_RETIRED] = "retired"};
    writing *w = arg;
    uint64_t track = FIRST_WORKER + part->worker;
    if (doings[part->doing])
        write_event(w, part->from, track, SLICE_BEGIN, 1 + part->doing, doings[part->doing], 0);
    else
        write_named(w, part->from, track, SLICE_BEGIN, part->name);
    write_event(w, part->to, track, SLICE_END, 0, NULL, 0);
}

static void on_steal(writing *w, const trace_event *e)
{
    if (e->a >= w->lanes.workers || e->writer >= w->lanes.workers)
        return;
    w->flows++;
    write_event(w, e->ns, FIRST_WORKER + e->a, INSTANT, STEAL, "steal", EVENT_FLOW);
    write_event(w, e->ns, FIRST_WORKER + e->writer, INSTANT, STEAL, "steal", EVENT_FLOW_ENDS);
}

static void on_mark(writing *w, const trace_event *e)
{
    if (e->writer < w->lanes.workers)
        write_named(w, e->ns, FIRST_WORKER + e->writer, INSTANT, e->a);
}

/* ---- Fibers ---- */

static uint64_t track_of(writing *w, uint32_t number)
{
    char name[32];
    snprintf(name, sizeof name, "fiber %" PRIu32, number);
    if (is_new(w, &w->fibers, number))
        write_track(w, FIRST_FIBER + number, name);
    return FIRST_FIBER + number;
}

static void on_wait(writing *w, const trace_event *e)
{
    write_named(w, e->ns, track_of(w, e->a), SLICE_BEGIN, e->b);
}

static void on_span(writing *w, const trace_event *e)
{
    write_named(w, e->ns, track_of(w, e->b), SLICE_BEGIN, e->a);
}

static void on_end(writing *w, const trace_event *e)
{
    write_event(w, e->ns, track_of(w, e->a), SLICE_END, 0, NULL, 0);
}

/* ---- The whole ---- */

static void (*const reactions[FL_TRACE_KINDS])(writing *w, const trace_event *e) = {
    [FL_TRACE_GIFT] = on_steal, [FL_TRACE_FORCED] = on_steal, [FL_TRACE_READY_STEAL] = on_steal,
    [FL_TRACE_MARK] = on_mark,  [FL_TRACE_WAIT] = on_wait,    [FL_TRACE_GO_ON] = on_end,
    [FL_TRACE_SPAN] = on_span,  [FL_TRACE_SPAN_END] = on_end,
};

static void write_tracks(writing *w)
{
    char name[32];
    const char *program = trace_facts_of(w->trace)->program;
    write_track(w, PROCESS, *program ? program : "(unknown program)");
    for (uint32_t i = 0; i < w->lanes.workers; i++) {
        snprintf(name, sizeof name, "worker %" PRIu32, i);
        write_track(w, FIRST_WORKER + i, name);
    }
}

int perfetto_write(trace_file *trace, FILE *out, const char **why)
{
    const trace_facts *facts = trace_facts_of(trace);
    writing w = {.trace = trace, .out = out};
    trace_event e;
    (void)why;
    if (!lanes_begin(&w.lanes, facts->workers, put_part, &w))
        return -ENOMEM;
    write_tracks(&w);
    for (trace_rewind(trace); trace_next(trace, &e);) {
        lanes_event(&w.lanes, &e);
        if (reactions[e.kind])
            reactions[e.kind](&w, &e);
    }
    bool is_whole = lanes_end(&w.lanes, facts->length) && !w.is_short;
    table_free(&w.names);
    table_free(&w.fibers);
    return is_whole ? 0 : -ENOMEM;
}
