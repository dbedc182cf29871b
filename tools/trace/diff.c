/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "diff.h"
#include "analysis.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <tools/shared/command.h>
#include <tools/shared/output.h>
#include <tools/shared/sheet.h>
#include <tools/shared/units.h>

enum { SIDES = 2, TEXT = 24, LABEL = 40, NAMES_SHOWN = 12 };

typedef struct side {
    trace_file *trace;
    analysis figures;
} side;

/* ---- A row ---- */

enum unit { NS, COUNT };

/* A row of nothing but zeros is left out. */
static void write_row(const sheet *s, const char *label, enum unit unit, const double value[SIDES])
{
    char text[SIDES][TEXT];
    if (value[0] == 0 && value[1] == 0)
        return;
    for (int i = 0; i < SIDES; i++)
        (unit == NS ? time_text : count_text)(unit == NS ? value[i] / 1e9 : value[i], text[i],
                                              TEXT);
    SHEET_ROW(s, CELL(label), CELL(text[0]), CELL(text[1]),
              value[0] > 0 ? CELL(value[1] / value[0]) : CELL("-"));
}

/* ---- Sums over workers ---- */

/* Each field is a number of 8 bytes. */
static const struct {
    const char *label;
    enum unit unit;
    size_t at;
} sums[] = {
    {"worked", NS, offsetof(worker_figures, spent[FL_WORKING])},
    {"searched", NS, offsetof(worker_figures, spent[FL_SEARCHING])},
    {"slept", NS, offsetof(worker_figures, spent[FL_SLEEPING])},
    {"tasks that were asked for", COUNT, offsetof(worker_figures, taken[0])},
    {"tasks that were forced", COUNT, offsetof(worker_figures, taken[1])},
    {"items from ready deques", COUNT, offsetof(worker_figures, taken[2])},
    {"switches", COUNT, offsetof(worker_figures, switches)},
    {"waits", COUNT, offsetof(worker_figures, waits)},
    {"sleeps of workers", COUNT, offsetof(worker_figures, parks)},
    {"preemptions", COUNT, offsetof(worker_figures, preempted)},
    {"changes of CPU", COUNT, offsetof(worker_figures, moves)},
};

static double sum_of(const side *s, size_t at)
{
    double sum = 0;
    for (uint32_t i = 0; i < trace_facts_of(s->trace)->workers; i++) {
        uint64_t number;
        memcpy(&number, (const char *)&s->figures.worker[i] + at, sizeof number);
        sum += (double)number;
    }
    return sum;
}

static void write_sums(const sheet *s, const side each[SIDES])
{
    for (unsigned k = 0; k < sizeof sums / sizeof *sums; k++) {
        double value[SIDES] = {sum_of(&each[0], sums[k].at), sum_of(&each[1], sums[k].at)};
        write_row(s, sums[k].label, sums[k].unit, value);
    }
}

static void write_sizes(const sheet *s, const side each[SIDES])
{
    double length[SIDES], workers[SIDES], events[SIDES];
    for (int i = 0; i < SIDES; i++) {
        length[i] = (double)trace_facts_of(each[i].trace)->length;
        workers[i] = trace_facts_of(each[i].trace)->workers;
        events[i] = (double)each[i].figures.events;
    }
    write_row(s, "length", NS, length);
    write_row(s, "workers", COUNT, workers);
    write_row(s, "events", COUNT, events);
}

/* ---- Distributions ---- */

static void write_spread(const sheet *s, const char *label, const spread *const each[SIDES])
{
    static const struct {
        const char *word;
        double part;
    } parts[] = {{"p50", 0.5}, {"p99", 0.99}};
    char text[LABEL + 16];
    double value[SIDES];
    for (int i = 0; i < SIDES; i++)
        value[i] = each[i] ? (double)each[i]->count : 0;
    snprintf(text, sizeof text, "%.*s", LABEL - 1, label);
    write_row(s, text, COUNT, value);
    for (unsigned k = 0; k < sizeof parts / sizeof *parts; k++) {
        for (int i = 0; i < SIDES; i++)
            value[i] = each[i] ? (double)spread_at(each[i], parts[k].part) : 0;
        snprintf(text, sizeof text, "  %s", parts[k].word);
        write_row(s, text, NS, value);
    }
}

static const spread *named(const side *s, const name_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(trace_name(s->trace, list->row[i]->name), name) == 0)
            return &list->row[i]->length;
    return NULL;
}

static const name_list *list_of(const side *s, bool waits)
{
    return waits ? &s->figures.waits : &s->figures.runs;
}

/* Those of A, the largest sum first, then those that only B has. */
static void write_names(const sheet *s, const side each[SIDES], bool waits, const char *what)
{
    char name[LABEL], label[2 * LABEL];
    for (int from = 0; from < SIDES; from++) {
        const name_list *list = list_of(&each[from], waits);
        for (size_t i = 0; i < list->count && i < NAMES_SHOWN; i++) {
            const char *wanted = trace_name(each[from].trace, list->row[i]->name);
            const spread *found[SIDES];
            for (int k = 0; k < SIDES; k++)
                found[k] = named(&each[k], list_of(&each[k], waits), wanted);
            if (from && found[0])
                continue;
            plain_text(wanted, name, sizeof name);
            snprintf(label, sizeof label, "%s %s", what, name);
            write_spread(s, label, found);
        }
    }
}

static void write_latencies(const sheet *s, const side each[SIDES])
{
    for (unsigned i = 0; i < LATENCIES; i++) {
        const spread *both[SIDES] = {&each[0].figures.latency[i], &each[1].figures.latency[i]};
        char label[2 * LABEL];
        snprintf(label, sizeof label, "ready: %s", latency_names[i]);
        write_spread(s, label, both);
    }
}

/* ---- The whole ---- */

static void write_notes(const side *s, char letter, FILE *out)
{
    const char *why;
    fprintf(out, "%c: ", letter);
    write_plain(trace_facts_of(s->trace)->program, out);
    if (!trace_is_whole(s->trace, &why))
        fprintf(out, "; not whole: %s", why);
    fputs("\n", out);
}

static void write_all(const side each[SIDES], FILE *out)
{
    sheet s;
    for (int i = 0; i < SIDES; i++)
        write_notes(&each[i], (char)('A' + i), out);
    sheet_open(&s, "figure:-40w,A:12w,B:12w,B / A:9f2", out);
    write_sizes(&s, each);
    write_sums(&s, each);
    write_latencies(&s, each);
    write_names(&s, each, true, "wait in");
    write_names(&s, each, false, "run of");
}

int diff_write(trace_file *a, trace_file *b, FILE *out)
{
    side each[SIDES] = {{.trace = a}, {.trace = b}};
    bool done = analyse(&each[0].figures, a);
    if (done && !analyse(&each[1].figures, b)) {
        analysis_free(&each[0].figures);
        done = false;
    }
    if (!done)
        return -ENOMEM;
    write_all(each, out);
    for (int i = 0; i < SIDES; i++)
        analysis_free(&each[i].figures);
    return 0;
}

/* ---- The command ---- */

static int compare(char **paths, const char *name)
{
    char error[512];
    trace_file *each[SIDES] = {NULL, NULL};
    int status = 0;
    for (int i = 0; i < SIDES && !status; i++)
        if (!(each[i] = trace_open(paths[i], error, sizeof error)))
            status = 2;
    if (status)
        fprintf(stderr, "%s: %s\n", name, error);
    else if (output_write(out, name, "", NULL, diff_write(each[0], each[1], out)))
        status = 2;
    for (int i = 0; i < SIDES; i++)
        trace_close(each[i]);
    return status;
}

int diff_main(int argc, char **argv)
{
    static const command diff = {
        .name = "filch trace diff",
        .arguments = "A B",
        .least = SIDES,
        .most = SIDES,
        .about =
            "Compares two traces: times, steals, latencies, waits and runs of tasks, and their "
            "ratio.",
        .ending = "Exit status: 0; 2 for a wrong command line, and a file that is not a trace.\n"};
    return compare(command_read(&diff, NULL, argc, argv), diff.name);
}
