/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "plain.h"
#include "bench.h"
#include "row.h"

#include <stdlib.h>
#include <string.h>
#include <tools/report/report.h>

static void write_verdict(const report *r, FILE *out)
{
    char *text = NULL, *rest = NULL;
    size_t size;
    FILE *lines = open_memstream(&text, &size);
    if (!lines)
        return;
    bench_write_verdict(r, BENCH_NAMES, lines);
    fclose(lines);
    fputs("<ul>\n", out);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        fputs("<li>", out);
        report_text(line, out);
        fputs("</li>\n", out);
    }
    fputs("</ul>\n", out);
    free(text);
}

static void write_cell(const char *text, const char *mark, FILE *out)
{
    fputs("<td>", out);
    report_text(text, out);
    fprintf(out, "%s</td>", mark);
}

static void write_row(const block *b, const table_row *row, FILE *out)
{
    fputs("<tr>", out);
    write_cell(b->label, "", out);
    write_cell(row->name, "", out);
    write_cell(row->workers, "", out);
    for (size_t i = 0; i < ROW_FIGURES; i++)
        write_cell(i == 0 && row->error ? row->error : row->figures[i],
                   i == 0 && row->noise ? "*" : "", out);
    fputs("</tr>\n", out);
}

void plain_write(const void *what, FILE *out)
{
    const report *r = what;
    table_row row;
    write_verdict(r, out);
    fputs("<table>\n<thead><tr><th>kernel</th><th>column</th><th>workers</th>", out);
    for (size_t i = 0; i < ROW_FIGURES; i++)
        fprintf(out, "<th>%s</th>", row_heads[i].name);
    fputs("</tr></thead>\n<tbody>\n", out);
    for (size_t i = 0; i < r->block_count; i++)
        for (size_t k = 0; k < r->blocks[i].cell_count; k++) {
            row_of(r, &r->blocks[i], &r->blocks[i].cells[k], &row);
            write_row(&r->blocks[i], &row, out);
        }
    fputs("</tbody>\n</table>\n", out);
}
