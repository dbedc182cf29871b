/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "row.h"
#include "noise.h"
#include "summary.h"

#include <string.h>
#include <tools/shared/units.h>

const row_head row_heads[ROW_FIGURES] = {
    {"time", 9},    {"95 % interval", 18}, {"T1/Ts", 6},    {"speed-up", 8},
    {"tasks/s", 8}, {"steals", 7},         {"CPU time", 9}, {"peak MiB", 8},
};

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

static void fill_figures(const block *b, const cell *c, char figures[ROW_FIGURES][ROW_TEXT])
{
    const bool serial = c->column->as == KERNEL_SERIAL;
    summary s = summarize(b, c);
    time_text(s.seconds.median, figures[0], ROW_TEXT);
    interval_text(s.seconds, figures[1]);
    ratio_text(s.over_serial, !serial && c->workers == 1 && s.over_serial > 0, figures[2]);
    ratio_text(s.speed_up, c->workers > 1 && s.speed_up > 0, figures[3]);
    if (column_has_tasks(c->column)) {
        if (c->samples[0].tasks)
            count_text(s.tasks_per_second, figures[4], ROW_TEXT);
        count_text(s.steals, figures[5], ROW_TEXT);
    }
    time_text(s.cpu_seconds, figures[6], ROW_TEXT);
    snprintf(figures[7], ROW_TEXT, "%.1f", c->peak_mib);
}

void row_of(const report *r, const block *b, const cell *c, table_row *out)
{
    *out = (table_row){.error = *c->error              ? c->error
                                : c->sample_count == 0 ? "not measured"
                                                       : NULL};
    name_row(b, c, out);
    if (out->error)
        return;
    out->noise = noise_of(r, c);
    fill_figures(b, c, out->figures);
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
