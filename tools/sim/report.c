/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "report.h"

#include <tools/shared/facts.h>
#include <tools/shared/sheet.h>
#include <tools/shared/statistics.h>
#include <tools/shared/units.h>

#include <errno.h>
#include <inttypes.h>

enum { TEXT = 24 };

static double ns(picoseconds time)
{
    return (double)time / PICOSECONDS;
}

static double failed(const outcome *o)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < MISSES; i++)
        sum += o->missed[i];
    return (double)sum;
}

/* The part of the time in which a worker had at least so many jobs, of those that arrived. */
static double share_with(const outcome *o, unsigned least)
{
    double sum = 0, whole = 0;
    for (unsigned i = 0; i < SIM_JOBS; i++) {
        whole += (double)o->held[i];
        sum += i >= least ? (double)o->held[i] : 0;
    }
    return whole > 0 ? sum / whole : 0;
}

static double mean_jobs(const outcome *o)
{
    double whole = 0;
    for (unsigned i = 0; i < SIM_JOBS; i++)
        whole += (double)o->held[i];
    return whole > 0 ? o->jobs / whole : 0;
}

static double figure_of(const outcome *o, enum figure which)
{
    if (which >= FIGURE_WITH_1)
        return share_with(o, which - FIGURE_WITH_1 + 1);
    const double all[FIGURES] = {
        [FIGURE_MAKESPAN] = ns(o->makespan),
        [FIGURE_GIFTS] = (double)o->gifts,
        [FIGURE_ROBS] = (double)o->robs,
        [FIGURE_STOLEN] = (double)o->stolen,
        [FIGURE_READY] = (double)o->ready_stolen,
        [FIGURE_CORE] = (double)o->steals_of[0],
        [FIGURE_CACHE] = (double)o->steals_of[1],
        [FIGURE_NODE] = (double)o->steals_of[2],
        [FIGURE_FAR] = (double)o->steals_of[3],
        [FIGURE_FAILED] = failed(o),
        [FIGURE_WAITS] = (double)o->waits,
        [FIGURE_WAKES] = (double)o->wakes,
        [FIGURE_WORKED] = ns(o->spent[FL_WORKING]),
        [FIGURE_SEARCHED] = ns(o->spent[FL_SEARCHING]),
        [FIGURE_SLEPT] = ns(o->spent[FL_SLEEPING]),
        [FIGURE_JOBS] = mean_jobs(o),
    };
    return all[which];
}

static const char *const figure_names[FIGURES] = {
    [FIGURE_MAKESPAN] = "makespan_ns",
    [FIGURE_GIFTS] = "gifts",
    [FIGURE_ROBS] = "robs",
    [FIGURE_STOLEN] = "stolen_tasks",
    [FIGURE_READY] = "ready_steals",
    [FIGURE_CORE] = "steals_core",
    [FIGURE_CACHE] = "steals_cache",
    [FIGURE_NODE] = "steals_node",
    [FIGURE_FAR] = "steals_far",
    [FIGURE_FAILED] = "failed_attempts",
    [FIGURE_WAITS] = "waits",
    [FIGURE_WAKES] = "wakes",
    [FIGURE_WORKED] = "worked_ns",
    [FIGURE_SEARCHED] = "searched_ns",
    [FIGURE_SLEPT] = "slept_ns",
    [FIGURE_JOBS] = "jobs",
    [FIGURE_WITH_1] = "with_1",
    "with_2",
    "with_3",
    "with_4",
    "with_5",
    "with_6",
    "with_7",
};

void report_row(sim_row *row, const outcome *outcomes, unsigned count)
{
    for (unsigned which = 0; which < FIGURES; which++) {
        double values[SIM_SEEDS];
        for (unsigned i = 0; i < count; i++)
            values[i] = figure_of(&outcomes[i], which);
        row->median[which] = median_of(values, count);
        if (which != FIGURE_MAKESPAN)
            continue;
        put_in_order(values, count);
        row->least = values[0];
        row->most = values[count - 1];
    }
}

/* The null model: a greedy scheduler without any cost needs at most that (Graham 1969; Brent
 * 1974): while a worker is idle, a longest path advances, at the lowest speed or faster. ns. */
static double greedy(const sim_report *r, const sim_row *row)
{
    return ns(r->extent.work) / row->capacity + ns(r->extent.span) / row->slowest;
}

double report_efficiency(const sim_report *r, const sim_row *row)
{
    return row->median[FIGURE_MAKESPAN] > 0
               ? ns(r->extent.work) / row->capacity / row->median[FIGURE_MAKESPAN]
               : 1;
}

static double parallelism(const sim_report *r)
{
    return r->extent.span ? (double)r->extent.work / (double)r->extent.span : 1;
}

/* ---- The table ---- */

static const char *ns_text(double time, char text[TEXT])
{
    return time_text(time / 1e9, text, TEXT);
}

#define COLUMNS_OF_ROW "queue:-13w,policy:-20w,workers:7n,"
#define CELLS_OF_ROW(row) CELL((row)->queue->name), CELL((row)->policy->name), CELL((row)->workers)
#define COUNT(of) CELL(row->median[of])

static void table_rows(const sim_report *r, FILE *out)
{
    sheet s;
    sheet_open(&s,
               COLUMNS_OF_ROW "makespan:9t,least:9t,most:9t,greedy:9t,efficiency:10%1,core:7c,"
                              "cache:7c,node:7c,far:7c,failed:7c,searched:8%1,slept:8%1",
               out);
    for (const sim_row *row = r->rows; row < r->rows + r->count; row++) {
        const double whole = row->workers * row->median[FIGURE_MAKESPAN];
        const double share = whole > 0 ? 1 / whole : 0;
        SHEET_ROW(&s, CELLS_OF_ROW(row), CELL_NS(row->median[FIGURE_MAKESPAN]), CELL_NS(row->least),
                  CELL_NS(row->most), CELL_NS(greedy(r, row)), CELL(report_efficiency(r, row)),
                  COUNT(FIGURE_CORE), COUNT(FIGURE_CACHE), COUNT(FIGURE_NODE), COUNT(FIGURE_FAR),
                  COUNT(FIGURE_FAILED), CELL(share * row->median[FIGURE_SEARCHED]),
                  CELL(share * row->median[FIGURE_SLEPT]));
    }
}

/* Of jobs that arrive: the share of workers with at least so many. */
static void table_jobs(const sim_report *r, FILE *out)
{
    sheet s;
    sheet_open(&s,
               COLUMNS_OF_ROW "mean jobs:9f3,>= 1:8f4,>= 2:6f4,>= 3:6f4,>= 4:6f4,>= 5:6f4,"
                              ">= 6:6f4,>= 7:6f4",
               out);
    for (const sim_row *row = r->rows; row < r->rows + r->count; row++)
        SHEET_ROW(&s, CELLS_OF_ROW(row), COUNT(FIGURE_JOBS), COUNT(FIGURE_WITH_1),
                  COUNT(FIGURE_WITH_1 + 1), COUNT(FIGURE_WITH_1 + 2), COUNT(FIGURE_WITH_1 + 3),
                  COUNT(FIGURE_WITH_1 + 4), COUNT(FIGURE_WITH_1 + 5), COUNT(FIGURE_WITH_LAST));
}

int report_table(const sim_report *r, FILE *out)
{
    char tasks[TEXT], forks[TEXT], work[TEXT], span[TEXT], wide[TEXT];
    const sim_options *o = r->options;
    fprintf(out, "%s: %s tasks, %s of them forked; work %s, span %s, parallelism %s\n", o->text,
            count_text((double)r->extent.tasks, tasks, TEXT),
            count_text((double)r->extent.forks, forks, TEXT), ns_text(ns(r->extent.work), work),
            ns_text(ns(r->extent.span), span), count_text(parallelism(r), wide, TEXT));
    if (o->replay.workers)
        fprintf(out, "recorded: %u workers, %s\n", o->replay.workers,
                ns_text(ns(o->replay.makespan), work));
    fputs(o->machine ? o->machine : "cores that share one cache", out);
    for (unsigned i = 0; i < o->speed_count; i++)
        fprintf(out, "%s%g", i ? "," : "; speeds ", (double)o->speeds[i] / SIM_SPEED);
    fprintf(out, "; take %s, idle %s; %u %s from %" PRIu64 "; all times are simulated\n",
            fl_take_modes[o->take]->name, fl_idle_modes[o->idle]->name, o->seeds,
            o->seeds == 1 ? "seed" : "seeds", o->seed);
    table_rows(r, out);
    if (o->graph.shape->apart)
        table_jobs(r, out);
    fprintf(out,
            "\nmakespan: median, least and most of the seeds; greedy: work / %s, which a\n"
            "scheduler without costs needs at most; core .. far: steals by distance; failed: "
            "attempts;\n"
            "searched, slept: of the workers' time\n",
            o->speed_count ? "sum of speeds + span / lowest speed" : "workers + span");
    return ferror(out) ? -EIO : 0;
}

/* ---- For programs ---- */

int report_csv(const sim_report *r, FILE *out)
{
    enum { OWN = 12 };
    sheet s;
    sheet_begin(&s, SHEET_CSV,
                "generator:0s,queue:0w,policy:0w,workers:0n,seeds:0n,tasks:0n,work_ns:0f3,"
                "span_ns:0f3,greedy_ns:0f3,efficiency:0f6,least_ns:0f3,most_ns:0f3",
                out);
    for (unsigned i = 0; i < FIGURES; i++)
        sheet_add(&s, figure_names[i], 0, 'f', 3);
    sheet_head(&s);
    for (const sim_row *row = r->rows; row < r->rows + r->count; row++) {
        sheet_cell cells[OWN + FIGURES] = {
            CELL(r->options->text),   CELLS_OF_ROW(row),
            CELL(r->options->seeds),  CELL(r->extent.tasks),
            CELL(ns(r->extent.work)), CELL(ns(r->extent.span)),
            CELL(greedy(r, row)),     CELL(report_efficiency(r, row)),
            CELL(row->least),         CELL(row->most)};
        for (unsigned i = 0; i < FIGURES; i++)
            cells[OWN + i].number = row->median[i];
        sheet_row(&s, cells, OWN + FIGURES);
    }
    return ferror(out) ? -EIO : 0;
}

#ifdef FILCH_HAVE_JANSSON
#include <jansson.h>

static json_t *row_object(const sim_report *r, const sim_row *row)
{
    json_t *object = json_pack("{s:s, s:s, s:i, s:f, s:f, s:f, s:f}", "queue", row->queue->name,
                               "policy", row->policy->name, "workers", (int)row->workers,
                               "greedy_ns", greedy(r, row), "efficiency", report_efficiency(r, row),
                               "least_ns", row->least, "most_ns", row->most);
    for (unsigned i = 0; i < FIGURES; i++)
        json_object_set_new(object, figure_names[i], json_real(row->median[i]));
    return object;
}

static json_t *speeds_array(const sim_options *o)
{
    json_t *speeds = json_array();
    for (unsigned i = 0; i < o->speed_count; i++)
        json_array_append_new(speeds, json_real((double)o->speeds[i] / SIM_SPEED));
    return speeds;
}

int report_json(const sim_report *r, FILE *out)
{
    const sim_options *o = r->options;
    json_t *rows = json_array();
    for (unsigned i = 0; i < r->count; i++)
        json_array_append_new(rows, row_object(r, &r->rows[i]));
    json_t *whole =
        json_pack("{s:s, s:s?, s:s, s:s, s:I, s:i, s:I, s:I, s:f, s:f, s:o}", "generator", o->text,
                  "machine", o->machine, "take", fl_take_modes[o->take]->name, "idle",
                  fl_idle_modes[o->idle]->name, "seed", (json_int_t)o->seed, "seeds", (int)o->seeds,
                  "tasks", (json_int_t)r->extent.tasks, "forks", (json_int_t)r->extent.forks,
                  "work_ns", ns(r->extent.work), "span_ns", ns(r->extent.span), "rows", rows);
    if (o->speed_count)
        json_object_set_new(whole, "speeds", speeds_array(o));
    if (o->replay.workers)
        json_object_set_new(whole, "recorded",
                            json_pack("{s:i, s:f}", "workers", (int)o->replay.workers,
                                      "makespan_ns", ns(o->replay.makespan)));
    return facts_write(whole, out);
}
#else
int report_json(const sim_report *r, FILE *out)
{
    (void)r, (void)out;
    return -ENOTSUP;
}
#endif
