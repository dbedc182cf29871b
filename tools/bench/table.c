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

enum { HEADLINES = 5, WORKERS_WIDTH = 4 };

/* The figures that fit. */
typedef struct layout {
    int name;
    size_t figures;
    unsigned width; /* 0: any */
} layout;

/* Names are as wide as the widest one. */
static layout lay_out(const report *r, FILE *out)
{
    layout l = {.name = (int)strlen("serial code"), .width = terminal_width(out)};
    table_row row;
    for (size_t i = 0; i < r->block_count; i++)
        for (size_t k = 0; k < r->blocks[i].cell_count; k++) {
            row_of(r, &r->blocks[i], &r->blocks[i].cells[k], &row);
            int length = (int)strlen(row.name);
            l.name = length > l.name ? length : l.name;
        }
    int used = 2 + l.name + WORKERS_WIDTH;
    while (l.figures < ROW_FIGURES &&
           (l.figures < 1 || l.width == 0 || used + 1 + row_heads[l.figures].width <= (int)l.width))
        used += 1 + row_heads[l.figures++].width;
    return l;
}

static void write_head(const layout *l, FILE *out)
{
    fprintf(out, "\n  %-*s %*s", l->name, "", WORKERS_WIDTH - 1, "W");
    for (size_t i = 0; i < l->figures; i++)
        fprintf(out, " %*s", row_heads[i].width, row_heads[i].name);
    fputc('\n', out);
}

static void write_row(const layout *l, const table_row *row, FILE *out)
{
    fprintf(out, "  %-*s %*s", l->name, row->name, WORKERS_WIDTH - 1, row->workers);
    if (row->error)
        fprintf(out, "  failed: %s", row->error);
    for (size_t i = 0; i < l->figures && !row->error; i++)
        fprintf(out, "%c%*s", row->noise && i == 1 ? '*' : ' ', row_heads[i].width,
                row->figures[i]);
    fputs(row->noise && l->figures < 2 ? "*\n" : "\n", out);
}

/* Lines that are written to a text, broken to the width. */
static void write_wrapped(const report *r, const block *b, unsigned width, FILE *out)
{
    char *text = NULL;
    size_t size;
    FILE *lines = open_memstream(&text, &size);
    if (!lines)
        return;
    if (b)
        bench_write_pairs(r, b, "  ", lines);
    else
        bench_write_verdict(r, HEADLINES, lines);
    fclose(lines);
    terminal_wrap(text, width, out);
    free(text);
}

static void write_machine(const report *r, FILE *out)
{
    machine m;
    machine_read(&m);
    fprintf(out, "\n%s, %ld of %ld CPUs, %s\n", m.cpu, m.usable_cpus, m.cpus, m.kernel);
    if (settings_write(out))
        fputs("in the environment\n", out);
    if (r->ceiling_copies)
        fprintf(out, "ceiling: %u independent copies of serial code gain %.2f over one\n",
                r->ceiling_copies, r->ceiling);
}

static void write_foot(const report *r, const layout *l, FILE *out)
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
    if (l->figures < ROW_FIGURES) {
        used += (size_t)snprintf(text + used, sizeof text - used, "A wider terminal shows");
        for (size_t i = l->figures; i < ROW_FIGURES; i++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s %s",
                                     i > l->figures ? "," : "", row_heads[i].name);
        snprintf(text + used, sizeof text - used, ".\n");
    }
    fputc('\n', out);
    terminal_wrap(text, l->width, out);
    fprintf(out, "All answers are checked. %.0f s.\n", r->seconds);
}

int bench_write_table(const report *r, FILE *out)
{
    layout l = lay_out(r, out);
    write_wrapped(r, NULL, l.width, out);
    write_machine(r, out);
    write_head(&l, out);
    for (size_t i = 0; i < r->block_count; i++) {
        const block *b = &r->blocks[i];
        table_row row;
        fputc('\n', out);
        row_write_title(b, out);
        fputc('\n', out);
        for (size_t k = 0; k < b->cell_count; k++) {
            row_of(r, b, &b->cells[k], &row);
            write_row(&l, &row, out);
        }
        write_wrapped(r, b, l.width, out);
        if (r->options->stats)
            bench_write_stats(b, out);
    }
    write_foot(r, &l, out);
    return ferror(out) ? -errno : 0;
}
