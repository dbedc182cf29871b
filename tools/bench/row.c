/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "row.h"
#include "noise.h"
#include "summary.h"

#include <string.h>
#include <tools/shared/units.h>

const char row_columns[] =
    "kernel:-1s,column:-11s,workers:3w,time:9t,95 % interval:18w,T1/Ts:6w,speed-up:8w,tasks/s:8c,"
    "steals:7c,CPU time:9t,peak MiB:8f1";

static void ratio_text(double ratio, bool shown, char *text)
{
    *text = '\0';
    if (shown)
        snprintf(text, ROW_TEXT, "%.*f", ratio >= 99.95 ? 0 : 2, ratio);
}

/* "12.3..12.5 ms": the unit once, where both have the same. */
static void interval_text(estimate e, char *text)
{
    char low[ROW_TEXT], high[ROW_TEXT];
    time_text(e.low, low, sizeof low);
    time_text(e.high, high, sizeof high);
    char *unit = strchr(low, ' ');
    if (unit && strcmp(unit, strchr(high, ' ')) == 0)
        *unit = '\0';
    snprintf(text, ROW_TEXT, "%.12s..%.12s", low, high);
}

static void name_row(const block *b, const cell *c, table_row *out)
{
    const bool serial = c->column->as == KERNEL_SERIAL;
    const char *as = serial ? block_kernel(b)->serial_is : NULL;
    if (as)
        snprintf(out->name, sizeof out->name, "serial code: %.40s", as);
    else
        column_title(c->column, out->name, sizeof out->name);
    snprintf(out->workers, sizeof out->workers, serial ? "-" : "%u", c->workers);
}

static void fill_figures(const block *b, const cell *c, bool disturbed, table_row *out)
{
    const bool serial = c->column->as == KERNEL_SERIAL, counted = column_has_tasks(c->column);
    const summary s = summarize(b, c);
    interval_text(s.seconds, out->interval);
    ratio_text(s.over_serial, !serial && c->workers == 1 && s.over_serial > 0, out->over_serial);
    ratio_text(s.speed_up, c->workers > 1 && s.speed_up > 0, out->speed_up);
    const sheet_cell figures[] = {
        {.number = s.seconds.median, .mark = disturbed},
        CELL(out->interval),
        CELL(out->over_serial),
        CELL(out->speed_up),
        CELL(counted && c->samples[0].tasks ? s.tasks_per_second : NAN),
        CELL(counted ? s.steals : NAN),
        CELL(s.cpu_seconds),
        CELL(c->peak_mib),
    };
    memcpy(out->cells + ROW_TIME, figures, sizeof figures);
    out->count = ROW_COLUMNS;
}

void row_of(const report *r, const block *b, const cell *c, table_row *out)
{
    *out = (table_row){.cells = {CELL(b->label),
                                 CELL(out->name),
                                 CELL(out->workers),
                                 {.text = out->failed, .tone = SHEET_BAD}},
                       .count = ROW_TIME + 1};
    name_row(b, c, out);
    if (*c->error || c->sample_count == 0)
        snprintf(out->failed, sizeof out->failed, "failed: %s",
                 *c->error ? c->error : "not measured");
    else
        fill_figures(b, c, noise_of(r, c) != 0, out);
}

bool bench_has_answer(const block *b)
{
    for (size_t i = 0; i < b->cell_count; i++)
        if (!*b->cells[i].error && b->cells[i].sample_count > 0)
            return true;
    return false;
}

void row_write_title(const block *b, FILE *out)
{
    const kernel *k = block_kernel(b);
    uint64_t tasks = k->sizes[b->size].tasks;
    fputs(b->label, out);
    if (!bench_has_answer(b))
        fputs(": failed", out);
    else if (k->reads_dir)
        fprintf(out, ": %llu files, %.1f MiB, digest %s", (unsigned long long)b->files,
                (double)b->bytes / (1 << 20), b->text);
    else if (!b->unreadable)
        fprintf(out, " = %llu", (unsigned long long)b->answer);
    if (tasks)
        fprintf(out, ", %llu tasks", (unsigned long long)tasks);
}
