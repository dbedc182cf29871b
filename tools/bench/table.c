/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The table for people: the headline, then a block for each kernel, as wide as the terminal. */
#include "bench.h"
#include "row.h"
#include "summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/machine.h>
#include <tools/shared/settings.h>
#include <tools/shared/terminal.h>

enum { HEADLINES = 5, NAME = 1, WORKERS = 2 };

/* Names are as wide as the widest one; the figures are those that fit. */
static void lay_out(const report *r, sheet *s, FILE *out)
{
    const int width = (int)terminal_width(out);
    table_row row;
    sheet_begin(s, SHEET_TEXT, row_columns, out);
    strcpy(s->columns[WORKERS].name, "W");
    for (size_t i = 0; i < r->block_count; i++)
        for (size_t k = 0; k < r->blocks[i].cell_count; k++) {
            row_of(r, &r->blocks[i], &r->blocks[i].cells[k], &row);
            sheet_fit(s, row.cells, ROW_TIME);
        }
    s->indent = 2;
    s->first = NAME;
    s->count = ROW_TIME;
    int used = s->indent - s->columns[NAME].width + 1 + s->columns[WORKERS].width;
    while (s->count < ROW_COLUMNS &&
           (s->count == ROW_TIME || width == 0 || used + 1 + s->columns[s->count].width <= width))
        used += 1 + s->columns[s->count++].width;
}

static void write_headline(const void *what, FILE *out)
{
    bench_write_verdict(what, HEADLINES, out);
}

typedef struct told {
    const report *report;
    const block *block;
} told;

static void write_pairs(const void *what, FILE *out)
{
    const told *of = what;
    bench_write_pairs(of->report, of->block, out);
}

static void write_machine(const report *r, FILE *out)
{
    machine m;
    machine_read(&m);
    fprintf(out, "\n%s, %ld of %ld CPUs, %s\n", m.cpu, m.usable_cpus, m.cpus, m.kernel);
    if (settings_write(out))
        fputs("in the environment\n", out);
    for (size_t i = 0; i < r->ceiling_count; i++)
        fprintf(out, "ceiling: %u independent copies of serial code gain %.2f over one\n",
                r->ceilings[i].copies, r->ceilings[i].gain);
}

static void write_foot(const report *r, const sheet *table)
{
    char text[1024];
    size_t used = (size_t)snprintf(
        text, sizeof text,
        "W: workers. T1/Ts: time with 1 worker over serial time. speed-up: over 1 worker. steals, "
        "CPU time: of one run. The interval is the median's; of fewer than 6 samples, their "
        "range.\n"
        "A vs B: median of the ratios, round by round. A verdict takes %d rounds or more and p, by "
        "the signed-rank test, of at most %.2g.\n",
        PAIR_ROUNDS, r->cutoff);
    for (size_t i = table->count; i < ROW_COLUMNS; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s %s",
                                 i > table->count ? "," : "A wider terminal shows",
                                 table->columns[i].name);
    if (table->count < ROW_COLUMNS)
        snprintf(text + used, sizeof text - used, ".\n");
    fputc('\n', table->out);
    terminal_wrap(text, terminal_width(table->out), table->out);
    fprintf(table->out, "All answers are checked. %.0f s.\n", r->seconds);
}

int bench_write_table(const report *r, FILE *out)
{
    sheet table;
    lay_out(r, &table, out);
    sheet_lines(SHEET_TEXT, write_headline, r, out);
    write_machine(r, out);
    fputc('\n', out);
    sheet_head(&table);
    for (size_t i = 0; i < r->block_count; i++) {
        const block *b = &r->blocks[i];
        table_row row;
        fputc('\n', out);
        row_write_title(b, out);
        fputc('\n', out);
        for (size_t k = 0; k < b->cell_count; k++) {
            row_of(r, b, &b->cells[k], &row);
            sheet_row(&table, row.cells, row.count);
        }
        sheet_lines(SHEET_TEXT, write_pairs, &(told){r, b}, out);
        if (r->options->stats)
            bench_write_stats(b, out);
    }
    write_foot(r, &table);
    return ferror(out) ? -errno : 0;
}
