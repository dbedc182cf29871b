/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bench.h"
#include "summary.h"

#include <string.h>
#include <tools/shared/units.h>

enum { TITLE = 160 };

double stat_per_run(const cell *c, const filch_runtime_stat *row)
{
    return (double)*(const uint64_t *)(const void *)((const char *)&c->counted + row->offset) /
           (row->now ? 1 : c->counted_runs);
}

static bool is_time(const filch_runtime_stat *row)
{
    return !strcmp(row->unit, "ns");
}

static void write_figure(const filch_runtime_stat *row, const cell *c, int width, FILE *out)
{
    char text[32] = "0";
    double value = stat_per_run(c, row);
    if (is_time(row))
        time_text(value * 1e-9, text, sizeof text);
    else if (value > 0)
        count_text(value, text, sizeof text);
    fprintf(out, "  %*s", width, text);
}

/* Counters that are 0 in all runtimes of the block are left out. */
static bool is_shown(const block *b, const filch_runtime_stat *row)
{
    bool some = false;
    for (size_t i = 0; i < b->cell_count; i++)
        some |= b->cells[i].counted_runs > 0 && stat_per_run(&b->cells[i], row) > 0;
    return some || row->offset == offsetof(filch_runtime_stats, all_forks);
}

/* "chase-lev:random, W 2". Returns its length. */
static int title_of(const cell *c, char *title)
{
    return snprintf(title, TITLE, "%s, W %u", c->column->label, c->workers);
}

/* Of the longest title. */
static int width_of(const block *b)
{
    char title[TITLE];
    int width = 20;
    for (size_t i = 0; i < b->cell_count; i++) {
        int length = title_of(&b->cells[i], title);
        if (b->cells[i].counted_runs > 0 && length > width)
            width = length;
    }
    return width;
}

static void write_head(const block *b, int width, FILE *out)
{
    char title[TITLE];
    fprintf(out, "    %-20s", "in a run, all workers");
    for (size_t i = 0; i < b->cell_count; i++)
        if (b->cells[i].counted_runs > 0) {
            title_of(&b->cells[i], title);
            fprintf(out, "  %*s", width, title);
        }
    fputc('\n', out);
}

/* How much of their time workers had something to do. */
static void write_busy(const block *b, int width, FILE *out)
{
    fprintf(out, "    %-20s", "busy");
    for (size_t i = 0; i < b->cell_count; i++) {
        const filch_runtime_stats *n = &b->cells[i].counted;
        double all = (double)(n->work_ns + n->search_ns + n->sleep_ns);
        if (b->cells[i].counted_runs > 0)
            fprintf(out, "  %*.1f %%", width - 2, all > 0 ? 100 * (double)n->work_ns / all : 0);
    }
    fputc('\n', out);
}

void bench_write_stats(const block *b, FILE *out)
{
    const filch_runtime_stat *row;
    const int width = width_of(b);
    write_head(b, width, out);
    write_busy(b, width, out);
    for (unsigned i = 0; (row = filch_runtime_stats_row(i)); i++) {
        if (!is_shown(b, row))
            continue;
        fprintf(out, "    %-20s", row->name);
        for (size_t k = 0; k < b->cell_count; k++)
            if (b->cells[k].counted_runs > 0)
                write_figure(row, &b->cells[k], width, out);
        fputc('\n', out);
    }
}
