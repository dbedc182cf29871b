/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "summary.h"

#include <inttypes.h>
#include <tools/shared/output.h>
#include <tools/shared/sheet.h>
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

#define SPREAD ":-34s,count:9n,p50:9t,p90:9t,p99:9t,most:9t,sum:9t"

/* Of so many rows. */
static void end(size_t count, FILE *out)
{
    if (count > NAMES_SHOWN)
        fprintf(out, "(and %zu more)\n", count - NAMES_SHOWN);
}

static void write_workers(const trace_facts *f, const analysis *a, FILE *out)
{
    sheet s;
    sheet_open(&s,
               "worker:-8n,worked:9t,searched:9t,slept:9t,asked:9n,forced:9n,ready:9n,waits:9n,"
               "preempted:9n,CPU moves:9n",
               out);
    for (uint32_t i = 0; i < f->workers; i++) {
        const worker_figures *w = &a->worker[i];
        SHEET_ROW(&s, CELL(i), CELL_NS(w->spent[FL_WORKING]), CELL_NS(w->spent[FL_SEARCHING]),
                  CELL_NS(w->spent[FL_SLEEPING] + w->spent[FL_RETIRED]), CELL(w->taken[0]),
                  CELL(w->taken[1]), CELL(w->taken[2]), CELL(w->waits), CELL(w->preempted),
                  CELL(w->moves));
    }
}

static void write_spread(const sheet *s, const char *name, const spread *of)
{
    if (of->count)
        SHEET_ROW(s, CELL(name), CELL(of->count), CELL_NS(spread_at(of, 0.5)),
                  CELL_NS(spread_at(of, 0.9)), CELL_NS(spread_at(of, 0.99)), CELL_NS(of->most),
                  CELL_NS(of->sum));
}

static void write_latencies(const analysis *a, FILE *out)
{
    sheet s;
    sheet_open(&s, "from ready to running" SPREAD, out);
    for (unsigned i = 0; i < LATENCIES; i++)
        write_spread(&s, latency_names[i], &a->latency[i]);
}

static void write_names(const trace_file *trace, const char *columns, const name_list *list,
                        FILE *out)
{
    sheet s;
    if (!list->count)
        return;
    sheet_open(&s, columns, out);
    for (size_t i = 0; i < list->count && i < NAMES_SHOWN; i++)
        write_spread(&s, trace_name(trace, list->row[i]->name), &list->row[i]->length);
    end(list->count, out);
}

static void write_loop(const sheet *s, const char *name, const loop_figures *loop)
{
    char power[TEXT], gain[TEXT];
    const double calls = (double)loop->calls;
    snprintf(power, sizeof power, "2^%u", loop->magnitude);
    SHEET_ROW(s, CELL(name), CELL(power), CELL(calls), CELL((double)loop->helped / calls),
              CELL_NS(loop->time / calls), CELL_NS(loop->serial / calls),
              CELL(speed_up_text(loop->time, loop->serial, gain, TEXT)));
}

static void write_loops(const trace_file *trace, const loop_list *loops, FILE *out)
{
    sheet s;
    if (!loops->count)
        return;
    sheet_open(&s, "loop:-24s,n:9w,calls:9n,helped:9%,time:9t,serial:9t,speed-up:9w", out);
    for (size_t i = 0; i < loops->count && i < NAMES_SHOWN; i++)
        write_loop(&s, trace_name(trace, loops->row[i].name), &loops->row[i]);
    end(loops->count, out);
}

static void write_region(const sheet *s, const char *name, const region_figures *region)
{
    const double room = region->room > 0 ? region->room : 1;
    const uint64_t barriers = region->barriers / region->calls; /* the same number in each call */
    SHEET_ROW(s, CELL(name), CELL(region->calls), CELL_NS(region->time / (double)region->calls),
              CELL(region->worked / room), CELL(barriers), CELL(region->at_barriers / room),
              CELL((room - region->worked - region->at_barriers) / room),
              CELL(region->longest / region->mean));
}

static void write_regions(const trace_file *trace, const region_list *regions, FILE *out)
{
    sheet s;
    if (!regions->count)
        return;
    sheet_open(&s,
               "region:-24s,calls:9n,time:9t,worked:9%,barriers:9n,at barriers:11%,at the end:10%,"
               "imbalance:9f2",
               out);
    for (size_t i = 0; i < regions->count && i < NAMES_SHOWN; i++)
        write_region(&s, trace_name(trace, regions->row[i].name), &regions->row[i]);
    end(regions->count, out);
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
    write_names(trace, "wait in" SPREAD, &a->waits, out);
    write_names(trace, "run of a taken or started task" SPREAD, &a->runs, out);
    write_loops(trace, &a->loops, out);
    write_regions(trace, &a->regions, out);
    write_matrix(f, a, out);
}
