/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "summary.h"

#include <inttypes.h>
#include <tools/shared/plain.h>
#include <tools/shared/speed_up.h>
#include <tools/shared/units.h>

enum { TEXT = 24, NAMES_SHOWN = 12, MATRIX_MOST = 16 };

static const char *ns_text(int64_t ns, char text[TEXT])
{
    return time_text((double)ns / 1e9, text, TEXT);
}

/* ---- The verdict ---- */

static double spent_by_all(const analysis *a, uint32_t workers, enum fl_doing doing)
{
    double sum = 0;
    for (uint32_t i = 0; i < workers; i++)
        sum += (double)a->worker[i].spent[doing];
    return sum;
}

static void write_verdict(const trace_facts *f, const analysis *a, FILE *out)
{
    char length[TEXT];
    double known = 0, spent[FL_DOINGS];
    for (unsigned i = 0; i < FL_DOINGS; i++)
        known += spent[i] = spent_by_all(a, f->workers, (enum fl_doing)i);
    known = known > 0 ? known : 1;
    write_plain(*f->program ? f->program : "(unknown program)", out);
    fprintf(out, ": %" PRIu32 " workers, %s: %.0f %% worked, %.0f %% searched, %.0f %% slept\n",
            f->workers, ns_text(f->length, length), 100 * spent[FL_WORKING] / known,
            100 * spent[FL_SEARCHING] / known,
            100 * (spent[FL_SLEEPING] + spent[FL_RETIRED]) / known);
    fprintf(out, "%" PRIu64 " events\n", a->events);
}

static void write_faults(const trace_file *trace, FILE *out)
{
    const trace_facts *f = trace_facts_of(trace);
    const char *why;
    if (!trace_is_whole(trace, &why))
        fprintf(out,
                "not whole: %s (lost events %" PRIu64 ", overwritten blocks %" PRIu64
                ", missing blocks %" PRIu64 ", damaged parts %" PRIu64 ")\n",
                why, f->lost, f->replaced, f->gaps, f->damaged);
    char drift[TEXT];
    if (f->drift > 1000)
        fprintf(out, "clock: its rate changed; times were corrected by up to %s\n",
                ns_text(f->drift, drift));
}

/* ---- Tables ---- */

static void write_workers(const trace_facts *f, const analysis *a, FILE *out)
{
    fprintf(out, "\n%-8s %9s %9s %9s %9s %9s %9s %9s %9s %9s\n", "worker", "worked", "searched",
            "slept", "asked", "forced", "ready", "waits", "preempted", "CPU moves");
    for (uint32_t i = 0; i < f->workers; i++) {
        const worker_figures *w = &a->worker[i];
        char worked[TEXT], searched[TEXT], slept[TEXT];
        fprintf(out,
                "%-8" PRIu32 " %9s %9s %9s %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64
                " %9" PRIu64 " %9" PRIu64 "\n",
                i, ns_text(w->spent[FL_WORKING], worked), ns_text(w->spent[FL_SEARCHING], searched),
                ns_text(w->spent[FL_SLEEPING] + w->spent[FL_RETIRED], slept), w->taken[0],
                w->taken[1], w->taken[2], w->waits, w->preempted, w->moves);
    }
}

static void write_spread(const char *name, const spread *s, FILE *out)
{
    char plain[PLAIN_MOST], half[TEXT], most_of[TEXT], rare[TEXT], most[TEXT], sum[TEXT];
    if (s->count)
        fprintf(out, "%-34.34s %9" PRIu64 " %9s %9s %9s %9s %9s\n",
                plain_text(name, plain, sizeof plain), s->count, ns_text(spread_at(s, 0.5), half),
                ns_text(spread_at(s, 0.9), most_of), ns_text(spread_at(s, 0.99), rare),
                ns_text(s->most, most), ns_text(s->sum, sum));
}

static void write_head(const char *of, FILE *out)
{
    fprintf(out, "\n%-34s %9s %9s %9s %9s %9s %9s\n", of, "count", "p50", "p90", "p99", "most",
            "sum");
}

static void write_latencies(const analysis *a, FILE *out)
{
    write_head("from ready to running", out);
    for (unsigned i = 0; i < LATENCIES; i++)
        write_spread(latency_names[i], &a->latency[i], out);
}

static void write_names(const trace_file *trace, const char *head, const name_list *list, FILE *out)
{
    if (!list->count)
        return;
    write_head(head, out);
    for (size_t i = 0; i < list->count && i < NAMES_SHOWN; i++)
        write_spread(trace_name(trace, list->row[i]->name), &list->row[i]->length, out);
    if (list->count > NAMES_SHOWN)
        fprintf(out, "(and %zu more)\n", list->count - NAMES_SHOWN);
}

static void write_loop(const char *name, const loop_figures *loop, FILE *out)
{
    char plain[PLAIN_MOST], power[TEXT], time[TEXT], serial[TEXT], gain[TEXT];
    const double calls = (double)loop->calls;
    snprintf(power, sizeof power, "2^%u", loop->magnitude);
    fprintf(out, "%-24.24s %9s %9" PRIu64 " %7.0f %% %9s %9s %9s\n",
            plain_text(name, plain, sizeof plain), power, loop->calls,
            100 * (double)loop->helped / calls, time_text(loop->time / calls / 1e9, time, TEXT),
            time_text(loop->serial / calls / 1e9, serial, TEXT),
            speed_up_text(loop->time, loop->serial, gain, TEXT));
}

static void write_loops(const trace_file *trace, const loop_list *loops, FILE *out)
{
    if (!loops->count)
        return;
    fprintf(out, "\n%-24s %9s %9s %9s %9s %9s %9s\n", "loop", "n", "calls", "helped", "time",
            "serial", "speed-up");
    for (size_t i = 0; i < loops->count && i < NAMES_SHOWN; i++)
        write_loop(trace_name(trace, loops->row[i].name), &loops->row[i], out);
    if (loops->count > NAMES_SHOWN)
        fprintf(out, "(and %zu more)\n", loops->count - NAMES_SHOWN);
}

static void write_region(const char *name, const region_figures *region, FILE *out)
{
    char plain[PLAIN_MOST], time[TEXT];
    const double room = region->room > 0 ? region->room : 1;
    fprintf(out, "%-24.24s %9" PRIu64 " %9s %7.0f %% %9" PRIu64 " %9.0f %% %8.0f %% %9.2f\n",
            plain_text(name, plain, sizeof plain), region->calls,
            time_text(region->time / (double)region->calls / 1e9, time, TEXT),
            100 * region->worked / room, region->barriers / region->calls,
            100 * region->at_barriers / room,
            100 * (room - region->worked - region->at_barriers) / room,
            region->longest / region->mean);
}

static void write_regions(const trace_file *trace, const region_list *regions, FILE *out)
{
    if (!regions->count)
        return;
    fprintf(out, "\n%-24s %9s %9s %9s %9s %11s %10s %9s\n", "region", "calls", "time", "worked",
            "barriers", "at barriers", "at the end", "imbalance");
    for (size_t i = 0; i < regions->count && i < NAMES_SHOWN; i++)
        write_region(trace_name(trace, regions->row[i].name), &regions->row[i], out);
    if (regions->count > NAMES_SHOWN)
        fprintf(out, "(and %zu more)\n", regions->count - NAMES_SHOWN);
}

static void write_matrix(const trace_facts *f, const analysis *a, FILE *out)
{
    if (f->workers < 2 || f->workers > MATRIX_MOST)
        return;
    fputs("\nthief \\ victim", out);
    for (uint32_t victim = 0; victim < f->workers; victim++)
        fprintf(out, " %8" PRIu32, victim);
    for (uint32_t thief = 0; thief < f->workers; thief++) {
        fprintf(out, "\n%-14" PRIu32, thief);
        for (uint32_t victim = 0; victim < f->workers; victim++)
            fprintf(out, " %8" PRIu64, a->matrix[(size_t)thief * f->workers + victim]);
    }
    fputs("\n", out);
}

void write_summary(const trace_file *trace, const analysis *a, FILE *out)
{
    const trace_facts *f = trace_facts_of(trace);
    write_verdict(f, a, out);
    write_faults(trace, out);
    write_workers(f, a, out);
    write_latencies(a, out);
    write_names(trace, "wait in", &a->waits, out);
    write_names(trace, "run of a taken or started task", &a->runs, out);
    write_loops(trace, &a->loops, out);
    write_regions(trace, &a->regions, out);
    write_matrix(f, a, out);
}
